//! What was read against what loompy and h5py read.

use std::collections::BTreeMap;

use loom_core::{Array, Axis, Coo};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(crate) fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn positions(value: &Value) -> Vec<usize> {
    (list(value).iter())
        .map(|number| usize::try_from(number.as_u64().unwrap()).unwrap())
        .collect()
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    (list(value).iter())
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn axis(plan: &Value) -> Axis {
    let index = usize::try_from(plan["axis"].as_u64().unwrap()).unwrap();
    Axis::from_index(index).unwrap()
}

/// Compares an array with type, shape, and values or their hash.
pub(crate) fn same(what: &str, expected: &Value, found: &Array) {
    assert_eq!(found.dtype().name(), expected["dtype"], "{what}");
    assert_eq!(found.shape(), positions(&expected["shape"]), "{what}");
    if let Some(values) = expected["values"].as_array() {
        let found = match found {
            Array::Str(text) => text.iter().map(|text| Value::from(text.as_str())).collect(),
            _ => numbers(found).into_iter().map(number).collect::<Vec<_>>(),
        };
        assert_eq!(found, *values, "{what}");
        return;
    }
    let mut hash = Sha256::new();
    match found {
        Array::Str(text) => {
            for text in text {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        }
        _ => (numbers(found).iter()).for_each(|number| hash.update(number.to_le_bytes())),
    }
    let hash: String = (hash.finalize().iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hash, expected["sha256"], "{what}");
}

/// JSON of a number as the script writes it.
pub(crate) fn number(number: f64) -> Value {
    match number {
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        number if number.is_nan() => "nan".into(),
        number => number.into(),
    }
}

/// Numbers of any type as `f64`.
fn numbers(array: &Array) -> Vec<f64> {
    use loom_core::Number;
    fn all<T: Number>(array: &ndarray::ArrayD<T>) -> Vec<f64> {
        array.iter().map(|number| number.to_f64()).collect()
    }
    match array {
        Array::I8(array) => all(array),
        Array::I16(array) => all(array),
        Array::I32(array) => all(array),
        Array::I64(array) => all(array),
        Array::U8(array) => all(array),
        Array::U16(array) => all(array),
        Array::U32(array) => all(array),
        Array::U64(array) => all(array),
        Array::F32(array) => all(array),
        Array::F64(array) => all(array),
        Array::Str(_) => panic!("text where numbers were expected"),
    }
}

pub(crate) fn all_same(
    what: &str,
    expected: &Value,
    found: impl IntoIterator<Item = (String, Array)>,
) {
    let found: BTreeMap<_, _> = found.into_iter().collect();
    let names: Vec<_> = found.keys().collect();
    assert_eq!(names, object(expected).keys().collect::<Vec<_>>(), "{what}");
    for (name, array) in &found {
        same(&format!("{what} {name:?}"), &expected[name], array);
    }
}

pub(crate) fn same_graph(what: &str, expected: &Value, found: &Coo<f64>) {
    let (rows, cols) = found.shape();
    assert_eq!(vec![rows, cols], positions(&expected["shape"]), "{what}");
    let wide =
        |numbers: &[u32]| Array::from(numbers.iter().map(|&n| i64::from(n)).collect::<Vec<_>>());
    same(
        &format!("{what}: row"),
        &expected["row"],
        &wide(found.row()),
    );
    same(
        &format!("{what}: col"),
        &expected["col"],
        &wide(found.col()),
    );
    same(
        &format!("{what}: data"),
        &expected["data"],
        &found.data().into(),
    );
}

pub(crate) fn same_graphs<'a>(
    what: &str,
    expected: &Value,
    found: impl IntoIterator<Item = (&'a String, &'a Coo<f64>)>,
) {
    let found: BTreeMap<_, _> = found.into_iter().collect();
    let names: Vec<_> = found.keys().copied().collect();
    assert_eq!(names, object(expected).keys().collect::<Vec<_>>(), "{what}");
    for (name, graph) in found {
        same_graph(&format!("{what} {name:?}"), &expected[name], graph);
    }
}

/// Sorted by row, then by column, then by weight: what two programs agree on.
fn by_row(graph: &Coo<f64>) -> Coo<f64> {
    let mut edges: Vec<_> = graph.iter().collect();
    edges.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    Coo::new(
        graph.shape(),
        edges.iter().map(|edge| edge.0).collect(),
        edges.iter().map(|edge| edge.1).collect(),
        edges.iter().map(|edge| edge.2).collect(),
    )
    .unwrap()
}

pub(crate) fn all_by_row(graphs: &BTreeMap<String, Coo<f64>>) -> BTreeMap<String, Coo<f64>> {
    (graphs.iter())
        .map(|(name, graph)| (name.clone(), by_row(graph)))
        .collect()
}
