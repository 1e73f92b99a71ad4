//! A selection of a Loom file as a new file, in the order given.

use std::path::Path;

use h5lite::{DType, Selection, Steps};

use super::{bands, split::beside};
use crate::{
    axis::Axis,
    connection::{Connect, LoomConnection},
    edit::{Create, NewFile, tiles},
    error::{Error, Result},
    graphs::Graphs,
    layers::{Layer, volume},
    spec::SpecVersion,
};

/// What of a file goes into a new one, and in which order: everything, unless said otherwise.
///
/// This is what loompy's cookbook does with `view` and `create`, for files larger than memory: it
/// makes subsets, permuted copies, and copies that follow another version of the specification.
/// [`split`](Self::split) makes several files of one.
#[derive(Clone, Debug)]
#[must_use = "nothing is copied until it is written"]
pub struct Subset<'ds> {
    pub(super) ds: &'ds LoomConnection,
    rows: Selection,
    cols: Selection,
    layers: Option<Vec<String>>,
    skipped: Vec<String>,
    spec: SpecVersion,
}

impl LoomConnection {
    /// Copies a part of the file, or all of it, into a new file.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Mode, connect};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.loom");
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// ds.subset().rows(..100).cols(vec![7, 3, 5]).write(&path)?;
    /// let part = connect(&path, Mode::Read)?;
    /// assert_eq!(part.shape(), (100, 3));
    /// assert_eq!(part.read::<f64>(.., 0)?, ds.read::<f64>(..100, 7)?);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn subset(&self) -> Subset<'_> {
        Subset {
            ds: self,
            rows: Selection::All,
            cols: Selection::All,
            layers: None,
            skipped: Vec::new(),
            spec: SpecVersion::V3,
        }
    }
}

impl<'ds> Subset<'ds> {
    /// The rows: a range, a list in any order, with repeats, or a mask.
    pub fn rows(mut self, rows: impl Into<Selection>) -> Self {
        self.rows = rows.into();
        self
    }

    /// The columns: a range, a list in any order, with repeats, or a mask.
    pub fn cols(mut self, cols: impl Into<Selection>) -> Self {
        self.cols = cols.into();
        self
    }

    /// The layers to copy; the main matrix, which every file has, comes with them.
    pub fn layers<N: Into<String>>(mut self, layers: impl IntoIterator<Item = N>) -> Self {
        self.layers = Some(layers.into_iter().map(Into::into).collect());
        self
    }

