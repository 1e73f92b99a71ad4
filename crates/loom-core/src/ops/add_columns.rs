//! Columns appended to a file: loompy's `add_columns`.

use std::collections::BTreeSet;

use h5lite::Array;

use super::types::{cast, promote, repeat, zeros};
use crate::{
    axis::Axis,
    connection::LoomConnection,
    edit::{Change, Columns, Fill},
    error::{Error, Result},
    layers::WHAT,
    view::LoomView,
};

/// What becomes of a column attribute.
enum Fate {
    /// These values are appended to it.
    Append(Array),
    /// It is made, with these values for all columns.
    Make(Array),
    /// It is dropped.
    Drop,
}

impl LoomConnection {
    /// Appends columns, as one change. The names of column attributes that were dropped are
    /// returned: those that only the file or only `data` has, unless they are filled, and those
    /// whose values for a column have another shape.
    ///
    /// Of `data`, the layers and the column attributes are taken; the layers are those of the
    /// file. Values are stored in the types that the file's layers have, floats rounded;
    /// attributes get the smallest type that holds the values of both. Graphs get vertices without
    /// edges. The first columns of a file without a matrix come with row attributes, and whatever
    /// layers `data` has.
    ///
    /// (loompy fills attributes of several values a column with one, and then drops them; it takes
    /// NaN, and cuts off what a layer's type does not hold.)
    ///
    /// # Errors
    /// [`Error::ReadOnly`]; [`Error::Shape`] for another number of rows than the file has, or
    /// layers and attributes that do not fit together; [`Error::NotFound`] for a layer that the
    /// file, or `data`, or a fill value that `fill` lacks; [`Error::NotFinite`]; [`Error::Type`]
    /// for values that the type of a layer does not hold, or text where there are numbers;
    /// [`Error::Text`]; [`Error::Misuse`] for no row attributes where they are needed. Nothing is
    /// changed then.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Fill, LoomView, Mode, connect, create};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.loom");
    /// let mut data = LoomView::default();
    /// data.layers.insert(String::new(), ndarray::arr2(&[[1, 2], [3, 4]]).into());
    /// data.ca.insert("CellID".into(), ["one", "two"].as_slice().into());
    /// create(&path, &data)?;
    /// let mut ds = connect(&path, Mode::ReadWrite)?;
    /// let dropped = ds.add_columns(&data, &Fill::Drop)?;
    /// assert_eq!((ds.shape(), dropped.len()), ((2, 4), 0));
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn add_columns(&mut self, data: &LoomView, fill: &Fill) -> Result<Vec<String>> {
        self.state.check_writable()?;
        let columns = Columns::from(data);
        let shape = columns.check()?;
        if self.shape() == (0, 0) {
            return self.first_columns(data, &columns);
        }
        if shape.0 != self.shape().0 {
            return Err(Error::Shape {
                what: "what is added".to_owned(),
                expected: format!("{} rows, as the file has,", self.shape().0),
                found: vec![shape.0, shape.1],
            });
        }
        let layers = self.layers().keys()?;
        for name in &layers {
            self.layer(name)?.check_shape(self.shape())?;
            if !columns.layers.contains_key(name) {
                let reason = format!("what is added has no {WHAT} {name:?}, which the file has");
                return Err(Error::Misuse(reason));
            }
        }
        if let Some(name) = columns.layers.keys().find(|name| !layers.contains(name)) {
            return Err(Error::not_found(WHAT, name));
        }
        let fates = self.fates(&columns, shape.1, fill)?;
        let before = self.shape().1;
        let after = before + shape.1;
        let dropped = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Drop));
        let dropped = dropped.map(|(name, _)| name.clone()).collect();
        self.state.change(|change| {
            for (name, values) in &data.layers {
                change.append_columns(name, (before, after), values)?;
            }
            change.shape.1 = after;
            fates
                .iter()
                .try_for_each(|(name, fate)| fate.apply(change, name))
        })?;
        Ok(dropped)
    }

    /// Fills a file that has no matrix.
    fn first_columns(&mut self, data: &LoomView, columns: &Columns<'_>) -> Result<Vec<String>> {
        if data.ra.is_empty() {
            let reason = "the first columns of a file come with row attributes: none are given";
            return Err(Error::Misuse(reason.to_owned()));
        }
        self.state.change(|change| {
            for (name, matrix) in &columns.layers {
                change.write_layer(name, matrix)?;
            }
            for axis in Axis::BOTH {
                for (name, values) in data.axis_attrs(axis) {
                    change.write_attr(axis, name, values)?;
                }
            }
            Ok(Vec::new())
        })
    }

    /// What becomes of each column attribute of the file or of `added` columns.
    fn fates(&self, added: &Columns<'_>, count: usize, fill: &Fill) -> Result<Vec<(String, Fate)>> {
        let before = self.shape().1;
        let mut names: BTreeSet<String> = self.ca().keys()?.into_iter().collect();
        names.extend(added.ca.keys().cloned());
        let mut fates = Vec::new();
        for name in names {
            let mut there = None;
            if self.ca().contains(&name)? && !name.contains('/') {
                let dataset = self.ca().dataset(&name)?;
                let compound = !dataset.field_names().is_empty();
                there = Some((
                    dataset.dtype().ok().filter(|_| !compound),
                    dataset.shape().to_vec(),
                ));
            }
            let fate = match (there, added.ca.get(&name)) {
                (Some((Some(_), shape)), Some(values)) if values.shape()[1..] == shape[1..] => {
                    Fate::Append(values.clone())
                }
                (Some((Some(dtype), shape)), None) => {
                    match filling(fill, &name, &shape[1..], || zeros(&shape[1..], dtype))? {
                        Some(value) => Fate::Append(repeat(&value, count)),
                        None => Fate::Drop,
                    }
                }
                (None, Some(values)) => {
                    let shape = &values.shape()[1..];
                    match filling(fill, &name, shape, || zeros(shape, values.dtype()))? {
                        Some(value) => Fate::Make(joined(&name, &repeat(&value, before), values)?),
                        None => Fate::Drop,
                    }
                }
                _ => Fate::Drop,
            };
            fates.push((name, fate));
        }
        Ok(fates)
    }
}

