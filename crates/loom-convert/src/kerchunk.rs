//! Where the chunks of an HDF5 file stand, as a reference file: readers of Zarr take it for a store
//! and fetch the chunks out of the file itself, here or from afar.
//!
//! The form is version 1 of the references that kerchunk writes and fsspec reads, over Zarr's
//! version 2.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use loom_core::{
    Array, Result,
    h5lite::{Address, Dataset, File, Filter, FilterId, Group, Object, RawData, with_array},
};
use ndarray::{ArrayD, ArrayViewD};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Report;

/// The most bytes of values of a dataset that are copied into the references.
const COPIED: usize = 64 << 20;

/// Writes the references to every group and dataset of `file`, whose readers will find it at `url`: a
/// path or an address that fsspec understands.
///
/// Numbers stay where they are. Text is copied, since Zarr stores it in another way, and so are
/// numbers of unusual layout and what is in an object header. What neither can be done with is left out, and is in the report.
///
/// # Errors
/// What reading the file gives, and [`Error::Write`](loom_core::Error::Write).
pub fn kerchunk(file: &File, url: &str, out: &mut dyn Write) -> Result<Report> {
    let mut references = References {
        url: Value::from(url).to_string(),
        out,
        report: Report::default(),
        groups: HashSet::new(),
    };
    references.out.write_all(b"{\"version\":1,\"refs\":{")?;
    references.group(&file.root()?, "")?;
    references.out.write_all(b"\n}}\n")?;
    Ok(references.report)
}

struct References<'o> {
    /// As JSON.
    url: String,
    out: &'o mut dyn Write,
    report: Report,
    /// Those that are in already: a group can be reached in several ways, and from within itself.
    groups: HashSet<Address>,
}

