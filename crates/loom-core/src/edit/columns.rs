//! Columns that are appended batch by batch.

use std::collections::BTreeMap;

use h5lite::{Array, DType};

use super::{Change, layout, matrix::Matrix};
use crate::{
    axis::Axis,
    error::{Error, Result},
    layers::{self, WHAT},
    view::LoomView,
};

/// Columns of every layer, and what describes them.
#[derive(Clone, Debug, Default)]
pub struct Columns<'a> {
    /// The columns of each layer; `""` is the main matrix.
    pub layers: BTreeMap<String, Matrix<'a>>,
    /// Column attributes: along the first axis, a value for each of the columns.
    pub ca: BTreeMap<String, Array>,
}

impl<'a> From<&'a LoomView> for Columns<'a> {
    fn from(view: &'a LoomView) -> Self {
        let layers = view.layers.iter();
        Self {
            layers: layers
                .map(|(name, values)| (name.clone(), values.into()))
                .collect(),
            ca: view.ca.clone().into_inner(),
        }
    }
}

impl From<LoomView> for Columns<'_> {
    fn from(view: LoomView) -> Self {
        let layers = view.layers.into_iter();
        Self {
            layers: layers.map(|(name, values)| (name, values.into())).collect(),
            ca: view.ca.into_inner(),
        }
    }
}

/// The main matrix alone.
impl<'a> From<Matrix<'a>> for Columns<'a> {
    fn from(matrix: Matrix<'a>) -> Self {
        Self {
            layers: BTreeMap::from([(String::new(), matrix)]),
            ca: BTreeMap::new(),
        }
    }
}

impl Columns<'_> {
    /// (rows, columns), which all layers have, and for which there are attributes.
    ///
    /// # Errors
    /// [`Error::Misuse`] without a main matrix; [`Error::Shape`], [`Error::Type`].
    pub(crate) fn check(&self) -> Result<(usize, usize)> {
        let main = match self.layers.get("") {
            Some(main) => main.check("")?,
            None => None,
        };
        let Some(shape) = main else {
            let reason = "columns without a main matrix: the layer \"\" says how many there are";
            return Err(Error::Misuse(reason.to_owned()));
        };
        for (name, layer) in &self.layers {
            match layer.check(name)? {
                Some(other) if other != shape => {
                    return Err(Error::Shape {
                        what: format!("{WHAT} {name:?}"),
                        expected: format!("[{}, {}], that of the main matrix,", shape.0, shape.1),
                        found: vec![other.0, other.1],
                    });
                }
                _ => {}
            }
        }
        for (name, values) in &self.ca {
            if values.shape().first() != Some(&shape.1) {
                return Err(Error::Shape {
                    what: format!("{} {name:?}", Axis::Cols.attribute()),
                    expected: format!("one value for each of {} columns", shape.1),
                    found: values.shape().to_vec(),
                });
            }
        }
        Ok(shape)
    }
}

/// Appends batches of columns to a new file. Layers are written in whole chunks: columns that do
/// not fill one wait for the next batch.
#[derive(Debug, Default)]
pub(super) struct Appender {
    layers: BTreeMap<String, Waiting>,
    ca: BTreeMap<String, Vec<Array>>,
    rows: usize,
    /// Columns given so far.
    given: usize,
    /// Columns written so far.
    written: usize,
}

/// Columns of a layer that are not written yet.
#[derive(Debug)]
struct Waiting {
    dtype: DType,
    parts: Vec<Matrix<'static>>,
}

