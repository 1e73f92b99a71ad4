//! Everything in every fixture, against what h5py reads of it.

use std::collections::BTreeMap;

use loom_tests::{expected, fixtures};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{json, run, stdout, text};

/// The objects of a fixture by path, but for those whose names are not UTF-8.
fn objects(name: &str) -> BTreeMap<String, Value> {
    let document = expected(name);
    let objects = document["objects"].as_array().unwrap();
    (objects.iter())
        .map(|object| (object["path"].as_str().unwrap().to_owned(), object.clone()))
        .filter(|(path, _)| !path.contains('\u{fffd}'))
        .collect()
}

/// The type as `ls` and `info` spell it.
fn dtype(object: &Value) -> Value {
    let dtype = object["dtype"].as_str().unwrap();
    match object.get("array").and_then(Value::as_array) {
        Some(dims) => {
            let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
            format!("{dtype}[{}]", dims.join(",")).into()
        }
        None => dtype.into(),
    }
}

#[test]
fn ls_lists_what_h5py_finds() {
    for name in fixtures() {
        let expected = objects(&name);
        let listing = json(&["ls", "--tree", "--json", &name]);
        assert_eq!(listing["file"], json!(name));
        let entries = listing["entries"].as_array().unwrap();
        let mut seen: Vec<&str> = Vec::new();
        let mut cut: Vec<String> = Vec::new();
        for entry in entries {
            let path = entry["path"].as_str().unwrap();
            if path.contains('\u{fffd}') {
                continue;
            }
            let place = format!("{name}: {path}");
            let object = expected
                .get(path)
                .unwrap_or_else(|| panic!("{place}: not there"));
            seen.push(path);
            assert_eq!(entry["kind"], object["kind"], "{place}");
            assert_eq!(entry.get("target"), object.get("target"), "{place}");
            if object.get("dtype").is_some() {
                assert_eq!(entry["dtype"], dtype(object), "{place}");
            }
            for key in ["shape", "chunks", "filters"] {
                let null = Value::Null;
                let listed = entry.get(key).unwrap_or(&null);
                assert_eq!(listed, object.get(key).unwrap_or(&null), "{place}: {key}");
            }
            let empty = serde_json::Map::new();
            let attrs = object
                .get("attrs")
                .and_then(Value::as_object)
                .unwrap_or(&empty);
            let listed: Vec<&Value> = entry["attrs"].as_array().into_iter().flatten().collect();
            assert_eq!(listed.len(), attrs.len(), "{place}: attributes");
            for attr in listed {
                let name = attr["name"].as_str().unwrap();
                assert_eq!(attr["dtype"], dtype(&attrs[name]), "{place}@{name}");
                assert_eq!(attr["shape"], attrs[name]["shape"], "{place}@{name}");
            }
            if let Some(first) = entry.get("same_as") {
                assert!(seen.contains(&first.as_str().unwrap()), "{place}");
                cut.push(format!("{path}/"));
            }
        }
        for path in expected.keys() {
            let listed = seen.contains(&path.as_str());
            let below = cut.iter().any(|cut| path.starts_with(cut));
            assert!(listed || below, "{name}: {path} is missing");
        }
    }
}

