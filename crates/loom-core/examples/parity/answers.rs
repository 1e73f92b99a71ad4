//! One function for each question.

use std::{collections::BTreeMap, fs::File, io::BufWriter};

use loom_core::{
    Aggregate, Array, Axis, Format, GroupBy, LoomConnection, LoomValidator, Mode, Result, Stat,
    Strictness, connect, h5lite,
};
use ndarray::ArrayView1;
use serde_json::{Map, Value, json};

use crate::{encode, input};

/// Whether the file opens with validation.
pub(crate) fn open(path: &str) -> Result<Value> {
    connect(path, Mode::Read).map(|ds| json!({"shape": [ds.shape().0, ds.shape().1]}))
}

pub(crate) fn keys(ds: &LoomConnection) -> Result<Value> {
    Ok(json!({
        "shape": [ds.shape().0, ds.shape().1],
        "layers": ds.layers().keys()?,
        "ra": ds.ra().keys()?,
        "ca": ds.ca().keys()?,
        "row_graphs": ds.row_graphs().keys()?,
        "col_graphs": ds.col_graphs().keys()?,
        "attrs": ds.attrs().keys()?,
    }))
}

pub(crate) fn attribute(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let attrs = ds.axis_attrs(input::axis(question));
    Ok(encode::array(
        &attrs.get_any(input::text(question, "name"))?,
    ))
}

