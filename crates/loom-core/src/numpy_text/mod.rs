//! Numbers and arrays as text, character for character as numpy 1.x prints them (`str(value)`).
//!
//! loompy's export is Python's `str` of one numpy value after another, so this decides its bytes.
//! A number alone prints its shortest digits that read back as itself; the entries of a
//! two-dimensional attribute are arrays and print in brackets, padded and wrapped
//! (`numpy.array2string` with its default options).

mod array;
mod float;

use h5lite::{Array, DType};
use half::f16;
use ndarray::{ArrayViewD, Axis};

use array::Item;

/// A number that numpy can print.
pub trait NumpyText: Copy {
    /// Appends `str(self)`.
    fn push_to(self, out: &mut String);
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl NumpyText for $type {
            fn push_to(self, out: &mut String) {
                out.push_str(itoa::Buffer::new().format(self));
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl NumpyText for f16 {
    fn push_to(self, out: &mut String) {
        float::push_scalar(self, out);
    }
}

impl NumpyText for f32 {
    fn push_to(self, out: &mut String) {
        // What most matrices hold: small whole numbers.
        #[allow(clippy::cast_possible_truncation, reason = "checked by the comparison")]
        let whole = self as i32;
        #[allow(clippy::cast_precision_loss, reason = "at most 24 bits")]
        if whole.unsigned_abs() < 1 << 24 && (whole as f32).to_bits() == self.to_bits() {
            whole.push_to(out);
            out.push_str(".0");
        } else if (1e-3..1e12).contains(&self.abs()) {
            out.push_str(zmij::Buffer::new().format_finite(self));
        } else {
            float::push_scalar(self, out);
        }
    }
}

impl NumpyText for f64 {
    fn push_to(self, out: &mut String) {
        #[allow(clippy::cast_possible_truncation, reason = "checked by the comparison")]
        let whole = self as i32;
        if f64::from(whole).to_bits() == self.to_bits() {
            whole.push_to(out);
            out.push_str(".0");
        } else if (1e-3..1e15).contains(&self.abs()) {
            out.push_str(zmij::Buffer::new().format_finite(self));
        } else {
            float::push_scalar(self, out);
        }
    }
}

/// `str(entry)` of every entry along the first axis, as a loop over a numpy array prints it.
///
/// `stored` is the type in the file: only `float16`, which is held as `float32`, matters. An array
/// without axes has one entry.
#[must_use]
pub fn entries(values: &Array, stored: DType) -> Vec<String> {
    match values {
        Array::F32(values) if stored == DType::F16 => {
            each(&values.mapv(f16::from_f32).view(), |out, x| x.push_to(out))
        }
        Array::Str(values) => each(&values.view(), |out, text| out.push_str(text)),
        Array::I8(a) => numbers(&a.view()),
        Array::I16(a) => numbers(&a.view()),
        Array::I32(a) => numbers(&a.view()),
        Array::I64(a) => numbers(&a.view()),
        Array::U8(a) => numbers(&a.view()),
        Array::U16(a) => numbers(&a.view()),
        Array::U32(a) => numbers(&a.view()),
        Array::U64(a) => numbers(&a.view()),
        Array::F32(a) => numbers(&a.view()),
        Array::F64(a) => numbers(&a.view()),
    }
}

/// `str(values)` of a whole array; of a single value where there are no axes.
#[must_use]
pub fn text(values: &Array) -> String {
    if values.ndim() == 0 {
        return entries(values, values.dtype()).concat();
    }
    h5lite::with_array!(values, a => array::text(&a.view()))
}

fn numbers<T: NumpyText + Item>(values: &ArrayViewD<'_, T>) -> Vec<String> {
    each(values, |out, number| number.push_to(out))
}

fn each<T: Item>(values: &ArrayViewD<'_, T>, alone: impl Fn(&mut String, &T)) -> Vec<String> {
    if values.ndim() < 2 {
        let text = |value| {
            let mut out = String::new();
            alone(&mut out, value);
            out
        };
        return values.iter().map(text).collect();
    }
    values
        .axis_iter(Axis(0))
        .map(|entry| array::text(&entry))
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;
    use serde_json::Value;

    use super::*;

    /// An array of the table with an axis of length 1 in front, so that it is the only entry.
    fn array(dtype: DType, shape: &[usize], values: &[Value]) -> Array {
        fn of<T>(shape: &[usize], values: impl Iterator<Item = T>) -> ArrayD<T> {
            let shape: Vec<usize> = [1].iter().chain(shape).copied().collect();
            ArrayD::from_shape_vec(shape, values.collect()).unwrap()
        }
        let bits = || values.iter().map(|v| v.as_u64().unwrap());
        let signed = || values.iter().map(|v| v.as_i64().unwrap());
        match dtype {
            DType::I8 => of(shape, signed().map(|v| i8::try_from(v).unwrap())).into(),
            DType::I16 => of(shape, signed().map(|v| i16::try_from(v).unwrap())).into(),
            DType::I32 => of(shape, signed().map(|v| i32::try_from(v).unwrap())).into(),
            DType::I64 => of(shape, signed()).into(),
            DType::U8 => of(shape, bits().map(|v| u8::try_from(v).unwrap())).into(),
            DType::U16 => of(shape, bits().map(|v| u16::try_from(v).unwrap())).into(),
            DType::U32 => of(shape, bits().map(|v| u32::try_from(v).unwrap())).into(),
            DType::U64 => of(shape, bits()).into(),
            DType::F16 => of(
                shape,
                bits().map(|v| f16::from_bits(u16::try_from(v).unwrap()).to_f32()),
            )
            .into(),
            DType::F32 => of(
                shape,
                bits().map(|v| f32::from_bits(u32::try_from(v).unwrap())),
            )
            .into(),
            DType::F64 => of(shape, bits().map(f64::from_bits)).into(),
            DType::Str => of(shape, values.iter().map(|v| v.as_str().unwrap().to_owned())).into(),
        }
    }

    /// The table is numpy's own, by `data/numpy_table.py`; `NUMPY_TABLE` names a longer one.
    #[test]
    fn numbers_and_arrays_print_as_numpy_prints_them() {
        let table = match std::env::var("NUMPY_TABLE") {
            Ok(path) => std::fs::read_to_string(path).unwrap(),
            Err(_) => include_str!("../../data/numpy_table.json").to_owned(),
        };
        let table: Vec<(String, Vec<usize>, Vec<Value>, String)> =
            serde_json::from_str(&table).unwrap();
        assert!(table.len() > 500);
        for (dtype, shape, values, expected) in table {
            let dtype = DType::from_name(&dtype).unwrap();
            let text = entries(&array(dtype, &shape, &values), dtype);
            assert_eq!(
                text,
                [expected],
                "{dtype} {shape:?} {:?}",
                values.get(..9).unwrap_or(&values)
            );
        }
    }
}