impl References<'_> {
    /// Everything in a group; `prefix` is its path with a slash behind it.
    fn group(&mut self, group: &Group<'_>, prefix: &str) -> Result<()> {
        let path = group.path().to_owned();
        if !self.groups.insert(group.address()) {
            let reason = "a group that is in the references under another name";
            self.report.leave_out(path, reason);
            return Ok(());
        }
        let before = if prefix.is_empty() { "\n" } else { ",\n" };
        self.out.write_all(before.as_bytes())?;
        self.key(prefix, ".zgroup")?;
        self.text(&json!({"zarr_format": 2}).to_string())?;
        let attributes = self.attributes(&path, group.attributes())?;
        self.member(prefix, ".zattrs", &Value::from(attributes).to_string())?;
        for name in group.names()? {
            let inner = format!("{prefix}{name}");
            match group.object(&name) {
                Ok(Object::Group(group)) => self.group(&group, &format!("{inner}/"))?,
                Ok(Object::Dataset(dataset)) => self.dataset(&dataset, &format!("{inner}/"))?,
                Ok(Object::Datatype(_)) => {
                    self.report
                        .leave_out(format!("/{inner}"), "a committed datatype");
                }
                // External links, and those that lead nowhere.
                Err(error) if error.is_not_found() || error.is_unsupported() => {
                    self.report
                        .leave_out(format!("/{inner}"), error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn dataset(&mut self, dataset: &Dataset<'_>, prefix: &str) -> Result<()> {
        let path = dataset.path().to_owned();
        let stored = match stored(dataset)? {
            Ok(stored) => stored,
            Err(reason) => {
                self.report.leave_out(path, reason);
                return Ok(());
            }
        };
        self.member(prefix, ".zarray", &stored.array.to_string())?;
        let mut attributes = self.attributes(&path, dataset.attributes())?;
        let axes = axes(&path, dataset.shape().len());
        attributes.insert("_ARRAY_DIMENSIONS".to_owned(), json!(axes));
        self.member(prefix, ".zattrs", &Value::from(attributes).to_string())?;
        let first = coordinates(&vec![0; dataset.shape().len()]);
        match (stored.copy, stored.raw) {
            _ if dataset.shape().contains(&0) => Ok(()),
            (Some(bytes), _) => {
                let bytes = format!("base64:{}", STANDARD.encode(bytes));
                self.member(prefix, &first, &bytes)
            }
            (None, RawData::Contiguous { offset, len }) => self.range(prefix, &first, offset, len),
            (None, _) => self.chunks(dataset, prefix),
        }
    }

    fn chunks(&mut self, dataset: &Dataset<'_>, prefix: &str) -> Result<()> {
        let mut written = Ok(());
        dataset.each_chunk(&mut |chunk| {
            if written.is_ok() {
                let name = coordinates(&chunk.coordinates);
                written = self.range(prefix, &name, chunk.offset, chunk.size);
            }
            Ok(())
        })?;
        written
    }

    /// Attributes as the members of a JSON object.
    fn attributes(
        &mut self,
        path: &str,
        attributes: loom_core::h5lite::Result<Vec<loom_core::h5lite::Attribute<'_>>>,
    ) -> Result<Map<String, Value>> {
        let mut members = Map::new();
        for attribute in attributes? {
            match attribute.read_any() {
                Ok(values) => {
                    members.insert(attribute.name().to_owned(), nested(&values));
                }
                Err(error) if error.is_unsupported() => {
                    let what = format!("attribute {} of {path}", attribute.name());
                    self.report.leave_out(what, error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(members)
    }

    /// A member of the references whose value stands in them.
    fn member(&mut self, prefix: &str, name: &str, value: &str) -> Result<()> {
        self.out.write_all(b",\n")?;
        self.key(prefix, name)?;
        self.text(value)?;
        Ok(())
    }

    /// A member of the references whose value stands in the file.
    fn range(&mut self, prefix: &str, name: &str, offset: u64, len: u64) -> Result<()> {
        self.out.write_all(b",\n")?;
        self.key(prefix, name)?;
        write!(self.out, "[{},{offset},{len}]", self.url)?;
        Ok(())
    }

    fn key(&mut self, prefix: &str, name: &str) -> io::Result<()> {
        self.text(&format!("{prefix}{name}"))?;
        self.out.write_all(b":")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{}", Value::from(text))
    }
}

/// A dataset that can be in the references.
struct Stored<'d> {
    /// Zarr's description of it.
    array: Value,
    /// Its values, where they have to be copied.
    copy: Option<Vec<u8>>,
    raw: RawData<'d>,
}

/// How a dataset is stored, or why Zarr cannot read it.
fn stored<'d>(dataset: &'d Dataset<'_>) -> Result<Result<Stored<'d>, String>> {
    let raw = match dataset.raw_data() {
        Ok(_) if dataset.is_null() => return Ok(Err("it has no values, not even a shape".into())),
        Ok(raw) => raw,
        Err(error) if error.is_unsupported() => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let mut array = json!({
        "zarr_format": 2,
        "shape": dataset.shape(),
        "chunks": at_least_one(dataset.shape()),
        "order": "C",
        "compressor": null,
        "filters": null,
        "fill_value": 0,
    });
    let Some(format) = dataset.datatype().numpy_format() else {
        let values = match dataset.read_any(&[]) {
            Ok(values) => values,
            Err(error) if error.is_unsupported() => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        if values.shape() != dataset.shape() {
            return Ok(Err("its elements are arrays".to_owned()));
        }
        let (format, bytes) = copied(&values);
        if bytes.len() > COPIED {
            return Ok(Err("too much to be copied".to_owned()));
        }
        array["dtype"] = json!(format);
        if let Array::Str(_) = values {
            array["filters"] = json!([{"id": "vlen-utf8"}]);
            array["fill_value"] = json!("");
        }
        let copy = Some(bytes);
        return Ok(Ok(Stored { array, copy, raw }));
    };
    array["dtype"] = json!(format);
    array["fill_value"] = fill_value(dataset.fill_value(), &format);
    if let Some(chunk) = dataset.chunk_shape() {
        array["chunks"] = json!(chunk);
        match codecs(dataset.filters()) {
            Ok(codecs) if codecs.is_empty() => {}
            Ok(codecs) if all_filtered(dataset)? => array["filters"] = json!(codecs),
            Ok(_) => return Ok(Err("not all its filters were applied to all chunks".into())),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let copy = match raw {
        RawData::Compact(bytes) => Some(bytes.to_vec()),
        _ => None,
    };
    Ok(Ok(Stored { array, copy, raw }))
}

/// Whether every filter was applied to every chunk: Zarr knows no exceptions.
fn all_filtered(dataset: &Dataset<'_>) -> Result<bool> {
    let mut all = true;
    dataset.each_chunk(&mut |chunk| {
        all &= chunk.filter_mask == 0;
        Ok(())
    })?;
    Ok(all)
}

/// Zarr's name of a chunk; that of a single value is `0`.
fn coordinates(at: &[u64]) -> String {
    if at.is_empty() {
        return "0".to_owned();
    }
    let at: Vec<String> = at.iter().map(u64::to_string).collect();
    at.join(".")
}

/// Zarr has no chunks of length 0.
fn at_least_one(shape: &[usize]) -> Vec<usize> {
    shape.iter().map(|&dim| dim.max(1)).collect()
}

/// What xarray calls the axes: rows and columns where the Loom specification says so.
fn axes(path: &str, rank: usize) -> Vec<String> {
    let path = path.trim_start_matches('/');
    let known: &[&str] = match path.split_once('/') {
        None if path == "matrix" => &["row", "col"],
        Some(("layers", _)) => &["row", "col"],
        Some(("row_attrs", _)) => &["row"],
        Some(("col_attrs", _)) => &["col"],
        _ => &[],
    };
    let others = (0..).map(|axis| format!("{path}/{axis}"));
    let known = known.iter().map(|&axis| axis.to_owned());
    let count = known.len();
    known.chain(others.skip(count)).take(rank).collect()
}

/// The pipeline as numcodecs names its filters.
fn codecs(filters: &[Filter]) -> Result<Vec<Value>, String> {
    let codec = |filter: &Filter| {
        let parameter = filter.parameters.first();
        Ok(match (filter.id, parameter) {
            (FilterId::DEFLATE, level) => {
                json!({"id": "zlib", "level": level.unwrap_or(&6).min(&9)})
            }
            (FilterId::SHUFFLE, Some(size)) => json!({"id": "shuffle", "elementsize": size}),
            (FilterId::FLETCHER32, _) => json!({"id": "fletcher32"}),
            (id, _) => return Err(format!("numcodecs has no filter like {id}")),
        })
    };
    filters.iter().map(codec).collect()
}

/// A stored fill value as Zarr writes it; `format` is numpy's.
fn fill_value(stored: Option<&[u8]>, format: &str) -> Value {
    let kind = format.as_bytes().get(1);
    let mut bytes = stored.unwrap_or_default().to_vec();
    if format.starts_with('>') {
        bytes.reverse();
    }
    // The number with zeros behind it, and with its highest bit as that of the word.
    let (mut low, mut high) = ([0; 8], [0; 8]);
    let len = bytes.len().min(8);
    low[..len].copy_from_slice(&bytes[..len]);
    high[8 - len..].copy_from_slice(&bytes[..len]);
    let unsigned = u64::from_le_bytes(low);
    match (kind, &bytes[..]) {
        (Some(b'b'), _) => json!(unsigned != 0),
        (Some(b'i'), [_, ..]) => json!(i64::from_le_bytes(high) >> (64 - 8 * len)),
        (Some(b'f'), &[a, b]) => finite(half::f16::from_le_bytes([a, b]).to_f64()),
        (Some(b'f'), &[a, b, c, d]) => finite(f32::from_le_bytes([a, b, c, d]).into()),
        (Some(b'f'), _) => finite(f64::from_bits(unsigned)),
        _ => json!(unsigned),
    }
}

/// A number, or the word that Zarr has for it.
fn finite(number: f64) -> Value {
    match number {
        _ if number.is_finite() => json!(number),
        _ if number.is_nan() => json!("NaN"),
        _ if number > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    }
}

/// Values as arrays in arrays; a single one stands alone.
fn nested(values: &Array) -> Value {
    fn axes<T>(values: &ArrayViewD<'_, T>, one: &dyn Fn(&T) -> Value) -> Value {
        if values.ndim() == 0 {
            return values.first().map_or(Value::Null, one);
        }
        let inner = values.outer_iter();
        inner.map(|values| axes(&values, one)).collect()
    }
    fn one<T: Serialize>(value: &T) -> Value {
        serde_json::to_value(value).unwrap_or(Value::Null)
    }
    match values {
        // JSON has no words for what is not finite.
        Array::F32(values) => axes(&values.view(), &|&value| finite(value.into())),
        Array::F64(values) => axes(&values.view(), &|&value| finite(value)),
        other => with_array!(other, values => axes(&values.view(), &one)),
    }
}

/// Values that are stored in a way of their own, as numpy has them, with its type string; text as
/// [`vlen_utf8`].
fn copied(values: &Array) -> (&'static str, Vec<u8>) {
    macro_rules! numbers {
        ($format:literal, $values:expr) => {
            (
                $format,
                $values.iter().flat_map(|n| n.to_le_bytes()).collect(),
            )
        };
    }
    match values {
        Array::I8(values) => numbers!("|i1", values),
        Array::I16(values) => numbers!("<i2", values),
        Array::I32(values) => numbers!("<i4", values),
        Array::I64(values) => numbers!("<i8", values),
        Array::U8(values) => numbers!("|u1", values),
        Array::U16(values) => numbers!("<u2", values),
        Array::U32(values) => numbers!("<u4", values),
        Array::U64(values) => numbers!("<u8", values),
        Array::F32(values) => numbers!("<f4", values),
        Array::F64(values) => numbers!("<f8", values),
        Array::Str(values) => ("|O", vlen_utf8(values)),
    }
}

/// Text as numcodecs' `VLenUTF8` has it: the number of values, then each behind its length.
fn vlen_utf8(values: &ArrayD<String>) -> Vec<u8> {
    let length = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = length(values.len()).to_vec();
    for value in values {
        bytes.extend(length(value.len()));
        bytes.extend(value.as_bytes());
    }
    bytes
}
