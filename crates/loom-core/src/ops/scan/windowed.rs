//! Graphs window by window.

use crate::{coo::Coo, error::Result};

/// The edges of a graph that stay within a window, window by window: a walk through the file must
/// not go through all edges for each batch.
pub(super) struct Windowed(Vec<(u32, u32, f64)>);

impl Windowed {
    /// The edges of `graph` that stay within a window of `size` positions.
    pub(super) fn new(graph: &Coo<f64>, size: usize) -> Self {
        let window = |vertex: u32| vertex as usize / size;
        let mut edges: Vec<_> = (graph.iter())
            .filter(|&(a, b, _)| window(a) == window(b))
            .collect();
        edges.sort_by_key(|&(a, ..)| window(a));
        Self(edges)
    }

    /// The graph among the positions from `start` up to `end`, which are those of a window.
    pub(super) fn window(&self, start: usize, end: usize) -> Result<Coo<f64>> {
        let edges = &self.0;
        let from = edges.partition_point(|&(a, ..)| (a as usize) < start);
        let to = edges.partition_point(|&(a, ..)| (a as usize) < end);
        let mut row = Vec::with_capacity(to - from);
        let mut col = Vec::with_capacity(to - from);
        let mut data = Vec::with_capacity(to - from);
        // Vertices are 32-bit numbers, so the start of a window with an edge in it is one too.
        let first = u32::try_from(start).unwrap_or(u32::MAX);
        for &(a, b, w) in &edges[from..to] {
            row.push(a - first);
            col.push(b - first);
            data.push(w);
        }
        Coo::new((end - start, end - start), row, col, data)
    }
}
