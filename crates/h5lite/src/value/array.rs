//! Arrays whose element type is known when the program runs.

use std::ops::Range;

use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::{DType, Element};
use crate::error::{Error, Result};

/// An array of any rank with one of the element types; rank 0 is a single value.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// `int8`
    I8(ArrayD<i8>),
    /// `int16`
    I16(ArrayD<i16>),
    /// `int32`
    I32(ArrayD<i32>),
    /// `int64`
    I64(ArrayD<i64>),
    /// `uint8`
    U8(ArrayD<u8>),
    /// `uint16`
    U16(ArrayD<u16>),
    /// `uint32`
    U32(ArrayD<u32>),
    /// `uint64`
    U64(ArrayD<u64>),
    /// `float32`
    F32(ArrayD<f32>),
    /// `float64`
    F64(ArrayD<f64>),
    /// Text
    Str(ArrayD<String>),
}

/// Runs one expression for whichever array is inside: `with_array!(array, a => a.len())`.
#[macro_export]
macro_rules! with_array {
    ($array:expr, $inner:pat => $body:expr) => {
        match $array {
            $crate::Array::I8($inner) => $body,
            $crate::Array::I16($inner) => $body,
            $crate::Array::I32($inner) => $body,
            $crate::Array::I64($inner) => $body,
            $crate::Array::U8($inner) => $body,
            $crate::Array::U16($inner) => $body,
            $crate::Array::U32($inner) => $body,
            $crate::Array::U64($inner) => $body,
            $crate::Array::F32($inner) => $body,
            $crate::Array::F64($inner) => $body,
            $crate::Array::Str($inner) => $body,
        }
    };
}

/// Calls `$f::<T>($args)` with the Rust type of a [`DType`] (`float16` becomes `f32`).
#[macro_export]
macro_rules! with_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::DType::I16 => {
                type $T = i16;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::DType::U16 => {
                type $T = u16;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::U64 => {
                type $T = u64;
                $body
            }
            $crate::DType::F16 | $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::Str => {
                type $T = String;
                $body
            }
        }
    };
}

/// Runs an expression with `$T` as the Rust type of a number's [`DType`]
/// (`float16` is held as `f32`), or `$text` for text.
#[macro_export]
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr, text => $text:expr) => {
        $crate::with_number!(@ $dtype, $T, $body, $text,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64,
            F16 f32, F32 f32, F64 f64)
    };
    (@ $dtype:expr, $T:ident, $body:expr, $text:expr, $($variant:ident $type:ty),*) => {
        match $dtype {
            $($crate::DType::$variant => {
                type $T = $type;
                $body
            })*
            $crate::DType::Str => $text,
        }
    };
}

/// Runs one expression for the numbers in an [`Array`], or another for text.
#[macro_export]
macro_rules! with_numbers {
    ($array:expr, $inner:pat => $body:expr, text => $text:expr) => {
        match $array {
            $crate::Array::I8($inner) => $body,
            $crate::Array::I16($inner) => $body,
            $crate::Array::I32($inner) => $body,
            $crate::Array::I64($inner) => $body,
            $crate::Array::U8($inner) => $body,
            $crate::Array::U16($inner) => $body,
            $crate::Array::U32($inner) => $body,
            $crate::Array::U64($inner) => $body,
            $crate::Array::F32($inner) => $body,
            $crate::Array::F64($inner) => $body,
            $crate::Array::Str(_) => $text,
        }
    };
}

impl Array {
    /// Element type. Never [`DType::F16`].
    #[must_use]
    pub fn dtype(&self) -> DType {
        fn of<T: Element>(_: &ArrayD<T>) -> DType {
            T::DTYPE
        }
        with_array!(self, a => of(a))
    }

