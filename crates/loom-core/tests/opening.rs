//! What opens, what does not and why, and what a broken file still gives.

use std::{fs, path::PathBuf};

use loom_core::{
    Array, Axis, Connect, Error, LoomConnection, Mode, SpecVersion, Stat, connect, h5lite,
};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

fn lenient(name: &str) -> LoomConnection {
    Connect::new().validate(false).open(fixture(name)).unwrap()
}

#[test]
fn four_reasons_not_to_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let error = Result::unwrap_err(connect(&path, Mode::Read));
    assert!(matches!(error, Error::NoFile { .. }), "{error:?}");
    assert!(error.to_string().contains("x.loom"), "{error}");

    fs::write(&path, "not HDF5").unwrap();
    let error = Result::unwrap_err(connect(&path, Mode::Read));
    assert!(matches!(error, Error::NotHdf5 { .. }), "{error:?}");

    fs::copy(fixture("loompy2.loom"), &path).unwrap();
    let writer = fs::File::open(&path).unwrap();
    writer.lock().unwrap();
    let error = Result::unwrap_err(connect(&path, Mode::Read));
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    writer.unlock().unwrap();
    connect(&path, Mode::Read).unwrap();

    match Result::unwrap_err(connect(fixture("breaks-spec.loom"), Mode::Read)) {
        Error::NotLoom { failed, .. } => {
            for fault in ["wrong_shape", "text", "half", "nested"] {
                assert!(
                    failed.iter().any(|rule| rule.contains(fault)),
                    "{fault} in {failed:#?}"
                );
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn modes_are_loompys() {
    assert_eq!("r".parse::<Mode>().unwrap(), Mode::Read);
    assert_eq!("r+".parse::<Mode>().unwrap(), Mode::ReadWrite);
    for text in ["", "w", "a", "R", "read", "rw", "r+ "] {
        assert!(text.parse::<Mode>().is_err(), "{text:?}");
    }
}

#[test]
fn a_broken_file_gives_what_is_whole() {
    let ds = lenient("breaks-spec.loom");
    assert_eq!(ds.shape(), (6, 5));
    assert!(ds.warnings().iter().any(|w| w.contains("/col_graphs")));
    assert_eq!(
        ds.ca().get::<i64>("CellID").unwrap().to_vec(),
        [0, 1, 2, 3, 4]
    );
    assert_eq!(ds.read::<f32>(.., 4).unwrap().dim(), (6, 1));
    assert_eq!(ds.layer("wrong_shape").unwrap().shape(), (6, 4));
    // Seven values for six rows: whoever asks for them gets them, but nothing that needs six.
    assert_eq!(ds.ra().get::<i64>("Gene").unwrap().len(), 7);
    let shape = |error: Error| matches!(error, Error::Shape { .. });
    assert!(shape(Result::unwrap_err(ds.ra().get_at("Gene", 0))));
    assert!(shape(Result::unwrap_err(ds.ra().get::<i64>("scalar"))));
    assert!(shape(Result::unwrap_err(ds.ca().get::<f64>("rank3"))));
    assert!(
        Result::unwrap_err(ds.view(.., ..))
            .to_string()
            .contains("text")
    );
    let error = Result::unwrap_err(
        ds.scan(Axis::Cols)
            .layers(["wrong_shape"])
            .into_iter()
            .next()
            .unwrap(),
    );
    assert!(error.to_string().contains("wrong_shape"), "{error}");
    assert!(
        Result::unwrap_err(ds.ra().get_any("nested"))
            .to_string()
            .contains("nested")
    );
    let broken = |error: Error| matches!(error, Error::BreaksSpec { .. });
    assert!(broken(Result::unwrap_err(ds.layer("text"))));
    assert!(broken(Result::unwrap_err(
        ds.row_graphs().get::<f64>("half")
    )));
    assert!(broken(Result::unwrap_err(
        ds.row_graphs().get::<f64>("integer")
    )));
}

#[test]
fn nothing_is_a_loom_file_too() {
    let ds = lenient("loompy3-new.loom");
    assert_eq!(ds.shape(), (0, 0));
    assert_eq!(ds.attrs().value::<String>("title").unwrap(), "empty");
    assert!(ds.warnings().iter().any(|w| w.contains("/matrix")));
    assert!(Result::unwrap_err(ds.layer("")).is_not_found());
    let view = ds.view(.., ..).unwrap();
    assert_eq!((view.shape(), view.attrs.len()), ((0, 0), 3));
    assert_eq!(ds.scan(Axis::Rows).into_iter().count(), 0);

    let ds = lenient("only-matrix.loom");
    assert_eq!(ds.spec_version(), SpecVersion::NONE);
    assert!(ds.ra().is_empty().unwrap() && ds.col_graphs().is_empty().unwrap());
    assert_eq!(ds.view(0..2, ..).unwrap().shape(), (2, 9));
}

#[test]
fn what_does_not_exist_and_what_is_out_of_range() {
    let ds = lenient("loompy2.loom");
    for error in [
        Result::unwrap_err(ds.layer("none")),
        Result::unwrap_err(ds.layer("../matrix")),
        Result::unwrap_err(ds.ra().get_any("none")),
        Result::unwrap_err(ds.ra().get_any("../col_attrs/CellID")),
        Result::unwrap_err(ds.ra().get_any("Gene/none")),
        Result::unwrap_err(ds.attrs().get_any("none")),
        Result::unwrap_err(ds.row_graphs().get::<f64>("none")),
        Result::unwrap_err(ds.row_graphs().get::<f64>(".")),
        Result::unwrap_err(ds.scan(Axis::Cols).key("none").into_iter().next().unwrap()),
    ] {
        assert!(error.is_not_found(), "{error:?}");
    }
    assert!(!ds.ra().contains("").unwrap() && ds.ra().contains("Gene").unwrap());
    let outside = [
        Result::unwrap_err(ds.read::<f32>(90, ..)),
        Result::unwrap_err(ds.view(90, ..)),
        Result::unwrap_err(ds.ra().get_at("Gene", 90)),
        Result::unwrap_err(ds.sparse::<f32>(90, ..)),
        Result::unwrap_err(ds.layer("").unwrap().stats(Axis::Cols, 90, &[Stat::Sum])),
        Result::unwrap_err(ds.scan(Axis::Rows).items(90).into_iter().next().unwrap()),
    ];
    for error in outside {
        let text = error.to_string();
        assert!(text.contains("90"), "{text}");
        match error {
            Error::H5(error) => assert!(
                matches!(
                    error.root_cause(),
                    h5lite::Error::OutOfBounds { index: 90, .. }
                ),
                "{error:?}"
            ),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn numbers_are_converted_where_nothing_is_lost() {
    let ds = lenient("demo.loom");
    assert_eq!(ds.layer("").unwrap().dtype().name(), "uint16");
    assert_eq!(
        ds.read::<f32>(0, 0).unwrap(),
        ds.read::<u16>(0, 0).unwrap().mapv(f32::from)
    );
    assert!(ds.read::<i16>(0, 0).is_err() && ds.read::<u8>(0, 0).is_err());
    assert!(ds.layer("").unwrap().read_lossy::<u8>(0, 0).is_ok());
    assert!(ds.ca().get::<i64>("CellID").is_err());
    assert!(ds.ca().get::<String>("Clusters").is_err());
}

/// `numpy.sum([])` is 0, `numpy.mean([])` and `numpy.var([])` are NaN; loompy's `map` of a minimum
/// raises numpy's exception, where there is NaN here.
#[test]
fn statistics_of_nothing() {
    let ds = lenient("loompy2.loom");
    let stats = [
        Stat::Sum,
        Stat::Nonzeros,
        Stat::Mean,
        Stat::Variance,
        Stat::Min,
        Stat::Max,
    ];
    for axis in Axis::BOTH {
        let results = ds.layer("").unwrap().stats(axis, 0..0, &stats).unwrap();
        for (number, result) in results.iter().enumerate() {
            assert_eq!(result.len(), axis.of(ds.shape()));
            assert!((result.iter()).all(|&x| if number < 2 { x == 0.0 } else { x.is_nan() }));
        }
        let lengths = (ds.layer("").unwrap())
            .map::<f32>(
                axis,
                0..0,
                &mut [&mut |lane| f64::from(u8::try_from(lane.len()).unwrap())],
            )
            .unwrap();
        assert!(lengths[0].iter().all(|&length| length == 0.0));
    }
    assert!(ds.sparse::<f32>(0..0, ..).unwrap().is_empty());
    assert!(
        ds.scan(Axis::Cols)
            .batch_size(0)
            .into_iter()
            .next()
            .unwrap()
            .is_err()
    );
}

#[test]
fn attributes_are_stacked() {
    let ds = lenient("demo.loom");
    let ca = ds.ca();
    let both = ca.stack(&["none", "_X", "_Y", "_X"]).unwrap();
    let column = |name: &str| ca.get_lossy::<f64>(name).unwrap();
    assert_eq!(both.shape(), [3000, 3]);
    let both = match both {
        Array::F32(both) => both.mapv(f64::from),
        Array::F64(both) => both,
        other => panic!("{}", other.dtype()),
    };
    for (place, name) in ["_X", "_Y", "_X"].into_iter().enumerate() {
        assert_eq!(
            both.index_axis(ndarray::Axis(1), place),
            column(name).into_dyn()
        );
    }
    assert_eq!(
        ca.stack(&["none", "UMAP"]).unwrap(),
        ca.get_any("UMAP").unwrap()
    );
    assert!(matches!(
        Result::unwrap_err(ca.stack(&["_X", "CellID"])),
        Error::Type { .. }
    ));
    assert!(matches!(
        Result::unwrap_err(ca.stack(&["UMAP", "UMAP"])),
        Error::Shape { .. }
    ));
    assert!(Result::unwrap_err(ca.stack(&["none", "neither"])).is_not_found());
    assert!(Result::unwrap_err(ca.stack(&[])).is_not_found());
}

#[test]
fn fields_of_compounds_are_attributes() {
    let ds = lenient("scope-json.loom");
    let fields = ds.ra().fields("Regulons").unwrap();
    assert_eq!(fields.len(), 70);
    assert!(ds.ra().fields("Gene").unwrap().is_empty());
    let values = ds
        .ra()
        .get::<i64>(&format!("Regulons/{}", fields[3]))
        .unwrap();
    assert_eq!(values.len(), 20);
    let error = Result::unwrap_err(ds.ra().get_any("Regulons")).to_string();
    assert!(
        error.contains(&format!("Regulons/{}", fields[0])),
        "{error}"
    );
}

#[test]
fn edges_lead_to_vertices() {
    let original = fs::read(fixture("loompy2.loom")).unwrap();
    let ds = Connect::new()
        .validate(false)
        .bytes(original.clone())
        .unwrap();
    let vertices = ds.file().dataset("/col_graphs/KNN/a").unwrap();
    let stored = vertices.read_bytes(&[]).unwrap();
    let at = (original.windows(stored.len()))
        .position(|window| window == stored)
        .unwrap();
    // The last byte of the first number: it becomes huge, or negative.
    for byte in [0x7f, 0xff] {
        let mut bytes = original.clone();
        bytes[at + stored.len() / vertices.shape()[0] - 1] = byte;
        let ds = Connect::new().validate(false).bytes(bytes).unwrap();
        let error = Result::unwrap_err(ds.col_graphs().get::<f64>("KNN"));
        assert!(matches!(error, Error::BreaksSpec { .. }), "{error:?}");
        assert!(error.to_string().contains("a[0]"), "{error}");
        assert!(ds.view(.., ..).is_err() && ds.row_graphs().iter().unwrap().all(|g| g.is_ok()));
    }
}

#[test]
fn text_that_is_not_utf8_is_mended_with_a_warning() {
    let mut bytes = fs::read(fixture("loompy3-columns.loom")).unwrap();
    let whole = Connect::new().validate(false).bytes(bytes.clone()).unwrap();
    let mut names = whole.ra().get::<String>("Gene").unwrap();
    assert!(whole.warnings().is_empty(), "{:?}", whole.warnings());
    // Variable-length text stands in a heap of its own, as it is.
    let at = (bytes.windows(names[69].len()))
        .position(|window| window == names[69].as_bytes())
        .unwrap();
    bytes[at] = 0xff;
    let ds = Connect::new().validate(false).bytes(bytes).unwrap();
    names[69].replace_range(..1, "\u{fffd}");
    assert_eq!(ds.ra().get::<String>("Gene").unwrap(), names);
    assert_eq!(ds.warnings().len(), 1);
    assert!(ds.warnings()[0].contains("/row_attrs/Gene: 1 values"));
}
