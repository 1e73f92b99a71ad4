//! The functions by name: those of `numpy_groupies` that give one number.

use std::{fmt, str::FromStr};

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
    pub(super) fn plain(self) -> (Self, bool) {
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
