//! Reads one column of `/matrix`: `column FILE INDEX`. What it takes does not depend on how many
//! columns there are, which `tests/oracle/make_wide.py` makes files to measure.

use h5lite::{File, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_default();
    let column = arguments.next().and_then(|index| index.parse().ok());
    let file = File::open(path)?;
    let matrix = file.dataset("/matrix")?;
    println!(
        "{:?} in chunks of {:?}",
        matrix.shape(),
        matrix.chunk_shape()
    );
    if let Some(column) = column {
        let column: usize = column;
        let values = matrix.read_lossy::<f64>(&[(..).into(), column.into()])?;
        println!("sum of column {column}: {}", values.sum());
    }
    Ok(())
}
