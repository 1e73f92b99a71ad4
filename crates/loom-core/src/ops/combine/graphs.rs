//! Graphs of several files that are put together.

use h5lite::{DType, Number};

use super::{Combine, Input, align::Alignment};
use crate::{axis::Axis, coo::Coo, edit::NewFile, error::Result};

impl Combine {
    /// The row graphs of the first file, among the rows that are left.
    pub(super) fn copy_row_graphs(
        &self,
        file: &mut NewFile<'_, '_>,
        inputs: &[Input<'_>],
        rows: &Alignment,
    ) -> Result<()> {
        let axis = self.axis.other();
        let graphs = inputs[0].ds.axis_graphs(axis);
        // Rows of the first file come first.
        let positions: Vec<usize> = rows.files[0].iter().map_while(|&place| place).collect();
        for name in graphs.keys()? {
            let kept = graphs.get::<f64>(&name)?.select(&positions)?;
            let (row, col, data) = kept.into_parts();
            let graph = Coo::new((rows.len, rows.len), row, col, data)?;
            write_graph(file, axis, &name, graph, graphs.dtype(&name)?)?;
        }
        Ok(())
    }

    /// The column graphs of the first file, with the edges of the others where that is wanted.
    pub(super) fn copy_graphs(
        &self,
        file: &mut NewFile<'_, '_>,
        inputs: &[Input<'_>],
        length: usize,
    ) -> Result<()> {
        let sources = match self.include_graphs {
            true => inputs,
            false => &inputs[..1],
        };
        for name in inputs[0].ds.axis_graphs(self.axis).keys()? {
            let (graph, dtype) = joined_graph(self.axis, &name, sources, length)?;
            write_graph(file, self.axis, &name, graph, dtype)?;
        }
        Ok(())
    }
}

/// The graphs of a name, the vertices of each file after those of the files before it, and the
/// type of their weights.
pub(crate) fn joined_graph(
    axis: Axis,
    name: &str,
    inputs: &[Input<'_>],
    length: usize,
) -> Result<(Coo<f64>, DType)> {
    let (mut row, mut col, mut data) = (Vec::new(), Vec::new(), Vec::new());
    let mut dtype = DType::F32;
    let mut offset = 0;
    for input in inputs {
        let graphs = input.ds.axis_graphs(axis);
        if graphs.contains(name)? {
            if graphs.dtype(name)? != DType::F32 {
                dtype = DType::F64;
            }
            for (a, b, w) in graphs.get::<f64>(name)?.select(&input.positions)?.iter() {
                row.push(a.saturating_add(offset));
                col.push(b.saturating_add(offset));
                data.push(w);
            }
        }
        // What does not fit 32 bits is outside of the graph, which is an error below.
        let vertices = u32::try_from(input.positions.len()).unwrap_or(u32::MAX);
        offset = offset.saturating_add(vertices);
    }
    Ok((Coo::new((length, length), row, col, data)?, dtype))
}

/// Writes a graph whose weights are of type `dtype`.
fn write_graph(
    file: &mut NewFile<'_, '_>,
    axis: Axis,
    name: &str,
    graph: Coo<f64>,
    dtype: DType,
) -> Result<()> {
    if dtype != DType::F32 {
        return file.axis_graph(axis, name, &graph);
    }
    file.axis_graph(axis, name, &narrow(graph)?)
}

/// Weights that were `f32`, as `f32`.
pub(crate) fn narrow(graph: Coo<f64>) -> Result<Coo<f32>> {
    let shape = graph.shape();
    let (row, col, data) = graph.into_parts();
    Coo::new(
        shape,
        row,
        col,
        data.into_iter().map(f32::from_f64).collect(),
    )
}