pub(crate) fn stack(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let names = question["names"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    Ok(encode::array(
        &ds.axis_attrs(input::axis(question)).stack(&names)?,
    ))
}

pub(crate) fn globals(ds: &LoomConnection) -> Result<Value> {
    let globals: BTreeMap<String, Array> = ds.attrs().iter()?.collect::<Result<_>>()?;
    Ok(encode::arrays(&globals))
}

pub(crate) fn graphs(ds: &LoomConnection) -> Result<Value> {
    let of = |axis| -> Result<Value> {
        let graphs = ds.axis_graphs(axis).iter()?;
        let graphs = graphs.map(|graph| graph.map(|(name, g)| (name, encode::coo(&g, false))));
        Ok(graphs.collect::<Result<Map<_, _>>>()?.into())
    };
    Ok(json!({"row": of(Axis::Rows)?, "col": of(Axis::Cols)?}))
}

pub(crate) fn read(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let (rows, cols) = (&question["rows"], &question["cols"]);
    let layer = ds.layer(input::text(question, "layer"))?;
    let block = layer.read_any(input::selection(rows), input::selection(cols))?;
    Ok(encode::array(&block))
}

pub(crate) fn view(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let (rows, cols) = (&question["rows"], &question["cols"]);
    Ok(encode::view(
        &ds.view(input::selection(rows), input::selection(cols))?,
    ))
}

pub(crate) fn sparse(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let (rows, cols) = (&question["rows"], &question["cols"]);
    let layer = ds.layer(input::text(question, "layer"))?;
    let matrix = layer.sparse::<f64>(input::selection(rows), input::selection(cols))?;
    Ok(encode::coo(&matrix, true))
}

pub(crate) fn scan(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let mut scan = ds.scan(input::axis(question));
    if !question["items"].is_null() {
        scan = scan.items(input::selection(&question["items"]));
    }
    if let Some(layers) = question["layers"].as_array() {
        scan = scan.layers(layers.iter().filter_map(Value::as_str));
    }
    if let Some(key) = question["key"].as_str() {
        scan = scan.key(key);
    }
    if !question["batch_size"].is_null() {
        scan = scan.batch_size(input::number(&question["batch_size"]));
    }
    let batches = scan.into_iter().map(|batch| {
        let batch = batch?;
        let view = encode::view(&batch.view);
        Ok(json!({"start": batch.start, "indices": batch.indices, "view": view}))
    });
    Ok(Value::Array(batches.collect::<Result<_>>()?))
}

/// One row or column.
type Lane<'a> = ArrayView1<'a, f64>;
type Function = fn(Lane<'_>) -> f64;

const FUNCTIONS: [(&str, Function); 5] = [
    ("count_nonzero", |lane| {
        lane.fold(0.0, |count, &x| count + f64::from(u8::from(x != 0.0)))
    }),
    ("max", |lane| {
        lane.fold(
            f64::NEG_INFINITY,
            |a, &b| if a > b || a.is_nan() { a } else { b },
        )
    }),
    ("min", |lane| {
        lane.fold(
            f64::INFINITY,
            |a, &b| if a < b || a.is_nan() { a } else { b },
        )
    }),
    ("last", |lane| lane.last().copied().unwrap_or(0.0)),
    ("sum", |lane| lane.sum()),
];

/// Numbers as text, which JSON needs for those that are not finite.
fn numbers(values: &ndarray::Array1<f64>) -> Value {
    values
        .iter()
        .map(|value| Value::from(format!("{value:?}")))
        .collect()
}

pub(crate) fn map(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let mut functions = FUNCTIONS.map(|(_, function)| function);
    let mut functions = functions
        .each_mut()
        .map(|f| f as &mut dyn FnMut(Lane<'_>) -> f64);
    let across = input::selection(&question["selection"]);
    let layer = ds.layer(input::text(question, "layer"))?;
    let results = layer.map(input::axis(question), across, &mut functions)?;
    Ok((FUNCTIONS.iter().zip(results))
        .map(|((name, _), values)| ((*name).to_owned(), numbers(&values)))
        .collect::<Map<_, _>>()
        .into())
}

pub(crate) fn stats(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let across = input::selection(&question["selection"]);
    let layer = ds.layer(input::text(question, "layer"))?;
    let stats = [
        ("sum", Stat::Sum),
        ("mean", Stat::Mean),
        ("var", Stat::Variance),
        ("count_nonzero", Stat::Nonzeros),
        ("min", Stat::Min),
        ("max", Stat::Max),
    ];
    let results = layer.stats(input::axis(question), across, &stats.map(|(_, stat)| stat))?;
    Ok((stats.iter().zip(results))
        .map(|((name, _), values)| ((*name).to_owned(), numbers(&values)))
        .collect::<Map<_, _>>()
        .into())
}

pub(crate) fn aggregate(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let group_by = match &question["group_by"] {
        Value::String(name) => GroupBy::from(name.as_str()),
        Value::Array(names) => GroupBy::from(
            names
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        ),
        labels => encode::labels(labels["labels"].as_array().map_or(&[], Vec::as_slice)).into(),
    };
    let mut how = Aggregate::by(group_by)
        .function(input::text(question, "function").parse()?)
        .layer(input::text(question, "layer"))
        .columns_if_equal(question["if_equal"] == true);
    for (name, function) in question["columns"].as_object().into_iter().flatten() {
        how = how.column(name, function.as_str().unwrap_or_default().parse()?);
    }
    Ok(encode::view(&ds.aggregate(&how)?))
}

/// Writes the text to the path in `to`.
pub(crate) fn export(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let mut out = BufWriter::new(File::create(input::text(question, "to"))?);
    ds.export(&mut out, input::text(question, "layer"), Format::Tab)?;
    Ok(Value::Null)
}

pub(crate) fn validate(path: &str, question: &Value) -> Result<Value> {
    let validator = match question["version"].as_str() {
        Some(version) => LoomValidator::with_version(version),
        None => LoomValidator::new(),
    };
    let strictness = match input::text(question, "strictness") {
        "conventions" => Strictness::Conventions,
        _ => Strictness::SpecOnly,
    };
    let report = validator.validate(path, strictness)?;
    Ok(json!({
        "version": report.version,
        "errors": report.errors,
        "warnings": report.warnings,
        "summary": report.summary,
    }))
}

pub(crate) fn last_modified(ds: &LoomConnection) -> Result<Value> {
    let layers = ds.layers().iter()?.map(|layer| {
        let layer = layer?;
        Ok((layer.name().to_owned(), json!(layer.last_modified()?)))
    });
    let attrs = |axis| -> Result<Value> {
        let attrs = ds.axis_attrs(axis);
        let stamps = attrs.keys()?.into_iter().map(|name| {
            let stamp = attrs.last_modified_of(&name)?;
            Ok((name, json!(stamp)))
        });
        Ok(json!({
            "itself": group_stamp(ds, axis.attrs_path())?,
            "latest": attrs.last_modified()?,
            "each": stamps.collect::<Result<Map<_, _>>>()?,
        }))
    };
    let graphs = |axis| -> Result<Value> {
        let graphs = ds.axis_graphs(axis);
        let stamps = graphs.keys()?.into_iter().map(|name| {
            let stamp = graphs.last_modified_of(&name)?;
            Ok((name, json!(stamp)))
        });
        Ok(json!({
            "latest": graphs.last_modified()?,
            "each": stamps.collect::<Result<Map<_, _>>>()?,
        }))
    };
    Ok(json!({
        "file": ds.last_modified()?,
        "layers": layers.collect::<Result<Map<_, _>>>()?,
        "ra": attrs(Axis::Rows)?,
        "ca": attrs(Axis::Cols)?,
        "row_graphs": graphs(Axis::Rows)?,
        "col_graphs": graphs(Axis::Cols)?,
    }))
}

/// The stamp of a group itself.
fn group_stamp(ds: &LoomConnection, path: &str) -> Result<Option<String>> {
    let stamp = (ds.file().group(path)).and_then(|group| group.attribute("last_modified"));
    match stamp {
        Ok(stamp) => Ok(stamp.read::<String>()?.first().cloned()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(h5lite::Error::into(error)),
    }
}

pub(crate) fn changes(ds: &LoomConnection, question: &Value) -> Result<Value> {
    let changes = ds.get_changes_since(input::text(question, "since"))?;
    Ok(json!({
        "row_graphs": changes.row_graphs,
        "col_graphs": changes.col_graphs,
        "row_attrs": changes.row_attrs,
        "col_attrs": changes.col_attrs,
        "layers": changes.layers,
    }))
}
