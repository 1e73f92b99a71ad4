//! Listings for people.

use std::io::{self, Write};

use super::entry::Entry;
use crate::{
    args::Ls,
    render::{self, Grid, escape},
};

/// A name a line.
pub(super) fn names(entries: &[Entry], args: &Ls, out: &mut impl Write) -> io::Result<()> {
    for entry in entries {
        writeln!(out, "{}", decorated(entry, entry.name()))?;
        if args.attributes {
            for attr in &entry.attrs {
                writeln!(out, "{}@{}", escape(entry.name()), escape(&attr.name))?;
            }
        }
    }
    Ok(())
}

/// Kind, type, shape, chunks, filters and name.
pub(super) fn long(entries: &[Entry], args: &Ls, out: &mut impl Write) -> io::Result<()> {
    let mut grid = Grid::default();
    for entry in entries {
        let mut row = details(entry);
        row.insert(0, entry.kind.to_owned());
        row.push(decorated(entry, entry.name()));
        grid.row(row);
        if args.attributes {
            for attr in &entry.attrs {
                let name = format!("{}@{}", escape(entry.name()), escape(&attr.name));
                let shape = lengths(attr.shape.as_deref());
                grid.row(["attribute", &attr.dtype, &shape, "", "", &name]);
            }
        }
    }
    grid.print(out, "")
}

/// Groups with what is in them, each a step to the right.
pub(super) fn tree(entries: &[Entry], args: &Ls, out: &mut impl Write) -> io::Result<()> {
    let top = entries.first().map_or(0, Entry::depth);
    let mut grid = Grid::default();
    for (number, entry) in entries.iter().enumerate() {
        let level = entry.depth().saturating_sub(top);
        let name = if level == 0 {
            &entry.path
        } else {
            entry.name()
        };
        let mut row = vec![format!("{}{}", "  ".repeat(level), decorated(entry, name))];
        let details = details(entry);
        row.extend(details.into_iter().take(if args.long { 4 } else { 2 }));
        grid.row(row);
        if args.attributes {
            for attr in &entry.attrs {
                let name = format!("{}@{}", "  ".repeat(level + 1), escape(&attr.name));
                grid.row([name, attr.dtype.clone(), lengths(attr.shape.as_deref())]);
            }
        }
        // Whole columns of a large file need not be in memory to line up.
        if number % 10_000 == 9_999 {
            std::mem::take(&mut grid).print(out, "")?;
        }
    }
    grid.print(out, "")
}

/// Type, shape, chunks and filters.
fn details(entry: &Entry) -> Vec<String> {
    let shape = match entry.kind {
        "dataset" => lengths(entry.shape.as_deref()),
        _ => String::new(),
    };
    let chunks =
        (entry.chunks.as_deref()).map(|chunks| format!("chunks {}", render::shape(chunks)));
    vec![
        entry.dtype.clone().unwrap_or_default(),
        shape,
        chunks.unwrap_or_default(),
        entry.compression.clone(),
    ]
}

/// A shape, or what there is instead of one.
fn lengths(shape: Option<&[usize]>) -> String {
    match shape {
        None => "empty".to_owned(),
        Some([]) => "scalar".to_owned(),
        Some(lengths) => render::shape(lengths),
    }
}

/// The name with what it is: a slash behind groups, an arrow from links.
fn decorated(entry: &Entry, name: &str) -> String {
    let mut text = escape(name).into_owned();
    if entry.kind == "group" && !text.ends_with('/') {
        text.push('/');
    }
    if let Some(target) = &entry.target {
        text.extend([" -> ", &escape(target)]);
    }
    if let Some(path) = &entry.same_as {
        text.extend([" (see ", &escape(path), ")"]);
    }
    if let Some(error) = &entry.error {
        text.extend([" (", &escape(error), ")"]);
    }
    text
}
