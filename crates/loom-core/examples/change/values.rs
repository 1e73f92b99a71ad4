//! Values from JSON.

use loom_core::{Array, Columns, Coo, DType, Fill, LoomView, Matrix, h5lite::with_dtype};
use ndarray::{ArrayD, IxDyn};
use serde_json::{Map, Value};

use crate::input;

/// What a call gives back, or why there is nothing.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// `{"dtype", "shape", "numbers": "1 2 nan"}` or `{"shape", "texts": ["a", "b"]}`, in C order.
pub(crate) fn array(value: &Value) -> Outcome<Array> {
    let shape: Vec<usize> = serde_json::from_value(value["shape"].clone())?;
    let shape = IxDyn(&shape);
    if value["texts"].is_array() {
        let texts: Vec<String> = serde_json::from_value(value["texts"].clone())?;
        return Ok(ArrayD::from_shape_vec(shape, texts)?.into());
    }
    let numbers = input::text(value, "numbers").split_whitespace();
    Ok(with_dtype!(dtype(&value["dtype"])?, T => {
        let numbers = numbers.map(str::parse::<T>).collect::<Result<Vec<T>, _>>()?;
        ArrayD::from_shape_vec(shape, numbers)?.into()
    }))
}

pub(crate) fn dtype(value: &Value) -> Outcome<DType> {
    let named = value.as_str().and_then(DType::from_name);
    named.ok_or_else(|| format!("no type of numbers: {value}").into())
}

/// Row, column and weight of each edge or value, `{"shape", "row", "col", "data"}`.
pub(crate) fn triplets(value: &Value) -> Outcome<((usize, usize), Vec<u32>, Vec<u32>, Array)> {
    let shape = serde_json::from_value(value["shape"].clone())?;
    let row = serde_json::from_value(value["row"].clone())?;
    let col = serde_json::from_value(value["col"].clone())?;
    Ok((shape, row, col, array(&value["data"])?))
}

/// Evaluates `$body` with the sparse matrix of a type of its own that is in `$value`.
macro_rules! with_coo {
    ($value:expr, $coo:ident => $body:expr) => {{
        let (shape, row, col, data) = crate::values::triplets($value)?;
        crate::values::with_coo!(@ data, shape, row, col, $coo => $body;
            I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
    }};
    (@ $data:expr, $shape:expr, $row:expr, $col:expr, $coo:ident => $body:expr; $($kind:ident)*) => {
        match $data {
            $(loom_core::Array::$kind(data) => {
                let data: Vec<_> = data.into_iter().collect();
                let $coo = loom_core::Coo::new($shape, $row, $col, data)?;
                $body
            })*
            loom_core::Array::Str(_) => return Err("a sparse matrix of text".into()),
        }
    };
}
pub(crate) use with_coo;

/// `{"sparse": TRIPLETS}`, `{"zeros": DTYPE}` or an array.
pub(crate) fn matrix(value: &Value) -> Outcome<Matrix<'static>> {
    if value["sparse"].is_object() {
        return Ok(with_coo!(&value["sparse"], coo => coo.into()));
    }
    match &value["zeros"] {
        Value::Null => Ok(array(value)?.into()),
        name => Ok(dtype(name)?.into()),
    }
}

/// An object, which may be left out.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// `{"layers", "ca"}` of names to matrices and arrays.
pub(crate) fn columns(value: &Value) -> Outcome<Columns<'static>> {
    let mut columns = Columns::default();
    for (name, layer) in entries(&value["layers"]) {
        columns.layers.insert(name.clone(), matrix(layer)?);
    }
    for (name, values) in entries(&value["ca"]) {
        columns.ca.insert(name.clone(), array(values)?);
    }
    Ok(columns)
}

/// Columns to be added: `{"layers", "ca", "ra"}`, of dense matrices.
pub(crate) fn view(value: &Value) -> Outcome<LoomView> {
    let mut view = metadata(value)?;
    for (name, layer) in entries(&value["layers"]) {
        view.layers.insert(name.clone(), array(layer)?);
    }
    for (name, values) in entries(&value["ca"]) {
        view.ca.insert(name.clone(), array(values)?);
    }
    Ok(view)
}

/// `null`, `"auto"` or an object of names to values.
pub(crate) fn fill(value: &Value) -> Outcome<Fill> {
    Ok(match value {
        Value::Null => Fill::Drop,
        Value::String(_) => Fill::Auto,
        _ => {
            let values = entries(value).map(|(name, value)| Ok((name.clone(), array(value)?)));
            Fill::Values(values.collect::<Outcome<_>>()?)
        }
    })
}

/// What is not columns: `{"ra", "attrs", "row_graphs", "col_graphs"}`.
pub(crate) fn metadata(value: &Value) -> Outcome<LoomView> {
    let mut view = LoomView::default();
    for (name, values) in entries(&value["ra"]) {
        view.ra.insert(name.clone(), array(values)?);
    }
    for (name, values) in entries(&value["attrs"]) {
        view.attrs.insert(name.clone(), array(values)?);
    }
    for (name, graph) in entries(&value["row_graphs"]) {
        view.row_graphs.insert(name.clone(), weighted(graph)?);
    }
    for (name, graph) in entries(&value["col_graphs"]) {
        view.col_graphs.insert(name.clone(), weighted(graph)?);
    }
    Ok(view)
}

fn weighted(value: &Value) -> Outcome<Coo<f64>> {
    let (shape, row, col, data) = triplets(value)?;
    let data = data.into_typed::<f64>()?.into_iter().collect();
    Ok(Coo::new(shape, row, col, data)?)
}
