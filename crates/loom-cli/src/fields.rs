//! Attributes and datasets as columns: one for each value an entry has, one for each field of a
//! compound.

use loom_core::{
    Array, Attrs, DType, Selection,
    h5lite::{Class, Dataset, with_array},
};
use ndarray::{ArrayD, Axis, IxDyn};

use crate::{
    error::{Cause, Result},
    write::Columns,
};

/// More columns than this are not spread out: a hostile shape could make any number of them.
const MAX_COLUMNS: usize = 100_000;

/// What a name stands for: a dataset, seen through none or more of its fields.
#[derive(Clone)]
pub(crate) struct Leaf<'a> {
    /// The name of a column: that of the dataset, with fields and places after dots.
    pub(crate) name: String,
    dataset: Dataset<'a>,
    /// The attribute it is a part of, with how `loom_core` calls it where it can.
    attribute: Option<(Attrs<'a>, String)>,
    /// How many fields deep.
    depth: usize,
}

/// Finds what the longest possible start of `name` stands for, and what of the name is left: all of
/// it, or up to one of its dots.
pub(crate) fn longest<T>(
    name: &str,
    find: impl Fn(&str) -> Result<Option<T>>,
) -> Result<Option<(T, &str)>> {
    let dots = name.rmatch_indices('.').map(|(at, _)| at);
    for end in std::iter::once(name.len()).chain(dots) {
        let (start, rest) = name.split_at(end);
        if let Some(found) = find(start)? {
            return Ok(Some((found, rest.strip_prefix('.').unwrap_or(rest))));
        }
    }
    Ok(None)
}

impl<'a> Leaf<'a> {
    /// A dataset.
    pub(crate) fn dataset(name: &str, dataset: Dataset<'a>) -> Self {
        Self {
            name: name.to_owned(),
            dataset,
            attribute: None,
            depth: 0,
        }
    }

    /// A row or column attribute.
    pub(crate) fn attribute(attrs: Attrs<'a>, name: &str) -> Result<Self> {
        Ok(Self {
            attribute: Some((attrs, name.to_owned())),
            ..Self::dataset(name, attrs.dataset(name)?)
        })
    }

    /// The field, or the field of a field, that `path` names with dots between them, and what is
    /// left of the path behind something that has no fields.
    pub(crate) fn descend(self, path: &str) -> Result<(Self, &str)> {
        if path.is_empty() || !self.is_compound() {
            return Ok((self, path));
        }
        let fields = self.dataset.field_names();
        let known = |field: &str| Ok(fields.iter().find(|name| *name == field).cloned());
        match longest(path, known)? {
            Some((field, rest)) => self.field(&field)?.descend(rest),
            None => Err(Cause::asked(format!(
                "{} has no field {path:?}{}",
                self.name,
                crate::open::instead(&fields)
            ))),
        }
    }

    fn field(&self, field: &str) -> Result<Self> {
        Ok(Self {
            name: format!("{}.{field}", self.name),
            dataset: self.dataset.field(field)?,
            attribute: (self.attribute.as_ref())
                .map(|(attrs, name)| (*attrs, format!("{name}/{field}"))),
            depth: self.depth + 1,
        })
    }

    /// Whether it has fields rather than values.
    pub(crate) fn is_compound(&self) -> bool {
        matches!(self.dataset.datatype().class, Class::Compound(_))
    }

    /// All of its fields, down to those that have values; itself, where it has no fields.
    pub(crate) fn spread(self) -> Result<Vec<Self>> {
        if !self.is_compound() {
            return Ok(vec![self]);
        }
        let mut leaves = Vec::new();
        for field in self.dataset.field_names() {
            leaves.extend(self.field(&field)?.spread()?);
        }
        Ok(leaves)
    }

    /// The type of the values.
    pub(crate) fn dtype(&self) -> Result<DType> {
        (self.dataset.dtype())
            .map_err(|error| Cause::asked(format!("{}: {}", self.name, error.root_cause())))
    }

