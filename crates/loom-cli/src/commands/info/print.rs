//! The summary for people.

use std::io::{self, Write};

use super::summary::{Graph, Item, Summary};
use crate::render::{self, Align, Grid, count, escape, shorten};

/// Characters of a global attribute's value that are shown.
const VALUE: usize = 70;
/// Fields of a compound that are shown.
const FIELDS: usize = 4;
/// Warnings that are shown.
const WARNINGS: usize = 20;

/// Prints the summary.
pub(super) fn print(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let [rows, cols] = summary.shape;
    let mut head = Grid::default();
    head.row(["File", &escape(&summary.file)]);
    head.row(["Size", &render::bytes(summary.size)]);
    if let Some(unreachable) = summary.unreachable {
        head.row(["Unreachable", &render::bytes(unreachable)]);
    }
    let shape = format!(
        "{} x {}",
        count(rows, "row (genes)", "rows (genes)"),
        count(cols, "column (cells)", "columns (cells)")
    );
    head.row(["Shape", &shape]);
    head.row(["Specification", &specification(&summary.spec_version)]);
    if let Some(time) = &summary.last_modified {
        head.row(["Last modified", &escape(&moment(time))]);
    }
    head.print(out, "")?;

    section(out, "Layers", summary.layers.len())?;
    layers(&summary.layers).print(out, "  ")?;
    section(out, "Row attributes (genes)", summary.row_attrs.len())?;
    attributes(&summary.row_attrs).print(out, "  ")?;
    section(out, "Column attributes (cells)", summary.col_attrs.len())?;
    attributes(&summary.col_attrs).print(out, "  ")?;
    section(out, "Row graphs", summary.row_graphs.len())?;
    graphs(&summary.row_graphs).print(out, "  ")?;
    section(out, "Column graphs", summary.col_graphs.len())?;
    graphs(&summary.col_graphs).print(out, "  ")?;
    section(out, "Global attributes", summary.attrs.len())?;
    globals(summary).print(out, "  ")?;
    if !summary.warnings.is_empty() {
        section(out, "Warnings", summary.warnings.len())?;
        for warning in summary.warnings.iter().take(WARNINGS) {
            writeln!(out, "  {}", escape(warning))?;
        }
        if let Some(more @ 1..) = summary.warnings.len().checked_sub(WARNINGS) {
            writeln!(out, "  and {more} more; see --json")?;
        }
    }
    Ok(())
}

fn section(out: &mut impl Write, title: &str, number: usize) -> io::Result<()> {
    match number {
        0 => writeln!(out, "\n{title}: none"),
        _ => writeln!(out, "\n{title}: {}", render::grouped(number as u64)),
    }
}

fn specification(version: &str) -> String {
    match version {
        "0.0.0" => "not stated".to_owned(),
        version => version.to_owned(),
    }
}

/// loompy's `20260131T235959.123456Z` with its parts apart; other text as it is.
fn moment(stamp: &str) -> String {
    let digits = |range: std::ops::Range<usize>| {
        let part = stamp.get(range)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(part)
    };
    let parts = || {
        let (date, time) = (stamp.get(8..9)?, stamp.get(15..16)?);
        (date == "T" && time == "." && stamp.ends_with('Z')).then_some(())?;
        Some(format!(
            "{}-{}-{} {}:{}:{} UTC",
            digits(0..4)?,
            digits(4..6)?,
            digits(6..8)?,
            digits(9..11)?,
            digits(11..13)?,
            digits(13..15)?
        ))
    };
    parts().unwrap_or_else(|| stamp.to_owned())
}

fn layers(items: &[Item]) -> Grid {
    let mut grid = Grid::default();
    for item in items {
        let name = match item.name.as_str() {
            "" => "(matrix)".into(),
            name => escape(name),
        };
        let chunks = match &item.chunks {
            Some(chunks) => format!("chunks {}", render::shape(chunks)),
            None => "not chunked".to_owned(),
        };
        let compression = match item.compression.as_str() {
            "" => "not compressed",
            filters => filters,
        };
        grid.row([&name, item.dtype.as_str(), &chunks, compression]);
    }
    grid
}

fn attributes(items: &[Item]) -> Grid {
    let mut grid = Grid::default();
    for item in items {
        let details = match &item.fields[..] {
            [] => several(&item.shape),
            fields => {
                let mut shown: Vec<String> = (fields.iter().take(FIELDS))
                    .map(|field| escape(field).into_owned())
                    .collect();
                if fields.len() > FIELDS {
                    shown.push("...".to_owned());
                }
                let fields = count(fields.len(), "field", "fields");
                format!("{fields}: {}", shown.join(", "))
            }
        };
        grid.row([&escape(&item.name), item.dtype.as_str(), &details]);
    }
    grid
}

/// How many values an entry has, where it is not one.
fn several(shape: &[usize]) -> String {
    match shape {
        [_] => String::new(),
        [] => "a single value".to_owned(),
        [_, rest @ ..] => format!("{} values each", render::shape(rest)),
    }
}

fn graphs(graphs: &[Graph]) -> Grid {
    let mut grid = Grid::new([Align::Left, Align::Right]);
    for graph in graphs {
        let edges = count(graph.edges, "edge", "edges");
        let weights = format!("weights {}", graph.dtype);
        grid.row([&*escape(&graph.name), &edges, &weights]);
    }
    grid
}

fn globals(summary: &Summary) -> Grid {
    let mut grid = Grid::default();
    for global in &summary.attrs {
        let value = match &global.value {
            Some(serde_json::Value::String(text)) => shorten(text, VALUE).into_owned(),
            Some(value) => shorten(&value.to_string(), VALUE).into_owned(),
            None if global.shape.is_empty() => format!("({})", global.dtype),
            None => format!("({}, {})", global.dtype, render::shape(&global.shape)),
        };
        grid.row([escape(&global.name).into_owned(), value]);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stamps_are_readable() {
        assert_eq!(moment("20260131T235959.123456Z"), "2026-01-31 23:59:59 UTC");
        for other in [
            "",
            "yesterday",
            "2026013\u{e9}T235959.1Z",
            "20260131T2359x9.123456Z",
        ] {
            assert_eq!(moment(other), other);
        }
    }
}
