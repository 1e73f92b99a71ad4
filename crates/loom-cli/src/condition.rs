//! Conditions on attributes: `Clusters in (3, 5) and not (Batch == 'x' or Score < 0.5)`.

mod parse;

use std::{cmp::Ordering, str::FromStr};

use loom_core::{Array, Axis, LoomConnection, h5lite::with_array};

use crate::{
    error::{Cause, Result},
    open,
};

/// A condition, not yet held against a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// The attribute is not zero.
    Holds(String),
    /// The attribute compares so with one of these values.
    Compares(String, Comparison, Vec<Literal>),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    /// Whether it holds between values that are ordered so; `None`: one is not a number.
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Different => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::More => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse::condition(text)
    }
}

impl Condition {
    /// For each position of an axis whether the condition holds there.
    ///
    /// # Errors
    /// For an attribute that there is not, that has several values for each position, or whose
    /// values are text where numbers are asked for, or the other way round.
    pub(crate) fn mask(&self, ds: &LoomConnection, axis: Axis) -> Result<Vec<bool>> {
        let length = axis.of(ds.shape());
        let join = |all: &[Self], and: bool| {
            let mut mask = vec![and; length];
            for condition in all {
                let other = condition.mask(ds, axis)?;
                for (one, other) in mask.iter_mut().zip(other) {
                    *one = if and { *one && other } else { *one || other };
                }
            }
            Ok(mask)
        };
        match self {
            Self::All(all) => join(all, true),
            Self::Any(all) => join(all, false),
            Self::Not(inner) => Ok(inner
                .mask(ds, axis)?
                .into_iter()
                .map(|holds| !holds)
                .collect()),
            Self::Holds(name) => {
                let zero = [Literal::Integer(0)];
                compare(&values(ds, axis, name)?, Comparison::Different, &zero, name)
            }
            Self::Compares(name, comparison, literals) => {
                compare(&values(ds, axis, name)?, *comparison, literals, name)
            }
        }
    }
}

/// An attribute with one value for each position.
fn values(ds: &LoomConnection, axis: Axis, name: &str) -> Result<Array> {
    let attrs = ds.axis_attrs(axis);
    let values = match attrs.get_any(name) {
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            return Err(Cause::asked(format!("{error}{others}")));
        }
        other => other?,
    };
    if *values.shape() == [axis.of(ds.shape())] {
        return Ok(values);
    }
    Err(Cause::asked(format!(
        "{name} has not one value for each of the {axis}: its shape is {:?}",
        values.shape()
    )))
}

/// A number is compared with text, or text with a number.
struct Unlike;

/// A value that can be compared with a literal of its kind.
trait Compare {
    /// How the two are ordered, if they are.
    fn with(&self, literal: &Literal) -> Result<Option<Ordering>, Unlike>;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Compare for $type {
            fn with(&self, literal: &Literal) -> Result<Option<Ordering>, Unlike> {
                use loom_core::Number;
                match literal {
                    Literal::Integer(other) => Ok(Some(i128::from(*self).cmp(&i128::from(*other)))),
                    Literal::Float(other) => Ok(self.to_f64().partial_cmp(other)),
                    Literal::Text(_) => Err(Unlike),
                }
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl Compare for f64 {
    fn with(&self, literal: &Literal) -> Result<Option<Ordering>, Unlike> {
        use loom_core::Number;
        match literal {
            Literal::Integer(other) => Ok(self.partial_cmp(&other.to_f64())),
            Literal::Float(other) => Ok(self.partial_cmp(other)),
            Literal::Text(_) => Err(Unlike),
        }
    }
}

impl Compare for f32 {
    fn with(&self, literal: &Literal) -> Result<Option<Ordering>, Unlike> {
        use loom_core::Number;
        match literal {
            // 0.1 is meant as the number that the file holds for it.
            Literal::Float(other) => Ok(self.partial_cmp(&Self::from_f64(*other))),
            other => f64::from(*self).with(other),
        }
    }
}

impl Compare for String {
    fn with(&self, literal: &Literal) -> Result<Option<Ordering>, Unlike> {
        match literal {
            Literal::Text(other) => Ok(Some(self.as_str().cmp(other))),
            _ => Err(Unlike),
        }
    }
}

/// Whether each value compares so with one of the literals.
fn compare(
    values: &Array,
    comparison: Comparison,
    literals: &[Literal],
    name: &str,
) -> Result<Vec<bool>> {
    let unlike = |literal: &Literal| {
        let (is, instead) = match literal {
            Literal::Text(_) => ("numbers", "numbers"),
            _ => ("text", "text in quotes"),
        };
        Cause::asked(format!("{name} holds {is}: compare it with {instead}"))
    };
    with_array!(values, values => {
        let mut mask = Vec::with_capacity(values.len());
        for value in values {
            let mut holds = false;
            for literal in literals {
                let order = value.with(literal).map_err(|Unlike| unlike(literal))?;
                holds |= comparison.holds(order);
            }
            mask.push(holds);
        }
        Ok(mask)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(values: impl Into<Array>, condition: &str) -> Vec<bool> {
        let Condition::Compares(name, comparison, literals) = condition.parse().unwrap() else {
            panic!("{condition}");
        };
        compare(&values.into(), comparison, &literals, &name).unwrap()
    }

    #[test]
    fn numbers_and_text_compare_as_in_python() {
        let numbers = || Array::from(vec![1.0, 0.1, f64::NAN]);
        assert_eq!(mask(numbers(), "x >= 0.1"), [true, true, false]);
        assert_eq!(mask(numbers(), "x != 1"), [false, true, true]);
        assert_eq!(mask(numbers(), "x in (1, 7)"), [true, false, false]);
        assert_eq!(mask(vec![0.1_f32, 0.2], "x == 0.1"), [true, false]);
        let large = vec![u64::MAX, 1 << 63];
        assert_eq!(mask(large, "x > 9223372036854775807"), [true, true]);
        let text = vec!["B".to_owned(), "a".to_owned()];
        assert_eq!(mask(text, "x < 'a'"), [true, false]);
    }

    #[test]
    fn unlike_values_are_refused() {
        let compare = |values: Array, literal| {
            compare(&values, Comparison::Equal, &[literal], "x")
                .unwrap_err()
                .to_string()
        };
        let text = vec!["1".to_owned()];
        assert!(compare(text.into(), Literal::Integer(1)).contains("text in quotes"));
        assert!(compare(vec![1].into(), Literal::Text("1".into())).contains("holds numbers"));
    }
}
