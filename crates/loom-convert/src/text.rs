//! Matrices as text: loompy's `create_from_tsv`.

use std::{collections::HashMap, path::Path};

use loom_core::{
    Array, DType, Matrix, Mode, Result, connect,
    h5lite::with_array,
    import::{MatrixFile, ReadTable},
};
use ndarray::{ArrayD, Axis, IxDyn};

use crate::{
    Import, Options,
    import::{Batches, Layer},
    lists::{bad, cell_ids},
};

/// Row attributes that are taken over from another Loom file.
const TAKEN: [&str; 5] = ["Accession", "Gene", "Chromosome", "Start", "End"];

/// Opens a matrix as text, Matrix Market or numpy's `npy`, with names of cells and genes where the
/// file has them, and numbers in their place where not.
///
/// With a Loom file that says which rows there are ([`Text::rows_of`](crate::Text::rows_of)), lines
/// go where their gene is; genes without a line hold zeros.
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with the line for what is no matrix; for a table of
/// cells that does not fit.
pub fn text(path: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let path = path.as_ref();
    let given = &options.text;
    let matrix = (options.read_matrix().transposed(given.transposed)).open(path)?;
    let (rows, cols) = matrix.shape();
    let numbered = |count: usize| (0..count).map(|number| number.to_string()).collect();
    let genes: Vec<String> = matrix
        .row_names()
        .map_or_else(|| numbered(rows), <[_]>::to_vec);
    let barcodes: Vec<String> = matrix
        .col_names()
        .map_or_else(|| numbered(cols), <[_]>::to_vec);
    let mut import = match &given.rows_of {
        None => {
            let mut import = Import::new((rows, cols), Box::new(matrix));
            import.row_attr("Gene", genes);
            import
        }
        Some(other) => {
            let ds = connect(other, Mode::Read)?;
            let key = given.key.as_deref().unwrap_or(TAKEN[0]);
            let keys = ds.ra().get::<String>(key)?;
            let lines: HashMap<&str, usize> = (genes.iter().map(String::as_str)).zip(0..).collect();
            let places: Vec<Option<usize>> = keys
                .iter()
                .map(|key| lines.get(key.as_str()).copied())
                .collect();
            let found = places.iter().flatten().count();
            if found == 0 {
                let reason = format!("no line is called as one of {key} of {}", other.display());
                return Err(bad(path, reason));
            }
            let shape = (places.len(), cols);
            let mut import = Import::new(shape, Box::new(Arranged { matrix, places }));
            for name in TAKEN {
                if ds.ra().contains(name)? {
                    import.row_attr(name, ds.ra().get_any(name)?);
                }
            }
            if found < rows {
                let reason = format!("{} lines have no row in {}", rows - found, other.display());
                import.report.leave_out(path.display().to_string(), reason);
            }
            import
        }
    };
    if let Some(table_path) = &given.cells {
        let table = ReadTable::new().open(table_path)?;
        if table.len() != cols {
            let reason = format!("{} lines for {cols} cells", table.len());
            return Err(bad(table_path, reason));
        }
        for (number, (name, values)) in table.iter().enumerate() {
            let is_name = number == 0 && values == &Array::from(barcodes.clone());
            if number == 0 && !is_name {
                let reason =
                    format!("column {name:?} is not the names of the cells in their order");
                return Err(bad(table_path, reason));
            }
            if !is_name {
                import.col_attr(name, values.clone());
            }
        }
    }
    import.col_attr("CellID", cell_ids(options.sample.as_deref(), &barcodes));
    Ok(import)
}

/// A matrix with its rows in another order.
#[derive(Debug)]
struct Arranged {
    matrix: MatrixFile,
    /// The row of the file that each row is; `None` for zeros.
    places: Vec<Option<usize>>,
}

impl Layer for Arranged {
    fn dtype(&self) -> DType {
        self.matrix.dtype()
    }

    fn batches(&self) -> Batches<'_> {
        Box::new(self.matrix.batches().map(|batch| match batch? {
            Matrix::Dense(block) => Ok(arrange(&block, &self.places).into()),
            other => Ok(other),
        }))
    }
}

fn arrange(block: &Array, places: &[Option<usize>]) -> Array {
    with_array!(block, block => {
        let width = block.shape().get(1).copied().unwrap_or(0);
        let mut arranged = ArrayD::default(IxDyn(&[places.len(), width]));
        for (mut line, place) in arranged.axis_iter_mut(Axis(0)).zip(places) {
            if let Some(place) = place {
                line.assign(&block.index_axis(Axis(0), *place));
            }
        }
        arranged.into()
    })
}
