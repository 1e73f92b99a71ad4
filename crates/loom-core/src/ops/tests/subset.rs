//! Copies, subsets, permutations, splits and conversions.

use h5lite::{Array, Class, Selection};
use ndarray::{arr1, arr2};

use super::{Folder, content, fixture, open, refused, sample, without_dates};
use crate::{Axis, Connect, Error, LoomView, Matrix, Mode, SpecVersion, connect, edit::Create};

/// A view reads the same through code that copies nothing.
#[test]
fn what_is_selected_is_copied_in_the_order_given() {
    let folder = Folder::new(&[("in.loom", &sample(150, 210, 0))]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let path = folder.path("out.loom");
    let back: Selection = (0..210).rev().collect::<Vec<_>>().into();
    let up: Selection = (0..150).rev().collect::<Vec<_>>().into();
    let mask: Selection = (0..150)
        .map(|i| i % 7 == 0)
        .collect::<Vec<_>>()
        .as_slice()
        .into();
    let selections: [(Selection, Selection); 7] = [
        ((..).into(), (..).into()),
        ((10..140).into(), (100..).into()),
        (mask, vec![209, 3, 3, 64].into()),
        (up.clone(), (..).into()),
        ((..).into(), back.clone()),
        (up, back),
        (vec![149, 0, 149, 0, 77].into(), vec![5, 4, 5].into()),
    ];
    for (rows, cols) in selections {
        ds.subset()
            .rows(rows.clone())
            .cols(cols.clone())
            .write(&path)
            .unwrap();
        let expected = without_dates(ds.view(rows, cols).unwrap());
        assert_eq!(content(&path), expected);
        assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 2);
    }
}