impl Appender {
    /// (rows, columns) given so far.
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.rows, self.given)
    }

    /// Appends a batch.
    pub(super) fn push(&mut self, change: &mut Change<'_, '_>, batch: Columns<'_>) -> Result<()> {
        let (rows, width) = batch.check()?;
        if width == 0 {
            return Ok(());
        }
        if self.given == 0 {
            self.rows = rows;
            let layers = batch.layers.iter().map(|(name, layer)| {
                let (dtype, parts) = (layer.dtype(), Vec::new());
                (name.clone(), Waiting { dtype, parts })
            });
            self.layers = layers.collect();
            self.ca = (batch.ca.keys())
                .map(|name| (name.clone(), Vec::new()))
                .collect();
        }
        self.check_alike(rows, &batch)?;
        for (name, values) in batch.ca {
            self.ca.entry(name).or_default().push(values);
        }
        let waiting = self.given - self.written;
        let ready = (waiting + width) / layout::CHUNK * layout::CHUNK;
        self.given += width;
        let start = self.written;
        if ready > 0 {
            self.grow(change, start + ready)?;
        }
        // As many columns as the chunk that waits still takes.
        let head = if waiting == 0 {
            0
        } else {
            layout::CHUNK - waiting
        };
        for (name, matrix) in batch.layers {
            let Some(layer) = self.layers.get_mut(&name) else {
                continue;
            };
            let columns = |part| matrix.columns((rows, width), part);
            let mut done = 0;
            if ready > 0 {
                if head > 0 {
                    layer.parts.push(columns(0..head)?);
                    let first = Matrix::side_by_side(std::mem::take(&mut layer.parts))?;
                    change.write_columns(&name, start, &first)?;
                }
                done = ready - waiting;
                change.write_part(&name, start + waiting + head, &matrix, head..done)?;
            }
            if done < width {
                layer.parts.push(columns(done..width)?);
            }
        }
        Ok(())
    }

    /// Writes what waits, and the attributes.
    pub(super) fn finish(&mut self, change: &mut Change<'_, '_>) -> Result<()> {
        let start = self.written;
        if self.given > start {
            self.grow(change, self.given)?;
            for (name, layer) in &mut self.layers {
                let all = Matrix::side_by_side(std::mem::take(&mut layer.parts))?;
                change.write_columns(name, start, &all)?;
            }
        }
        for (name, parts) in std::mem::take(&mut self.ca) {
            let values = Array::concatenate(0, parts)?;
            change.write_attr(Axis::Cols, &name, &values)?;
        }
        Ok(())
    }

    /// Makes the layers so many columns wide.
    fn grow(&mut self, change: &mut Change<'_, '_>, cols: usize) -> Result<()> {
        for (name, layer) in &self.layers {
            if self.written == 0 {
                change.create_layer(name, layer.dtype, (self.rows, cols))?;
                change.stamp(&layers::path(name))?;
            } else {
                (change.edit).resize(&layers::path(name), &[self.rows, cols])?;
            }
        }
        self.written = cols;
        change.shape = (self.rows, cols);
        Ok(())
    }

    /// Refuses a batch that is not like those before it.
    fn check_alike(&self, rows: usize, batch: &Columns<'_>) -> Result<()> {
        if rows != self.rows {
            return Err(Error::Shape {
                what: "a batch of columns".to_owned(),
                expected: format!("{} rows, as those before it have,", self.rows),
                found: vec![rows, batch.check()?.1],
            });
        }
        same_names(WHAT, &self.layers, &batch.layers)?;
        same_names(Axis::Cols.attribute(), &self.ca, &batch.ca)?;
        for (name, layer) in &batch.layers {
            let known = self.layers.get(name).map(|layer| layer.dtype);
            same_type(WHAT, name, known, layer.dtype())?;
        }
        for (name, values) in &batch.ca {
            let Some(first) = self.ca.get(name).and_then(|parts| parts.first()) else {
                continue;
            };
            let what = Axis::Cols.attribute();
            same_type(what, name, Some(first.dtype()), values.dtype())?;
            if values.shape()[1..] != first.shape()[1..] {
                return Err(Error::Shape {
                    what: format!("{what} {name:?}"),
                    expected: format!("{:?} for each column", &first.shape()[1..]),
                    found: values.shape().to_vec(),
                });
            }
        }
        Ok(())
    }
}

fn same_names<B, N>(
    what: &'static str,
    before: &BTreeMap<String, B>,
    now: &BTreeMap<String, N>,
) -> Result<()> {
    if let Some(name) = before.keys().find(|name| !now.contains_key(*name)) {
        return Err(Error::not_found(what, name));
    }
    match now.keys().find(|name| !before.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(Error::Misuse(format!(
            "{what} {name:?} is not in the batches before this one"
        ))),
    }
}

fn same_type(what: &str, name: &str, expected: Option<DType>, found: DType) -> Result<()> {
    match expected {
        Some(expected) if expected != found => Err(Error::Type {
            what: format!("{what} {name:?}"),
            expected: format!("{expected}, as in the batches before this one,"),
            found: found.to_string(),
        }),
        _ => Ok(()),
    }
}
