//! Global attributes: loompy's `ds.attrs`.

use h5lite::{Array, Attribute, Dataset, Element, Group};
use ndarray::ArrayD;

use crate::{
    error::{Error, Result},
    spec,
    state::State,
};

pub(crate) const WHAT: &str = "global attribute";

/// The attributes of the whole file: the datasets in `/attrs`, or where there is no such group,
/// as before version 3, the HDF5 attributes of `/` (`last_modified` is then one of them).
///
/// A single value has rank 0. An array of one value, as R writes, stays an array.
#[derive(Clone, Copy, Debug)]
pub struct GlobalAttrs<'ds> {
    state: &'ds State,
}

/// Where global attributes are.
enum Place<'ds> {
    Group(Group<'ds>),
    Root(Group<'ds>),
}

/// Where one is.
enum Stored<'ds> {
    Dataset(Dataset<'ds>),
    Attribute(Attribute<'ds>),
}

impl<'ds> GlobalAttrs<'ds> {
    pub(crate) fn new(state: &'ds State) -> Self {
        Self { state }
    }

    fn place(self) -> Result<Place<'ds>> {
        Ok(match self.state.group(spec::ATTRS)? {
            Some(group) => Place::Group(group),
            None => Place::Root(self.state.file.root()?),
        })
    }

    fn find(self, name: &str) -> Result<Stored<'ds>> {
        match self.place()? {
            Place::Group(_) => Ok(Stored::Dataset(self.state.dataset(
                spec::ATTRS,
                WHAT,
                name,
            )?)),
            Place::Root(root) => match root.attribute(name) {
                Ok(attribute) => Ok(Stored::Attribute(attribute)),
                Err(error) if error.is_not_found() => Err(Error::not_found(WHAT, name)),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Names, in the file's order.
    ///
    /// # Errors
    /// Where the group or the attributes of `/` cannot be read.
    pub fn keys(self) -> Result<Vec<String>> {
        Ok(match self.place()? {
            Place::Group(group) => group.names()?,
            Place::Root(root) => (root.attributes()?.iter())
                .map(|attribute| attribute.name().to_owned())
                .collect(),
        })
    }

    /// Number of attributes.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn len(self) -> Result<usize> {
        Ok(self.keys()?.len())
    }

    /// Whether there is no attribute.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn is_empty(self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether there is an attribute of this name.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn contains(self, name: &str) -> Result<bool> {
        match self.find(name) {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// An attribute of any type and rank.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where it cannot be read.
    pub fn get_any(self, name: &str) -> Result<Array> {
        match self.find(name)? {
            Stored::Dataset(dataset) => self.state.read_any(&dataset, &[]),
            Stored::Attribute(attribute) => {
                let mut array = attribute.read_any()?;
                if let Array::Str(values) = &mut array {
                    self.state.unescape(values);
                }
                Ok(array)
            }
        }
    }

    /// An attribute as `T`. Numbers are converted where no value can change.
    ///
    /// # Errors
    /// As [`get_any`](Self::get_any), and a type error for an unsafe conversion.
    pub fn get<T: Element>(self, name: &str) -> Result<ArrayD<T>> {
        match self.find(name)? {
            Stored::Dataset(dataset) => self.state.read(&dataset),
            Stored::Attribute(attribute) if T::DTYPE.is_integer() || T::DTYPE.is_float() => {
                Ok(attribute.read()?)
            }
            Stored::Attribute(_) => {
                T::from_array(self.get_any(name)?).map_err(|other| Error::Type {
                    what: format!("{WHAT} {name:?}"),
                    expected: T::DTYPE.to_string(),
                    found: other.dtype().to_string(),
                })
            }
        }
    }

    /// An attribute that is a single value, or an array of one, as `T`.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`Error::Shape`] for any other number of values.
    pub fn value<T: Element>(self, name: &str) -> Result<T> {
        let values: ArrayD<T> = self.get(name)?;
        let found = values.shape().to_vec();
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Error::Shape {
                what: format!("{WHAT} {name:?}"),
                expected: "a single value".to_owned(),
                found,
            }),
        }
    }

    /// Names and values of all attributes; fields of compound ones one by one, as `NAME/FIELD`.
    ///
    /// # Errors
    /// As [`keys`](Self::keys); each value as [`get_any`](Self::get_any).
    pub fn iter(self) -> Result<impl Iterator<Item = Result<(String, Array)>> + 'ds> {
        let columns = move |key: String| match self.find(&key)? {
            Stored::Dataset(dataset) => (State::columns(&key, dataset)?.iter())
                .map(|(name, dataset)| Ok((name.clone(), self.state.read_any(dataset, &[])?)))
                .collect(),
            Stored::Attribute(_) => Ok(vec![(key.clone(), self.get_any(&key)?)]),
        };
        let keys = self.keys()?.into_iter();
        Ok(keys.flat_map(move |key| -> Vec<Result<(String, Array)>> {
            match columns(key) {
                Ok(columns) => columns.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        }))
    }
}
