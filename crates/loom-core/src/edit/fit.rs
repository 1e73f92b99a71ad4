//! Numbers into the type that a layer or attribute has.

use std::borrow::Cow;

use h5lite::{Array, DType, Number};
use ndarray::{ArrayD, IxDyn};

use crate::{
    error::{Error, Result},
    numeric::{with_number, with_numbers},
};

/// A number of any type.
#[derive(Clone, Copy, Debug)]
enum Value {
    Integer(i128),
    Float(f64),
}

/// A type that numbers can be brought into.
trait Fit: Number {
    fn value(self) -> Value;

    /// The number in this type: rounded where that is a float, `None` where it does not fit.
    fn fit(value: Value) -> Option<Self>;
}

macro_rules! fits {
    ($($integer:ty)*; $($float:ty)*) => {
        $(impl Fit for $integer {
            fn value(self) -> Value {
                Value::Integer(self.into())
            }

            fn fit(value: Value) -> Option<Self> {
                match value {
                    Value::Integer(integer) => Self::try_from(integer).ok(),
                    Value::Float(float) => whole(float).and_then(|n| Self::try_from(n).ok()),
                }
            }
        })*
        $(impl Fit for $float {
            fn value(self) -> Value {
                Value::Float(self.into())
            }

            fn fit(value: Value) -> Option<Self> {
                let float = match value {
                    Value::Integer(integer) => Self::from_f64(integer as f64),
                    Value::Float(float) => {
                        let near = Self::from_f64(float);
                        // What is finite stays finite; NaN and infinity are refused elsewhere.
                        (near.is_finite() || !float.is_finite()).then_some(near)?
                    }
                };
                Some(float)
            }
        })*
    };
}

fits!(i8 i16 i32 i64 u8 u16 u32 u64; f32 f64);

/// The integer that a float is.
fn whole(float: f64) -> Option<i128> {
    // Beyond this no type of the file holds it, and the conversion would saturate.
    const LIMIT: f64 = 1e30;
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    (float.fract() == 0.0 && float.abs() < LIMIT).then_some(float as i128)
}

/// Values as numbers of another type. Floats are rounded, as numpy does when it stores them;
/// nothing else changes.
///
/// # Errors
/// [`Error::Type`] for the first value that does not fit, of which `what` says what it is, given
/// its place in C order; and for text.
pub(crate) fn fit<'v>(
    values: &'v Array,
    target: DType,
    what: &dyn Fn(usize) -> String,
) -> Result<Cow<'v, Array>> {
    if values.dtype() == DType::Str || values.dtype().is_safe_in(target) {
        // Text is refused where it is stored.
        return Ok(Cow::Borrowed(values));
    }
    let numbers: Box<dyn Iterator<Item = Value> + '_> = with_numbers!(
        values,
        a => Box::new(a.iter().map(|&value| value.value())),
        text => Box::new(std::iter::empty())
    );
    let misfit = |at: usize, value: Value| {
        let text = match value {
            Value::Integer(integer) => integer.to_string(),
            Value::Float(float) => float.to_string(),
        };
        Error::Type {
            what: format!("the value {text} of {}", what(at)),
            expected: target.to_string(),
            found: values.dtype().to_string(),
        }
    };
    let shape = IxDyn(values.shape());
    if target == DType::F16 {
        let halves = numbers.enumerate().map(|(at, value)| {
            let float = f32::fit(value).ok_or_else(|| misfit(at, value))?;
            let half = half::f16::from_f32(float).to_f32();
            match half.is_finite() || !float.is_finite() {
                true => Ok(half),
                false => Err(misfit(at, value)),
            }
        });
        let halves = halves.collect::<Result<Vec<f32>>>()?;
        return Ok(Cow::Owned(shaped(shape, halves)));
    }
    with_number!(
        target,
        T => {
            let fitted = numbers
                .enumerate()
                .map(|(at, value)| T::fit(value).ok_or_else(|| misfit(at, value)));
            Ok(Cow::Owned(shaped(shape, fitted.collect::<Result<Vec<T>>>()?)))
        },
        text => Err(Error::Type {
            what: what(0),
            expected: target.to_string(),
            found: values.dtype().to_string(),
        })
    )
}

fn shaped<T>(shape: IxDyn, values: Vec<T>) -> Array
where
    T: Default + Clone,
    Array: From<ArrayD<T>>,
{
    ArrayD::from_shape_vec(shape, values)
        .unwrap_or_default()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Into<Array>, target: DType) -> Result<Array> {
        let values = values.into();
        fit(&values, target, &|at| format!("number {at}")).map(Cow::into_owned)
    }

    #[test]
    fn numbers_are_stored_in_another_type_where_they_fit() {
        assert_eq!(
            of(vec![1.0, -3.0], DType::I8).unwrap(),
            vec![1_i8, -3].into()
        );
        assert_eq!(
            of(vec![0.1, 3e38], DType::F32).unwrap(),
            vec![0.1_f32, 3e38].into()
        );
        assert_eq!(
            of(vec![1_i64 << 40], DType::F32).unwrap(),
            vec![(1_i64 << 40) as f32].into()
        );
        assert_eq!(
            of(vec![u64::MAX >> 1], DType::I64).unwrap(),
            vec![i64::MAX].into()
        );
        assert_eq!(
            of(vec![0.1_f32], DType::F16).unwrap(),
            vec![0.099_975_586_f32].into()
        );
        assert_eq!(
            of(vec![7_u8], DType::I64).unwrap(),
            vec![7_u8].into(),
            "left as it is"
        );
        let refused = |values: Array, target, part: &str| {
            let error = of(values, target).unwrap_err().to_string();
            let target = target.to_string();
            for part in [part, "number 1", target.as_str()] {
                assert!(error.contains(part), "{part} in {error}");
            }
        };
        refused(vec![1.0, 0.5].into(), DType::I32, "0.5");
        refused(vec![1, 300].into(), DType::U8, "300");
        refused(vec![1, -1].into(), DType::U64, "-1");
        refused(vec![1, u64::MAX].into(), DType::I64, "18446744073709551615");
        refused(vec![1.0, 1e39].into(), DType::F32, "1000000");
        refused(vec![1.0, 1e5].into(), DType::F16, "100000");
        refused(vec![1.0, f64::NAN].into(), DType::U8, "NaN");
    }
}
