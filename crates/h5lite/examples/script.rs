//! Applies edits given as JSON lines: how programs in other languages test what this crate writes.
//!
//! Each line of the standard input is one operation, each line of the standard output its result:
//! `{"ok": true, ...}` or `{"ok": false, "error": "..."}`. A transaction starts with
//! `{"begin": "create" | "edit", "path": FILE}`, goes on with operations on paths inside the file,
//! and ends with `{"op": "commit"}` or `{"op": "drop"}`. Between transactions,
//! `{"read": FILE, "path": DATASET}` gives the values of a dataset.
//!
//! Beside `begin`, numbers of chunks may stand: an index of more than `copied_above` is copied along
//! paths, and `held` of an edit are kept in memory.
//!
//! | operation | fields |
//! |---|---|
//! | `create` | `path`, `dtype`, `shape`, options |
//! | `write` | `path`, `values`, options |
//! | `write_at` | `path`, `selections`, `values` |
//! | `resize` | `path`, `shape` |
//! | `remove`, `create_group` | `path` |
//! | `rename` | `from`, `to` |
//! | `soft_link` | `path`, `target` |
//! | `set_attribute` | `path`, `name`, `values`, maybe `datatype` |
//! | `remove_attribute` | `path`, `name` |
//!
//! Options: `compact` (`true`), `chunk`, `max_shape` (`null`: without limit), `filters` (`"shuffle"`,
//! `"fletcher32"`, `["deflate", LEVEL]`), `fill`, `datatype`. Values: `{"dtype", "shape"}` and
//! `"values"` in C order or a `"seed"`, see [`generated`]. A selection is `null`, a list of positions, or
//! `{"start", "end", "step"}`. A datatype is `{"fixed": BYTES}`, `{"number": DTYPE, "big": BOOL}` or
//! `"bool"`.

use std::io::{BufRead, Write};

use h5lite::{
    Array, ByteOrder, Class, DType, DatasetOptions, Datatype, Edit, EnumMember, Error, File,
    Selection, with_array,
};
use ndarray::{ArrayD, IxDyn};
use serde_json::{Value, json};

/// Whatever went wrong, as text for the other side.
type Outcome<T> = Result<T, String>;

fn main() {
    let mut lines = Lines(std::io::stdin().lock().lines());
    while let Some(line) = lines.next() {
        let answer = match (line["begin"].as_str(), line["read"].as_str()) {
            (Some("create"), _) => create(&line, &mut lines),
            (Some("edit"), _) => edit(&line, &mut lines),
            (_, Some(path)) => read(path, &line),
            _ => Err(format!("neither a transaction nor a read: {line}")),
        };
        reply(answer);
    }
}

struct Lines<'a>(std::io::Lines<std::io::StdinLock<'a>>);

impl Iterator for Lines<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let line = self.0.next()?.expect("the standard input is readable");
        Some(serde_json::from_str(&line).expect("a line is JSON"))
    }
}

