//! Blocks and attributes in every form, on fixtures whose values the script that made them tells.

use serde_json::json;

use super::{content::Npy, json, lines, stdout};

/// `loompy3-types.loom` holds `arange(63).reshape(7, 9)`.
#[test]
fn selections_mean_what_they_mean_in_numpy() {
    let block = |rows: &str, cols: &str| {
        lines(&[
            "get",
            "loompy3-types.loom",
            "matrix",
            "--format",
            "csv",
            "--rows",
            rows,
            "--cols",
            cols,
        ])
    };
    assert_eq!(block("-1,0:4:2", "::-4"), ["62,58,54", "8,4,0", "26,22,18"]);
    assert_eq!(block("2", "-3:"), ["24,25,26"]);
    assert_eq!(block("5:99", "1,1,0"), ["46,46,45", "55,55,54"]);
    assert_eq!(block("3:3", ":"), [""; 0]);
    let tsv = lines(&[
        "get",
        "loompy3-types.loom",
        "matrix",
        "--rows",
        "6",
        "--cols",
        "0:2",
    ]);
    assert_eq!(tsv, ["54\t55"]);
    let nested = json(&[
        "get",
        "loompy3-types.loom",
        "matrix",
        "-r",
        "0:2",
        "-c",
        "7:",
        "-f",
        "json",
    ]);
    assert_eq!(nested, json!([[7, 8], [16, 17]]));
    let npy = Npy::parse(&stdout(&[
        "get",
        "loompy3-types.loom",
        "/matrix",
        "-r",
        "4,0",
        "-c",
        "8",
        "-f",
        "npy",
    ]));
    assert_eq!(
        (npy.descr.as_str(), npy.shape, npy.values),
        ("'|u1'", vec!["2".into(), "1".into()], vec![44, 8])
    );
    // An attribute has the positions of its own axis.
    assert_eq!(
        lines(&["get", "loompy3-types.loom", "ra:Gene", "--rows", "-1,0"]),
        ["g", "a"]
    );
    assert_eq!(
        lines(&["get", "loompy3-types.loom", "ca:CellID", "--cols", "7:"]),
        ["7", "8"]
    );
}

