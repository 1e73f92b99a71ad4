//! What one row makes of its groups: the functions of `numpy_groupies`.

use std::{fmt, str::FromStr};

use h5lite::Number;

use super::groups::Groups;
use crate::error::Error;

/// A function of the values of a group, with the names and meanings of `numpy_groupies`.
///
/// The `Nan` forms leave out values that are not a number; of nothing they make 0. In the others
/// one such value makes the result not a number; for `All` and `Any` it counts as true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Func {
    /// The sum.
    Sum,
    /// The product.
    Prod,
    /// The arithmetic mean.
    Mean,
    /// The variance, with the number of values as the divisor.
    Var,
    /// The standard deviation, with the number of values as the divisor.
    Std,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The value of the first column.
    First,
    /// The value of the last column.
    Last,
    /// The value in the middle, or the mean of the two there.
    Median,
    /// 1 if no value is zero, else 0.
    All,
    /// 1 if some value is not zero, else 0.
    Any,
    /// The number of values.
    Len,
    /// [`Sum`](Self::Sum) of the numbers.
    NanSum,
    /// [`Prod`](Self::Prod) of the numbers.
    NanProd,
    /// [`Mean`](Self::Mean) of the numbers.
    NanMean,
    /// [`Var`](Self::Var) of the numbers.
    NanVar,
    /// [`Std`](Self::Std) of the numbers.
    NanStd,
    /// [`Min`](Self::Min) of the numbers.
    NanMin,
    /// [`Max`](Self::Max) of the numbers.
    NanMax,
    /// The first number.
    NanFirst,
    /// The last number.
    NanLast,
    /// [`Median`](Self::Median) of the numbers.
    NanMedian,
    /// [`All`](Self::All) of the numbers.
    NanAll,
    /// [`Any`](Self::Any) of the numbers.
    NanAny,
    /// How many are numbers.
    NanLen,
}

impl Func {
    /// Every function.
    pub const ALL: [Self; 26] = [
        Self::Sum,
        Self::Prod,
        Self::Mean,
        Self::Var,
        Self::Std,
        Self::Min,
        Self::Max,
        Self::First,
        Self::Last,
        Self::Median,
        Self::All,
        Self::Any,
        Self::Len,
        Self::NanSum,
        Self::NanProd,
        Self::NanMean,
        Self::NanVar,
        Self::NanStd,
        Self::NanMin,
        Self::NanMax,
        Self::NanFirst,
        Self::NanLast,
        Self::NanMedian,
        Self::NanAll,
        Self::NanAny,
        Self::NanLen,
    ];

    /// `numpy_groupies`' name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Mean => "mean",
            Self::Var => "var",
            Self::Std => "std",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Last => "last",
            Self::Median => "median",
            Self::All => "all",
            Self::Any => "any",
            Self::Len => "len",
            Self::NanSum => "nansum",
            Self::NanProd => "nanprod",
            Self::NanMean => "nanmean",
            Self::NanVar => "nanvar",
            Self::NanStd => "nanstd",
            Self::NanMin => "nanmin",
            Self::NanMax => "nanmax",
            Self::NanFirst => "nanfirst",
            Self::NanLast => "nanlast",
            Self::NanMedian => "nanmedian",
            Self::NanAll => "nanall",
            Self::NanAny => "nanany",
            Self::NanLen => "nanlen",
        }
    }

    /// The function itself, and whether values that are not a number are left out.
    fn plain(self) -> (Self, bool) {
        match self {
            Self::NanSum => (Self::Sum, true),
            Self::NanProd => (Self::Prod, true),
            Self::NanMean => (Self::Mean, true),
            Self::NanVar => (Self::Var, true),
            Self::NanStd => (Self::Std, true),
            Self::NanMin => (Self::Min, true),
            Self::NanMax => (Self::Max, true),
            Self::NanFirst => (Self::First, true),
            Self::NanLast => (Self::Last, true),
            Self::NanMedian => (Self::Median, true),
            Self::NanAll => (Self::All, true),
            Self::NanAny => (Self::Any, true),
            Self::NanLen => (Self::Len, true),
            plain => (plain, false),
        }
    }

    /// The function's value for each group of one row.
    pub(super) fn of_row<T: Cell>(self, row: &[T], groups: &Groups) -> Vec<f64> {
        let (plain, skips) = self.plain();
        let mut members = Vec::new();
        let skipped = |value: &T| skips && value.is_nan();
        (groups.members())
            .map(|columns| {
                members.clear();
                members.extend(
                    columns
                        .iter()
                        .filter_map(|&column| row.get(column))
                        .copied(),
                );
                if skips && members.iter().any(|value| value.is_nan()) {
                    members.retain(|value| !skipped(value));
                }
                if members.is_empty() {
                    0.0
                } else {
                    plain.of_group(&mut members)
                }
            })
            .collect()
    }

    /// The function's value for some values, at least one, which may be put in another order.
    fn of_group<T: Cell>(self, values: &mut [T]) -> f64 {
        let boolean = |truth: bool| f64::from(u8::from(truth));
        match self {
            Self::Prod => T::product(values),
            Self::Mean => T::rounded(mean(values)),
            Self::Var => T::rounded(variance(values)),
            Self::Std => T::rounded(variance(values).sqrt()),
            Self::Min => extreme(values, |a, b| a < b),
            Self::Max => extreme(values, |a, b| a > b),
            Self::First => values.first().map_or(0.0, |value| value.to_f64()),
            Self::Last => values.last().map_or(0.0, |value| value.to_f64()),
            // Which of several zeros is in the middle is chance: the result is never -0.
            Self::Median => median(values) + 0.0,
            Self::All => boolean(values.iter().all(|&value| value != T::default())),
            Self::Any => boolean(values.iter().any(|&value| value != T::default())),
            Self::Len => real(values.len()),
            _ => T::rounded(T::sum(values)),
        }
    }
}