fn reply(answer: Outcome<Value>) {
    let answer = match answer {
        Ok(Value::Object(mut fields)) => {
            fields.insert("ok".to_owned(), json!(true));
            Value::Object(fields)
        }
        Ok(_) => json!({ "ok": true }),
        Err(error) => json!({ "ok": false, "error": error }),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{answer}")
        .and_then(|()| out.flush())
        .expect("the standard output is open");
}

/// Why a new file was not made.
enum NotMade {
    Dropped,
    Failed(Error),
}

impl From<Error> for NotMade {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn create(line: &Value, lines: &mut Lines<'_>) -> Outcome<Value> {
    let path = text(line, "path")?;
    reply(Ok(Value::Null));
    let made = File::create(path, |edit| {
        limit_indexes(edit, line);
        if run(edit, lines) {
            Ok(())
        } else {
            Err(NotMade::Dropped)
        }
    });
    match made {
        Ok(()) | Err(NotMade::Dropped) => Ok(Value::Null),
        Err(NotMade::Failed(error)) => Err(error.to_string()),
    }
}

fn edit(line: &Value, lines: &mut Lines<'_>) -> Outcome<Value> {
    let mut file = File::open_rw(text(line, "path")?).map_err(|e| e.to_string())?;
    let mut edit = file.edit().map_err(|e| e.to_string())?;
    limit_indexes(&mut edit, line);
    reply(Ok(Value::Null));
    if run(&mut edit, lines) {
        edit.commit().map_err(|e| e.to_string())?;
    }
    Ok(Value::Null)
}

/// Small limits, so that small datasets take what only large ones do otherwise.
fn limit_indexes(edit: &mut Edit<'_>, line: &Value) {
    let held = line["held"].as_u64().and_then(|n| usize::try_from(n).ok());
    if let (Some(copied_above), Some(held)) = (line["copied_above"].as_u64(), held) {
        edit.set_index_limits(copied_above, held);
    }
}

/// Applies operations up to the end of the transaction; whether it is to be committed.
fn run(edit: &mut Edit<'_>, lines: &mut Lines<'_>) -> bool {
    for line in lines {
        match line["op"].as_str() {
            Some("commit") => return true,
            Some("drop") => return false,
            _ => reply(apply(edit, &line)),
        }
    }
    false
}

fn apply(edit: &mut Edit<'_>, line: &Value) -> Outcome<Value> {
    let path = || text(line, "path");
    let done = match text(line, "op")? {
        "create" => {
            let dtype = dtype(&line["dtype"])?;
            edit.create(path()?, dtype, &positions(&line["shape"])?, &options(line)?)
        }
        "write" => edit.write(path()?, &values(&line["values"])?, &options(line)?),
        "write_at" => {
            let selections = array(&line["selections"])?.iter().map(selection);
            let selections = selections.collect::<Outcome<Vec<_>>>()?;
            edit.write_at(path()?, &selections, &values(&line["values"])?)
        }
        "resize" => edit.resize(path()?, &positions(&line["shape"])?),
        "remove" => edit.remove(path()?),
        "create_group" => edit.create_group(path()?),
        "rename" => edit.rename(text(line, "from")?, text(line, "to")?),
        "soft_link" => edit.soft_link(path()?, text(line, "target")?),
        "set_attribute" => {
            let (name, values) = (text(line, "name")?, values(&line["values"])?);
            match &line["datatype"] {
                Value::Null => edit.set_attribute(path()?, name, &values),
                other => edit.set_attribute_as(path()?, name, &values, &datatype(other)?),
            }
        }
        "remove_attribute" => edit.remove_attribute(path()?, text(line, "name")?),
        other => return Err(format!("no operation {other:?}")),
    };
    done.map(|()| Value::Null).map_err(|e| e.to_string())
}

/// The values of a dataset: numbers as hexadecimal little-endian bytes, strings as they are.
fn read(file: &str, line: &Value) -> Outcome<Value> {
    let file = File::open(file).map_err(|e| e.to_string())?;
    let dataset = file
        .dataset(text(line, "path")?)
        .map_err(|e| e.to_string())?;
    let values = dataset.read_any(&[]).map_err(|e| e.to_string())?;
    let (shape, dtype) = (values.shape(), values.dtype().name());
    if let Array::Str(text) = &values {
        let strings: Vec<&String> = text.iter().collect();
        return Ok(json!({ "shape": shape, "dtype": dtype, "values": strings }));
    }
    let mut bytes = Vec::new();
    with_array!(&values, a => h5lite::Element::put_little_endian(a.as_slice().ok_or("an array in C order")?, &mut bytes));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({ "shape": shape, "dtype": dtype, "hex": hex }))
}

fn text<'a>(line: &'a Value, field: &str) -> Outcome<&'a str> {
    line[field]
        .as_str()
        .ok_or_else(|| format!("no {field} in {line}"))
}

fn array(value: &Value) -> Outcome<&Vec<Value>> {
    value.as_array().ok_or_else(|| format!("no list: {value}"))
}

fn position(value: &Value) -> Outcome<usize> {
    let number = value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| format!("no position: {value}"))
}

fn positions(value: &Value) -> Outcome<Vec<usize>> {
    array(value)?.iter().map(position).collect()
}

fn dtype(value: &Value) -> Outcome<DType> {
    let named = value.as_str().and_then(DType::from_name);
    named.ok_or_else(|| format!("no dtype: {value}"))
}

fn selection(value: &Value) -> Outcome<Selection> {
    match value {
        Value::Null => Ok(Selection::All),
        Value::Array(_) => positions(value).map(Selection::Indices),
        _ => Ok(Selection::Range {
            start: position(&value["start"])?,
            end: value["end"]
                .as_u64()
                .and_then(|end| usize::try_from(end).ok()),
            step: position(&value["step"])?,
        }),
    }
}

