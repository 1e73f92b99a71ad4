//! Values of an attribute on their way from one file into another.

use h5lite::{Array, DType, Dataset, Datatype, Selection};

use super::{Change, NewFile, create::Length, layout};
use crate::{
    attrs::Attrs,
    axis::Axis,
    error::{Error, Result},
    spec,
};

/// Values of a row or column attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    /// Numbers or text.
    Known(Array),
    /// What has no counterpart in memory: compounds.
    Stored(Elements),
}

/// Elements as their type stores them, none of which leads elsewhere in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Elements {
    pub(crate) datatype: Datatype,
    pub(crate) shape: Vec<usize>,
    /// In C order.
    pub(crate) bytes: Vec<u8>,
}

impl Values {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Known(values) => values.shape(),
            Self::Stored(elements) => &elements.shape,
        }
    }

    /// Some of them along the first axis, in this order.
    pub(crate) fn take(&self, positions: &[usize]) -> Result<Self> {
        let elements = match self {
            Self::Known(values) => return Ok(Self::Known(values.take(positions)?)),
            Self::Stored(elements) => elements,
        };
        let mut shape = elements.shape.clone();
        let mut bytes = Vec::with_capacity(elements.bytes.len());
        if let Some(length) = shape.first_mut() {
            let size = elements.bytes.len() / (*length).max(1);
            for &position in positions {
                let part = elements.bytes.get(position * size..(position + 1) * size);
                bytes.extend(part.unwrap_or_default());
            }
            *length = positions.len();
        }
        Ok(Self::Stored(Elements {
            datatype: elements.datatype.clone(),
            shape,
            bytes,
        }))
    }
}

impl Attrs<'_> {
    /// Values of an attribute at some positions, compounds as they are stored.
    ///
    /// # Errors
    /// As [`get_at`](Self::get_at); [`Error::Type`] for a compound whose elements mean nothing in
    /// another file.
    pub(crate) fn values_at(self, name: &str, positions: impl Into<Selection>) -> Result<Values> {
        let positions = positions.into();
        let dataset = self.dataset(name)?;
        if dataset.field_names().is_empty() {
            return Ok(Values::Known(self.get_at(name, positions)?));
        }
        let mut shape = self.movable(name, &dataset)?;
        shape[0] = positions.count(0, shape[0])?;
        let mut place = vec![Selection::All; shape.len()];
        place[0] = positions;
        Ok(Values::Stored(Elements {
            datatype: dataset.datatype().clone(),
            shape,
            bytes: dataset.read_bytes(&place)?,
        }))
    }

    /// The shape of a compound attribute whose elements mean the same in another file.
    fn movable(self, name: &str, dataset: &Dataset<'_>) -> Result<Vec<usize>> {
        self.check_length(name, dataset)?;
        if dataset.is_self_contained() {
            return Ok(dataset.shape().to_vec());
        }
        Err(Error::Type {
            what: format!("{} {name:?}", self.axis().attribute()),
            expected: "numbers, text, or a compound of fields of fixed length".to_owned(),
            found: "a compound with text of variable length or references".to_owned(),
        })
    }
}

impl NewFile<'_, '_> {
    /// Sets a row or column attribute.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Text`].
    pub(crate) fn axis_values(&mut self, axis: Axis, name: &str, values: &Values) -> Result<()> {
        self.wants(Length {
            what: format!("{} {name:?}", axis.attribute()),
            axis,
            shape: values.shape().to_vec(),
        })?;
        self.change.put_values(axis, name, values)
    }
}

impl Change<'_, '_> {
    /// Writes a row or column attribute, whatever its length, in the place of one of the same name.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Text`].
    pub(crate) fn put_values(&mut self, axis: Axis, name: &str, values: &Values) -> Result<()> {
        let elements = match values {
            Values::Known(values) => return self.put_attr(axis, name, values),
            Values::Stored(elements) => elements,
        };
        spec::check_name(axis.attribute(), name)?;
        let path = format!("{}/{name}", axis.attrs_path());
        let options = layout::attribute(&elements.shape, elements.datatype.clone());
        (self.edit).create(&path, DType::U8, &elements.shape, &options)?;
        (self.edit).write_bytes_at(&path, &[], &elements.bytes)?;
        self.stamp(&path)?;
        self.stamp(axis.attrs_path())
    }
}
