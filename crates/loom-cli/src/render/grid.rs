//! Tables whose columns line up.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// A table that is in memory; its cells are printed as they are.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// An empty table with these columns; rows may have fewer cells, and further cells stand left.
    pub(crate) fn new(align: impl Into<Vec<Align>>) -> Self {
        Self {
            align: align.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Prints the rows, each after `indent`, with two spaces between columns and none at the end.
    pub(crate) fn print(&self, out: &mut impl Write, indent: &str) -> io::Result<()> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        for row in &self.rows {
            let mut line = indent.to_owned();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width - cell.width());
                match self.align.get(column) {
                    Some(Align::Right) => line.extend([&padding, cell.as_str()]),
                    _ => line.extend([cell.as_str(), &padding]),
                }
                line.push_str("  ");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut grid = Grid::new([Align::Left, Align::Right]);
        grid.row(["\u{7d30}\u{80de}", "1"]);
        grid.row(["a", "10", "more"]);
        grid.row(["abcdef"]);
        let mut out = Vec::new();
        grid.print(&mut out, "> ").unwrap();
        let expected = "> \u{7d30}\u{80de}     1\n> a       10  more\n> abcdef\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