#[test]
fn get_reads_the_numbers_h5py_reads() {
    let mut compared = 0;
    for name in fixtures() {
        for (path, object) in objects(&name) {
            let number = |dtype: &str| {
                let float = ["float16", "float32", "float64"].contains(&dtype);
                let sizes = ["8", "16", "32", "64"];
                let integer = dtype.trim_start_matches('u').strip_prefix("int");
                float || dtype == "bool" || integer.is_some_and(|bits| sizes.contains(&bits))
            };
            let Some(hash) = object.get("sha256") else {
                continue;
            };
            let stored = object["dtype"].as_str().unwrap();
            if object["kind"] != "dataset" || !number(stored) || object["shape"].is_null() {
                continue;
            }
            let place = format!("{name}: {path}");
            let npy = Npy::parse(&stdout(&["get", &name, &path, "--format", "npy"]));
            let mut shape = object["shape"].as_array().unwrap().clone();
            shape.extend(
                object
                    .get("array")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
            assert_eq!(npy.shape, lengths, "{place}");
            if let Ok(bits) = stored
                .trim_start_matches(char::is_alphabetic)
                .parse::<usize>()
            {
                let kind = stored.chars().next();
                let code = npy.descr.trim_matches('\'');
                assert_eq!(code.get(1..2), kind.map(String::from).as_deref(), "{place}");
                assert_eq!(
                    code.get(2..),
                    Some((bits / 8).to_string().as_str()),
                    "{place}"
                );
            }
            assert_eq!(json!(hex(&npy.values)), *hash, "{place}");
            compared += 1;
        }
    }
    assert!(compared > 500, "only {compared} datasets");
}

#[test]
fn get_reads_the_text_h5py_reads() {
    let mut compared = 0;
    for name in fixtures() {
        for (path, object) in objects(&name) {
            if object["kind"] != "dataset"
                || object["dtype"] != "string"
                || object["shape"].is_null()
            {
                continue;
            }
            let place = format!("{name}: {path}");
            let printed = json(&["get", &name, &path, "--format", "json"]);
            let mut encoded = Vec::new();
            let mut exact = true;
            encode(&printed, &mut encoded, &mut exact);
            if exact {
                assert_eq!(json!(hex(&encoded)), object["sha256"], "{place}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "only {compared} datasets");
}

/// The strings as they are hashed: length and bytes of each. Those with a replacement character may
/// not be what is stored.
fn encode(value: &Value, out: &mut Vec<u8>, exact: &mut bool) {
    match value {
        Value::String(text) => {
            *exact &= !text.contains('\u{fffd}');
            out.extend((text.len() as u64).to_le_bytes());
            out.extend(text.as_bytes());
        }
        Value::Array(values) => values.iter().for_each(|value| encode(value, out, exact)),
        other => panic!("{other} is no text"),
    }
}

#[test]
fn info_describes_what_h5py_finds() {
    let looms = fixtures()
        .into_iter()
        .filter(|name| loom_tests::fixture(name).extension() == Some("loom".as_ref()));
    for name in looms.filter(|name| name != "breaks-spec.loom") {
        let expected = objects(&name);
        let info = json(&["info", "--json", &name]);
        let matrix = expected
            .get("/matrix")
            .map_or(json!([0, 0]), |matrix| matrix["shape"].clone());
        assert_eq!(info["shape"], matrix, "{name}");
        let unreachable = info["unreachable"].as_u64().unwrap();
        assert!(unreachable < info["size"].as_u64().unwrap() / 2, "{name}");
        for (list, group) in [
            ("layers", "/layers"),
            ("row_attrs", "/row_attrs"),
            ("col_attrs", "/col_attrs"),
        ] {
            let mut found: Vec<String> = Vec::new();
            for item in info[list].as_array().unwrap() {
                let path = match item["name"].as_str().unwrap() {
                    "" => "/matrix".to_owned(),
                    name => format!("{group}/{name}"),
                };
                let object = &expected[&path];
                assert_eq!(item["dtype"], dtype(object), "{name}: {path}");
                for key in ["shape", "chunks", "filters"] {
                    assert_eq!(item[key], object[key], "{name}: {path}: {key}");
                }
                let fields = object
                    .get("fields")
                    .and_then(Value::as_object)
                    .map_or(0, serde_json::Map::len);
                let listed = item
                    .get("fields")
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len);
                assert_eq!(listed, fields, "{name}: {path}: fields");
                found.push(path);
            }
            found.sort();
            let inside = |path: &&String| {
                let of_group = path
                    .strip_prefix(group)
                    .is_some_and(|rest| rest.starts_with('/'));
                of_group || list == "layers" && *path == "/matrix"
            };
            let wanted: Vec<&String> = expected.keys().filter(inside).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{name}: {list}");
        }
        for axis in ["row", "col"] {
            let mut edges: BTreeMap<String, Value> = BTreeMap::new();
            for (path, object) in &expected {
                let of = |group| path.strip_prefix(&format!("/{axis}_{group}/"));
                let graph = of("graphs")
                    .or_else(|| of("edges"))
                    .and_then(|rest| rest.strip_suffix("/w"));
                if let Some(graph) = graph {
                    edges.insert(graph.to_owned(), object["shape"][0].clone());
                }
            }
            let graphs = info[format!("{axis}_graphs")].as_array().unwrap();
            let found = graphs.iter().map(|graph| {
                (
                    graph["name"].as_str().unwrap().to_owned(),
                    graph["edges"].clone(),
                )
            });
            assert_eq!(found.collect::<BTreeMap<_, _>>(), edges, "{name}");
        }
        let root = expected["/"]["attrs"].as_object().unwrap().keys();
        let group = expected
            .keys()
            .filter_map(|path| path.strip_prefix("/attrs/"));
        let mut wanted: Vec<&str> = if expected.contains_key("/attrs") {
            group.collect()
        } else {
            root.map(String::as_str).collect()
        };
        wanted.sort_unstable();
        let attrs = info["attrs"].as_array().unwrap().iter();
        let mut found: Vec<&str> = attrs.map(|attr| attr["name"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, wanted, "{name}: global attributes");
        let output = run(&["info", &name]);
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(0), String::new()),
            "{name}"
        );
    }
}

/// A file in numpy's format, by the description of the format.
pub(super) struct Npy {
    /// The type, in Python's notation.
    pub(super) descr: String,
    pub(super) shape: Vec<String>,
    pub(super) values: Vec<u8>,
}

impl Npy {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        assert_eq!(&bytes[..6], b"\x93NUMPY");
        let (start, length) = match bytes[6] {
            1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
            _ => (
                12,
                u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize,
            ),
        };
        let header = text(&bytes[start..start + length]);
        assert_eq!((start + length) % 64, 0, "{header:?}");
        assert!(header.ends_with('\n'), "{header:?}");
        let between = |from: &str, to: &str| {
            let start = header.find(from).unwrap() + from.len();
            let end = header[start..].find(to).unwrap() + start;
            header[start..end].trim().to_owned()
        };
        let shape = between("'shape': (", ")");
        let lengths = shape.split(',').map(|length| length.trim().to_owned());
        Self {
            descr: between("'descr': ", ", 'fortran_order': False"),
            shape: lengths.filter(|length| !length.is_empty()).collect(),
            values: bytes[start + length..].to_vec(),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes);
    digits
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
