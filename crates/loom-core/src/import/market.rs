//! Matrix Market: the exchange format of NIST, in which sequencing pipelines write counts.

use super::{Content, Lines, Read, ReadMatrix, Spill, number};
use crate::error::Result;

/// What the first line begins with.
pub(super) const BANNER: &[u8] = b"%%MatrixMarket";

/// What the first line says.
struct Header {
    coordinate: bool,
    pattern: bool,
    symmetry: Symmetry,
}

/// How the values below the diagonal come back above it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

/// Reads a matrix: entries that occur several times add up.
pub(super) fn read(mut lines: Lines, options: &ReadMatrix) -> Result<Read> {
    let header = header(&mut lines)?;
    let (rows, cols, count) = sizes(&mut lines, &header)?;
    let shape = match options.transposed {
        true => (cols, rows),
        false => (rows, cols),
    };
    let width = match &options.places {
        Some((places, _)) if places.len() != shape.1 => {
            let reason = format!("{} columns, where {} are needed", shape.1, places.len());
            return Err(lines.bad(reason));
        }
        Some((_, width)) => *width,
        None => shape.1,
    };
    let mut spill = Spill::new((shape.0, width), count, options.scratch.as_deref())?;
    let mut put = |row: u32, col: u32, value: f64| {
        let (row, col) = match options.transposed {
            true => (col, row),
            false => (row, col),
        };
        match &options.places {
            None => spill.push(row, col, value),
            Some((places, _)) => match places[col as usize] {
                Some(place) => spill.push(row, place, value),
                None => Ok(()),
            },
        }
    };
    let mut dense = (0..cols).flat_map(|col| {
        let first = if header.symmetry == Symmetry::General {
            0
        } else {
            col
        };
        (first..rows).map(move |row| (row, col))
    });
    let mut seen = 0;
    loop {
        let line = match lines.next_line()? {
            None => break,
            Some(line) if line.trim_ascii().is_empty() || line.starts_with(b"%") => continue,
            Some(line) => line,
        };
        seen += 1;
        let entry = match header.coordinate {
            true => entry(line, &header, options.value, (rows, cols)),
            false => match dense.next() {
                Some((row, col)) => number(line).map(|value| (small(row), small(col), value)),
                None => Err(format!("more than the {count} values of {rows} x {cols}")),
            },
        };
        let (row, col, value) = match entry {
            Ok(entry) => entry,
            Err(reason) => return Err(lines.bad(reason)),
        };
        if value == 0.0 {
            continue;
        }
        put(row, col, value)?;
        match header.symmetry {
            Symmetry::Symmetric if row != col => put(col, row, value)?,
            Symmetry::Skew if row != col => put(col, row, -value)?,
            _ => {}
        }
    }
    if seen != count {
        return Err(lines.bad(format!("{seen} entries, where the header says {count}")));
    }
    spill.finish()?;
    Ok(Read {
        found: spill.numbers.found(),
        content: Content::Sparse(spill),
        shape: match options.transposed {
            true => (width, shape.0),
            false => (shape.0, width),
        },
        names: (None, None),
    })
}

fn header(lines: &mut Lines) -> Result<Header> {
    let line = String::from_utf8_lossy(lines.next_line()?.unwrap_or_default()).to_lowercase();
    let words: Vec<&str> = line.split_ascii_whitespace().skip(1).collect();
    let [object, format, field, symmetry] = words[..] else {
        let expected = "%%MatrixMarket matrix coordinate|array FIELD SYMMETRY";
        return Err(lines.bad(format!("{line:?}, where {expected} is needed")));
    };
    let coordinate = format == "coordinate";
    let known = object == "matrix"
        && (coordinate || format == "array")
        && (matches!(field, "integer" | "real" | "double") || (field == "pattern" && coordinate));
    let symmetry = match symmetry {
        "general" => Some(Symmetry::General),
        "symmetric" => Some(Symmetry::Symmetric),
        "skew-symmetric" => Some(Symmetry::Skew),
        _ => None,
    };
    match (known, symmetry) {
        (true, Some(symmetry)) => Ok(Header {
            coordinate,
            pattern: field == "pattern",
            symmetry,
        }),
        _ => Err(lines.bad(format!("{line:?} is not supported"))),
    }
}

/// Rows, columns, and how many entries there are in the file.
fn sizes(lines: &mut Lines, header: &Header) -> Result<(usize, usize, u64)> {
    let line = loop {
        match lines.next_line()? {
            None => return Err(lines.bad("no line with the sizes".to_owned())),
            Some(line) if line.trim_ascii().is_empty() || line.starts_with(b"%") => {}
            Some(line) => break String::from_utf8_lossy(line).into_owned(),
        }
    };
    let numbers: Option<Vec<usize>> = (line.split_ascii_whitespace())
        .map(|word| word.parse().ok())
        .collect();
    let (rows, cols, count) = match (numbers.as_deref(), header.coordinate) {
        (Some(&[rows, cols, count]), true) => (rows, cols, count as u64),
        (Some(&[rows, cols]), false) => {
            let (long, wide) = (rows as u64, cols as u64);
            let all = match header.symmetry {
                Symmetry::General => long.saturating_mul(wide),
                _ => long.saturating_mul(long.saturating_add(1)) / 2,
            };
            (rows, cols, all)
        }
        _ => return Err(lines.bad(format!("{line:?}, where the sizes are needed"))),
    };
    if header.symmetry != Symmetry::General && rows != cols {
        return Err(lines.bad(format!("a symmetric matrix of {rows} x {cols}")));
    }
    Ok((rows, cols, count))
}

/// Row, column (from 0) and value.
fn entry(
    line: &[u8],
    header: &Header,
    (number_of_value, values): (usize, usize),
    (rows, cols): (usize, usize),
) -> Result<(u32, u32, f64), String> {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let mut place = |axis: &str, length: usize| {
        let word = words.next().unwrap_or_default();
        let text = String::from_utf8_lossy(word);
        match text.parse::<usize>() {
            Ok(at) if (1..=length).contains(&at) => Ok(small(at - 1)),
            _ => Err(format!("{axis} {text:?}, where 1 to {length} are possible")),
        }
    };
    let (row, col) = (place("row", rows)?, place("column", cols)?);
    let value = match header.pattern {
        true => 1.0,
        false => {
            let mut wanted = 0.0;
            for at in 0..values {
                let value = number(words.next().unwrap_or_default())?;
                if at == number_of_value {
                    wanted = value;
                }
            }
            wanted
        }
    };
    match words.next() {
        None => Ok((row, col, value)),
        Some(word) => Err(format!(
            "{:?} behind the value",
            String::from_utf8_lossy(word)
        )),
    }
}

/// A position, which a spill has found to fit.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
