//! Values as columns of Arrow: numbers in their own type, text, and lists where an entry has several.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray,
    StringArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field};
use loom_core::{Array, DType, Error, Result};

use super::file::arrow;

/// What the values of lists are called.
const ITEM: &str = "item";

/// The type of a column of entries that have so many axes.
pub(super) fn data_type(dtype: DType, axes: usize) -> DataType {
    let flat = match dtype {
        DType::I8 => DataType::Int8,
        DType::I16 => DataType::Int16,
        DType::I32 => DataType::Int32,
        DType::I64 => DataType::Int64,
        DType::U8 => DataType::UInt8,
        DType::U16 => DataType::UInt16,
        DType::U32 => DataType::UInt32,
        DType::U64 => DataType::UInt64,
        DType::F16 | DType::F32 => DataType::Float32,
        DType::F64 => DataType::Float64,
        DType::Str => DataType::Utf8,
    };
    (0..axes).fold(flat, |inner, _| DataType::List(Arc::new(item(inner))))
}

fn item(inner: DataType) -> Field {
    Field::new(ITEM, inner, false)
}

/// Entries along the first axis; each is a value, or a list, or a list of lists and so on, for every
/// further axis.
pub(super) fn column(values: &Array) -> Result<ArrayRef> {
    entries(values, values.shape())
}

/// A single entry.
pub(super) fn single(value: &Array) -> Result<ArrayRef> {
    let shape: Vec<usize> = std::iter::once(1)
        .chain(value.shape().iter().copied())
        .collect();
    entries(value, &shape)
}

fn entries(values: &Array, shape: &[usize]) -> Result<ArrayRef> {
    macro_rules! numbers {
        ($array:ident, $values:ident) => {
            Arc::new($array::from_iter_values($values.iter().copied())) as ArrayRef
        };
    }
    let mut column = match values {
        Array::I8(a) => numbers!(Int8Array, a),
        Array::I16(a) => numbers!(Int16Array, a),
        Array::I32(a) => numbers!(Int32Array, a),
        Array::I64(a) => numbers!(Int64Array, a),
        Array::U8(a) => numbers!(UInt8Array, a),
        Array::U16(a) => numbers!(UInt16Array, a),
        Array::U32(a) => numbers!(UInt32Array, a),
        Array::U64(a) => numbers!(UInt64Array, a),
        Array::F32(a) => numbers!(Float32Array, a),
        Array::F64(a) => numbers!(Float64Array, a),
        Array::Str(a) => Arc::new(StringArray::from_iter_values(a.iter())),
    };
    for axis in (1..shape.len()).rev() {
        let lists = (shape[..axis].iter()).fold(1_usize, |lists, &n| lists.saturating_mul(n));
        let ends = (0..=lists).map(|list| i32::try_from(list * shape[axis]));
        let ends: Vec<i32> = (ends.collect::<Result<_, _>>())
            .map_err(|_| Error::Misuse("more than 2^31 values in one column".to_owned()))?;
        let field = Arc::new(item(column.data_type().clone()));
        let lists = ListArray::try_new(field, OffsetBuffer::new(ends.into()), column, None);
        column = Arc::new(lists.map_err(arrow)?);
    }
    Ok(column)
}
