//! Columns of another file appended to this one: loompy's `add_loom`.

use std::{borrow::Cow, path::Path};

use h5lite::{DType, Selection, Steps};

use super::{
    bands,
    combine::{Input, Keys, Plan, Rules, joined_graph, narrow},
};
use crate::{
    axis::Axis,
    connection::{Connect, LoomConnection, name_of},
    edit::{Change, Fill, fit},
    error::{Error, Result},
    layers::{self, WHAT, volume},
};

/// How another file is appended. By default its rows are taken as they come, and column attributes
/// that one of the files lacks are dropped.
#[derive(Clone, Debug)]
pub struct AddLoom {
    key: Option<String>,
    fill: Fill,
    batch_size: usize,
    convert_attrs: bool,
    include_graphs: bool,
    validate: bool,
}

impl Default for AddLoom {
    fn default() -> Self {
        Self {
            key: None,
            fill: Fill::Drop,
            batch_size: 1000,
            convert_attrs: false,
            include_graphs: false,
            validate: true,
        }
    }
}

impl AddLoom {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The row attribute by which rows are found in the other file. Its values are the same in
    /// both, each once, in any order.
    #[must_use]
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// What becomes of column attributes that one of the files lacks: loompy's `fill_values`.
    #[must_use]
    pub fn fill(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }

    /// How many columns of a layer are in memory at a time, at most, rounded to whole chunks;
    /// 1,000, unless called. They never take more than about 64 MiB.
    #[must_use]
    pub fn batch_size(mut self, columns: usize) -> Self {
        self.batch_size = columns;
        self
    }

    /// Whether global attributes that differ, or that one of the files lacks, become column
    /// attributes; 0, or `""`, where there was none.
    #[must_use]
    pub fn convert_attrs(mut self, convert: bool) -> Self {
        self.convert_attrs = convert;
        self
    }

    /// Whether the column graphs that both files have get the edges of the other file.
    #[must_use]
    pub fn include_graphs(mut self, include: bool) -> Self {
        self.include_graphs = include;
        self
    }

    /// Whether the other file has to be valid: yes, unless called. Files with compound attributes,
    /// as SCope writes them, are not.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
        self
    }
}

/// Everything that was found out before anything is changed.
struct Work {
    other: LoomConnection,
    /// What the files are called.
    names: [String; 2],
    /// Where each row is in the other file.
    rows: Vec<usize>,
    layers: Vec<String>,
    plan: Plan,
}

impl LoomConnection {
    /// Appends the columns of another file, as one change. The names of column attributes that
    /// were dropped are returned.
    ///
    /// The other file is opened for reading (loompy writes attributes into it). It has every
    /// layer of this one; what it has beside them is not looked at. Values are stored in the types
    /// that this file's layers have; column attributes get the smallest type that holds the values
    /// of both files, as numpy promotes them. One whose values differ in shape is dropped, and so
    /// are compounds that differ in type or hold text of variable length.
    ///
    /// # Errors
    /// [`Error::ReadOnly`]; those of [`connect`](crate::connect) for the other file; [`Error::Keys`] naming keys
    /// that occur twice in a file, or in one of the files only; [`Error::Shape`] for another number
    /// of rows; [`Error::NotFound`] for the key, or a fill value; [`Error::Type`] for values that
    /// the type of a layer does not hold, and for an attribute that is text in one of the files
    /// only; [`Error::NotFinite`]; [`Error::Misuse`] for a layer that the other file lacks, a file
    /// without a matrix and a batch of 0; and where a file cannot be read or written. Nothing is
    /// changed then.
    pub fn add_loom(&mut self, other: impl AsRef<Path>, how: &AddLoom) -> Result<Vec<String>> {
        self.state.check_writable()?;
        let other = Connect::new().validate(how.validate).open(other)?;
        let work = self.plan_adding(other, how)?;
        self.atomically(|ds| work.apply(ds, how))?;
        Ok(work.plan.dropped)
    }

    fn plan_adding(&self, other: LoomConnection, how: &AddLoom) -> Result<Work> {
        let names = [self, &other].map(|ds| name_of(&ds.state.file));
        let misuse = |reason: String| Err(Error::Misuse(reason));
        if how.batch_size == 0 {
            return misuse("a file added in batches of 0".to_owned());
        }
        for ds in [self, &other] {
            ds.state.afford_positions()?;
        }
        if self.shape() == (0, 0) {
            return misuse(format!("{} has no matrix to add columns to", names[0]));
        }
        let rows = match &how.key {
            Some(key) => {
                let ours = Keys::new(&names[0], self.ra(), key)?;
                ours.one_to_one(&Keys::new(&names[1], other.ra(), key)?)?
            }
            None if self.shape().0 != other.shape().0 => {
                return Err(Error::Shape {
                    what: format!("the main matrix of {}", names[1]),
                    expected: format!("{} rows, as in {},", self.shape().0, names[0]),
                    found: vec![other.shape().0, other.shape().1],
                });
            }
            None => (0..self.shape().0).collect(),
        };
        let layers = self.layers().keys()?;
        let mut missing = Vec::new();
        for name in &layers {
            self.layer(name)?.check_shape(self.shape())?;
            if !other.layers().contains(name)? {
                missing.push(format!("{name:?}"));
                continue;
            }
            let layer = other.layer(name)?;
            layer.check_shape(other.shape())?;
            layer.afford(layer.shape().0, layer.shape().1)?;
        }
        if !missing.is_empty() {
            let (missing, [this, other]) = (missing.join(", "), &names);
            return misuse(format!("{other} has no {WHAT} {missing}, which {this} has"));
        }
        let rules = Rules {
            axis: Axis::Cols,
            skipped: &[],
            fill: &how.fill,
            convert_attrs: how.convert_attrs,
            source: None,
        };
        let plan = Plan::new(&rules, &inputs(&names, self, &other))?;
        Ok(Work {
            other,
            names,
            rows,
            layers,
            plan,
        })
    }
}