impl Fate {
    fn apply(&self, change: &mut Change<'_, '_>, name: &str) -> Result<()> {
        let axis = Axis::Cols;
        match self {
            Self::Append(values) => change.append_attr(axis, name, values),
            Self::Make(values) => change.write_attr(axis, name, values),
            Self::Drop => {
                let there = change
                    .edit
                    .contains(&format!("{}/{name}", axis.attrs_path()))?;
                match there {
                    true => change.remove(axis.attrs_path(), name),
                    false => Ok(()),
                }
            }
        }
    }
}

/// The value that columns without the attribute get; `None` where it is dropped.
fn filling(
    fill: &Fill,
    name: &str,
    shape: &[usize],
    zeros: impl FnOnce() -> Array,
) -> Result<Option<Array>> {
    match fill {
        Fill::Drop => Ok(None),
        Fill::Auto => Ok(Some(zeros())),
        Fill::Values(values) => match values.get(name) {
            None => Err(Error::not_found("fill value", name)),
            Some(value) if value.shape() == shape => Ok(Some(value.clone())),
            Some(value) => Err(Error::Shape {
                what: format!("the fill value for {} {name:?}", Axis::Cols.attribute()),
                expected: format!("{shape:?}, that of the value of a column,"),
                found: value.shape().to_vec(),
            }),
        },
    }
}

/// Values behind others, in a type that holds both.
fn joined(name: &str, first: &Array, second: &Array) -> Result<Array> {
    let Some(dtype) = promote(first.dtype(), second.dtype()) else {
        return Err(Error::Type {
            what: format!("the fill value for {} {name:?}", Axis::Cols.attribute()),
            expected: second.dtype().to_string(),
            found: first.dtype().to_string(),
        });
    };
    let parts = [first, second].map(|part| cast(part.clone(), dtype));
    Ok(Array::concatenate(0, parts.into())?)
}
