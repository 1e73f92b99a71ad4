//! A single value in each form of output: shortest text, the bytes of `npy`.

use std::fmt::Write;

use half::f16;
use loom_core::{Array, DType};
use ndarray::{ArrayD, ArrayViewD, Axis};
use serde::Serialize;

/// A value that can be written.
pub trait Cell: Serialize {
    /// Appends the shortest text that reads back as the same value.
    fn push_text(&self, out: &mut String);

    /// Appends the bytes numpy stores, those of text in `width` characters.
    fn push_npy(&self, stored: DType, width: usize, out: &mut Vec<u8>);

    /// How many characters of text it is; numbers are none.
    fn characters(&self) -> usize {
        0
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn push_text(&self, out: &mut String) {
                push(out, self);
            }

            fn push_npy(&self, _: DType, _: usize, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn push_text(&self, out: &mut String) {
                let size = self.abs();
                if *self == 0.0 && self.is_sign_positive() {
                    out.push('0');
                } else if (1e-5..1e16).contains(&size) || size == 0.0 || !self.is_finite() {
                    push(out, self);
                } else {
                    push(out, format_args!("{self:e}"));
                }
            }

            fn push_npy(&self, stored: DType, _: usize, out: &mut Vec<u8>) {
                if stored == DType::F16 {
                    // It was one, so that nothing is lost.
                    out.extend(f16::from_f64(f64::from(*self)).to_le_bytes());
                } else {
                    out.extend(self.to_le_bytes());
                }
            }
        }
    )*};
}

floats!(f32 f64);

impl Cell for String {
    fn push_text(&self, out: &mut String) {
        out.push_str(self);
    }

    /// UTF-32, as numpy keeps text; the rest is filled with zeros.
    fn push_npy(&self, _: DType, width: usize, out: &mut Vec<u8>) {
        let end = out.len() + width * 4;
        for c in self.chars().take(width) {
            out.extend(u32::from(c).to_le_bytes());
        }
        out.resize(end, 0);
    }

    fn characters(&self) -> usize {
        self.chars().count()
    }
}

fn push(out: &mut String, value: impl std::fmt::Display) {
    // A String takes everything.
    let _ = write!(out, "{value}");
}

/// The rows of an array: its entries along the first axis, or itself where it is a single value.
pub fn entries<T>(values: &ArrayD<T>) -> impl Iterator<Item = ArrayViewD<'_, T>> {
    let single = (values.ndim() == 0).then(|| values.view());
    let rows = single.is_none().then(|| values.axis_iter(Axis(0)));
    single.into_iter().chain(rows.into_iter().flatten())
}

/// How many characters the longest text in an array has.
#[must_use]
pub fn widest(array: &Array) -> usize {
    match array {
        Array::Str(texts) => texts.iter().map(Cell::characters).max().unwrap_or(0),
        _ => 0,
    }
}

/// The value with this number, in C order, as text; empty where there is none.
#[must_use]
pub fn text(array: &Array, position: usize) -> String {
    let mut text = String::new();
    h5lite::with_array!(array, values => {
        if let Some(value) = values.iter().nth(position) {
            value.push_text(&mut text);
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: Cell + Copy>(value: T) -> String {
        let mut text = String::new();
        value.push_text(&mut text);
        text
    }

    #[test]
    fn numbers_read_back_as_themselves() {
        for value in [
            0.1_f64,
            -2.5,
            1e300,
            5e-324,
            123_456_789.0,
            1e15,
            1e16,
            1e22,
            3e-5,
            3e-6,
            -0.0,
        ] {
            let text = shown(value);
            assert_eq!(
                text.parse::<f64>().unwrap().to_bits(),
                value.to_bits(),
                "{text}"
            );
            assert!(text.len() < 20, "{text}");
        }
        assert_eq!((shown(3.0_f32), shown(0.1_f32)), ("3".into(), "0.1".into()));
        assert_eq!(
            (shown(f64::NAN), shown(f32::NEG_INFINITY)),
            ("NaN".into(), "-inf".into())
        );
        assert_eq!(
            (shown(0.0_f64), shown(u64::MAX)),
            ("0".into(), u64::MAX.to_string())
        );
    }
}