/// The first and last values of each layer are the extremes of its type.
#[test]
fn extremes_read_back() {
    let first = |layer: &str, count: &str| {
        let what = format!("layer:{layer}");
        let cols = format!(":{count}");
        let lines = lines(&[
            "get",
            "loompy3-types.loom",
            &what,
            "--rows",
            "0",
            "--cols",
            &cols,
            "-f",
            "csv",
        ]);
        lines[0]
            .split(',')
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(first("int8", "2"), ["-128", "127"]);
    assert_eq!(
        first("int64", "2"),
        [i64::MIN.to_string(), i64::MAX.to_string()]
    );
    assert_eq!(first("uint64", "2"), ["0".to_owned(), u64::MAX.to_string()]);
    let floats: Vec<f64> = first("float64", "6")
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let extremes = [
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        f64::EPSILON,
        f64::from_bits(1),
        -0.0,
    ];
    assert_eq!(
        floats.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        extremes.map(f64::to_bits)
    );
    let floats: Vec<f32> = first("float32", "6")
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let extremes = [
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        f32::EPSILON,
        f32::from_bits(1),
        -0.0,
    ];
    assert_eq!(
        floats.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        extremes.map(f32::to_bits)
    );
}

#[test]
fn not_a_number_and_infinity() {
    let get = ["get", "loompy3.loom", "ca:NotFinite", "--cols", "6:9"];
    assert_eq!(lines(&get), ["inf", "NaN", "inf"]);
    assert_eq!(
        json(&[&get[..], &["-f", "json"]].concat()),
        json!([null, null, null])
    );
}

#[test]
fn blocks_have_names_around_them() {
    let block = lines(&[
        "get",
        "loompy3.loom",
        "matrix",
        "--rows",
        "129,0",
        "--cols",
        "-2:",
        "--labels",
    ]);
    assert_eq!(block[0], "Gene\tcell:0208\tcell:0209");
    assert!(
        block[1].starts_with("Gene129\t") && block[2].starts_with("Gene000\t"),
        "{block:?}"
    );
    let head = lines(&["head", "loompy3.loom", "-n", "2", "-c", "3"]);
    let words: Vec<&str> = head[0].split_whitespace().collect();
    assert_eq!(words, ["Gene", "cell:0000", "cell:0001", "cell:0002"]);
    assert!(head[2].starts_with("Gene001 "), "{head:?}");
    assert_eq!(head[3], "... and 128 rows and 207 columns more");
    // kallisto|bustools, Baysor, LoomExperiment, and a file without any name.
    let corner = |file: &str| lines(&["head", file, "-n", "1", "-c", "1"]).join(" ");
    let corner = |file: &str| {
        corner(file)
            .split_whitespace()
            .take(3)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(corner("bustools.loom"), "gene_name AAAAAAAA g0");
    assert_eq!(corner("baysor.loom"), "CellID g0 0");
    assert_eq!(corner("loom-experiment.loom"), "rownames c0 gene0");
    assert_eq!(corner("only-matrix.loom"), "0 0 0");
}

/// The awkward texts of `loompy3.loom`, and those of an older file, which are unescaped.
#[test]
fn text_comes_out_as_it_was_put_in() {
    let odd = [
        "plain",
        "",
        "\u{c5} \u{e4} \u{f6}",
        "\u{65e5}\u{672c}\u{8a9e}",
        "&lt;b&gt; & &amp;",
        "tab\there",
        "  spaces  ",
        &"\u{ff}".repeat(40),
    ];
    for (format, delimiter) in [("csv", b','), ("tsv", b'\t')] {
        let text = stdout(&[
            "get",
            "loompy3.loom",
            "ra:Odd",
            "--rows",
            ":8",
            "--format",
            format,
        ]);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .from_reader(&text[..]);
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let fields: Vec<Vec<&str>> = records
            .iter()
            .map(|record| record.iter().collect())
            .collect();
        assert_eq!(fields, odd.map(|text| vec![text]), "{format}");
    }
    let npy = Npy::parse(&stdout(&[
        "get",
        "loompy3.loom",
        "ra:Odd",
        "--rows",
        "2,1",
        "-f",
        "npy",
    ]));
    let units = [0xc5, 0x20, 0xe4, 0x20, 0xf6, 0, 0, 0, 0, 0]
        .map(u32::to_le_bytes)
        .concat();
    assert_eq!((npy.descr.as_str(), npy.values), ("'<U5'", units));
    let cells = lines(&["get", "unversioned.loom", "ca:CellID", "--cols", "0,8"]);
    assert_eq!(cells, ["c\u{e9}<0>", "c\u{e9}<8>"]);
    let title = lines(&["get", "unversioned.loom", "attr:title"]);
    assert_eq!(title, ["M\u{fc}ller & S\u{f6}hne"]);
    assert_eq!(
        lines(&["get", "unversioned.loom", "/@title"]),
        ["M&uuml;ller &amp; S&#246;hne"]
    );
    let table = lines(&["cells", "unversioned.loom", "-n", "1", "-f", "csv"]);
    assert_eq!(table, ["CellID,Class", "c\u{e9}<0>,0"]);
}

#[test]
fn global_attributes_keep_their_shape() {
    let get = |name: &str| json(&["get", "loompy3.loom", name, "--format", "json"]);
    assert_eq!(get("attr:count"), json!(42));
    assert_eq!(get("attr:numbers"), json!([0, 1, 2, 3, 4]));
    assert_eq!(get("attr:table"), json!([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]));
    assert_eq!(
        get("attr:words"),
        json!(["eins", "zwei", "d'rei", "\u{b5}"])
    );
    assert_eq!(get("/attrs/title"), json!("A Loom file"));
    assert_eq!(
        lines(&["get", "loompy3.loom", "attr:table", "-f", "csv"]),
        ["0,1,2", "3,4,5"]
    );
}
