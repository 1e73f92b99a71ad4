//! Values behind those that an attribute has.

use h5lite::{Array, Class, Datatype, Padding, Selection};

use super::{Change, layout};
use crate::{
    axis::Axis,
    error::{Error, Result},
    ops::types::{cast, promote},
    text,
};

impl Change<'_, '_> {
    /// Appends values to a row or column attribute, which gets the smallest type that holds the
    /// values of both.
    ///
    /// Where the type stays, the values that are there are carried as they are stored: strings are
    /// neither read nor written again.
    ///
    /// # Errors
    /// [`Error::Type`] for text behind numbers, or numbers behind text; [`Error::Text`].
    pub(crate) fn append_attr(&mut self, axis: Axis, name: &str, values: &Array) -> Result<()> {
        let what = format!("{} {name:?}", axis.attribute());
        let path = format!("{}/{name}", axis.attrs_path());
        let (stored, datatype) = self.stored(&what, values)?;
        let dataset = self.edit.file().dataset(&path)?;
        let Some(datatype) = carried(dataset.datatype(), &datatype) else {
            let before = self.plain(dataset.read_any(&[])?);
            let Some(dtype) = promote(before.dtype(), values.dtype()) else {
                return Err(Error::Type {
                    what: format!("what is added to {what}"),
                    expected: before.dtype().to_string(),
                    found: values.dtype().to_string(),
                });
            };
            let parts = vec![cast(before, dtype), cast(values.clone(), dtype)];
            return self.put_attr(axis, name, &Array::concatenate(0, parts)?);
        };
        let before = dataset.read_bytes(&[])?;
        let mut shape = dataset.shape().to_vec();
        let (Some(length), Some(added)) = (shape.first_mut(), values.shape().first()) else {
            return Ok(());
        };
        let old = *length;
        *length += added;
        let new = *length;
        let options = layout::attribute(&shape, datatype);
        self.edit.create(&path, values.dtype(), &shape, &options)?;
        let mut place = vec![Selection::All; shape.len()];
        place[0] = (0..old).into();
        self.edit.write_bytes_at(&path, &place, &before)?;
        place[0] = (old..new).into();
        self.edit.write_at(&path, &place, &stored)?;
        self.stamp(&path)?;
        self.stamp(axis.attrs_path())
    }

    /// Text as it was meant.
    fn plain(&self, mut values: Array) -> Array {
        if let (true, Array::Str(values)) = (self.escapes_text(), &mut values) {
            for value in values {
                *value = text::unescape(value).into_owned();
            }
        }
        values
    }
}

/// The type in which elements of the first type can stay as they are, and values of the second be
/// stored.
fn carried(before: &Datatype, added: &Datatype) -> Option<Datatype> {
    let variable = |class: &Class| {
        matches!(
            class,
            Class::VariableLength {
                string: Some(_),
                ..
            }
        )
    };
    let padded = |class: &Class| {
        matches!(
            class,
            Class::String {
                padding: Padding::NullPadded,
                ..
            }
        )
    };
    if before == added || variable(&before.class) && variable(&added.class) {
        return Some(added.clone());
    }
    let fits = padded(&before.class) && padded(&added.class) && before.size >= added.size;
    fits.then(|| before.clone())
}
