//! `loom export`: attributes and a layer as one table of text.

use std::io::{self, Write};

use loom_core::Format;

use crate::{args::Export, error::Result, open, output::Output, render::escape};

/// Writes what loompy's export writes.
pub(super) fn run(args: &Export, out: &mut Output) -> Result<()> {
    let ds = open::loom(&args.file)?;
    open::layer(&ds, &args.layer)?;
    if out.is_terminal() {
        Ok(ds.export(&mut Escaped(out), &args.layer, Format::Tab)?)
    } else {
        Ok(ds.export(out, &args.layer, Format::Tab)?)
    }
}

/// Tables on their way to a terminal, which must not obey them.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    /// Takes everything. A character that is split between two calls is shown as not readable.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        for piece in text.split_inclusive(['\t', '\n']) {
            let cell = piece.trim_end_matches(['\t', '\n']);
            let end = piece.get(cell.len()..).unwrap_or_default();
            self.0.write_all(escape(cell).as_bytes())?;
            self.0.write_all(end.as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_only_tabs_and_line_ends() {
        let mut out = Vec::new();
        let mut escaped = Escaped(&mut out);
        escaped
            .write_all("a\t\u{1b}[2Jb\t\t\n\r\n".as_bytes())
            .unwrap();
        assert_eq!(out, b"a\t\\u{1b}[2Jb\t\t\n\\r\n");
    }
}
