//! A first look at a Loom file: the example of the README.

use loom_core::{Axis, Mode, Result, Stat, connect};

fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "fixtures/demo.loom".to_owned());
    let ds = connect(path, Mode::Read)?;
    let (genes, cells) = ds.shape();
    println!(
        "{genes} genes x {cells} cells, {} layers",
        ds.layers().len()?
    );

    // An attribute, a corner of the matrix, and two genes of every cell in the order asked for.
    let names = ds.ra().get::<String>("Gene")?;
    let corner = ds.read::<f64>(..3, ..5)?;
    let pair = ds.read::<f64>(vec![10, 2], ..)?;
    println!("{}: {}; {:?}", names[0], corner.row(0), pair.dim());

    // Totals of all cells, computed on all cores in the memory of one band of chunks.
    let totals = ds.layer("")?.stats(Axis::Cols, .., &[Stat::Sum])?;
    println!("the first cell holds {} molecules", totals[0][0]);

    // The same cell by cell, a batch of at most 512 at a time, with its attributes.
    for batch in ds.scan(Axis::Cols).batch_size(512) {
        let batch = batch?;
        println!(
            "cells {}..{}",
            batch.start,
            batch.start + batch.indices.len()
        );
    }
    Ok(())
}
