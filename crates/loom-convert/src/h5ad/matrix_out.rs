//! Layers and graphs as compressed sparse rows.

use std::ops::Range;

use loom_core::{
    Array, Coo, Layer, Result,
    h5lite::{DatasetOptions, Edit, Number, Steps, with_number},
};

use super::{group, mark, unclear};
use crate::Memory;

/// Values of a layer, non-zero or not, that are read at a time.
const BAND: usize = 5 << 19;
/// Values in a chunk.
const CHUNK: usize = 1 << 16;

/// Writes a layer, on its side: a row for each cell.
///
/// # Errors
/// Where it cannot be read, or not be written.
pub(super) fn layer(
    edit: &mut Edit<'_>,
    path: &str,
    layer: &Layer<'_>,
    memory: Memory,
    steps: &mut Steps,
) -> Result<()> {
    with_number!(
        layer.dtype(),
        T => bands::<T>(edit, path, layer, memory, steps),
        text => Err(unclear("a layer of text"))
    )
}

fn bands<T: Number>(
    edit: &mut Edit<'_>,
    path: &str,
    layer: &Layer<'_>,
    memory: Memory,
    steps: &mut Steps,
) -> Result<()>
where
    Array: From<Vec<T>>,
{
    /// Whole chunks of Loom files as loompy writes them.
    const ALIGNED: usize = 64;
    let (genes, cells) = layer.shape();
    // Where memory is limited, as if no value were 0: lists that grow, and a second of each.
    let each = genes.max(1) * 4 * (2 * size_of::<u32>() + size_of::<T>());
    let width = match memory.is_limited() {
        true => memory.band(each, ALIGNED, cells)?,
        false => (BAND / genes.max(1) / ALIGNED * ALIGNED).max(ALIGNED),
    };
    let mut rows = Rows::<T>::begin(edit, path, (cells, genes))?;
    for start in (0..cells).step_by(width) {
        let band = start..cells.min(start + width);
        let count = band.len();
        let triplets = layer.sparse::<T>(.., band)?;
        rows.add(
            edit,
            0..count,
            triplets.col(),
            triplets.row(),
            triplets.data(),
        )?;
        steps.advance(count as u64)?;
    }
    rows.finish(edit)
}

/// Writes a graph; edges between the same vertices stay apart.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn graph(edit: &mut Edit<'_>, path: &str, graph: &Coo<f64>) -> Result<()> {
    let mut order: Vec<u32> =
        (0..u32::try_from(graph.len()).map_err(|_| unclear("too many edges"))?).collect();
    order.sort_by_key(|&at| graph.col()[at as usize]);
    let take = |list: &[u32]| {
        order
            .iter()
            .map(|&at| list[at as usize])
            .collect::<Vec<u32>>()
    };
    let (row, col) = (take(graph.row()), take(graph.col()));
    let data: Vec<f64> = order.iter().map(|&at| graph.data()[at as usize]).collect();
    let mut rows = Rows::begin(edit, path, graph.shape())?;
    rows.add(edit, 0..graph.shape().0, &row, &col, &data)?;
    rows.finish(edit)
}

/// A sparse matrix that is being written, row by row.
struct Rows<T> {
    path: String,
    /// Where each row begins.
    starts: Vec<i64>,
    /// What does not fill a chunk yet.
    data: Vec<T>,
    indices: Vec<i32>,
    written: usize,
}

impl<T: Number> Rows<T>
where
    Array: From<Vec<T>>,
{
    fn begin(edit: &mut Edit<'_>, path: &str, shape: (usize, usize)) -> Result<Self> {
        group(edit, path, "csr_matrix", "0.1.0")?;
        let lengths = [shape.0, shape.1].map(|length| (length as u64).cast_signed());
        edit.set_attribute(path, "shape", &lengths.as_slice().into())?;
        let options = DatasetOptions::chunked(&[CHUNK]).max_shape(&[None]);
        edit.create(&format!("{path}/data"), T::DTYPE, &[0], &options)?;
        edit.create(
            &format!("{path}/indices"),
            loom_core::DType::I32,
            &[0],
            &options,
        )?;
        Ok(Self {
            path: path.to_owned(),
            starts: vec![0],
            data: Vec::new(),
            indices: Vec::new(),
            written: 0,
        })
    }

    /// Adds rows: for each value its row, of these, and its place in it, which increases within a row.
    fn add(
        &mut self,
        edit: &mut Edit<'_>,
        rows: Range<usize>,
        row: &[u32],
        place: &[u32],
        data: &[T],
    ) -> Result<()> {
        let mut next = vec![0_usize; rows.len() + 1];
        for &row in row {
            next[row as usize + 1] += 1;
        }
        let before = self.data.len();
        next[0] = before;
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        for &end in &next[1..] {
            self.starts
                .push(((self.written + end) as u64).cast_signed());
        }
        self.data.resize(before + data.len(), T::default());
        self.indices.resize(before + data.len(), 0);
        for ((&row, &place), &value) in row.iter().zip(place).zip(data) {
            let at = &mut next[row as usize];
            self.data[*at] = value;
            self.indices[*at] = place.cast_signed();
            *at += 1;
        }
        let whole = self.data.len() / CHUNK * CHUNK;
        self.flush(edit, whole)
    }

    /// Writes the first of what waits.
    fn flush(&mut self, edit: &mut Edit<'_>, count: usize) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let rest = (self.data.split_off(count), self.indices.split_off(count));
        let data: Array = std::mem::replace(&mut self.data, rest.0).into();
        let indices: Array = std::mem::replace(&mut self.indices, rest.1).into();
        let end = self.written + count;
        for (name, values) in [("data", data), ("indices", indices)] {
            let path = format!("{}/{name}", self.path);
            edit.resize(&path, &[end])?;
            edit.write_at(&path, &[(self.written..end).into()], &values)?;
        }
        self.written = end;
        Ok(())
    }

    fn finish(mut self, edit: &mut Edit<'_>) -> Result<()> {
        let rest = self.data.len();
        self.flush(edit, rest)?;
        let narrow: Option<Vec<i32>> = self
            .starts
            .iter()
            .map(|&at| i32::try_from(at).ok())
            .collect();
        let starts: Array = match narrow {
            Some(narrow) => narrow.into(),
            None => self.starts.into(),
        };
        let path = format!("{}/indptr", self.path);
        edit.write(&path, &starts, &DatasetOptions::contiguous())?;
        mark(edit, &self.path, "csr_matrix", "0.1.0")
    }
}
