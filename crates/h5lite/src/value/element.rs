//! The Rust types that values are read into, and the conversion of stored numbers to them.

use half::f16;

use super::{Array, DType};

mod sealed {
    pub trait Sealed {}
}

/// A type of values in memory: `i8` to `u64`, `f32`, `f64`, `String`.
pub trait Element:
    sealed::Sealed + Clone + Default + PartialEq + Send + Sync + std::fmt::Debug + 'static
{
    /// The type's place among the [`DType`]s.
    const DTYPE: DType;

    /// The array of this type inside `array`, or the array back where it holds another type.
    ///
    /// # Errors
    /// The array itself.
    fn from_array(array: Array) -> Result<ndarray::ArrayD<Self>, Array>;

    /// The conversion of stored little-endian numbers of type `stored`, as Rust's `as`; `None`
    /// where one of the types is text.
    #[doc(hidden)]
    fn converter(stored: DType) -> Option<Convert<Self>>;

    /// Appends the little-endian bytes of numbers, or the bytes of text.
    #[doc(hidden)]
    fn put_little_endian(values: &[Self], out: &mut Vec<u8>);
}

/// An [`Element`] that is a number.
pub trait Number: Element + Copy + PartialOrd {
    /// The number as `f64`; the largest 64-bit integers are rounded.
    fn to_f64(self) -> f64;

    /// The nearest value of this type; what does not fit becomes its smallest or largest value.
    fn from_f64(value: f64) -> Self;

    /// Whether it is neither infinite nor NaN. Integers always are finite.
    fn is_finite(self) -> bool {
        self.to_f64().is_finite()
    }
}

/// Converts little-endian numbers to as many values.
#[doc(hidden)]
pub type Convert<T> = fn(&[u8], &mut [T]);

macro_rules! converter {
    ($stored:ty, $to:ty) => {
        |bytes: &[u8], out: &mut [$to]| {
            for (value, number) in out.iter_mut().zip(bytes.as_chunks().0) {
                *value = <$stored>::from_le_bytes(*number) as $to;
            }
        }
    };
}

macro_rules! numbers {
    ($($type:ty, $variant:ident;)*) => {$(
        impl sealed::Sealed for $type {}

        #[allow(
            clippy::cast_lossless,
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            trivial_numeric_casts,
            reason = "a conversion table; callers allow the lossy ones by name"
        )]
        impl Element for $type {
            const DTYPE: DType = DType::$variant;

            fn from_array(array: Array) -> Result<ndarray::ArrayD<Self>, Array> {
                match array {
                    Array::$variant(array) => Ok(array),
                    other => Err(other),
                }
            }

            fn put_little_endian(values: &[Self], out: &mut Vec<u8>) {
                let start = out.len();
                out.resize(start + size_of_val(values), 0);
                let places = out[start..].as_chunks_mut().0;
                for (place, value) in places.iter_mut().zip(values) {
                    *place = value.to_le_bytes();
                }
            }

            fn converter(stored: DType) -> Option<Convert<Self>> {
                Some(match stored {
                    DType::I8 => converter!(i8, $type),
                    DType::I16 => converter!(i16, $type),
                    DType::I32 => converter!(i32, $type),
                    DType::I64 => converter!(i64, $type),
                    DType::U8 => converter!(u8, $type),
                    DType::U16 => converter!(u16, $type),
                    DType::U32 => converter!(u32, $type),
                    DType::U64 => converter!(u64, $type),
                    DType::F16 => |bytes, out| {
                        for (value, number) in out.iter_mut().zip(bytes.as_chunks().0) {
                            *value = f16::from_le_bytes(*number).to_f64() as $type;
                        }
                    },
                    DType::F32 => converter!(f32, $type),
                    DType::F64 => converter!(f64, $type),
                    DType::Str => return None,
                })
            }
        }

        #[allow(
            clippy::cast_lossless,
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            trivial_numeric_casts,
            reason = "a conversion table; callers allow the lossy ones by name"
        )]
        impl Number for $type {
            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                value as Self
            }
        }
    )*};
}

numbers! {
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
}

impl sealed::Sealed for String {}

impl Element for String {
    const DTYPE: DType = DType::Str;

    fn from_array(array: Array) -> Result<ndarray::ArrayD<Self>, Array> {
        match array {
            Array::Str(array) => Ok(array),
            other => Err(other),
        }
    }

    fn converter(_: DType) -> Option<Convert<Self>> {
        None
    }

    fn put_little_endian(values: &[Self], out: &mut Vec<u8>) {
        for value in values {
            out.extend_from_slice(value.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_become_values() {
        let mut out = [0_i64; 2];
        i64::converter(DType::I16).unwrap()(&[0xff, 0xff, 0x02, 0x01], &mut out);
        assert_eq!(out, [-1, 258]);
        let mut out = [0_f32; 1];
        f32::converter(DType::F16).unwrap()(&[0x00, 0x3e], &mut out);
        assert_eq!(out, [1.5]);
        let mut out = [0_u64; 1];
        u64::converter(DType::U64).unwrap()(&u64::MAX.to_le_bytes(), &mut out);
        assert_eq!(out, [u64::MAX]);
    }
}
