//! Files whose rows are found by a key.

use ndarray::{Array2, arr2};

use super::{Folder, combine::genes, content, refused, ring, text};
use crate::{Combine, Error, Join, LoomView};

#[test]
fn rows_are_found_by_their_key() {
    let (one, mut two) = genes();
    two.ra
        .insert("Gene".into(), ["C", "B", "A"].as_slice().into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"]));
    combine.clone().key("Gene").write(&path).unwrap();
    let found = content(&path);
    assert_eq!(
        found.layers[""],
        arr2(&[[1, 2, 8], [3, 4, 9], [5, 6, 7]]).into()
    );
    assert_eq!(found.ra, one.ra);
    assert_eq!(found.row_graphs, one.row_graphs);
    assert_eq!(found.ca["CellID"], ["a1", "a2", "b1"].as_slice().into());
    combine.write(&path).unwrap();
    let found = content(&path);
    assert_eq!(
        found.layers[""],
        arr2(&[[1, 2, 7], [3, 4, 8], [5, 6, 9]]).into()
    );
}

#[test]
fn genes_may_differ() {
    let (one, two) = genes();
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"])).key("Gene");
    combine.clone().join(Join::Inner).write(&path).unwrap();
    let found = content(&path);
    assert_eq!(found.layers[""], arr2(&[[1, 2, 8], [5, 6, 7]]).into());
    assert_eq!(found.ra["Gene"], ["B", "C"].as_slice().into());
    assert_eq!(found.ra["Length"], vec![20, 30].into());
    // Of the ring B -> A -> C -> B an edge is left.
    let edges: Vec<_> = found.row_graphs["g"].iter().collect();
    assert_eq!(edges, [(1, 0, 2.5)]);
    combine.clone().join(Join::Outer).write(&path).unwrap();
    let found = content(&path);
    let all = arr2(&[[1, 2, 8], [3, 4, 0], [5, 6, 7], [0, 0, 9]]);
    assert_eq!(found.layers[""], all.into());
    assert_eq!(found.ra["Gene"], ["B", "A", "C", "D"].as_slice().into());
    assert_eq!(found.ra["Length"], vec![20, 10, 30, 41].into());
    assert_eq!(found.row_graphs["g"].shape(), (4, 4));
    assert_eq!(found.row_graphs["g"].data(), ring(3).data());
    let error = refused(
        |path| combine.clone().write(path),
        &[
            "row attribute \"Gene\" of 2.loom",
            "only in 1.loom: \"A\"",
            "only in 2.loom: \"D\"",
        ],
    );
    assert!(matches!(error, Error::Keys { .. }));
}

/// More tiles than one, and rows in every order.
#[test]
fn joins_of_large_files_are_those_of_small_ones() {
    let genes = |range: std::ops::Range<usize>, step: usize| -> Vec<usize> {
        let len = range.len();
        (0..len).map(|i| range.start + i * step % len).collect()
    };
    let (of_one, of_two) = (genes(0..151, 7), genes(60..211, 11));
    let view = |genes: &[usize], cols: usize, seed: usize| {
        let mut view = LoomView::default();
        let main = Array2::from_shape_fn((genes.len(), cols), |(row, col)| {
            u32::try_from(genes[row] * 1000 + col * 2 + seed).unwrap()
        });
        view.layers.insert(String::new(), main.into());
        view.ra
            .insert("Gene".into(), text("g", genes.iter().copied()));
        view
    };
    let folder = Folder::new(&[
        ("1.loom", &view(&of_one, 100, 0)),
        ("2.loom", &view(&of_two, 90, 1)),
    ]);
    let path = folder.path("out.loom");
    for join in [Join::Inner, Join::Outer] {
        Combine::new(folder.paths(["1.loom", "2.loom"]))
            .key("Gene")
            .join(join)
            .write(&path)
            .unwrap();
        let found = content(&path);
        let mut rows = of_one.clone();
        match join {
            Join::Inner => rows.retain(|gene| of_two.contains(gene)),
            _ => rows.extend(of_two.iter().filter(|gene| !of_one.contains(gene))),
        }
        let expected = Array2::from_shape_fn((rows.len(), 190), |(row, col)| {
            let gene = rows[row];
            let (genes, col, seed) = match col < 100 {
                true => (&of_one, col, 0),
                false => (&of_two, col - 100, 1),
            };
            let value = if genes.contains(&gene) {
                gene * 1000 + col * 2 + seed
            } else {
                0
            };
            u32::try_from(value).unwrap()
        });
        assert_eq!(found.ra["Gene"], text("g", rows));
        assert_eq!(found.layers[""], expected.into());
    }
}

#[test]
fn layers_of_an_outer_join_are_those_of_any_file() {
    let (one, mut two) = genes();
    two.layers.insert("x".into(), arr2(&[[1], [2], [3]]).into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let path = folder.path("out.loom");
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"])).key("Gene");
    combine.clone().join(Join::Outer).write(&path).unwrap();
    let x = arr2(&[[0, 0, 2], [0, 0, 0], [0, 0, 1], [0, 0, 3]]);
    assert_eq!(content(&path).layers["x"], x.into());
    combine.join(Join::Inner).write(&path).unwrap();
    assert_eq!(content(&path).layers.len(), 1);
    let other = Combine::new(folder.paths(["2.loom", "1.loom"]));
    refused(
        |path| other.write(path),
        &["1.loom", "layer \"x\"", "2.loom"],
    );
}

#[test]
fn joins_have_names() {
    for (name, join) in [
        ("strict", Join::Strict),
        ("inner", Join::Inner),
        ("outer", Join::Outer),
    ] {
        assert_eq!(name.parse::<Join>().unwrap(), join);
    }
    let error = "left".parse::<Join>().unwrap_err().to_string();
    assert!(
        error.contains("\"left\"") && error.contains("strict, inner, outer"),
        "{error}"
    );
}

#[test]
fn what_is_no_key() {
    let (one, mut two) = genes();
    two.ra.insert("Gene".into(), arr2(&[[1], [2], [3]]).into());
    let folder = Folder::new(&[("1.loom", &one), ("2.loom", &two)]);
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"])).key("Gene");
    let parts = [
        "row attribute \"Gene\" of 2.loom",
        "one value for each",
        "[3, 1]",
    ];
    let error = refused(|path| combine.write(path), &parts);
    assert!(matches!(error, Error::Shape { .. }));
    let of = |prefix| {
        let mut view = LoomView::default();
        view.layers
            .insert(String::new(), Array2::<u8>::zeros((9, 1)).into());
        view.ra.insert("Gene".into(), text(prefix, 0..9));
        view
    };
    let folder = Folder::new(&[("1.loom", &of("a")), ("2.loom", &of("b"))]);
    let combine = Combine::new(folder.paths(["1.loom", "2.loom"])).key("Gene");
    let first = r#"only in 1.loom: "a0", "a1", "a2", "a3", "a4" and 4 more"#;
    refused(|path| combine.write(path), &[first]);
}