    /// Length of every axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        with_array!(self, a => a.shape())
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        with_array!(self, a => a.len())
    }

    /// Whether it holds no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The array inside, if its elements are of type `T`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] naming both types.
    pub fn into_typed<T: Element>(self) -> Result<ArrayD<T>> {
        T::from_array(self).map_err(|other| Error::Mismatch {
            expected: T::DTYPE.to_string(),
            found: other.dtype().to_string(),
        })
    }

    /// The entries at these positions of the first axis, in this order, repeats allowed.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a position outside the axis, or for an array without axes.
    pub fn take(&self, positions: &[usize]) -> Result<Self> {
        let length = self.shape().first().copied().unwrap_or(0);
        if let Some(&index) = positions.iter().find(|&&p| p >= length) {
            return Err(Error::OutOfBounds {
                axis: 0,
                index,
                length,
            });
        }
        if self.ndim() == 0 {
            return Err(Error::OutOfBounds {
                axis: 0,
                index: 0,
                length: 0,
            });
        }
        Ok(with_array!(self, a => a.select(Axis(0), positions).into()))
    }

    /// The entries of a range of positions on an axis.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for a range that is not inside the axis, or for an axis that is not
    /// there.
    pub fn part(&self, axis: usize, range: Range<usize>) -> Result<Self> {
        let length = self.shape().get(axis).copied().unwrap_or(0);
        if range.end > length || range.start > range.end || axis >= self.ndim() {
            let index = range.end.max(range.start);
            return Err(Error::OutOfBounds {
                axis,
                index,
                length,
            });
        }
        let slice = Slice::from(range);
        Ok(with_array!(self, a => a.slice_axis(Axis(axis), slice).to_owned().into()))
    }

    /// Arrays of one type next to each other along an axis; their other axes have one length.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where there is no array, or they differ.
    pub fn concatenate(axis: usize, parts: Vec<Self>) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::Mismatch {
                expected: "arrays".to_owned(),
                found: "none".to_owned(),
            });
        };
        let (dtype, mut shape) = (first.dtype(), first.shape().to_vec());
        if axis >= shape.len() {
            return Err(Error::Mismatch {
                expected: format!("arrays with an axis {axis}"),
                found: format!("{} axes", shape.len()),
            });
        }
        for part in &parts[1..] {
            let (before, after) = (
                shape.split_at(axis),
                part.shape().split_at(axis.min(part.ndim())),
            );
            if part.ndim() != shape.len() || before.0 != after.0 || before.1[1..] != after.1[1..] {
                return Err(Error::Mismatch {
                    expected: format!("an array that fits to {shape:?} along axis {axis}"),
                    found: format!("{:?}", part.shape()),
                });
            }
            shape[axis] = shape[axis].saturating_add(part.shape()[axis]);
        }
        let lines = shape[..axis].iter().product();
        let joined = with_dtype!(dtype, T => join::<T>(parts, lines, &shape)?.into());
        Ok(joined)
    }
}

/// Each of so many lines of the parts, in C order, behind that of the part before.
fn join<T: Element>(parts: Vec<Array>, lines: usize, shape: &[usize]) -> Result<ArrayD<T>> {
    let parts: Vec<ArrayD<T>> = (parts.into_iter())
        .map(Array::into_typed)
        .collect::<Result<_>>()?;
    let mut values = Vec::with_capacity(parts.iter().map(ArrayD::len).sum());
    // Copies only of those whose values stand in another order.
    let parts: Vec<_> = parts.iter().map(|part| part.as_standard_layout()).collect();
    for line in 0..lines {
        for part in &parts {
            let len = part.len() / lines;
            let of_line = part
                .as_slice()
                .and_then(|part| part.get(line * len..)?.get(..len));
            values.extend_from_slice(of_line.unwrap_or_default());
        }
    }
    ArrayD::from_shape_vec(shape, values).map_err(|error| Error::Mismatch {
        expected: format!("values of shape {shape:?}"),
        found: error.to_string(),
    })
}

