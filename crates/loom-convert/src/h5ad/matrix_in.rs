//! Matrices of an h5ad file, cells x genes, as layers.

use std::{ops::Range, path::Path, sync::Arc};

use loom_core::{
    Array, Coo, DType, Error, Matrix, Result,
    h5lite::{File, Number, with_array, with_numbers},
    import::{BATCH, MatrixFile},
};

use super::element::{Element, wrong};
use crate::{
    Options,
    compressed::Compressed,
    import::{Batches, Layer},
};

/// Opens a matrix of so many genes and cells as a layer; `None` for what is no matrix.
///
/// # Errors
/// Where it cannot be read, or has another shape.
pub(super) fn layer(
    file: &Arc<File>,
    path: &str,
    (genes, cells): (usize, usize),
    options: &Options,
) -> Result<Option<Box<dyn Layer>>> {
    let element = Element::open(file, path)?;
    let shape = match element.kind.as_str() {
        "array" => element.dataset()?.shape().to_vec(),
        "csr_matrix" | "csc_matrix" => shape(&element)?,
        _ => return Ok(None),
    };
    if shape != [cells, genes] {
        let reason = format!("shape {shape:?}, where [{cells}, {genes}] is needed");
        return Err(wrong(file, path, reason));
    }
    Ok(Some(match element.kind.as_str() {
        "array" => Box::new(Dense::open(file, &element)?),
        "csr_matrix" => Box::new(Compressed::open(file, path, (genes, cells))?),
        _ => {
            // A gene after the other, cell by cell: brought into the order of the cells.
            let by_gene = Compressed::open(file, path, (cells, genes))?;
            let (count, dtype) = (by_gene.count()?, by_gene.dtype());
            let scratch = options.scratch.as_deref();
            let name = file.path().unwrap_or(Path::new(path));
            Box::new(MatrixFile::from_triplets(
                name,
                (genes, cells),
                dtype,
                count,
                scratch,
                |push| each(&by_gene, |cell, gene, value| push(gene, cell, value)),
            )?)
        }
    }))
}

/// The shape that a sparse matrix states.
fn shape(element: &Element<'_>) -> Result<Vec<usize>> {
    let shape = element.object.attribute("shape")?.read::<i64>()?;
    Ok(shape
        .iter()
        .filter_map(|&length| usize::try_from(length).ok())
        .collect())
}

/// Each value of a compressed matrix: where along its lines it is, its line, and the value.
fn each(matrix: &Compressed, mut visit: impl FnMut(u32, u32, f64) -> Result<()>) -> Result<()> {
    /// Values that are read at a time, about.
    const VALUES: u64 = 1 << 20;
    let lines = matrix.shape().1;
    let mut start = 0;
    while start < lines {
        let end = matrix.columns_with(start, VALUES);
        let triplets = matrix.columns(start..end)?;
        let first = u32::try_from(start).unwrap_or(u32::MAX);
        let places = triplets.row().iter().zip(triplets.col());
        with_numbers!(
            triplets.data(),
            data => for ((&along, &line), value) in places.zip(data) {
                visit(along, first + line, value.to_f64())?;
            },
            text => ()
        );
        start = end;
    }
    Ok(())
}

/// A matrix with every value, a row for each cell.
#[derive(Debug)]
struct Dense {
    file: Arc<File>,
    path: String,
    dtype: DType,
    cells: usize,
}

impl Dense {
    fn open(file: &Arc<File>, element: &Element<'_>) -> Result<Self> {
        let dataset = element.dataset()?;
        let dtype = match dataset.dtype()? {
            DType::Str => {
                return Err(wrong(
                    file,
                    element.path(),
                    "text, where numbers are needed",
                ));
            }
            DType::F16 => DType::F32,
            dtype => dtype,
        };
        Ok(Self {
            file: Arc::clone(file),
            path: element.path().to_owned(),
            dtype,
            cells: dataset.shape().first().copied().unwrap_or(0),
        })
    }

    fn block(&self, cells: Range<usize>) -> Result<Array> {
        let block = (self.file.dataset(&self.path)?).read_any(&[cells.into(), (..).into()])?;
        Ok(with_array!(block, block => {
            block.reversed_axes().as_standard_layout().into_owned().into()
        }))
    }
}

impl Layer for Dense {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn batches(&self) -> Batches<'_> {
        Box::new((0..self.cells).step_by(BATCH).map(move |start| {
            let cells = start..self.cells.min(start + BATCH);
            Ok(Matrix::from(self.block(cells)?))
        }))
    }
}

/// A matrix between each and each of an axis as a graph, and the type of its weights; `None` for
/// what is no matrix.
///
/// # Errors
/// Where it cannot be read, or has another shape.
pub(super) fn graph(
    file: &Arc<File>,
    path: &str,
    length: usize,
) -> Result<Option<(Coo<f64>, DType)>> {
    let element = Element::open(file, path)?;
    let check = |shape: &[usize]| match shape == [length, length] {
        true => Ok(()),
        false => Err(wrong(
            file,
            path,
            format!("shape {shape:?}, where [{length}, {length}] is needed"),
        )),
    };
    let (mut row, mut col, mut data) = (Vec::new(), Vec::new(), Vec::new());
    let dtype = match element.kind.as_str() {
        "array" => {
            let dataset = element.dataset()?;
            check(dataset.shape())?;
            for start in 0..length {
                let line = dataset.read_lossy::<f64>(&[start.into(), (..).into()])?;
                for (at, &value) in (0..).zip(&line) {
                    if value != 0.0 {
                        row.push(u32::try_from(start).map_err(|_| too_long(length))?);
                        col.push(at);
                        data.push(value);
                    }
                }
            }
            dataset.dtype()?
        }
        kind @ ("csr_matrix" | "csc_matrix") => {
            check(&shape(&element)?)?;
            let matrix = Compressed::open(file, path, (length, length))?;
            each(&matrix, |along, line, value| {
                let (from, to) = if kind == "csr_matrix" {
                    (line, along)
                } else {
                    (along, line)
                };
                row.push(from);
                col.push(to);
                data.push(value);
                Ok(())
            })?;
            matrix.dtype()
        }
        _ => return Ok(None),
    };
    Ok(Some((Coo::new((length, length), row, col, data)?, dtype)))
}

fn too_long(length: usize) -> Error {
    Error::Misuse(format!("a graph of {length} vertices"))
}