#[test]
fn a_permutation_by_hand() {
    let mut view = LoomView::default();
    view.layers
        .insert(String::new(), arr2(&[[1, 2, 3], [4, 5, 6]]).into());
    view.ca
        .insert("c".into(), ["a", "b", "c"].as_slice().into());
    let graph = crate::Coo::new((3, 3), vec![0, 2], vec![1, 0], vec![0.5, 1.5]).unwrap();
    view.col_graphs.insert("g".into(), graph);
    let folder = Folder::new(&[("in.loom", &view)]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let path = folder.path("out.loom");
    ds.subset()
        .rows(vec![1, 0])
        .cols(vec![2, 0, 1])
        .write(&path)
        .unwrap();
    let found = content(&path);
    assert_eq!(found.layers[""], arr2(&[[6, 4, 5], [3, 1, 2]]).into());
    assert_eq!(found.ca["c"], ["c", "a", "b"].as_slice().into());
    let edges: Vec<_> = found.col_graphs["g"].iter().collect();
    assert_eq!(edges, [(1, 2, 0.5), (0, 1, 1.5)]);
}

/// Files by every program, into both versions and back.
#[test]
fn every_version_becomes_every_other() {
    for name in [
        "anndata.loom",
        "baysor.loom",
        "bustools.loom",
        "demo.loom",
        "loom-experiment.loom",
        "loompy2.loom",
        "loompy2-columns.loom",
        "loompy3-edited.loom",
        "loompy3-names.loom",
        "loompy3-types.loom",
        "loompy3-wide.loom",
        "loomr.loom",
        "only-matrix.loom",
        "seuratdisk.loom",
        "unversioned.loom",
    ] {
        let ds = open(name);
        let folder = Folder::new(&[]);
        let expected = without_dates(ds.view(.., ..).unwrap());
        let (old, new) = (folder.path("old.loom"), folder.path("new.loom"));
        ds.subset().spec(SpecVersion::V2).write(&old).unwrap();
        let between = connect(&old, Mode::Read).unwrap();
        assert_eq!(between.spec_version(), SpecVersion::V2);
        assert!(!between.file().contains("/attrs").unwrap(), "{name}");
        between.subset().write(&new).unwrap();
        let last = connect(&new, Mode::Read).unwrap();
        assert_eq!(last.spec_version(), SpecVersion::V3);
        for copy in [between, last] {
            let found = without_dates(copy.view(.., ..).unwrap());
            // NaN is equal in text.
            assert!(format!("{found:?}") == format!("{expected:?}"), "{name}");
            for layer in ds.layers().iter().unwrap() {
                let layer = layer.unwrap();
                assert_eq!(
                    copy.layer(layer.name()).unwrap().dtype(),
                    layer.dtype(),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn conversion_changes_how_text_is_stored() {
    let mut view = sample(3, 4, 0);
    let words = ["plain", "\u{e9} & &amp;", "", "\u{1f9ec}"];
    view.ca.insert("words".into(), words.as_slice().into());
    view.attrs.insert("CreationDate".into(), "long ago".into());
    let folder = Folder::new(&[("new.loom", &view)]);
    let old = folder.path("old.loom");
    let ds = connect(folder.path("new.loom"), Mode::Read).unwrap();
    ds.subset().spec(SpecVersion::V2).write(&old).unwrap();
    let ds = connect(&old, Mode::Read).unwrap();
    let stored = ds.file().dataset("/col_attrs/words").unwrap();
    assert!(matches!(stored.datatype().class, Class::String { .. }));
    let bytes = stored.read_strings(&[]).unwrap();
    assert_eq!(bytes[1], b"&#233; & &amp;amp;");
    let root = ds.file().root().unwrap();
    assert_eq!(
        root.attribute("title").unwrap().read_any().unwrap(),
        "&#26085; 0".into()
    );
    assert_eq!(
        root.attribute("LOOM_SPEC_VERSION")
            .unwrap()
            .read_any()
            .unwrap(),
        "2.0.1".into()
    );
    assert_eq!(
        ds.attrs().value::<String>("CreationDate").unwrap(),
        "long ago"
    );
    ds.subset().write(folder.path("again.loom")).unwrap();
    let ds = connect(folder.path("again.loom"), Mode::Read).unwrap();
    let stored = ds.file().dataset("/col_attrs/words").unwrap();
    assert!(matches!(
        stored.datatype().class,
        Class::VariableLength { .. }
    ));
    assert_eq!(
        ds.ca().get::<String>("words").unwrap(),
        arr1(&words.map(String::from))
    );
    assert_eq!(
        ds.attrs().value::<String>("CreationDate").unwrap(),
        "long ago"
    );
    // A control character that no character reference stands for.
    view.ra
        .insert("odd".into(), ["a", "\u{85}", "b"].as_slice().into());
    let folder = Folder::new(&[("new.loom", &view)]);
    let ds = connect(folder.path("new.loom"), Mode::Read).unwrap();
    let error = refused(
        |path| ds.subset().spec(SpecVersion::V2).write(path),
        &["row attribute \"odd\"", "\\u{85}", "2.0.1"],
    );
    assert!(matches!(error, Error::Text { .. }));
}

#[test]
fn layers_and_attributes_can_be_left_out() {
    let folder = Folder::new(&[("in.loom", &sample(5, 6, 0))]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let path = folder.path("out.loom");
    ds.subset()
        .layers([""])
        .skip_attrs(["PCA", "Length"])
        .write(&path)
        .unwrap();
    let found = content(&path);
    assert_eq!(found.layers.keys().collect::<Vec<_>>(), [""]);
    assert_eq!(found.ca.keys().collect::<Vec<_>>(), ["CellID", "Cluster"]);
    assert_eq!(found.ra.keys().collect::<Vec<_>>(), ["Gene"]);
    ds.subset().layers(["half"]).write(&path).unwrap();
    assert_eq!(
        content(&path).layers.len(),
        2,
        "the main matrix comes with it"
    );
}

/// What SCope and pySCENIC keep in compounds.
#[test]
fn compound_attributes_are_copied() {
    let mut compounds = 0;
    for name in ["scope-json.loom", "scope-zlib.loom", "scope-gzip.loom"] {
        let ds = open(name);
        let folder = Folder::new(&[]);
        let path = folder.path("out.loom");
        let (rows, cols) = (vec![2, 0], vec![3, 1, 1]);
        let expected = ds.view(rows.clone(), cols.clone()).unwrap();
        compounds += expected.ca.keys().filter(|name| name.contains('/')).count();
        ds.subset().rows(rows).cols(cols).write(&path).unwrap();
        let found = Connect::new().validate(false).open(&path).unwrap();
        let found = without_dates(found.view(.., ..).unwrap());
        assert!(
            format!("{found:?}") == format!("{:?}", without_dates(expected)),
            "{name}"
        );
    }
    assert!(compounds > 3);
}

#[test]
fn a_file_can_be_copied_over_itself() {
    let folder = Folder::new(&[("in.loom", &sample(5, 6, 0))]);
    let path = folder.path("in.loom");
    let ds = connect(&path, Mode::Read).unwrap();
    let before = ds.view(.., ..2).unwrap();
    ds.subset().cols(..2).write(&path).unwrap();
    assert_eq!(content(&path), without_dates(before));
}

#[test]
fn a_file_for_each_value() {
    let folder = Folder::new(&[("in.loom", &sample(130, 140, 0))]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    let at = |value: &str| folder.path(&format!("cluster-{value}.loom"));
    let parts = ds
        .subset()
        .rows(..100)
        .split(Axis::Cols, "Cluster", at)
        .unwrap();
    let found: Vec<_> = parts
        .iter()
        .map(|part| (part.value.as_str(), part.len))
        .collect();
    assert_eq!(found, [("0.0", 47), ("1.0", 47), ("2.0", 46)]);
    for (number, part) in parts.iter().enumerate() {
        assert_eq!(part.path, at(&part.value));
        let cols: Vec<usize> = (0..140).filter(|col| col % 3 == number).collect();
        let expected = ds.view(..100, cols).unwrap();
        assert_eq!(content(&part.path), without_dates(expected));
    }
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 4);
    let parts = ds.subset().rows(..2).split(Axis::Rows, "Gene", at).unwrap();
    assert_eq!(
        (parts.len(), content(&parts[1].path).shape()),
        (2, (1, 140))
    );
}

#[test]
fn wrong_selections_change_nothing() {
    let folder = Folder::new(&[("in.loom", &sample(5, 6, 0))]);
    let ds = connect(folder.path("in.loom"), Mode::Read).unwrap();
    refused(
        |path| ds.subset().rows(vec![5]).write(path),
        &["axis 0", "5"],
    );
    refused(|path| ds.subset().cols(..7).write(path), &["axis 1", "6"]);
    refused(
        |path| ds.subset().rows(..0).write(path),
        &["layer \"\"", "[0, 6]", "at least one row"],
    );
    refused(
        |path| ds.subset().layers(["x"]).write(path),
        &["layer", "\"x\""],
    );
    refused(
        |path| ds.subset().skip_attrs(["x"]).write(path),
        &["attribute", "\"x\""],
    );
    let odd = "1.0".parse().unwrap();
    refused(
        |path| ds.subset().spec(odd).write(path),
        &["2.0.1", "3.0.0", "1.0.0"],
    );
    let split = |by: &'static str| {
        let ds = &ds;
        move |path: &std::path::Path| {
            let at = |_: &str| path.to_owned();
            ds.subset().split(Axis::Cols, by, at)
        }
    };
    refused(
        split("Cluster"),
        &["column attribute \"Cluster\"", "0.0", "1.0", "out.loom"],
    );
    refused(split("x"), &["column attribute", "\"x\""]);
    refused(
        split("PCA"),
        &["column attribute \"PCA\"", "[6, 2]", "one value for each"],
    );
    // Attributes that do not fit.
    let ds = Connect::new()
        .validate(false)
        .open(fixture("breaks-spec.loom"))
        .unwrap();
    refused(|path| ds.subset().write(path), &[]);
}

/// loompy's `create` refuses such values; here they are copied, because the file holds them already.
#[test]
fn values_that_are_not_finite_are_copied() {
    let folder = Folder::new(&[]);
    let [path, part] = folder.paths(["nan.loom", "part.loom"]);
    let view = Matrix::from(arr2(&[[1.0, 2.0], [3.0, 4.0]]));
    (Create::new().write(&path, |file| file.columns(view))).unwrap();
    let mut file = h5lite::File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    let nan: Array = arr2(&[[f64::NAN]]).into();
    edit.write_at("/matrix", &[1.into(), 0.into()], &nan)
        .unwrap();
    edit.commit().unwrap();
    drop(file);
    let ds = connect(&path, Mode::Read).unwrap();
    ds.subset().cols(vec![1, 0]).write(&part).unwrap();
    let found = connect(&part, Mode::Read).unwrap();
    let found = found.read::<f64>(.., ..).unwrap();
    assert_eq!(
        format!("{found:?}"),
        format!("{:?}", arr2(&[[2.0, 1.0], [4.0, f64::NAN]]))
    );
}
