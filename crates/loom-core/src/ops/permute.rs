//! Rows or columns in another order: loompy's `permute`.

use h5lite::{Selection, Steps};

use crate::{
    axis::Axis,
    connection::LoomConnection,
    edit::{Change, layout},
    error::{Error, Result},
    layers,
};

/// A graph and the new numbers of its vertices.
struct Renumbered {
    name: String,
    a: Vec<u32>,
    b: Vec<u32>,
}

impl LoomConnection {
    /// Puts rows or columns into another order, as one change: position `i` becomes what position
    /// `order[i]` was. Layers, attributes and graphs follow.
    ///
    /// Memory stays within about 64 MiB, or twice a chunk's width of whole rows or columns where that
    /// is more, and the largest attribute or graph of the axis.
    ///
    /// (loompy loses data where `order` is no
    /// permutation.)
    ///
    /// # Errors
    /// [`Error::ReadOnly`]; [`Error::Misuse`] where `order` is no permutation of the axis;
    /// [`Error::Shape`] for a layer or attribute that does not fit the main matrix;
    /// [`Error::BreaksSpec`] for a graph that does not; [`h5lite::Error::Limit`] for a matrix of more
    /// values than the file can hold. Nothing is changed then.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, LoomView, Mode, connect, create};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.loom");
    /// let mut data = LoomView::default();
    /// data.layers.insert(String::new(), ndarray::arr2(&[[1, 2, 3]]).into());
    /// create(&path, &data)?;
    /// let mut ds = connect(&path, Mode::ReadWrite)?;
    /// ds.permute(Axis::Cols, &[2, 0, 1])?;
    /// assert_eq!(ds.read::<i32>(.., ..)?, ndarray::arr2(&[[3, 1, 2]]));
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn permute(&mut self, axis: Axis, order: &[usize]) -> Result<()> {
        self.state.check_writable()?;
        let places = inverse(axis, self.state.length(axis), order)?;
        let renumber = |vertices: Vec<u32>| -> Vec<u32> {
            let vertices = vertices.into_iter();
            vertices.map(|vertex| places[vertex as usize]).collect()
        };
        let mut graphs = Vec::new();
        for name in self.axis_graphs(axis).keys()? {
            let (a, b, _) = self.axis_graphs(axis).get::<f64>(&name)?.into_parts();
            let (a, b) = (renumber(a), renumber(b));
            graphs.push(Renumbered { name, a, b });
        }
        let layers = self.layers().keys()?;
        for name in &layers {
            let layer = self.layer(name)?;
            layer.afford(layer.shape().0, layer.shape().1)?;
        }
        let attributes = self.axis_attrs(axis).keys()?;
        let watch = self.state.watch.clone();
        let mut steps = watch.begin(layers::volume(self.shape(), layers.len()))?;
        self.state.change(|change| {
            for name in &layers {
                change.permute_layer(name, axis, order, &mut steps)?;
            }
            for name in &attributes {
                change.permute_attr(name, axis, order)?;
            }
            for graph in &graphs {
                change.write_edges(axis, &graph.name, &graph.a, &graph.b)?;
            }
            Ok(())
        })
    }
}

/// Where each position goes.
fn inverse(axis: Axis, length: usize, order: &[usize]) -> Result<Vec<u32>> {
    let refuse = |why: String| {
        let what = format!("the order is no permutation of {length} {axis}");
        Err(Error::Misuse(format!("{what}: {why}")))
    };
    if order.len() != length {
        return refuse(format!("it has {} positions", order.len()));
    }
    crate::coo::addressable((length, length))?;
    let mut places = vec![None; length];
    for (place, &position) in (0_u32..).zip(order) {
        match places.get_mut(position) {
            None => return refuse(format!("position {position} is outside the axis")),
            Some(Some(_)) => return refuse(format!("position {position} is there twice")),
            Some(free) => *free = Some(place),
        }
    }
    // As many positions as places, and none twice: every place is taken.
    Ok(places.into_iter().flatten().collect())
}

/// Bytes of a layer that are moved at a time, where chunks allow it.
const BAND: usize = if cfg!(test) { 1 << 14 } else { 1 << 24 };

/// Bytes of a band that are a task of a thread.
const PART: usize = if cfg!(test) { 1 << 10 } else { 1 << 19 };

/// Puts into `out` the lines of `size` bytes at the places of `order`.
fn move_lines(lines: &[u8], order: &[usize], size: usize, out: &mut [u8]) {
    for (to, &at) in out.chunks_exact_mut(size).zip(order) {
        to.copy_from_slice(&lines[at * size..(at + 1) * size]);
    }
}