macro_rules! conversions {
    ($($type:ty, $variant:ident;)*) => {$(
        impl From<ArrayD<$type>> for Array {
            fn from(array: ArrayD<$type>) -> Self {
                Self::$variant(array)
            }
        }

        /// One axis.
        impl From<Vec<$type>> for Array {
            fn from(values: Vec<$type>) -> Self {
                Self::$variant(ndarray::Array1::from_vec(values).into_dyn())
            }
        }

        /// One axis.
        impl From<&[$type]> for Array {
            fn from(values: &[$type]) -> Self {
                values.to_vec().into()
            }
        }

        /// One axis.
        impl From<ndarray::Array1<$type>> for Array {
            fn from(array: ndarray::Array1<$type>) -> Self {
                Self::$variant(array.into_dyn())
            }
        }

        /// Two axes.
        impl From<ndarray::Array2<$type>> for Array {
            fn from(array: ndarray::Array2<$type>) -> Self {
                Self::$variant(array.into_dyn())
            }
        }

        /// A single value: no axes.
        impl From<$type> for Array {
            fn from(value: $type) -> Self {
                Self::$variant(ArrayD::from_elem(IxDyn(&[]), value))
            }
        }
    )*};
}

conversions! {
    i8, I8;
    i16, I16;
    i32, I32;
    i64, I64;
    u8, U8;
    u16, U16;
    u32, U32;
    u64, U64;
    f32, F32;
    f64, F64;
    String, Str;
}

/// One axis.
impl From<&[&str]> for Array {
    fn from(values: &[&str]) -> Self {
        values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .into()
    }
}

/// A single value: no axes.
impl From<&str> for Array {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_a_whole() {
        let whole = Array::from(ndarray::arr2(&[[1_u8, 2, 3], [4, 5, 6]]));
        let parts = || vec![whole.part(1, 0..1).unwrap(), whole.part(1, 1..3).unwrap()];
        assert_eq!(parts()[0], ndarray::arr2(&[[1_u8], [4]]).into());
        assert_eq!(Array::concatenate(1, parts()).unwrap(), whole);
        assert!(Array::concatenate(0, parts()).is_err());
        assert!(Array::concatenate(2, parts()).is_err());
        assert!(Array::concatenate(0, vec![]).is_err());
        assert!(Array::concatenate(0, vec![1.0.into(), "x".into()]).is_err());
        assert!(whole.part(0, 1..3).is_err() && whole.part(2, 0..0).is_err());
        let words = Array::from(["a", "b"].as_slice());
        let twice = Array::concatenate(0, vec![words.clone(), words]).unwrap();
        assert_eq!(twice, ["a", "b", "a", "b"].as_slice().into());
    }

    #[test]
    fn parts_of_any_rank_make_the_whole_that_ndarray_makes() {
        let part = |shape: [usize; 3], first: usize| {
            let len: usize = shape.iter().product();
            let values = (first as u64..).take(len).collect();
            ArrayD::from_shape_vec(&shape[..], values).unwrap()
        };
        let lengths = [[2, 0, 1], [3, 1, 1], [2, 2, 2]];
        for axis in 0..3 {
            let parts: Vec<ArrayD<u64>> = (lengths[axis].iter().enumerate())
                .map(|(number, &length)| {
                    let mut shape = [2, 3, 4];
                    shape[axis] = length;
                    part(shape, 100 * number)
                })
                .collect();
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            let whole = ndarray::concatenate(Axis(axis), &views).unwrap();
            let parts = parts.into_iter().map(Array::from).collect();
            assert_eq!(Array::concatenate(axis, parts).unwrap(), whole.into());
        }
        // In memory an array may stand in another order.
        let turned = Array::from(part([2, 3, 4], 0).reversed_axes());
        let twice = Array::concatenate(1, vec![turned.clone(), turned.clone()]).unwrap();
        assert_eq!(twice.part(1, 3..6).unwrap(), turned);
    }

    #[test]
    fn values_keep_their_type_and_shape() {
        let array = Array::from(ndarray::arr2(&[[1_i16, 2], [3, 4]]));
        assert_eq!(
            (array.dtype(), array.shape(), array.len()),
            (DType::I16, &[2, 2][..], 4)
        );
        assert_eq!(
            array.take(&[1, 1]).unwrap(),
            ndarray::arr2(&[[3_i16, 4], [3, 4]]).into()
        );
        assert!(array.take(&[2]).is_err());
        assert!(array.clone().into_typed::<i32>().is_err());
        assert!(array.into_typed::<i16>().is_ok());
        assert_eq!(Array::from("x").shape(), &[] as &[usize]);
        assert!(Array::from(1.0).take(&[0]).is_err());
    }
}