    /// Length of every axis, those of array types included.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let mut shape = self.dataset.shape().to_vec();
        let mut datatype = self.dataset.datatype();
        while let Class::Array { dims, base } = &datatype.class {
            shape.extend(dims.iter().map(|&dim| dim as usize));
            datatype = base;
        }
        shape
    }

    /// How many axes the dataset itself has.
    pub(crate) fn axes(&self) -> usize {
        self.dataset.shape().len()
    }

    /// How many positions of the first axis a chunk has.
    pub(crate) fn chunk(&self) -> usize {
        let chunk = self.dataset.chunk_shape();
        chunk.and_then(|chunk| chunk.first().copied()).unwrap_or(1)
    }

    /// Values at some positions of the dataset's axes; all of the axes that `selections` leaves out.
    pub(crate) fn read(&self, mut selections: Vec<Selection>) -> Result<Array> {
        selections.resize(self.dataset.shape().len(), Selection::All);
        match (&self.attribute, &selections[..]) {
            // Text of early files is mended only on this way.
            (Some((attrs, name)), [positions, rest @ ..])
                if self.depth < 2 && rest.iter().all(|all| *all == Selection::All) =>
            {
                Ok(attrs.get_at(name, positions.clone())?)
            }
            _ => Ok(self.dataset.read_any(&selections)?),
        }
    }

    /// It as columns `NAME`, or `NAME.0`, `NAME.1`, ... where an entry has several values.
    pub(crate) fn columns(self) -> Result<Columns<'a>> {
        let shape = self.shape();
        let inner = shape.get(1..).unwrap_or_default();
        let count = inner
            .iter()
            .try_fold(1_usize, |product, &n| product.checked_mul(n));
        let count = count.filter(|&count| count <= MAX_COLUMNS).ok_or_else(|| {
            Cause::asked(format!(
                "{} has {} values for each entry, too many for columns",
                self.name,
                crate::render::shape(inner)
            ))
        })?;
        Ok(Columns {
            names: (0..count)
                .map(|place| format!("{}{}", self.name, suffix(place, inner)))
                .collect(),
            dtype: self.dtype()?,
            read: Box::new(move |positions| Ok(flat(self.read(vec![positions])?, count))),
        })
    }

    /// The one of its columns that is called `NAME.PLACE`.
    pub(crate) fn column(self, place: &str) -> Result<Columns<'a>> {
        let wanted = format!("{}.{place}", self.name);
        let all = self.columns()?;
        let Some(place) = all.names.iter().position(|name| *name == wanted) else {
            return Err(Cause::asked(format!(
                "there is no {wanted}{}",
                crate::open::instead(&all.names)
            )));
        };
        Ok(Columns {
            names: vec![wanted],
            dtype: all.dtype,
            read: Box::new(move |positions| Ok(column((all.read)(positions)?, place))),
        })
    }
}

/// `.I.J`, the place of value number `place` in an entry of this shape.
fn suffix(place: usize, shape: &[usize]) -> String {
    let mut rest = place;
    let mut parts: Vec<String> = Vec::new();
    for &length in shape.iter().rev() {
        parts.push(format!(".{}", rest % length.max(1)));
        rest /= length.max(1);
    }
    parts.into_iter().rev().collect()
}

/// The array with all its axes but the first made one of length `count`.
fn flat(array: Array, count: usize) -> Array {
    with_array!(array, values => {
        let rows = values.shape().first().copied().unwrap_or(0);
        let flat: Vec<_> = values.into_iter().collect();
        ArrayD::from_shape_vec(IxDyn(&[rows, count]), flat).unwrap_or_default().into()
    })
}

/// One place of every entry of an array with two axes.
fn column(array: Array, place: usize) -> Array {
    with_array!(array, values => values.index_axis(Axis(1), place).to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins() {
        let known = |name: &str| Ok(["a", "a.b"].contains(&name).then(|| name.to_owned()));
        let found = |name| longest(name, known).unwrap();
        assert_eq!(found("a.b.c.d"), Some(("a.b".to_owned(), "c.d")));
        assert_eq!(found("a.b"), Some(("a.b".to_owned(), "")));
        assert_eq!(found("a.-1"), Some(("a".to_owned(), "-1")));
        assert_eq!(found("ab"), None);
    }

    #[test]
    fn places_are_counted_in_c_order() {
        let names: Vec<String> = (0..6).map(|place| suffix(place, &[2, 3])).collect();
        assert_eq!(names, [".0.0", ".0.1", ".0.2", ".1.0", ".1.1", ".1.2"]);
        assert_eq!(suffix(0, &[]), "");
    }
}
