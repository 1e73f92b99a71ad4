//! A file batch by batch along one axis: loompy's `scan`.

mod what;
mod windowed;

use std::{collections::BTreeMap, fmt};

use h5lite::{Array, Selection};

pub use what::What;

use self::windowed::Windowed;
use super::{bands, order::argsort};
use crate::{
    axis::Axis,
    connection::LoomConnection,
    error::{Error, Result},
    layers::Layer,
    view::{self, LoomView},
};

/// A part of the axis, with all of the other axis.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Where the batch's window of the axis begins: a multiple of the batch size.
    pub start: usize,
    /// The positions on the axis that the batch holds, in its order.
    pub indices: Vec<usize>,
    /// Layers, attributes and graphs.
    pub view: LoomView,
}

/// How a file is walked through; iterating over it begins the walk, and so does
/// [`each`](Self::each), which reads ahead.
///
/// The axis is cut into windows of [`batch_size`](Scan::batch_size) positions. Each batch holds
/// those of the [`items`](Scan::items) that lie in one window, in the order they were given;
/// windows without any are skipped. Graphs along the axis keep the edges within the batch.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until the scan is iterated over"]
pub struct Scan<'ds> {
    ds: &'ds LoomConnection,
    axis: Axis,
    items: Selection,
    layers: Option<Vec<String>>,
    key: Option<String>,
    batch_size: usize,
    what: Vec<What>,
}

impl LoomConnection {
    /// Walks through the file along an axis, batch by batch.
    ///
    /// loompy's rule for items in another order than the file's is kept but for one case: where
    /// they fill a window, loompy gives that batch in the file's order.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let mut cells = 0;
    /// for batch in ds.scan(Axis::Cols).layers([""]).batch_size(100) {
    ///     let batch = batch?;
    ///     assert_eq!(batch.view.shape().1, batch.indices.len());
    ///     cells += batch.indices.len();
    /// }
    /// assert_eq!(cells, ds.shape().1);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn scan(&self, axis: Axis) -> Scan<'_> {
        Scan {
            ds: self,
            axis,
            items: Selection::All,
            layers: None,
            key: None,
            batch_size: 512,
            what: What::ALL.to_vec(),
        }
    }
}

impl<'ds> Scan<'ds> {
    /// The positions to visit: a range, a list, or a mask. All of them, unless called.
    pub fn items(mut self, items: impl Into<Selection>) -> Self {
        self.items = items.into();
        self
    }

    /// The layers to read; `""` is the main matrix. All of them, unless called.
    pub fn layers<N: Into<String>>(mut self, layers: impl IntoIterator<Item = N>) -> Self {
        self.layers = Some(layers.into_iter().map(Into::into).collect());
        self
    }

    /// The attribute of the *other* axis by whose values that axis is sorted; equal values keep
    /// the file's order, and what is not a number comes last.
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// Positions in a window; 512, unless called.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// What to read besides layers and global attributes. Everything, unless called.
    pub fn what(mut self, what: impl Into<Vec<What>>) -> Self {
        self.what = what.into();
        self
    }

    /// Calls `visit` with each batch. The next one is read and decoded meanwhile, on a thread of
    /// its own (with the feature `rayon`); two batches are in memory.
    ///
    /// # Errors
    /// Where the scan cannot begin, a batch cannot be read, or what `visit` returns: then there is
    /// no other batch.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let mut cells = 0;
    /// ds.scan(Axis::Cols).batch_size(1000).each(|batch| {
    ///     cells += batch.indices.len();
    ///     Ok::<_, loom_core::Error>(())
    /// })?;
    /// assert_eq!(cells, ds.shape().1);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    #[cfg(feature = "rayon")]
    pub fn each<E: From<Error>>(self, visit: impl FnMut(Batch) -> Result<(), E>) -> Result<(), E> {
        std::thread::scope(|scope| {
            // Handed over hand to hand: a batch that is ready waits, and none is begun behind it.
            let (sender, receiver) = std::sync::mpsc::sync_channel(0);
            let read = move || {
                for batch in self {
                    if sender.send(batch).is_err() {
                        // Nobody wants another.
                        break;
                    }
                }
            };
            scope.spawn(read);
            in_turn(receiver, visit)
        })
    }

    /// Calls `visit` with each batch.
    ///
    /// # Errors
    /// Where the scan cannot begin, a batch cannot be read, or what `visit` returns: then there is
    /// no other batch.
    #[cfg(not(feature = "rayon"))]
    pub fn each<E: From<Error>>(self, visit: impl FnMut(Batch) -> Result<(), E>) -> Result<(), E> {
        in_turn(self, visit)
    }

    fn start(self) -> Result<Walk<'ds>> {
        let Self { ds, axis, what, .. } = self;
        if self.batch_size == 0 {
            return Err(Error::Misuse("a scan in batches of 0".to_owned()));
        }
        ds.state.afford_positions()?;
        let names = match self.layers {
            Some(names) => names,
            None => ds.layers().keys()?,
        };
        let mut layers = Vec::new();
        for name in names {
            let layer = ds.layer(&name)?;
            layer.check_shape(ds.shape())?;
            layers.push(layer);
        }
        let order = match &self.key {
            Some(key) => {
                let values = ds.axis_attrs(axis.other()).get_at(key, ..)?;
                argsort(&format!("key {key:?}"), &values, false)?.into()
            }
            None => Selection::All,
        };
        let mut every = LoomView {
            attrs: ds.attrs().iter()?.collect::<Result<_>>()?,
            ..LoomView::default()
        };
        let other = axis.other();
        if what.contains(&What::attrs(other)) {
            *every.axis_attrs_mut(other) =
                (ds.axis_attrs(other).iter_at(order.clone())?).collect::<Result<_>>()?;
        }
        if what.contains(&What::graphs(other)) {
            let length = other.of(ds.shape());
            *every.axis_graphs_mut(other) = view::graphs(ds.axis_graphs(other), &order, length)?;
        }
        let mut graphs = BTreeMap::new();
        if what.contains(&What::graphs(axis)) {
            for graph in ds.axis_graphs(axis).iter()? {
                let (name, graph) = graph?;
                graphs.insert(name, Windowed::new(&graph, self.batch_size));
            }
        }
        Ok(Walk {
            ds,
            axis,
            batch_size: self.batch_size,
            next: 0,
            items: in_windows(&self.items, axis, axis.of(ds.shape()), self.batch_size)?,
            layers,
            order,
            every,
            attrs: what.contains(&What::attrs(axis)),
            graphs,
            spare: BTreeMap::new(),
        })
    }
}

