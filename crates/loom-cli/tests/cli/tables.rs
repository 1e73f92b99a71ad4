//! Tables, verdicts and digests, against h5py or the scripts that made the fixtures.

use std::fs;

use loom_tests::expected;
use serde_json::{Value, json};

use super::{
    content::{Npy, hex},
    json, lines, loom, stdout, text,
};

/// `Clusterings` is `(i % 3, i % 2)` for cell `i`; there are 14 cells and 70 regulons.
#[test]
fn compounds_are_columns() {
    let args = [
        "cells",
        "scope-json.loom",
        "--columns",
        "Clusterings.1,CellID",
        "--columns",
        "Clusterings",
    ];
    let table = lines(&[&args[..], &["--select", "1,-1"]].concat());
    assert_eq!(
        table,
        [
            "Clusterings.1\tCellID\tClusterings.0\tClusterings.1",
            "1\tcell1\t1\t1",
            "1\tcell13\t1\t1"
        ]
    );
    assert_eq!(
        lines(&["get", "scope-json.loom", "ca:Clusterings.0", "-c", "4:7"]),
        ["1", "2", "0"]
    );
    let table = json(&[
        "get",
        "scope-json.loom",
        "/col_attrs/Clusterings",
        "-r",
        "5",
        "-f",
        "json",
    ]);
    assert_eq!(table, json!([{"Clusterings.0": 2, "Clusterings.1": 1}]));
    let all = lines(&["cells", "scope-json.loom"]);
    // CellID, Clusterings, Embeddings_X and _Y with two fields each, 70 regulons, nGene.
    assert_eq!(all[0].split('\t').count(), 1 + 2 + 2 + 2 + 70 + 1);
    assert!(
        all[0].starts_with("CellID\t") && all[0].contains("\tEmbeddings_X.-1\t"),
        "{}",
        all[0]
    );
    assert_eq!(all.len(), 1 + 14);
    // The fields themselves, against h5py.
    let object = expected("scope-json.loom");
    let object = object["objects"].as_array().unwrap().iter();
    let regulons = object
        .clone()
        .find(|object| object["path"] == "/col_attrs/RegulonsAUC")
        .unwrap();
    for (field, facts) in regulons["fields"].as_object().unwrap().iter().take(5) {
        let npy = Npy::parse(&stdout(&[
            "get",
            "scope-json.loom",
            &format!("ca:RegulonsAUC.{field}"),
            "-f",
            "npy",
        ]));
        assert_eq!(json!(hex(&npy.values)), facts["sha256"], "{field}");
    }
}

#[test]
fn several_values_for_each_entry_are_columns() {
    let table = lines(&[
        "cells",
        "loompy3.loom",
        "-n",
        "2",
        "--columns",
        "Pairs,CellID",
        "-f",
        "csv",
    ]);
    assert_eq!(table[0], "Pairs.0,Pairs.1,CellID");
    assert!(
        table[1].ends_with(",cell:0000") && table[2].ends_with(",cell:0001"),
        "{table:?}"
    );
    let pairs = lines(&[
        "get",
        "loompy3.loom",
        "ca:Pairs",
        "--cols",
        ":2",
        "-f",
        "csv",
    ]);
    assert_eq!(
        pairs.join(";"),
        format!("{};{}", &table[1][..3], &table[2][..3])
    );
    let second = lines(&["cells", "loompy3.loom", "-n", "2", "--columns", "Pairs.1"]);
    assert_eq!(second, ["Pairs.1", &pairs[0][2..], &pairs[1][2..]]);
}