impl fmt::Display for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `numpy_groupies`' name.
impl FromStr for Func {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|function| function.name() == name)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                Error::Misuse(format!(
                    "no function named {name:?} to aggregate by; there are {names}"
                ))
            })
    }
}

/// A number as the functions take it.
pub(super) trait Cell: Number + crate::numpy_text::NumpyText {
    /// Whether it is not a number.
    fn is_nan(self) -> bool;

    /// The exact sum of integers; of floating-point numbers the sum in `f64`, one after the other.
    fn sum(values: &[Self]) -> f64;

    /// The product in the type that numpy takes it in; of integers in `f64`.
    fn product(values: &[Self]) -> f64;

    /// Half of the sum of two numbers, in the type that numpy takes it in.
    fn middle(a: Self, b: Self) -> f64;

    /// A result of floating-point numbers as their own type holds it.
    fn rounded(value: f64) -> f64;
}

macro_rules! integers {
    ($($type:ty, $sum:ty;)*) => {$(
        impl Cell for $type {
            fn is_nan(self) -> bool {
                false
            }

            #[allow(clippy::cast_precision_loss, reason = "the result is a float")]
            fn sum(values: &[Self]) -> f64 {
                values.iter().map(|&value| <$sum>::from(value)).sum::<$sum>() as f64
            }

            fn product(values: &[Self]) -> f64 {
                values.iter().map(|value| value.to_f64()).product()
            }

            fn middle(a: Self, b: Self) -> f64 {
                f64::midpoint(a.to_f64(), b.to_f64())
            }

            fn rounded(value: f64) -> f64 {
                value
            }
        }
    )*};
}

// A row has fewer than 2^32 values in memory.
integers! {
    i8, i64;
    i16, i64;
    i32, i64;
    i64, i128;
    u8, i64;
    u16, i64;
    u32, i64;
    u64, i128;
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            fn sum(values: &[Self]) -> f64 {
                values.iter().fold(0.0, |sum, value| sum + value.to_f64())
            }

            fn product(values: &[Self]) -> f64 {
                values.iter().product::<Self>().to_f64()
            }

            fn middle(a: Self, b: Self) -> f64 {
                ((a + b) / 2.0).to_f64()
            }

            fn rounded(value: f64) -> f64 {
                Self::from_f64(value).to_f64()
            }
        }
    )*};
}

floats!(f32 f64);

fn mean<T: Cell>(values: &[T]) -> f64 {
    T::sum(values) / real(values.len())
}

fn variance<T: Cell>(values: &[T]) -> f64 {
    let mean = mean(values);
    let square = |value: &T| (value.to_f64() - mean) * (value.to_f64() - mean);
    values.iter().map(square).sum::<f64>() / real(values.len())
}

fn extreme<T: Cell>(values: &[T], is_better: impl Fn(T, T) -> bool) -> f64 {
    let better = |a: T, b: T| if a.is_nan() || is_better(a, b) { a } else { b };
    values
        .iter()
        .copied()
        .reduce(better)
        .map_or(0.0, Number::to_f64)
}

fn median<T: Cell>(values: &mut [T]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let is_odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, order);
    if is_odd {
        return upper.to_f64();
    }
    let lower = below
        .iter()
        .copied()
        .reduce(|a, b| if b > a { b } else { a });
    T::middle(lower.unwrap_or(upper), upper)
}

/// A count as a number.
#[allow(clippy::cast_precision_loss, reason = "no group has 2^53 columns")]
fn real(count: usize) -> f64 {
    count as f64
}