fn in_turn<E: From<Error>>(
    batches: impl IntoIterator<Item = Result<Batch>>,
    mut visit: impl FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    batches
        .into_iter()
        .try_for_each(|batch| visit(batch.map_err(E::from)?))
}

impl<'ds> IntoIterator for Scan<'ds> {
    type Item = Result<Batch>;
    type IntoIter = Batches<'ds>;

    fn into_iter(self) -> Batches<'ds> {
        Batches(Some(self.start()))
    }
}

/// The batches of a [`Scan`]. What is wrong with the scan itself, such as a layer that does not
/// exist, is the first item; after an error there is no other.
pub struct Batches<'ds>(Option<Result<Walk<'ds>>>);

impl Batches<'_> {
    /// Takes back a batch that is no longer needed: the next one is read into its memory. New memory
    /// for every batch costs the system as much time as decoding one.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let mut batches = ds.scan(Axis::Cols).batch_size(100).into_iter();
    /// let mut cells = 0;
    /// while let Some(batch) = batches.next() {
    ///     let batch = batch?;
    ///     cells += batch.indices.len();
    ///     batches.recycle(batch);
    /// }
    /// assert_eq!(cells, ds.shape().1);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn recycle(&mut self, batch: Batch) {
        if let Some(Ok(walk)) = &mut self.0 {
            walk.spare = batch.view.layers;
        }
    }
}

impl fmt::Debug for Batches<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut walk = match self.0.take()? {
            Ok(walk) => walk,
            Err(error) => return Some(Err(error)),
        };
        let batch = walk.batch()?;
        if batch.is_ok() {
            self.0 = Some(Ok(walk));
        }
        Some(batch)
    }
}

/// A scan under way.
struct Walk<'ds> {
    ds: &'ds LoomConnection,
    axis: Axis,
    batch_size: usize,
    /// Where the window begins, or in the list of items, that is next.
    next: usize,
    /// The items, those of a window together; `None` for the whole axis.
    items: Option<Vec<usize>>,
    layers: Vec<Layer<'ds>>,
    /// Of the other axis.
    order: Selection,
    /// What is the same in every batch.
    every: LoomView,
    /// Whether the batches hold the attributes along the axis.
    attrs: bool,
    graphs: BTreeMap<String, Windowed>,
    /// Layers of a batch that is no longer needed.
    spare: BTreeMap<String, Array>,
}

impl Walk<'_> {
    fn batch(&mut self) -> Option<Result<Batch>> {
        let indices = self.indices();
        let start = indices.first()? / self.batch_size * self.batch_size;
        Some(self.read(&indices, start).map(|view| Batch {
            start,
            indices,
            view,
        }))
    }

    /// The positions of the next batch; none at the end.
    fn indices(&mut self) -> Vec<usize> {
        let Some(items) = &self.items else {
            let start = self.next;
            self.next = start
                .saturating_add(self.batch_size)
                .min(self.axis.of(self.ds.shape()));
            return (start..self.next).collect();
        };
        let rest = &items[self.next..];
        let size = self.batch_size;
        let batch = rest.chunk_by(|a, b| a / size == b / size).next();
        let batch = batch.unwrap_or_default();
        self.next += batch.len();
        batch.to_vec()
    }

    fn read(&mut self, indices: &[usize], start: usize) -> Result<LoomView> {
        let along = bands::together(indices);
        let mut view = self.every.clone();
        for layer in &self.layers {
            let (rows, cols) = self.axis.pair(along.clone(), self.order.clone());
            let block = layer.read_any_over(rows, cols, self.spare.remove(layer.name()))?;
            view.layers.insert(layer.name().to_owned(), block);
        }
        if self.attrs {
            let attrs = self.ds.axis_attrs(self.axis).iter_at(along)?;
            *view.axis_attrs_mut(self.axis) = attrs.collect::<Result<_>>()?;
        }
        let places: Vec<_> = indices.iter().map(|index| index - start).collect();
        let end = (start + self.batch_size).min(self.axis.of(self.ds.shape()));
        for (name, graph) in &self.graphs {
            let graph = graph.window(start, end)?.select(&places)?;
            view.axis_graphs_mut(self.axis).insert(name.clone(), graph);
        }
        Ok(view)
    }
}

/// The items window by window, in the order given inside each; `None` for the whole axis.
fn in_windows(
    items: &Selection,
    axis: Axis,
    length: usize,
    size: usize,
) -> Result<Option<Vec<usize>>> {
    if *items == Selection::All {
        return Ok(None);
    }
    let mut positions = items.positions(axis.index(), length)?;
    positions.sort_by_key(|position| position / size);
    Ok(Some(positions))
}
