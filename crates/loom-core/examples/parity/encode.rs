//! Values to JSON.

use std::{collections::BTreeMap, fmt::Write};

use loom_core::{Array, Coo, DType, LoomView};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Arrays of up to so many values are given in full, for the message when they differ.
const SHORT: usize = 40;

/// Type, shape and hash: of the little-endian values in C order with every NaN alike, of text the
/// length of each in eight bytes and its bytes.
pub(crate) fn array(array: &Array) -> Value {
    let mut bytes = Vec::new();
    macro_rules! put {
        ($values:expr, $number:ident => $canonical:expr) => {
            for &$number in $values {
                bytes.extend($canonical.to_le_bytes());
            }
        };
    }
    match array {
        Array::I8(a) => put!(a, x => x),
        Array::I16(a) => put!(a, x => x),
        Array::I32(a) => put!(a, x => x),
        Array::I64(a) => put!(a, x => x),
        Array::U8(a) => put!(a, x => x),
        Array::U16(a) => put!(a, x => x),
        Array::U32(a) => put!(a, x => x),
        Array::U64(a) => put!(a, x => x),
        Array::F32(a) => put!(a, x => if x.is_nan() { f32::from_bits(0x7fc0_0000) } else { x }),
        Array::F64(a) => {
            put!(a, x => if x.is_nan() { f64::from_bits(0x7ff8 << 48) } else { x });
        }
        Array::Str(a) => {
            for text in a {
                bytes.extend((text.len() as u64).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    let mut hash = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(hash, "{byte:02x}").expect("a String takes everything");
    }
    let shown = if array.len() > SHORT {
        Value::Null
    } else {
        loom_core::h5lite::with_array!(array, a => {
            a.iter().map(|value| Value::from(format!("{value:?}"))).collect()
        })
    };
    json!({
        "dtype": array.dtype().name(),
        "shape": array.shape(),
        "sha256": hash,
        "shown": shown,
    })
}

/// A sparse matrix: rows, columns and values in order of row, then column.
pub(crate) fn coo(graph: &Coo<f64>, sorted: bool) -> Value {
    let mut triplets: Vec<(u32, u32, f64)> = graph.iter().collect();
    if sorted {
        triplets.sort_by_key(|&(row, col, _)| (row, col));
    }
    let rows: Vec<u32> = triplets.iter().map(|t| t.0).collect();
    let cols: Vec<u32> = triplets.iter().map(|t| t.1).collect();
    let data: Vec<f64> = triplets.iter().map(|t| t.2).collect();
    json!({
        "shape": [graph.shape().0, graph.shape().1],
        "row": array(&rows.into()),
        "col": array(&cols.into()),
        "data": array(&data.into()),
    })
}

/// Each array of a map.
pub(crate) fn arrays(map: &BTreeMap<String, Array>) -> Value {
    map.iter()
        .map(|(name, values)| (name.clone(), array(values)))
        .collect::<Map<_, _>>()
        .into()
}

/// Each graph of a map.
pub(crate) fn graphs(map: &BTreeMap<String, Coo<f64>>) -> Value {
    map.iter()
        .map(|(name, graph)| (name.clone(), coo(graph, true)))
        .collect::<Map<_, _>>()
        .into()
}

/// Everything but the global attributes.
pub(crate) fn view(view: &LoomView) -> Value {
    json!({
        "layers": arrays(&view.layers),
        "ra": arrays(&view.ra),
        "ca": arrays(&view.ca),
        "row_graphs": graphs(&view.row_graphs),
        "col_graphs": graphs(&view.col_graphs),
    })
}

/// Labels from JSON: whole numbers, numbers or text.
pub(crate) fn labels(values: &[Value]) -> Array {
    if let Some(whole) = values.iter().map(Value::as_i64).collect::<Option<Vec<_>>>() {
        return whole.into();
    }
    if let Some(numbers) = values.iter().map(Value::as_f64).collect::<Option<Vec<_>>>() {
        return numbers.into();
    }
    let texts = values
        .iter()
        .map(|value| value.as_str().unwrap_or_default().to_owned());
    let texts: Array = texts.collect::<Vec<_>>().into();
    debug_assert_eq!(texts.dtype(), DType::Str);
    texts
}