/// What does not fit the axis is left out of the table of everything, with a word about it.
#[test]
fn broken_attributes_are_left_out_aloud() {
    let output = loom(&["genes", "breaks-spec.loom"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let warnings = text(&output.stderr);
    for name in ["Gene", "nested", "scalar"] {
        assert!(
            warnings.contains(&format!("left out {name}: ")),
            "{warnings}"
        );
    }
    let cells = lines(&["cells", "breaks-spec.loom", "--columns", "CellID"]);
    assert_eq!(cells, ["CellID", "0", "1", "2", "3", "4"]);
}

#[test]
fn graphs_are_tables_of_edges() {
    let npy = Npy::parse(&stdout(&[
        "get",
        "demo.loom",
        "col-graph:KNN",
        "--format",
        "npy",
    ]));
    let document = expected("demo.loom");
    let object = |member: &str| {
        let path = format!("/col_graphs/KNN/{member}");
        let mut objects = document["objects"].as_array().unwrap().iter();
        objects
            .find(|object| object["path"] == json!(path))
            .unwrap()
    };
    let edges = object("a")["shape"][0].to_string();
    assert_eq!(npy.shape, [edges]);
    let mut size = 0;
    let mut columns = Vec::new();
    for member in ["a", "b", "w"] {
        let bits: usize = object(member)["dtype"]
            .as_str()
            .unwrap()
            .trim_start_matches(char::is_alphabetic)
            .parse()
            .unwrap();
        let kind = &object(member)["dtype"].as_str().unwrap()[..1];
        assert!(
            npy.descr
                .contains(&format!("('{member}', '<{kind}{}')", bits / 8)),
            "{}",
            npy.descr
        );
        columns.push((member, size..size + bits / 8));
        size += bits / 8;
    }
    for (member, range) in columns {
        let column: Vec<u8> = npy
            .values
            .chunks(size)
            .flat_map(|row| row[range.clone()].to_vec())
            .collect();
        assert_eq!(json!(hex(&column)), object(member)["sha256"], "{member}");
    }
    // Edges under the old name, and vertices stored as floats.
    let old = lines(&["get", "unversioned.loom", "col-graph:KNN", "-f", "csv"]);
    assert_eq!(
        (old[0].as_str(), old[1].as_str(), old[9].as_str()),
        ("a,b,w", "0,8,0", "8,0,1")
    );
    let float = lines(&["get", "loom-experiment.loom", "col-graph:knn", "-f", "csv"]);
    assert_eq!(float, ["a,b,w", "0,3,0.5", "1,4,1", "2,7,2"]);
}

#[test]
fn validation_lists_what_is_wrong() {
    let output = loom(&["validate", "--json", "breaks-spec.loom"])
        .output()
        .unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&verdict["valid"], &verdict["spec_version"]),
        (&json!(false), &json!("3.0.0"))
    );
    let errors = verdict["errors"].as_array().unwrap();
    for name in ["wrong_shape", "text", "Gene", "half", "integer"] {
        let named = |error: &Value| error.as_str().unwrap().contains(name);
        assert!(errors.iter().any(named), "{name} in {errors:?}");
    }
    let verdict = json(&["validate", "--json", "demo.loom"]);
    assert_eq!(
        (&verdict["valid"], &verdict["errors"]),
        (&json!(true), &json!([]))
    );
    let printed = lines(&["validate", "demo.loom"]);
    assert_eq!(printed, ["demo.loom: valid by the specification for 3.0.0"]);
}

#[test]
fn export_is_a_table_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.tab");
    let printed = lines(&["export", "loompy3-types.loom"]);
    // A line for CellID, one of row attribute names, seven rows: Gene, an empty cell, nine values.
    assert_eq!(
        printed[0].split('\t').take(4).collect::<Vec<_>>(),
        ["", "CellID", "0", "1"]
    );
    assert_eq!(printed[2], "a\t\t0\t1\t2\t3\t4\t5\t6\t7\t8\t");
    assert_eq!(printed.len(), 9);
    stdout(&["export", "loompy3-types.loom", "-o", path.to_str().unwrap()]);
    assert_eq!(
        fs::read_to_string(path)
            .unwrap()
            .lines()
            .collect::<Vec<_>>(),
        printed
    );
}

#[test]
fn the_digest_is_h5pys() {
    for name in [
        "loompy3.loom",
        "loompy2.loom",
        "seuratdisk.loom",
        "links-latest.h5",
    ] {
        let document = json(&["digest", "--json", name]);
        assert_eq!(document["objects"], expected(name)["objects"], "{name}");
    }
    let last = |args: &[&str]| lines(args).pop().unwrap();
    let whole = last(&["digest", "demo.loom"]);
    assert_eq!(whole.len(), "DIGEST ".len() + 64);
    assert_eq!(whole, last(&["digest", "demo.loom"]));
    assert_ne!(
        whole,
        last(&["digest", "demo.loom", "--ignore", "last_modified"])
    );
    let ignored = json(&["digest", "--json", "--ignore", "last_modified", "demo.loom"]);
    assert!(!ignored.to_string().contains("last_modified"));
}
