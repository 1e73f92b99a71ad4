//! Which column belongs to which group.

use h5lite::{Array, DType};

use crate::{
    attrs::Attrs,
    error::{Error, Result},
};

/// What tells columns apart.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupBy {
    /// Column attributes; columns that agree in all of them are a group, and groups are in the
    /// order of the first attribute, then of the second, and so on.
    ///
    /// As in loompy, numbers with a fraction count as their whole part, and text counts as
    /// numbers where all of it is whole numbers, so that 10 comes after 9.
    Attributes(Vec<String>),
    /// A label for each column, numbers or text, as they are.
    Labels(Array),
}

impl From<&str> for GroupBy {
    fn from(name: &str) -> Self {
        Self::Attributes(vec![name.to_owned()])
    }
}

impl From<String> for GroupBy {
    fn from(name: String) -> Self {
        Self::Attributes(vec![name])
    }
}

impl From<&[&str]> for GroupBy {
    fn from(names: &[&str]) -> Self {
        Self::Attributes(names.iter().map(ToString::to_string).collect())
    }
}

impl From<Vec<String>> for GroupBy {
    fn from(names: Vec<String>) -> Self {
        Self::Attributes(names)
    }
}

impl From<Array> for GroupBy {
    fn from(labels: Array) -> Self {
        Self::Labels(labels)
    }
}

/// Columns in groups, numbered in the sorted order of their labels. No group is empty.
pub(super) struct Groups {
    /// The group of each column.
    of: Vec<usize>,
    /// The columns, group after group, in order within each.
    order: Vec<usize>,
    /// How many columns each group has.
    counts: Vec<usize>,
}

impl Groups {
    pub(super) fn new(ca: Attrs<'_>, by: &GroupBy, cols: usize) -> Result<Self> {
        let of = match by {
            GroupBy::Labels(labels) => {
                check_shape("group labels", labels, cols)?;
                ranks(&labels_as_given(labels))
            }
            GroupBy::Attributes(names) => {
                let mut together = vec![Vec::with_capacity(names.len()); cols];
                if names.is_empty() {
                    return Err(Error::Misuse("no attribute to group by".to_owned()));
                }
                for name in names {
                    let values = ca.get_any(name)?;
                    check_shape(&format!("column attribute {name:?}"), &values, cols)?;
                    let ranks = ranks(&labels_of_attribute(name, &values)?);
                    together
                        .iter_mut()
                        .zip(ranks)
                        .for_each(|(all, rank)| all.push(rank));
                }
                ranks(&together)
            }
        };
        let count = of.iter().max().map_or(0, |&last| last + 1);
        let mut order: Vec<usize> = (0..cols).collect();
        order.sort_by_key(|&column| of.get(column));
        let mut counts = vec![0; count];
        of.iter().for_each(|&group| counts[group] += 1);
        Ok(Self { of, order, counts })
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// How many columns each group has.
    pub(super) fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The group of each column.
    pub(super) fn of(&self) -> &[usize] {
        &self.of
    }

    /// The columns of each group.
    pub(super) fn members(&self) -> impl Iterator<Item = &[usize]> {
        let mut rest = self.order.as_slice();
        self.counts.iter().map(move |&count| {
            let members;
            (members, rest) = rest.split_at(count);
            members
        })
    }
}

/// Refuses values that are not one for each column.
pub(super) fn check_shape(what: &str, values: &Array, cols: usize) -> Result<()> {
    if values.shape() == [cols] {
        return Ok(());
    }
    Err(Error::Shape {
        what: what.to_owned(),
        expected: format!("one value for each of {cols} columns"),
        found: values.shape().to_vec(),
    })
}

/// A label, in an order among its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::ops) enum Label {
    Whole(i128),
    /// A floating-point number by its place in numpy's order: NaN last, one zero.
    Real(u64),
    Text(String),
}

impl Label {
    fn real(number: f64) -> Self {
        let number = if number.is_nan() {
            f64::NAN.abs()
        } else {
            number + 0.0
        };
        let bits = number.to_bits();
        Self::Real(if bits >> 63 == 1 {
            !bits
        } else {
            bits | 1 << 63
        })
    }
}

/// Each value as a label that is equal where numpy finds the values equal.
pub(in crate::ops) fn labels_as_given(values: &Array) -> Vec<Label> {
    match values {
        Array::I8(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::I16(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::I32(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::I64(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::U8(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::U16(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::U32(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::U64(a) => a.iter().map(|&x| Label::Whole(x.into())).collect(),
        Array::F32(a) => a.iter().map(|&x| Label::real(x.into())).collect(),
        Array::F64(a) => a.iter().map(|&x| Label::real(x)).collect(),
        Array::Str(a) => a.iter().map(|x| Label::Text(x.clone())).collect(),
    }
}

/// Each value as a label, whole numbers where loompy's `astype("int")` gives them.
fn labels_of_attribute(name: &str, values: &Array) -> Result<Vec<Label>> {
    let whole = |number: f64| {
        if !number.is_finite() {
            return Err(Error::Type {
                what: format!("column attribute {name:?}"),
                expected: "finite numbers or text to group by".to_owned(),
                found: number.to_string(),
            });
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "labels beyond 2^127 are one group"
        )]
        Ok(Label::Whole(number as i128))
    };
    match values {
        Array::F32(a) => a.iter().map(|&x| whole(x.into())).collect(),
        Array::F64(a) => a.iter().map(|&x| whole(x)).collect(),
        Array::Str(a) => {
            let numbers = a.iter().map(|x| x.trim().parse().ok().map(Label::Whole));
            Ok(numbers
                .collect::<Option<_>>()
                .unwrap_or_else(|| labels_as_given(values)))
        }
        other => Ok(labels_as_given(other)),
    }
}

/// The place of each key among the different keys in order.
pub(in crate::ops) fn ranks<K: Ord>(keys: &[K]) -> Vec<usize> {
    let mut sorted: Vec<&K> = keys.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let place = |key| sorted.binary_search(&key).unwrap_or_else(|place| place);
    keys.iter().map(place).collect()
}

/// Whether values of a type can be averaged.
pub(super) fn is_numeric(values: &Array) -> bool {
    values.dtype() != DType::Str
}
