//! Files judged: by the specification, by its conventions, and by what only Loom knows of them.

use std::path::PathBuf;

use loom_core::{
    Array, Connect, Error, LoomValidator, LoomView, SpecVersion, Strictness, check, create,
    h5lite::{DatasetOptions, File, FindingKind},
    validate,
};
use ndarray::arr2;

/// What the conventions ask for, all of it.
fn conventional() -> LoomView {
    let mut view = LoomView::default();
    let main = arr2(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
    view.layers.insert(String::new(), main.into());
    for name in ["Description", "Journal", "Authors", "Title", "Year"] {
        view.attrs.insert(name.into(), "x".into());
    }
    let text = |texts: &[&str]| Array::from(texts);
    view.ra.insert("Accession".into(), text(&["E1", "E2"]));
    view.ra.insert("Gene".into(), text(&["a", "a"]));
    view.ra.insert("Valid".into(), vec![1_i64, 0].into());
    view.ra.insert("Selected".into(), vec![1_u8, 1].into());
    view.ca.insert("CellID".into(), text(&["1", "2", "3", "4"]));
    view.ca.insert("ClusterID".into(), vec![0, 2, 1, 0].into());
    view.ca
        .insert("ClusterName".into(), text(&["A", "C", "B", "A"]));
    view.ca.insert("Valid".into(), vec![1_i64, 0, 1, 1].into());
    view.ca.insert("Outliers".into(), vec![0_i8; 4].into());
    view
}

/// The errors and warnings on a file with this in it.
fn judged(view: &LoomView) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    create(&path, view).unwrap();
    let by = |strictness| LoomValidator::new().validate(&path, strictness).unwrap();
    assert!(by(Strictness::SpecOnly).is_valid());
    assert!(validate(&path).unwrap().is_valid());
    let report = by(Strictness::Conventions);
    (report.errors, report.warnings)
}

/// The wording is that of loompy 3.0.8's `validate_conventions`.
#[test]
fn conventions_that_are_kept_and_broken() {
    assert_eq!(judged(&conventional()), (vec![], vec![]));
    let breaks = |change: &dyn Fn(&mut LoomView), expected: &[&str]| {
        let mut view = conventional();
        change(&mut view);
        let (errors, warnings) = judged(&view);
        assert_eq!(errors[..expected.len()], *expected, "{errors:?}");
        // What follows is where to find help.
        assert!(
            errors[expected.len()..]
                .iter()
                .all(|line| line.contains("For help"))
        );
        assert_eq!(warnings, [""; 0]);
    };
    let ca = |name: &'static str, values: Array| {
        move |view: &mut LoomView| drop(view.ca.insert(name.into(), values.clone()))
    };
    let ra = |name: &'static str, values: Array| {
        move |view: &mut LoomView| drop(view.ra.insert(name.into(), values.clone()))
    };
    let gap = "Column attribute 'ClusterID' must be integers 0, 1, 2, ... with no missing values";
    let pairs = "ClusterName must correspond 1:1 with ClusterID";
    breaks(&ca("ClusterID", vec![0, 3, 1, 0].into()), &[gap]);
    breaks(&ca("ClusterID", vec![1, 3, 2, 1].into()), &[gap]);
    let integer = "Column attribute 'ClusterID' must be integer dtype";
    breaks(
        &ca("ClusterID", vec![0.0, 2.0, 1.0, 0.0].into()),
        &[integer],
    );
    let text: Array = ["0", "2", "1", "0"].as_slice().into();
    breaks(&ca("ClusterID", text), &[integer, gap]);
    let names = |names: [&str; 4]| Array::from(names.as_slice());
    breaks(&ca("ClusterName", names(["A", "B", "B", "A"])), &[pairs]);
    breaks(&ca("ClusterName", names(["A", "C", "B", "D"])), &[pairs]);
    let strings = "Column attribute 'ClusterName' must be an array of strings";
    breaks(&ca("ClusterName", vec![5, 7, 6, 5].into()), &[strings]);
    let wide: Array = arr2(&[[1], [0], [1], [1]]).into();
    let shape = "Column attribute 'Valid' must be 1-dimensional array of 4 elements";
    breaks(&ca("Valid", wide), &[shape]);
    let binary = "Column attribute 'Outliers' must be integers 0 or 1 only";
    breaks(&ca("Outliers", vec![0, 1, 2, 0].into()), &[binary]);
    let float = "Row attribute 'Selected' must be integer dtype, not 'float32'";
    breaks(&ra("Selected", vec![0_f32, 1.0].into()), &[float]);
    let twice = "Column attribute 'CellID' cannot contain duplicate values";
    breaks(&ca("CellID", names(["1", "2", "1", "4"])), &[twice]);
    let twice = "Row attribute 'Accession' cannot contain duplicate values";
    breaks(&ra("Accession", ["E", "E"].as_slice().into()), &[twice]);
    let strings = "Row attribute 'Accession' must be an array of strings, not 'int64'";
    breaks(&ra("Accession", vec![1_i64, 2].into()), &[strings]);
}

