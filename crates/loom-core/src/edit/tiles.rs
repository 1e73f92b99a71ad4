//! Layers of a new file whose shape is known, tile by tile in any order.

use std::ops::Range;

use h5lite::{Array, DType, Number};

use super::{
    Change, NewFile,
    create::Length,
    layout::{self, CHUNK},
};
use crate::{axis::Axis, coo::Coo, error::Result, layers};

impl NewFile<'_, '_> {
    /// Makes a layer of zeros; the main matrix first.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name); [`Error::Shape`](crate::Error::Shape) for a shape
    /// without values.
    pub(crate) fn layer(&mut self, name: &str, dtype: DType, shape: (usize, usize)) -> Result<()> {
        self.change.create_layer(name, dtype, shape)?;
        self.change.stamp(&layers::path(name))
    }

    /// Writes a part of a layer. Whole chunks, but for the last of an axis, leave nothing behind
    /// that has to be written again.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite).
    pub(crate) fn tile(
        &mut self,
        name: &str,
        place: (Range<usize>, Range<usize>),
        values: &Array,
    ) -> Result<()> {
        self.change.write_dense(name, place, values, 0)
    }

    /// Writes a part of a layer with values of another file, whatever they are: what a file holds
    /// already can be copied.
    pub(crate) fn copied_tile(
        &mut self,
        name: &str,
        (rows, cols): (Range<usize>, Range<usize>),
        values: &Array,
    ) -> Result<()> {
        let place = [rows.into(), cols.into()];
        Ok((self.change.edit).write_at(&layers::path(name), &place, values)?)
    }

    /// Sets a row or column attribute.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name), [`Error::Text`](crate::Error::Text).
    pub(crate) fn axis_attr(&mut self, axis: Axis, name: &str, values: &Array) -> Result<()> {
        self.wants(Length {
            what: format!("{} {name:?}", axis.attribute()),
            axis,
            shape: values.shape().to_vec(),
        })?;
        self.change.put_attr(axis, name, values)
    }

    /// Sets a graph.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name).
    pub(crate) fn axis_graph<T: Number>(
        &mut self,
        axis: Axis,
        name: &str,
        graph: &Coo<T>,
    ) -> Result<()>
    where
        Array: From<Vec<T>>,
    {
        self.wants(Length {
            what: format!("{} {name:?}", axis.graph()),
            axis,
            shape: vec![graph.shape().0, graph.shape().1],
        })?;
        self.change.put_graph(axis, name, graph)
    }
}

impl Change<'_, '_> {
    /// Makes a layer so many columns wide. One that cannot grow, as some programs store them, is
    /// made anew: then all of it is to be written, and `true` is returned.
    pub(crate) fn widen(&mut self, name: &str, cols: usize) -> Result<bool> {
        let path = layers::path(name);
        let stored = self.edit.file().dataset(&path)?;
        let shape = [self.shape.0, cols];
        let most = stored.max_shape().and_then(|most| most.get(1).copied());
        let grows = stored.chunk_shape().is_some()
            && most.is_some_and(|most| most.is_none_or(|most| most >= cols as u64));
        if grows {
            self.edit.resize(&path, &shape)?;
        } else {
            let dtype = stored.dtype()?;
            let options = layout::matrix((shape[0], shape[1]));
            self.edit.create(&path, dtype, &shape, &options)?;
        }
        Ok(!grows)
    }
}

/// Bytes of a tile at most, where chunks allow it.
const TILE: usize = if cfg!(test) { 1 << 15 } else { 1 << 26 };

/// A tile is no higher than makes so many bytes: the memory of one is taken again for the next, where
/// the system would have to hand out larger ones anew.
pub(crate) const ENOUGH: usize = TILE / 4;

/// A matrix of elements of `size` bytes in tiles of whole chunks, as long as memory allows along
/// `axis`: where positions of that axis are read in an order of their own, each tile costs a pass
/// over its band.
pub(crate) fn tiles(
    shape: (usize, usize),
    size: usize,
    axis: Axis,
    batch: usize,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let whole = |wanted: usize| (wanted / CHUNK * CHUNK).max(CHUNK);
    let (along, across) = (axis.of(shape), axis.other().of(shape));
    let size = size.max(1);
    let length = whole(TILE / (CHUNK * size)).min(along.next_multiple_of(CHUNK).max(CHUNK));
    let height = whole(ENOUGH / (length * size)).min(whole(batch));
    let cut = |end: usize, step: usize| {
        (0..end)
            .step_by(step)
            .map(move |start| start..(start + step).min(end))
    };
    cut(across, height)
        .flat_map(move |band| cut(along, length).map(move |part| axis.pair(part, band.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_matrix_once_in_whole_chunks() {
        for shape in [(1, 1), (64, 64), (65, 1000), (3000, 70), (700, 700), (0, 5)] {
            for axis in Axis::BOTH {
                for size in [1, 4, 8] {
                    let mut seen = ndarray::Array2::<u8>::zeros(shape);
                    for (rows, cols) in tiles(shape, size, axis, usize::MAX) {
                        assert!(rows.len() * cols.len() * size <= TILE);
                        assert!(rows.start % CHUNK == 0 && cols.start % CHUNK == 0);
                        seen.slice_mut(ndarray::s![rows, cols])
                            .mapv_inplace(|n| n + 1);
                    }
                    assert!(seen.iter().all(|&n| n == 1), "{shape:?} {axis} {size}");
                }
            }
        }
        let long: Vec<_> = tiles((70, 100), 8, Axis::Cols, 9).collect();
        assert_eq!(
            long,
            [
                (0..64, 0..64),
                (0..64, 64..100),
                (64..70, 0..64),
                (64..70, 64..100)
            ]
        );
    }
}
