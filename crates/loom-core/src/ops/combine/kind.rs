//! What the values of an attribute are, and what those of several files are together.

use h5lite::{Array, DType, Datatype};

use super::Input;
use crate::{
    attrs::Attrs,
    edit::{Elements, Values},
    error::{Error, Result},
    ops::types::{cast, promote, zeros},
};

/// The type of an attribute, and the shape of each of its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) elements: Type,
    pub(super) shape: Vec<usize>,
}

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Numbers or text.
    Known(DType),
    /// Compounds, which follow each other where they are of one type.
    Stored(Datatype),
}

impl Kind {
    /// That of an attribute of a file; `None` for compounds that lead elsewhere in it.
    pub(super) fn of(attrs: Attrs<'_>, name: &str) -> Result<Option<Self>> {
        let dataset = attrs.dataset(name)?;
        if !dataset.field_names().is_empty() && !dataset.is_self_contained() {
            return Ok(None);
        }
        // Nothing of it is read, but what cannot be read is found now.
        Ok(Some(match attrs.values_at(name, ..0)? {
            Values::Known(none) => Self {
                elements: Type::Known(none.dtype()),
                shape: none.shape()[1..].to_vec(),
            },
            Values::Stored(none) => Self {
                elements: Type::Stored(none.datatype),
                shape: none.shape[1..].to_vec(),
            },
        }))
    }

    /// That of a value.
    pub(super) fn of_value(value: &Array) -> Self {
        Self {
            elements: Type::Known(value.dtype()),
            shape: value.shape().to_vec(),
        }
    }

    /// So many values of zeros, or empty text.
    pub(super) fn zeros(&self, count: usize) -> Values {
        let shape = [&[count], self.shape.as_slice()].concat();
        match &self.elements {
            Type::Known(dtype) => Values::Known(zeros(&shape, *dtype)),
            Type::Stored(datatype) => {
                let values: usize = shape.iter().product();
                Values::Stored(Elements {
                    bytes: vec![0; values * datatype.size as usize],
                    datatype: datatype.clone(),
                    shape,
                })
            }
        }
    }

    /// Values that follow each other, all as this type; each is of a type that it holds.
    pub(super) fn concatenate(&self, parts: Vec<Values>) -> Result<Values> {
        let mut arrays = Vec::new();
        let mut all = self.zeros(0);
        for part in parts {
            match (part, &self.elements, &mut all) {
                (Values::Known(part), Type::Known(dtype), _) => arrays.push(cast(part, *dtype)),
                (Values::Stored(part), _, Values::Stored(all)) => {
                    all.shape[0] += part.shape[0];
                    all.bytes.extend(part.bytes);
                }
                _ => return Err(Error::Misuse("compounds behind other values".to_owned())),
            }
        }
        match all {
            Values::Known(_) => Ok(Values::Known(Array::concatenate(0, arrays)?)),
            stored @ Values::Stored(_) => Ok(stored),
        }
    }
}

impl Type {
    /// The type for the values of both files; `None` for compounds that differ.
    ///
    /// # Errors
    /// As [`common`].
    pub(super) fn common(
        what: &str,
        (before, first): (&Self, &Input<'_>),
        (found, input): (&Self, &Input<'_>),
    ) -> Result<Option<Self>> {
        match (before, found) {
            (Self::Known(before), Self::Known(found)) => {
                common(what, (*before, first), (*found, input)).map(|both| Some(Self::Known(both)))
            }
            _ => Ok((before == found).then(|| before.clone())),
        }
    }
}

/// The type of numbers, or text, for the values of both files.
///
/// # Errors
/// [`Error::Type`] for text in one of them only.
pub(super) fn common(
    what: &str,
    (before, first): (DType, &Input<'_>),
    (found, input): (DType, &Input<'_>),
) -> Result<DType> {
    promote(before, found).ok_or_else(|| Error::Type {
        what: format!("{what} of {}", input.name),
        expected: format!("{before}, as in {},", first.name),
        found: found.to_string(),
    })
}
