//! Changes Loom files as it is told in JSON, for the comparison with loompy in
//! `tests/oracle/parity_changes.py`.
//!
//! ```text
//! change < lines.json > answers.json
//! ```
//!
//! A line is `{"path", "calls": [CALL, ...]}`: the calls are made through one connection to the
//! file; with `"new": true` to a file that is made for it, with `"atomically": true` as one change.
//! Or it is `{"path", "create": PARTS}` or `{"path", "combine": OPTIONS}`. The answer to each is `{"ok": ANSWERS}` or
//! `{"error": TEXT}`. A call is an object whose `call` is a name of [`call`].

#[path = "../parity/input.rs"]
mod input;
mod values;

use std::io::{self, BufRead, Write};

use loom_core::{AddLoom, Aggregate, Combine, Connect, Create, LoomConnection, Mode, SpecVersion};
use serde_json::{Value, json};

use crate::values::{Outcome, array, columns, entries, fill, matrix, metadata, view, with_coo};

fn main() -> Outcome<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let answer = match answer(&line) {
            Ok(answers) => json!({ "ok": answers }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &Value) -> Outcome<Value> {
    let path = input::text(line, "path");
    if line["create"].is_object() {
        return create(path, &line["create"]);
    }
    if line["combine"].is_object() {
        return combine(path, &line["combine"]);
    }
    let mut ds = match line["new"] == true {
        true => loom_core::new(path)?,
        false => (Connect::new().mode(Mode::ReadWrite).validate(false)).open(path)?,
    };
    let calls = line["calls"].as_array().ok_or("no calls")?;
    if line["atomically"] != true {
        return calls.iter().map(|given| call(&mut ds, given)).collect();
    }
    let mut refused = None;
    let answers = ds.atomically(|ds| {
        let answers: Outcome<Value> = calls.iter().map(|given| call(ds, given)).collect();
        answers.map_err(|error| {
            refused = Some(error);
            loom_core::Error::Misuse("a call failed".to_owned())
        })
    });
    match refused {
        Some(error) => Err(error),
        None => Ok(answers?),
    }
}

fn create(path: &str, parts: &Value) -> Outcome<Value> {
    let spec = match input::text(parts, "spec") {
        "" => SpecVersion::V3,
        version => version.parse()?,
    };
    let (rest, columns) = (metadata(parts)?, columns(parts)?);
    Create::new().spec(spec).write(path, |file| {
        file.metadata(&rest)?;
        file.columns(columns)
    })?;
    Ok(Value::Null)
}

fn call(ds: &mut LoomConnection, call: &Value) -> Outcome<Value> {
    match input::text(call, "call") {
        "set" => set(ds, call)?,
        "remove" => remove(ds, call)?,
        "rename" => rename(ds, call)?,
        "write" => {
            let (rows, cols) = (
                input::selection(&call["rows"]),
                input::selection(&call["cols"]),
            );
            let layer = input::text(call, "layer");
            (ds.layers_mut()).write(layer, rows, cols, array(&call["value"])?)?;
        }
        "permute" => {
            let order: Vec<usize> = serde_json::from_value(call["order"].clone())?;
            ds.permute(input::axis(call), &order)?;
        }
        "add_columns" => {
            let dropped = ds.add_columns(&view(call)?, &fill(&call["fill"])?)?;
            return Ok(dropped.into());
        }
        "add_loom" => {
            let dropped = ds.add_loom(input::text(call, "file"), &add_loom(call)?)?;
            return Ok(dropped.into());
        }
        "aggregate" => ds.aggregate_into(input::text(call, "to"), &aggregate(call)?)?,
        other => return Err(format!("no call {other:?}").into()),
    }
    Ok(Value::Null)
}

/// `"key"`, `"fill"`, `"batch_size"`, `"convert_attrs"`, `"include_graphs"`, each of which can be left
/// out.
fn add_loom(call: &Value) -> Outcome<AddLoom> {
    let mut how = AddLoom::new()
        .fill(fill(&call["fill"])?)
        .convert_attrs(call["convert_attrs"] == true)
        .include_graphs(call["include_graphs"] == true);
    if let Some(key) = call["key"].as_str() {
        how = how.key(key);
    }
    if call["batch_size"].is_u64() {
        how = how.batch_size(input::number(&call["batch_size"]));
    }
    Ok(how)
}

/// `"by"`: an attribute, `"function"`, `"layer"`, `"columns"` of names to functions, `"if_equal"`.
fn aggregate(call: &Value) -> Outcome<Aggregate> {
    let mut how = Aggregate::by(input::text(call, "by"))
        .function(input::text(call, "function").parse()?)
        .layer(input::text(call, "layer"))
        .columns_if_equal(call["if_equal"] == true);
    for (name, function) in entries(&call["columns"]) {
        how = how.column(name, function.as_str().unwrap_or_default().parse()?);
    }
    Ok(how)
}

/// `{"combine": {"files", "key"}}`, written to `path`.
fn combine(path: &str, how: &Value) -> Outcome<Value> {
    let files: Vec<String> = serde_json::from_value(how["files"].clone())?;
    let mut combine = Combine::new(files).convert_attrs(how["convert_attrs"] == true);
    if let Some(key) = how["key"].as_str() {
        combine = combine.key(key);
    }
    for (name, value) in entries(&how["attrs"]) {
        combine = combine.attr(name, array(value)?);
    }
    Ok(combine.write(path)?.dropped.into())
}

fn set(ds: &mut LoomConnection, call: &Value) -> Outcome<()> {
    let (name, value) = (input::text(call, "name"), &call["value"]);
    match input::text(call, "of") {
        "ra" => ds.ra_mut().insert(name, array(value)?)?,
        "ca" => ds.ca_mut().insert(name, array(value)?)?,
        "attrs" => ds.attrs_mut().insert(name, array(value)?)?,
        "layers" => ds.layers_mut().insert(name, matrix(value)?)?,
        "row_graphs" => with_coo!(value, graph => ds.row_graphs_mut().insert(name, &graph)?),
        "col_graphs" => with_coo!(value, graph => ds.col_graphs_mut().insert(name, &graph)?),
        other => return Err(format!("no manager {other:?}").into()),
    }
    Ok(())
}

fn remove(ds: &mut LoomConnection, call: &Value) -> Outcome<()> {
    let name = input::text(call, "name");
    match input::text(call, "of") {
        "ra" => ds.ra_mut().remove(name)?,
        "ca" => ds.ca_mut().remove(name)?,
        "attrs" => ds.attrs_mut().remove(name)?,
        "layers" => ds.layers_mut().remove(name)?,
        "row_graphs" => ds.row_graphs_mut().remove(name)?,
        "col_graphs" => ds.col_graphs_mut().remove(name)?,
        other => return Err(format!("no manager {other:?}").into()),
    }
    Ok(())
}

fn rename(ds: &mut LoomConnection, call: &Value) -> Outcome<()> {
    let (name, to) = (input::text(call, "name"), input::text(call, "to"));
    match input::text(call, "of") {
        "ra" => ds.ra_mut().rename(name, to)?,
        "ca" => ds.ca_mut().rename(name, to)?,
        "attrs" => ds.attrs_mut().rename(name, to)?,
        "layers" => ds.layers_mut().rename(name, to)?,
        "row_graphs" => ds.row_graphs_mut().rename(name, to)?,
        "col_graphs" => ds.col_graphs_mut().rename(name, to)?,
        other => return Err(format!("no manager {other:?}").into()),
    }
    Ok(())
}
