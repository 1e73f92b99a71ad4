//! JSON: a block as arrays in arrays, a table as an array of objects. A line for each entry.

use std::io::Write;

use h5lite::with_array;
use loom_convert::cell::{self, Cell};
use ndarray::{ArrayViewD, Axis};
use serde::Serialize;

use super::{Block, Table};
use crate::{error::Result, render};

/// A whole document, laid out for people too.
pub(crate) fn document(value: &impl Serialize, out: &mut impl Write) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(writeln!(out, "{}", escaped(&text))?)
}

/// A block; a single value stands alone.
pub(super) fn block(block: &Block<'_>, escape: bool, out: &mut impl Write) -> Result<()> {
    let mut json = Json { escape, out };
    let single = block.shape.is_empty();
    let mut entries = Entries::default();
    for band in block.bands.clone() {
        with_array!(&(block.read)(band.clone())?, values => {
            for entry in cell::entries(values) {
                if !single {
                    entries.next(json.out)?;
                }
                json.nested(&entry)?;
            }
        });
    }
    if single {
        writeln!(json.out)?;
    } else {
        entries.end(json.out)?;
    }
    Ok(())
}

/// An object for each position, with a member for each column.
pub(super) fn table(table: &Table<'_>, escape: bool, out: &mut impl Write) -> Result<()> {
    let mut json = Json { escape, out };
    let names: Vec<String> = table
        .names()
        .map(|name| json.encoded(name))
        .collect::<Result<_>>()?;
    let mut entries = Entries::default();
    table.each_row(|arrays, row| {
        entries.next(json.out)?;
        let mut before = "{";
        let mut names = names.iter();
        for array in arrays {
            with_array!(array, values => {
                for (value, name) in values.index_axis(Axis(0), row).iter().zip(&mut names) {
                    write!(json.out, "{before}{name}:")?;
                    json.value(value)?;
                    before = ",";
                }
            });
        }
        Ok(write!(json.out, "}}")?)
    })?;
    entries.end(json.out)
}

/// The entries of the outermost array.
#[derive(Default)]
struct Entries {
    begun: bool,
}

impl Entries {
    fn next(&mut self, out: &mut impl Write) -> Result<()> {
        out.write_all(if self.begun { b",\n" } else { b"[\n" })?;
        self.begun = true;
        Ok(())
    }

    fn end(&self, out: &mut impl Write) -> Result<()> {
        out.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        Ok(())
    }
}

struct Json<'o, W> {
    /// Whether a terminal would obey what it is sent.
    escape: bool,
    out: &'o mut W,
}

impl<W: Write> Json<'_, W> {
    fn nested<T: Cell>(&mut self, values: &ArrayViewD<'_, T>) -> Result<()> {
        if values.ndim() == 0 {
            return match values.first() {
                Some(value) => self.value(value),
                None => Ok(()),
            };
        }
        let mut before: &[u8] = b"[";
        for entry in values.axis_iter(Axis(0)) {
            self.out.write_all(before)?;
            self.nested(&entry.into_dyn())?;
            before = b",";
        }
        if values.len_of(Axis(0)) == 0 {
            self.out.write_all(b"[")?;
        }
        Ok(self.out.write_all(b"]")?)
    }

    fn value(&mut self, value: &impl Serialize) -> Result<()> {
        if self.escape {
            let text = self.encoded(value)?;
            self.out.write_all(text.as_bytes())?;
        } else {
            serde_json::to_writer(&mut *self.out, value)?;
        }
        Ok(())
    }

    fn encoded(&self, value: &impl Serialize) -> Result<String> {
        let text = serde_json::to_string(value)?;
        Ok(if self.escape { escaped(&text) } else { text })
    }
}

/// The JSON text with what steers a terminal in JSON's own escapes. (JSON demands that of controls
/// below U+0020 only. Line ends stand between values; those in text are escaped already.)
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && render::steers(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.extend(["\\u", &format!("{unit:04x}")]);
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_jsons() {
        let hostile = "a\u{1b}\u{9b}2J\u{202e}\u{e9}";
        let text = escaped(&serde_json::to_string(hostile).unwrap());
        assert!(!text.contains(render::steers), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