/// Puts into each line of `out` the elements of `size` bytes that are at the places of `order` in the
/// same line of `lines`.
fn move_within(lines: &[u8], order: &[usize], size: usize, out: &mut [u8]) {
    fn of<const N: usize>(lines: &[u8], order: &[usize], out: &mut [u8]) {
        let line = (order.len() * N).max(1);
        for (from, to) in lines.chunks_exact(line).zip(out.chunks_exact_mut(line)) {
            let from = from.as_chunks::<N>().0;
            for (to, &at) in to.as_chunks_mut::<N>().0.iter_mut().zip(order) {
                *to = from[at];
            }
        }
    }
    match size {
        1 => of::<1>(lines, order, out),
        2 => of::<2>(lines, order, out),
        4 => of::<4>(lines, order, out),
        8 => of::<8>(lines, order, out),
        _ => {
            let line = (order.len() * size).max(1);
            for (from, to) in lines.chunks_exact(line).zip(out.chunks_exact_mut(line)) {
                move_lines(from, order, size, to);
            }
        }
    }
}

impl Change<'_, '_> {
    /// Moves the values of a layer as they are stored, a band of chunks at a time.
    fn permute_layer(
        &mut self,
        name: &str,
        axis: Axis,
        order: &[usize],
        steps: &mut Steps,
    ) -> Result<()> {
        let path = layers::path(name);
        let (rows, cols) = self.shape;
        let layer = self.edit.file().dataset(&path)?;
        if *layer.shape() != [rows, cols] {
            return Err(Error::Shape {
                what: format!("{} {name:?}", layers::WHAT),
                expected: format!("[{rows}, {cols}], that of the main matrix,"),
                found: layer.shape().to_vec(),
            });
        }
        let (dtype, datatype) = (layer.dtype()?, layer.datatype().clone());
        let element = (datatype.size as usize).max(1);
        let chunk = match layer.chunk_shape() {
            Some(&[rows, cols]) => (rows, cols),
            // What is not in chunks would be written as a whole for each band.
            _ => {
                let options = layout::matrix(self.shape).datatype(datatype);
                self.edit.create(&path, dtype, &[rows, cols], &options)?;
                layout::chunk(self.shape)
            }
        };
        let (length, others) = (axis.of(self.shape), axis.other().of(self.shape));
        let step = axis.other().of(chunk).max(1);
        let step = (BAND / (length * element).max(1) / step * step).max(step);
        // Read in the file's order and moved in memory: most of the values of a band lie far apart.
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for start in (0..others).step_by(step) {
            let band = start..(start + step).min(others);
            let width = band.len();
            let (rows, cols) = axis.pair(Selection::All, Selection::from(band));
            let place = [rows, cols];
            let source = self.edit.file().dataset(&path)?;
            source.read_bytes_into(&place, &mut before)?;
            after.resize(before.len(), 0);
            // No bytes at all where the axis has no positions.
            let line = (element * if axis == Axis::Rows { width } else { length }).max(1);
            let part = (PART / line).max(1) * line;
            let parts = after.chunks_mut(part).enumerate().collect();
            let move_part = |&mut (): &mut (), (number, after): (usize, &mut [u8])| {
                let at = number * part;
                match axis {
                    Axis::Rows => move_lines(&before, &order[at / line..], line, after),
                    Axis::Cols => move_within(&before[at..], order, element, after),
                }
                Ok::<_, Error>(())
            };
            let threads = self.edit.file().threads();
            threads.each(parts, || Ok(()), move_part)?;
            self.edit.write_bytes_at(&path, &place, &after)?;
            steps.advance((after.len() / element) as u64)?;
        }
        self.stamp(&path)
    }

    /// Moves the values of an attribute as they are stored.
    fn permute_attr(&mut self, name: &str, axis: Axis, order: &[usize]) -> Result<()> {
        let path = format!("{}/{name}", axis.attrs_path());
        let attribute = self.edit.file().dataset(&path)?;
        let length = axis.of(self.shape);
        if attribute.shape().first() != Some(&length) {
            return Err(Error::Shape {
                what: format!("{} {name:?}", axis.attribute()),
                expected: format!("one value for each of {length} {axis}"),
                found: attribute.shape().to_vec(),
            });
        }
        let mut selections = vec![Selection::All; attribute.shape().len()];
        selections[0] = order.into();
        let elements = attribute.read_bytes(&selections)?;
        self.edit.write_bytes_at(&path, &[], &elements)?;
        self.stamp(&path)?;
        self.stamp(axis.attrs_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_any_size_are_moved_within_their_line() {
        let order = [2, 0, 1];
        for size in 1..=9 {
            let lines: Vec<u8> = (0..2 * 3 * u8::try_from(size).unwrap()).collect();
            let element = |line: usize, at: usize| &lines[(line * 3 + at) * size..][..size];
            let places = (0..2).flat_map(|line| order.map(|at| element(line, at)));
            let mut out = vec![0; lines.len()];
            move_within(&lines, &order, size, &mut out);
            assert_eq!(out, places.collect::<Vec<_>>().concat());
            move_lines(&lines, &[1, 0], 3 * size, &mut out);
            assert_eq!(out, [&lines[3 * size..], &lines[..3 * size]].concat());
        }
    }
}
