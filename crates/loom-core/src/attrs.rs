//! Row and column attributes: loompy's `ds.ra` and `ds.ca`.

use h5lite::{Array, Dataset, Element, Number, Selection, with_array};
use ndarray::{Array1, ArrayD, Axis as ArrayAxis, Ix1};

use crate::{
    axis::Axis,
    error::{Error, Result},
    spec,
    state::State,
    timestamp,
};

/// The attributes of one axis: name to values, one value (or row of values) for each row or
/// column of the matrix.
///
/// Wherever a name is taken, `NAME/FIELD` means one field of a compound attribute, as SCope and
/// pySCENIC write them for regulons and embeddings; a plain attribute name has no slash.
///
/// Values come as they are stored: booleans as `u8`, text without the character references that
/// files before version 3 use. Whether there is one value for each row or column is checked by
/// [`view`](crate::LoomConnection::view) and validation, not here, so that a broken file can be
/// looked at.
#[derive(Clone, Copy, Debug)]
pub struct Attrs<'ds> {
    state: &'ds State,
    axis: Axis,
}

impl<'ds> Attrs<'ds> {
    pub(crate) fn new(state: &'ds State, axis: Axis) -> Self {
        Self { state, axis }
    }

    pub(crate) fn state(self) -> &'ds State {
        self.state
    }

    /// Which axis these attributes describe.
    #[must_use]
    pub fn axis(self) -> Axis {
        self.axis
    }

    /// Names, in the file's order.
    ///
    /// # Errors
    /// Where the group cannot be read.
    pub fn keys(self) -> Result<Vec<String>> {
        self.state.names(self.axis.attrs_path())
    }

    /// Number of attributes.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn len(self) -> Result<usize> {
        match self.state.group(self.axis.attrs_path())? {
            Some(group) => Ok(group.len()?),
            None => Ok(0),
        }
    }

    /// Whether there is no attribute.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn is_empty(self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether there is an attribute, or a field of one, of this name.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn contains(self, name: &str) -> Result<bool> {
        match self.dataset(name) {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The HDF5 dataset that holds an attribute, with its shape and stored type.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where it cannot be read.
    pub fn dataset(self, name: &str) -> Result<Dataset<'ds>> {
        (self.state).dataset(self.axis.attrs_path(), self.axis.attribute(), name)
    }

    /// The fields of a compound attribute, each of which is an attribute `NAME/FIELD`; nothing for
    /// any other attribute.
    ///
    /// # Errors
    /// As [`dataset`](Self::dataset).
    pub fn fields(self, name: &str) -> Result<Vec<String>> {
        Ok(self.dataset(name)?.field_names())
    }

    /// Names of all that [`get_any`](Self::get_any) reads: the [`keys`](Self::keys), with each
    /// compound attribute replaced by its fields.
    ///
    /// # Errors
    /// Where the group or one of the attributes cannot be read.
    pub fn columns(self) -> Result<Vec<String>> {
        let mut columns = Vec::new();
        for name in self.keys()? {
            let of_one = State::columns(&name, self.dataset(&name)?)?;
            columns.extend(of_one.into_iter().map(|(name, _)| name));
        }
        Ok(columns)
    }

    /// An attribute with one value for each row or column, as `T`. Numbers are converted where
    /// no value can change (numpy's "safe" casts).
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Shape`] for an attribute with several values for each row or
    /// column (use [`get_any`](Self::get_any)); a type error for an unsafe conversion.
    pub fn get<T: Element>(self, name: &str) -> Result<Array1<T>> {
        self.one_axis(name, self.state.read(&self.dataset(name)?)?)
    }

    /// As [`get`](Self::get), converting any number to `T` as Rust's `as` does.
    ///
    /// # Errors
    /// As [`get`](Self::get), except that only text cannot be converted.
    pub fn get_lossy<T: Number>(self, name: &str) -> Result<Array1<T>> {
        self.one_axis(name, self.dataset(name)?.read_lossy(&[])?)
    }

    /// An attribute of any type and rank.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Type`] for a compound attribute, naming a field.
    pub fn get_any(self, name: &str) -> Result<Array> {
        self.state.read_any(&self.dataset(name)?, &[])
    }

    /// An attribute's values at some positions of the axis.
    ///
    /// # Errors
    /// As [`get_any`](Self::get_any); [`Error::Shape`] where the attribute is not as long as the
    /// axis; [`h5lite::Error::OutOfBounds`] for a position outside the axis.
    pub fn get_at(self, name: &str, positions: impl Into<Selection>) -> Result<Array> {
        self.read_at(name, &self.dataset(name)?, positions.into())
    }

    /// Names and values of all attributes, fields of compounds one by one.
    ///
    /// # Errors
    /// As [`keys`](Self::keys); each value as [`get_any`](Self::get_any).
    pub fn iter(self) -> Result<impl Iterator<Item = Result<(String, Array)>> + 'ds> {
        self.each(move |_, dataset| self.state.read_any(dataset, &[]))
    }

    /// Names and values of all attributes at some positions of the axis.
    pub(crate) fn iter_at(
        self,
        positions: Selection,
    ) -> Result<impl Iterator<Item = Result<(String, Array)>> + 'ds> {
        self.each(move |name, dataset| self.read_at(name, dataset, positions.clone()))
    }

    /// What `read` makes of every column; an attribute that fails does not hide the others.
    fn each(
        self,
        read: impl Fn(&str, &Dataset<'ds>) -> Result<Array> + 'ds,
    ) -> Result<impl Iterator<Item = Result<(String, Array)>> + 'ds> {
        let columns = move |key: String| {
            let columns = self.dataset(&key);
            match columns.and_then(|dataset| State::columns(&key, dataset)) {
                Ok(columns) => columns.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        };
        let columns = self.keys()?.into_iter().flat_map(columns);
        Ok(columns.map(move |column| {
            let (name, dataset) = column?;
            let values = read(&name, &dataset)?;
            Ok((name, values))
        }))
    }

    /// Refuses an attribute that is not as long as the axis.
    pub(crate) fn check_length(self, name: &str, dataset: &Dataset<'_>) -> Result<()> {
        let length = self.state.length(self.axis);
        if dataset.shape().first() == Some(&length) {
            return Ok(());
        }
        Err(Error::Shape {
            what: format!("{} {name:?}", self.axis.attribute()),
            expected: format!("one value for each of {length} {}", self.axis),
            found: dataset.shape().to_vec(),
        })
    }

    fn read_at(self, name: &str, dataset: &Dataset<'ds>, positions: Selection) -> Result<Array> {
        self.check_length(name, dataset)?;
        let mut selections = vec![Selection::All; dataset.shape().len()];
        selections[0] = positions;
        self.state.read_any(dataset, &selections)
    }

    /// loompy's `ds.ra["A", "B"]`: names that do not exist are skipped; if one is left, that
    /// attribute; if several, their values side by side, a column for each.
    ///
    /// (loompy stacks more than two attributes wrongly.)
    ///
    /// # Errors
    /// [`Error::NotFound`] if none exists, [`Error::Type`] if their types differ,
    /// [`Error::Shape`] if several exist and one of them has more than one value for each row or
    /// column, or another length.
    pub fn stack(self, names: &[&str]) -> Result<Array> {
        let mut found = Vec::new();
        for &name in names {
            match self.get_any(name) {
                Ok(values) => found.push((name, values)),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if found.len() == 1 {
            return Ok(found.remove(0).1);
        }
        let Some((_, first)) = found.first() else {
            return Err(Error::not_found(self.axis.attribute(), &names.join(", ")));
        };
        for (name, values) in &found {
            let what = || format!("{} {name:?}", self.axis.attribute());
            if values.dtype() != first.dtype() {
                return Err(Error::Type {
                    what: what(),
                    expected: format!("{}, as the attributes before it", first.dtype()),
                    found: values.dtype().to_string(),
                });
            }
            if values.ndim() != 1 || values.len() != first.len() {
                return Err(Error::Shape {
                    what: what(),
                    expected: format!("[{}]", first.len()),
                    found: values.shape().to_vec(),
                });
            }
        }
        let columns = found.iter().map(|(_, values)| values);
        with_array!(first, of => Ok(side_by_side(of, columns)))
    }

    /// When these attributes, or one of them, last changed, as far as the file says.
    ///
    /// # Errors
    /// Where the stamps cannot be read.
    pub fn last_modified(self) -> Result<Option<String>> {
        let Some(group) = self.state.group(self.axis.attrs_path())? else {
            return Ok(None);
        };
        let mut latest = timestamp::read(group.attribute(spec::LAST_MODIFIED))?;
        for name in self.keys()? {
            latest = latest.max(self.last_modified_of(&name)?);
        }
        Ok(latest)
    }

    /// When an attribute last changed, as far as the file says.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where the stamp cannot be read.
    pub fn last_modified_of(self, name: &str) -> Result<Option<String>> {
        timestamp::read(self.dataset(name)?.attribute(spec::LAST_MODIFIED))
    }

    fn one_axis<T>(self, name: &str, values: ArrayD<T>) -> Result<Array1<T>> {
        let found = values.shape().to_vec();
        values
            .into_dimensionality::<Ix1>()
            .map_err(|_| Error::Shape {
                what: format!("{} {name:?}", self.axis.attribute()),
                expected: "a single axis".to_owned(),
                found,
            })
    }
}

/// Columns of the type of `_of` next to each other; those of other types are left out.
fn side_by_side<'a, T: Element>(_of: &ArrayD<T>, columns: impl Iterator<Item = &'a Array>) -> Array
where
    Array: From<ArrayD<T>>,
{
    let columns: Vec<_> = columns
        .filter_map(|column| T::from_array(column.clone()).ok())
        .collect();
    let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
    ndarray::stack(ArrayAxis(1), &views)
        .unwrap_or_default()
        .into()
}