    /// Row and column attributes to leave out. (Compound attributes are copied as they are stored;
    /// those with text of variable length cannot be copied.)
    pub fn skip_attrs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.skipped = names.into_iter().map(Into::into).collect();
        self
    }

    /// The version of the specification that the new file follows; 3.0.0, unless called.
    ///
    /// Text and the place of the global attributes are converted, in either direction. Groups that
    /// early files lack are there, graphs are where they belong today.
    pub fn spec(mut self, version: SpecVersion) -> Self {
        self.spec = version;
        self
    }

    /// Writes the new file, in the place of whatever has this path. A failure leaves what was
    /// there.
    ///
    /// Values, attributes and graphs come in the order of the selections. Of graphs the edges
    /// between selected positions are kept, and numbered anew ([`Coo::select`](crate::Coo::select)).
    /// Matrices are stored as loompy stores them, values that are not finite among them (which
    /// loompy's `create` refuses); what the specification does not know is left
    /// out; the new file gets stamps of its own.
    ///
    /// About 64 MiB of a matrix are in memory at a time, beside one attribute or graph. Where both
    /// selections are out of the file's order, a temporary file beside the new one is as large
    /// as that.
    ///
    /// # Errors
    /// [`h5lite::Error::OutOfBounds`] for a position outside its axis; [`Error::NotFound`] for a
    /// layer or attribute to leave out; [`Error::Shape`] for a selection of nothing, or for a layer
    /// or attribute that does not fit the main matrix; [`Error::Type`] for a
    /// compound attribute with text of variable length; [`Error::Text`] for text that the version cannot store;
    /// [`Error::Misuse`] for a version that is neither 2.0.1 nor 3.0.0; and where a file cannot be
    /// read or written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let places = self.check()?;
        let mut steps = (self.ds.state.watch).begin(self.steps(&places)?)?;
        self.write_all(path, &places, &mut steps)
    }

    /// How many values are written.
    pub(super) fn steps(&self, places: &Positions) -> Result<u64> {
        let shape = (places.rows.len(), places.cols.len());
        let passes = if places.is_sorted() { 1 } else { 2 };
        Ok(volume(shape, self.sources()?.len()).saturating_mul(passes))
    }

    /// [`write`](Self::write), as a part of a longer call.
    pub(super) fn write_all(
        &self,
        path: &Path,
        places: &Positions,
        steps: &mut Steps,
    ) -> Result<()> {
        if places.is_sorted() {
            return self.write_sorted(path, places, steps);
        }
        // First the order of the columns, in bands of rows; then that of the rows.
        let mut order: Vec<usize> = (0..places.rows.len()).collect();
        order.sort_by_key(|&place| places.rows[place]);
        let sorted: Vec<usize> = order.iter().map(|&place| places.rows[place]).collect();
        let mut rows = vec![0; order.len()];
        for (now, &place) in order.iter().enumerate() {
            rows[place] = now;
        }
        let temporary = beside(path)?;
        let first = self.clone().rows(sorted);
        first.write_all(&temporary, &first.check()?, steps)?;
        let between = Connect::new().validate(false).open(&temporary)?;
        let second = between.subset().rows(rows).spec(self.spec);
        second.write_all(path, &second.check()?, steps)
    }

    /// Everything that can be wrong before anything is written.
    pub(super) fn check(&self) -> Result<Positions> {
        let ds = self.ds;
        if !SpecVersion::WRITTEN.contains(&self.spec) {
            return Err(Error::Misuse(format!(
                "files are written by version 2.0.1 or 3.0.0 of the specification, not {}",
                self.spec
            )));
        }
        ds.state.afford_positions()?;
        let (rows, cols) = ds.shape();
        let places = Positions {
            rows: self.rows.positions(0, rows)?,
            cols: self.cols.positions(1, cols)?,
        };
        for name in &self.skipped {
            if !ds.ra().contains(name)? && !ds.ca().contains(name)? {
                return Err(Error::not_found("row or column attribute", name));
            }
        }
        for layer in self.sources()? {
            layer.check_shape(ds.shape())?;
            layer.afford(places.rows.len(), places.cols.len())?;
        }
        Ok(places)
    }

    /// The layers, the main matrix first.
    fn sources(&self) -> Result<Vec<Layer<'ds>>> {
        let names = match &self.layers {
            Some(names) => names.clone(),
            None => self.ds.layers().keys()?,
        };
        let others = names
            .iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty());
        ([""].into_iter().chain(others))
            .map(|name| self.ds.layer(name))
            .collect()
    }

    /// Writes the file where one of the selections at least is in the file's order.
    fn write_sorted(&self, path: &Path, places: &Positions, steps: &mut Steps) -> Result<()> {
        let ds = self.ds;
        // Whole bands of the axis that is out of order.
        let axis = match places.rows.is_sorted() {
            true => Axis::Cols,
            false => Axis::Rows,
        };
        Create::new().spec(self.spec).write(path, |file| {
            for layer in self.sources()? {
                let shape = (places.rows.len(), places.cols.len());
                let name = layer.name();
                file.layer(name, layer.dtype(), shape)?;
                let size = layer.dtype().size().unwrap_or(8);
                for (rows, cols) in tiles(shape, size, axis, usize::MAX) {
                    let of_rows = bands::together(&places.rows[rows.clone()]);
                    let of_cols = bands::together(&places.cols[cols.clone()]);
                    let values = layer.read_any(of_rows, of_cols)?;
                    file.copied_tile(name, (rows, cols), &values)?;
                    steps.advance(values.len() as u64)?;
                }
            }
            for attr in ds.attrs().iter()? {
                let (name, value) = attr?;
                file.attr(&name, &value)?;
            }
            for axis in Axis::BOTH {
                let positions = places.of(axis);
                self.copy_attrs(file, axis, positions)?;
                copy_graphs(file, ds.axis_graphs(axis), positions)?;
            }
            Ok(())
        })
    }

    fn copy_attrs(
        &self,
        file: &mut NewFile<'_, '_>,
        axis: Axis,
        positions: &[usize],
    ) -> Result<()> {
        let attrs = self.ds.axis_attrs(axis);
        let positions = bands::together(positions);
        for name in attrs.keys()? {
            if self.skipped.contains(&name) {
                continue;
            }
            let values = attrs.values_at(&name, positions.clone())?;
            file.axis_values(axis, &name, &values)?;
        }
        Ok(())
    }
}

/// The positions that were selected.
pub(super) struct Positions {
    rows: Vec<usize>,
    cols: Vec<usize>,
}

impl Positions {
    /// Whether one of the selections at least is in the file's order.
    fn is_sorted(&self) -> bool {
        self.rows.is_sorted() || self.cols.is_sorted()
    }

    fn of(&self, axis: Axis) -> &[usize] {
        axis.of((&self.rows, &self.cols))
    }

    pub(super) fn into_axis(self, axis: Axis) -> Vec<usize> {
        axis.of((self.rows, self.cols))
    }
}

/// Copies the graphs among some positions of their axis, weights in the type they have.
fn copy_graphs(file: &mut NewFile<'_, '_>, graphs: Graphs<'_>, positions: &[usize]) -> Result<()> {
    let axis = graphs.axis();
    for name in graphs.keys()? {
        if graphs.dtype(&name)? == DType::F32 {
            let graph = graphs.get::<f32>(&name)?.select(positions)?;
            file.axis_graph(axis, &name, &graph)?;
        } else {
            let graph = graphs.get::<f64>(&name)?.select(positions)?;
            file.axis_graph(axis, &name, &graph)?;
        }
    }
    Ok(())
}
