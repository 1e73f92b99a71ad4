//! Rows of several files that stand for the same thing, found by a key.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use h5lite::Array;

use super::Input;
use crate::{
    attrs::Attrs,
    axis::Axis,
    error::{Error, Result},
    numpy_text::entries,
    ops::aggregate::{Label, labels_as_given},
};

/// What becomes of keys that are not in every file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Join {
    /// There are none, or it is an error.
    #[default]
    Strict,
    /// They are left out.
    Inner,
    /// They are kept. Where a file has no values for them, the result has 0, or `""`.
    Outer,
}

impl FromStr for Join {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "strict" => Ok(Self::Strict),
            "inner" => Ok(Self::Inner),
            "outer" => Ok(Self::Outer),
            other => Err(Error::Misuse(format!(
                "no join named {other:?}; there are strict, inner, outer"
            ))),
        }
    }
}

/// The values of a key attribute in one file; no two are equal.
pub(crate) struct Keys {
    /// The file, as errors name it.
    file: String,
    attribute: &'static str,
    name: String,
    values: Array,
    labels: Vec<Label>,
    positions: HashMap<Label, usize>,
}

impl Keys {
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Shape`] where there is not one value for each position;
    /// [`Error::Keys`] naming values that occur several times.
    pub(crate) fn new(file: &str, attrs: Attrs<'_>, name: &str) -> Result<Self> {
        let attribute = attrs.axis().attribute();
        let values = attrs.get_at(name, ..)?;
        if values.ndim() != 1 {
            return Err(Error::Shape {
                what: format!("{attribute} {name:?} of {file}"),
                expected: "one value for each position, as a key has,".to_owned(),
                found: values.shape().to_vec(),
            });
        }
        let labels = labels_as_given(&values);
        let mut positions = HashMap::with_capacity(labels.len());
        let mut repeated = Vec::new();
        for (position, label) in labels.iter().enumerate() {
            if positions.insert(label.clone(), position).is_some() {
                repeated.push(position);
            }
        }
        let keys = Self {
            file: file.to_owned(),
            attribute,
            name: name.to_owned(),
            values,
            labels,
            positions,
        };
        if repeated.is_empty() {
            return Ok(keys);
        }
        repeated.sort_by(|&a, &b| keys.labels[a].cmp(&keys.labels[b]));
        repeated.dedup_by(|a, b| keys.labels[*a] == keys.labels[*b]);
        let some = keys.some(&repeated)?;
        Err(keys.error(file, format!("values that are there several times: {some}")))
    }

    fn error(&self, file: &str, reason: String) -> Error {
        Error::Keys {
            what: format!("{} {:?} of {file}", self.attribute, self.name),
            reason,
        }
    }

    /// Where each of these keys is in `other`.
    ///
    /// # Errors
    /// [`Error::Keys`] naming some that are in one of the files only.
    pub(crate) fn one_to_one(&self, other: &Self) -> Result<Vec<usize>> {
        let lost = other.missing_in(self);
        let missing = self.missing_in(other);
        if lost.is_empty() && missing.is_empty() {
            let positions = self
                .labels
                .iter()
                .filter_map(|label| other.positions.get(label));
            return Ok(positions.copied().collect());
        }
        let mut reasons = Vec::new();
        for (keys, only) in [(self, missing), (other, lost)] {
            if !only.is_empty() {
                reasons.push(format!("only in {}: {}", keys.file, keys.some(&only)?));
            }
        }
        let reason = format!("not the keys of {}: {}", self.file, reasons.join("; "));
        Err(other.error(&other.file, reason))
    }

    /// Positions whose keys are not in `other`.
    fn missing_in(&self, other: &Self) -> Vec<usize> {
        let labels = self.labels.iter().enumerate();
        let missing = labels.filter(|(_, label)| !other.positions.contains_key(*label));
        missing.map(|(position, _)| position).collect()
    }

    /// Some of the values at these positions, as text.
    fn some(&self, positions: &[usize]) -> Result<String> {
        const SOME: usize = 5;
        let shown = &positions[..positions.len().min(SOME)];
        let texts = entries(&self.values.take(shown)?, self.values.dtype());
        let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
        let rest = positions.len() - shown.len();
        Ok(match rest {
            0 => texts.join(", "),
            _ => format!("{} and {rest} more", texts.join(", ")),
        })
    }
}

/// For each position of the result, where it is in each file.
#[derive(Debug, PartialEq)]
pub(super) struct Alignment {
    /// How many positions the result has.
    pub(super) len: usize,
    /// One list for each file, of a place for each position.
    pub(super) files: Vec<Vec<Option<usize>>>,
}

impl Alignment {
    /// Puts the positions of an axis side by side: by the key, or without one as they come.
    pub(super) fn new(
        inputs: &[Input<'_>],
        axis: Axis,
        key: Option<&str>,
        join: Join,
    ) -> Result<Self> {
        let Some(key) = key else {
            return Self::in_order(inputs, axis, join);
        };
        let keys: Vec<Keys> = (inputs.iter())
            .map(|input| Keys::new(&input.name, input.ds.axis_attrs(axis), key))
            .collect::<Result<_>>()?;
        let (first, others) = (&keys[0], &keys[1..]);
        if join == Join::Strict {
            others
                .iter()
                .try_for_each(|other| first.one_to_one(other).map(drop))?;
        }
        let mut labels: Vec<&Label> = first.labels.iter().collect();
        if join == Join::Inner {
            labels.retain(|label| {
                others
                    .iter()
                    .all(|keys| keys.positions.contains_key(*label))
            });
        }
        if join == Join::Outer {
            let mut seen: HashSet<&Label> = labels.iter().copied().collect();
            let of_others = others.iter().flat_map(|keys| &keys.labels);
            labels.extend(of_others.filter(|label| seen.insert(label)));
        }
        let files = keys.iter().map(|keys| {
            labels
                .iter()
                .map(|label| keys.positions.get(*label).copied())
                .collect()
        });
        Ok(Self {
            len: labels.len(),
            files: files.collect(),
        })
    }

    fn in_order(inputs: &[Input<'_>], axis: Axis, join: Join) -> Result<Self> {
        if join != Join::Strict {
            let what = format!("{join:?} join of {axis}").to_lowercase();
            return Err(Error::Misuse(format!(
                "an {what} needs a key to find them by"
            )));
        }
        let first = &inputs[0];
        let len = axis.of(first.ds.shape());
        for input in inputs {
            let shape = input.ds.shape();
            if axis.of(shape) != len {
                return Err(Error::Shape {
                    what: format!("the main matrix of {}", input.name),
                    expected: format!("{len} {axis}, as in {},", first.name),
                    found: vec![shape.0, shape.1],
                });
            }
        }
        let places: Vec<_> = (0..len).map(Some).collect();
        Ok(Self {
            len,
            files: vec![places; inputs.len()],
        })
    }
}
