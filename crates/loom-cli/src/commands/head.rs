//! `loom head`: the corner of a matrix, with names.

use std::io::Write;

use loom_core::Axis;

use crate::{
    args::Head,
    error::Result,
    labels, open,
    positions::Picked,
    render::{Align, Grid, count, shorten},
    write::cell_text,
};

/// Characters of a name that are shown.
const NAME: usize = 18;

/// Writes the upper left corner of a layer.
pub(super) fn run(args: &Head, out: &mut impl Write) -> Result<()> {
    let ds = open::loom(&args.file)?;
    let layer = open::layer(&ds, &args.layer)?;
    let (n_rows, n_cols) = layer.shape();
    let (rows, cols) = (args.rows.min(n_rows), args.cols.min(n_cols));
    let values = layer.read_any(..rows, ..cols)?;
    // A layer of another shape has no names.
    let fits = layer.shape() == ds.shape();
    let [row_label, col_label] =
        Axis::BOTH.map(|axis| labels::attribute(&ds, axis).filter(|_| fits));
    let [row_names, col_names] = [
        (Axis::Rows, &row_label, rows),
        (Axis::Cols, &col_label, cols),
    ]
    .map(|(axis, label, shown)| labels::read(&ds, axis, label.as_deref(), &Picked::run(0..shown)));
    let (row_names, col_names) = (row_names?, col_names?);

    let mut align = vec![Align::Right; cols + 1];
    align[0] = Align::Left;
    let mut grid = Grid::new(align);
    let corner = row_label.unwrap_or_default();
    let header = std::iter::once(&corner).chain(&col_names);
    grid.row(header.map(|name| shorten(name, NAME)));
    for (row, name) in row_names.iter().enumerate() {
        let cells = (0..cols).map(|col| cell_text(&values, row * cols + col).into());
        grid.row(std::iter::once(shorten(name, NAME)).chain(cells));
    }
    grid.print(out, "")?;

    let left = [
        (n_rows - rows, "row", "rows"),
        (n_cols - cols, "column", "columns"),
    ];
    let left: Vec<String> = (left.iter())
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| count(*number, one, many))
        .collect();
    if !left.is_empty() {
        writeln!(out, "... and {} more", left.join(" and "))?;
    }
    Ok(())
}