/// The two files, all columns of both.
fn inputs<'ds>(
    names: &[String; 2],
    this: &'ds LoomConnection,
    other: &'ds LoomConnection,
) -> [Input<'ds>; 2] {
    let input = |name: &String, ds: &'ds LoomConnection| Input {
        name: name.clone(),
        ds,
        positions: (0..ds.shape().1).collect(),
    };
    [input(&names[0], this), input(&names[1], other)]
}

impl Work {
    fn apply(&self, ds: &mut LoomConnection, how: &AddLoom) -> Result<()> {
        let axis = Axis::Cols;
        for column in &self.plan.columns {
            let values = column.values(axis, &inputs(&self.names, ds, &self.other))?;
            ds.state
                .change(|change| change.put_values(axis, &column.name, &values))?;
        }
        for name in &self.plan.dropped {
            if ds.ca().contains(name)? {
                ds.ca_mut().remove(name)?;
            }
        }
        for name in &self.plan.converted {
            if ds.attrs().contains(name)? {
                ds.attrs_mut().remove(name)?;
            }
        }
        if how.include_graphs {
            self.add_graphs(ds)?;
        }
        let watch = ds.state.watch.clone();
        let mut steps = watch.begin(volume(self.other.shape(), self.layers.len()))?;
        ds.state.change(|change| {
            (self.layers.iter())
                .try_for_each(|name| self.add_layer(change, name, how.batch_size, &mut steps))
        })
    }

    fn add_graphs(&self, ds: &mut LoomConnection) -> Result<()> {
        let axis = Axis::Cols;
        let length = ds.shape().1 + self.other.shape().1;
        for name in ds.col_graphs().keys()? {
            if !self.other.col_graphs().contains(&name)? {
                continue;
            }
            let files = inputs(&self.names, ds, &self.other);
            let (graph, dtype) = joined_graph(axis, &name, &files, length)?;
            ds.state.change(|change| match dtype {
                DType::F32 => change.put_graph(axis, &name, &narrow(graph)?),
                _ => change.put_graph(axis, &name, &graph),
            })?;
        }
        Ok(())
    }

    /// Writes the columns of a layer, in whole chunks but for the first and the last.
    fn add_layer(
        &self,
        change: &mut Change<'_, '_>,
        name: &str,
        batch: usize,
        steps: &mut Steps,
    ) -> Result<()> {
        let layer = self.other.layer(name)?;
        let path = layers::path(name);
        let ours = change.edit.file().dataset(&path)?;
        let (dtype, (rows, before)) = (ours.dtype()?, change.shape);
        let chunk = ours.chunk_shape().and_then(|chunk| chunk.get(1).copied());
        let size = dtype
            .size()
            .unwrap_or(8)
            .max(layer.dtype().size().unwrap_or(8));
        let width = width(rows * size, batch, chunk.unwrap_or(1).max(1));
        let after = before + layer.shape().1;
        let anew = change.widen(name, after)?;
        let from = bands::together(&self.rows);
        let mut start = if anew { 0 } else { before };
        while start < after {
            let border = if start < before { before } else { after };
            let end = (start - start % width).saturating_add(width).min(border);
            let values = if start < before {
                let ours = change.edit.file().dataset(&path)?;
                ours.read_any(&[Selection::All, (start..end).into()])?
            } else {
                let values = layer.read_any(from.clone(), start - before..end - before)?;
                let what = |at| {
                    let (row, col) = (at / (end - start), start - before + at % (end - start));
                    let (row, file) = (self.rows[row], &self.names[1]);
                    format!("row {row}, column {col} of {WHAT} {name:?} of {file}")
                };
                let fitted = match fit(&values, dtype, &what)? {
                    Cow::Owned(fitted) => Some(fitted),
                    Cow::Borrowed(_) => None,
                };
                fitted.unwrap_or(values)
            };
            change.write_dense(name, (0..rows, start..end), &values, 0)?;
            steps.advance(values.len() as u64)?;
            start = end;
        }
        change.stamp(&path)
    }
}

/// How many columns of so many bytes are written at a time: whole chunks.
fn width(bytes: usize, batch: usize, chunk: usize) -> usize {
    let most = batch.min(crate::edit::ENOUGH / bytes.max(1));
    (most / chunk * chunk).max(chunk)
}