#[test]
fn what_the_conventions_miss() {
    let mut view = conventional();
    view.attrs.clear();
    view.ca.clear();
    view.ra.clear();
    let (errors, warnings) = judged(&view);
    let missing = |kind: &str, name: &str| format!("{kind} '{name}' is missing");
    for (kind, name) in [
        ("Column attribute", "ClusterID"),
        ("Column attribute", "CellID"),
        ("Row attribute", "Accession"),
        ("Row attribute", "Gene"),
    ] {
        assert!(
            errors.contains(&missing(kind, name)),
            "{name} in {errors:?}"
        );
    }
    for (kind, name) in [
        ("Optional global attribute", "Journal"),
        ("Optional column attribute", "ClusterName"),
        ("Optional column attribute", "Valid"),
        ("Optional row attribute", "Selected"),
    ] {
        assert!(
            warnings.contains(&missing(kind, name)),
            "{name} in {warnings:?}"
        );
    }
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

#[test]
fn a_version_can_be_imposed() {
    let path = fixture("loompy3.loom");
    let as_version = |version: &str| {
        let validator = LoomValidator::with_version(version);
        validator.validate(&path, Strictness::SpecOnly).unwrap()
    };
    let report = as_version("3.0.0");
    assert!(report.is_valid() && report.version == "3.0.0", "{report:?}");
    // A file of version 2 has no group of global attributes, and text of fixed length.
    let report = as_version("2.0.1");
    assert!(
        !report.is_valid() && report.version == "2.0.1",
        "{report:?}"
    );
    let error = Connect::new()
        .spec(SpecVersion::V2)
        .open(&path)
        .unwrap_err();
    let Error::NotLoom { failed, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(failed, report.errors);
    let old = fixture("loompy2.loom");
    let ds = Connect::new().spec(SpecVersion::V2).open(old).unwrap();
    assert_eq!(ds.spec_version(), SpecVersion::V2);
    assert!(validate(fixture("none.loom")).is_err());
}

#[test]
fn edges_that_lead_nowhere_are_found_by_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let mut view = conventional();
    let graph = loom_core::Coo::new((4, 4), vec![0, 3], vec![1, 2], vec![1.0, 2.0]).unwrap();
    view.col_graphs.insert("KNN".into(), graph);
    create(&path, &view).unwrap();
    let problems = || {
        let findings = check(File::open(&path).unwrap()).unwrap();
        let problems = findings
            .into_iter()
            .filter(|finding| finding.kind.is_problem());
        problems.collect::<Vec<_>>()
    };
    assert_eq!(problems(), []);
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    edit.write_at("/col_graphs/KNN/a", &[1.into()], &4_i32.into())
        .unwrap();
    edit.commit().unwrap();
    drop(file);
    let found = problems();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].kind, found[0].path.as_str()),
        (FindingKind::Damaged, "/col_graphs/KNN")
    );
    assert!(found[0].reason.contains("a[1]"), "{:?}", found[0]);
    // Three parts that are not of one length.
    let mut file = File::open_rw(&path).unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous();
    edit.write("/col_graphs/KNN/w", &vec![1.0].into(), &options)
        .unwrap();
    edit.commit().unwrap();
    drop(file);
    assert_eq!(problems().len(), 1);
    // Without a matrix it is no Loom file, but HDF5 may be sound.
    let empty = File::create_in_memory().unwrap();
    assert!(check(empty).is_ok_and(|findings| findings.is_empty()));
}

#[test]
fn a_view_shows_its_corner() {
    let mut view = conventional();
    view.attrs.clear();
    view.attrs.insert("Title".into(), "<\"x\" & 'y'>".into());
    let html = view.to_html();
    let escaped = "&lt;&quot;x&quot; &amp; &#x27;y&#x27;&gt;";
    for part in [
        escaped,
        "2 rows, 4 columns",
        "Accession",
        "E2",
        "ClusterName",
        "<td>8</td>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    create(&path, &view).unwrap();
    let ds = Connect::new()
        .threads(1)
        .positioned(true)
        .open(&path)
        .unwrap();
    let read = ds.view(.., ..).unwrap();
    // What is shown of a file is shown of what is read of it, but for its name.
    let tail = |html: String| {
        html.split("Accession")
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(tail(ds.to_html().unwrap()), tail(read.to_html()));
    assert!(LoomView::default().to_html().contains("0 rows"));
}
