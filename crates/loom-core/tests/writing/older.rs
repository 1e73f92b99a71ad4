//! Files of every version, and of others than loompy, keep their conventions.

use loom_core::{
    Array, Connect, Mode,
    h5lite::{Class, DatasetOptions, File},
};

use crate::{assert_same, bytes, fixture, open, reopen, words};

/// Every file that Loom programs wrote can be changed and goes on holding everything else.
#[test]
fn every_fixture_can_be_changed() {
    for name in [
        "anndata.loom",
        "baysor.loom",
        "bustools.loom",
        "loom-experiment.loom",
        "loompy2.loom",
        "loompy2-columns.loom",
        "loompy3.loom",
        "loompy3-edited.loom",
        "loompy3-names.loom",
        "loompy3-names-dense.loom",
        "loompy3-wide.loom",
        "loompy3-types.loom",
        "loomr.loom",
        "only-matrix.loom",
        "scope-json.loom",
        "scope-gzip.loom",
        "seuratdisk.loom",
        "unversioned.loom",
        "userblock-1024-latest.loom",
    ] {
        let mut ds = open(name);
        let before = ds.view(.., ..).unwrap();
        let (rows, cols) = ds.shape();
        let text: Array = vec!["\u{e9}\u{1f9ec}"; cols].as_slice().into();
        ds.ca_mut().insert("new text", text.clone()).unwrap();
        ds.ra_mut().insert("new number", vec![1.5; rows]).unwrap();
        ds.attrs_mut().insert("new title", "\u{65e5}").unwrap();
        ds.col_graphs_mut()
            .insert("new graph", &crate::graph(cols))
            .unwrap();
        ds.layers_mut()
            .insert("new layer", loom_core::DType::U8)
            .unwrap();
        let value = ds.layer("").unwrap().read_any(0, 0).unwrap();
        ds.write(0, 0, value).unwrap();
        let ds = reopen(bytes(ds));
        let mut view = ds.view(.., ..).unwrap();
        assert_eq!(view.ca.remove("new text"), Some(text), "{name}");
        assert!(view.ra.remove("new number").is_some(), "{name}");
        assert_eq!(
            view.attrs.remove("new title"),
            Some("\u{65e5}".into()),
            "{name}"
        );
        assert_eq!(
            view.col_graphs.remove("new graph"),
            Some(crate::graph(cols)),
            "{name}"
        );
        assert!(view.layers.remove("new layer").is_some(), "{name}");
        let mut expected = before;
        for view in [&mut view, &mut expected] {
            view.attrs.remove("last_modified");
            view.layers.remove("");
        }
        assert_same(&view, &expected, name);
    }
}

#[test]
fn version_2_stores_ascii_and_root_attributes() {
    let mut ds = open("loompy2.loom");
    let (_, cols) = ds.shape();
    let mut text = vec!["plain".to_owned(); cols];
    text[1] = "\u{e9} & &amp; \u{1f9ec}".to_owned();
    ds.ca_mut().insert("text", text.clone()).unwrap();
    ds.attrs_mut().insert("title", "\u{c5}").unwrap();
    ds.attrs_mut()
        .insert("many", ["\u{c5}", "b"].as_slice())
        .unwrap();
    ds.attrs_mut().insert("empty", "").unwrap();
    ds.attrs_mut().rename("many", "several").unwrap();
    let ds = reopen(bytes(ds));
    let file = ds.file();
    assert!(!file.contains("/attrs").unwrap());
    let stored = file.dataset("/col_attrs/text").unwrap();
    assert!(matches!(stored.datatype().class, Class::String { .. }));
    let expected = b"&#233; & &amp;amp; &#129516;";
    assert_eq!(stored.read_strings(&[]).unwrap()[1], expected);
    assert_eq!(ds.ca().get::<String>("text").unwrap().to_vec(), text);
    let root = file.root().unwrap();
    let title = root.attribute("title").unwrap();
    assert_eq!(title.read_any().unwrap(), "&#197;".into());
    assert!(matches!(title.datatype().class, Class::String { .. }));
    assert_eq!(ds.attrs().get_any("title").unwrap(), "\u{c5}".into());
    assert_eq!(
        ds.attrs().get_any("several").unwrap(),
        ["\u{c5}", "b"].as_slice().into()
    );
    assert_eq!(ds.attrs().get_any("empty").unwrap(), "".into());
    // It still is a valid file.
    let valid = Connect::new().mode(Mode::Read).bytes(bytes_of(ds)).unwrap();
    assert_eq!(valid.spec_version().major, 2);
}

fn bytes_of(ds: loom_core::LoomConnection) -> Vec<u8> {
    bytes(ds)
}

#[test]
fn early_graphs_get_their_present_name() {
    let ds = open("unversioned.loom");
    let graphs: Vec<_> = ds
        .row_graphs()
        .iter()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!graphs.is_empty() && ds.file().contains("/row_edges").unwrap());
    let mut ds = ds;
    let rows = ds.shape().0;
    ds.ra_mut().insert("x", words("", rows)).unwrap();
    let ds = reopen(bytes(ds));
    assert!(!ds.file().contains("/row_edges").unwrap());
    assert!(ds.file().contains("/layers").unwrap());
    let now: Vec<_> = ds
        .row_graphs()
        .iter()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(now, graphs);
}

/// A file that another program gave graphs in both places: those of today are the ones that count.
#[test]
fn early_graphs_whose_name_is_taken_stay_where_they_are() {
    for taken in [true, false] {
        let mut file = File::from_bytes_rw(fixture("unversioned.loom")).unwrap();
        let early = file.group("/row_edges").unwrap().names().unwrap();
        let other = if taken { early[0].as_str() } else { "other" };
        let mut edit = file.edit().unwrap();
        for part in ["a", "b", "w"] {
            let path = format!("/row_graphs/{other}/{part}");
            let one = Array::from(vec![0_i32]);
            edit.write(&path, &one, &DatasetOptions::contiguous())
                .unwrap();
        }
        edit.commit().unwrap();
        let mut ds = reopen(file.into_bytes().unwrap());
        let rows = ds.shape().0;
        ds.ra_mut().insert("x", words("", rows)).unwrap();
        let ds = reopen(bytes(ds));
        let graph = ds.row_graphs().get::<f64>(other).unwrap();
        assert_eq!(graph.iter().collect::<Vec<_>>(), [(0, 0, 0.0)]);
        let left = ds.file().group("/row_edges").ok();
        let left = left.map(|group| group.names().unwrap());
        let now = ds.row_graphs().keys().unwrap();
        match taken {
            true => assert_eq!((left, now), (Some(vec![early[0].clone()]), early)),
            false => assert_eq!((left, now.len()), (None, early.len() + 1)),
        }
    }
}

#[test]
fn reading_changes_nothing() {
    let old = fixture("unversioned.loom");
    let ds = open("unversioned.loom");
    ds.view(.., ..).unwrap();
    ds.last_modified().unwrap();
    assert_eq!(bytes(ds), old);
}