fn options(line: &Value) -> Outcome<DatasetOptions> {
    let mut options = match &line["chunk"] {
        Value::Null if line["compact"] == true => DatasetOptions::compact(),
        Value::Null => DatasetOptions::contiguous(),
        chunk => DatasetOptions::chunked(&positions(chunk)?),
    };
    if let Value::Array(max) = &line["max_shape"] {
        let max: Vec<Option<u64>> = max.iter().map(Value::as_u64).collect();
        options = options.max_shape(&max);
    }
    for filter in line["filters"].as_array().into_iter().flatten() {
        options = match (filter.as_str(), filter[1].as_u64()) {
            (Some("shuffle"), _) => options.shuffle(),
            (Some("fletcher32"), _) => options.fletcher32(),
            (None, Some(level)) => options.deflate(u32::try_from(level).unwrap_or(9)),
            _ => return Err(format!("no filter: {filter}")),
        };
    }
    if !line["datatype"].is_null() {
        options = options.datatype(datatype(&line["datatype"])?);
    }
    if !line["fill"].is_null() {
        options = options.fill(values(&line["fill"])?);
    }
    Ok(options)
}

fn datatype(value: &Value) -> Outcome<Datatype> {
    if let Some(bytes) = value["fixed"].as_u64() {
        return Ok(Datatype::fixed_string(
            u32::try_from(bytes).map_err(|e| e.to_string())?,
        ));
    }
    if value == "bool" {
        let member = |name: &str, value| EnumMember {
            name: name.to_owned(),
            value: vec![value],
        };
        let members = vec![member("FALSE", 0), member("TRUE", 1)];
        let base = Box::new(Datatype::of(DType::I8));
        return Ok(Datatype {
            size: 1,
            class: Class::Enumeration { base, members },
        });
    }
    let mut datatype = Datatype::of(dtype(&value["number"])?);
    if value["big"] == true {
        match &mut datatype.class {
            Class::FixedPoint { order, .. } | Class::FloatingPoint { order, .. } => {
                *order = ByteOrder::Big;
            }
            _ => return Err(format!("no order of bytes: {value}")),
        }
    }
    Ok(datatype)
}

/// The `index`-th of the pseudo-random numbers after `seed`: splitmix64.
fn generated(seed: u64, index: u64) -> u64 {
    let mut x = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn values(value: &Value) -> Outcome<Array> {
    let shape = positions(&value["shape"])?;
    let count = shape.iter().product::<usize>();
    let listed = match &value["values"] {
        Value::Null => None,
        list => Some(array(list)?).filter(|list| list.len() == count),
    };
    let seed = value["seed"].as_u64();
    if listed.is_none() && seed.is_none() {
        return Err(format!("neither {count} values nor a seed: {value}"));
    }
    let random = |index: usize| generated(seed.unwrap_or(0), index as u64);
    let wrong = |value: &Value| format!("no such value: {value}");
    macro_rules! numbers {
        ($type:ty, $listed:expr, $random:expr) => {{
            let numbers = (0..count).map(|i| match listed {
                Some(list) => $listed(&list[i]),
                None => Ok($random(random(i))),
            });
            let numbers = numbers.collect::<Outcome<Vec<$type>>>()?;
            let shaped = ArrayD::from_shape_vec(IxDyn(&shape), numbers);
            shaped.map_err(|e| e.to_string())?.into()
        }};
    }
    macro_rules! integers {
        ($type:ty) => {
            numbers!(
                $type,
                |v: &Value| {
                    let number = v.as_i64().map(i128::from).or(v.as_u64().map(i128::from));
                    number
                        .and_then(|n| <$type>::try_from(n).ok())
                        .ok_or_else(|| wrong(v))
                },
                // Its lowest bits, as numpy's astype takes them.
                |r: u64| <$type>::from_le_bytes(*r.to_le_bytes().first_chunk().expect("8 bytes"))
            )
        };
    }
    let float = |v: &Value| {
        if v.is_null() {
            Ok(f64::NAN)
        } else {
            v.as_f64().ok_or_else(|| wrong(v))
        }
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "JSON has one type of numbers"
    )]
    let single = |v: &Value| float(v).map(|number| number as f32);
    // Sixteenths below 4,096: exact in every type of float.
    let sixteenths = |r: u64| f32::from(u16::try_from(r >> 48).unwrap_or(0)) / 16.0;
    Ok(match dtype(&value["dtype"])? {
        DType::I8 => integers!(i8),
        DType::I16 => integers!(i16),
        DType::I32 => integers!(i32),
        DType::I64 => integers!(i64),
        DType::U8 => integers!(u8),
        DType::U16 => integers!(u16),
        DType::U32 => integers!(u32),
        DType::U64 => integers!(u64),
        DType::F16 | DType::F32 => numbers!(f32, single, sixteenths),
        DType::F64 => numbers!(f64, float, |r| f64::from(sixteenths(r))),
        DType::Str => numbers!(
            String,
            |v: &Value| v.as_str().map(str::to_owned).ok_or_else(|| wrong(v)),
            |r: u64| if r.is_multiple_of(7) {
                String::new()
            } else {
                format!("t\u{e9}xt {}", r % 1000)
            }
        ),
    })
}
