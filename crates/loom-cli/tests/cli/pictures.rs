//! `loom plot`: what is in the pictures is what is in the files, as h5py reads them or the scripts
//! that made them say.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{failure, lines, run, str, text};

/// Runs the program, writing a picture into the folder, and returns that with what is said aside.
fn plot(folder: &Path, args: &[&str]) -> (String, String) {
    let picture = folder.join("picture.svg");
    let output = run(&[&["plot"], args, &["-f", "-o", str(&picture)]].concat());
    let aside = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {aside}");
    assert!(output.stdout.is_empty());
    (fs::read_to_string(picture).unwrap(), aside)
}

/// The texts of a picture.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    let text = |node: roxmltree::Node| node.text().unwrap_or_default().to_owned();
    texts.map(text).collect()
}

/// The circles of a picture: place and colour.
fn circles(svg: &str) -> Vec<(f64, f64, String)> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let circles = document
        .descendants()
        .filter(|node| node.has_tag_name("circle"));
    let circle = |node: roxmltree::Node| {
        let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let fill = node.attribute("fill").unwrap().to_owned();
        (number("cx"), number("cy"), fill)
    };
    circles.map(circle).collect()
}

fn column(name: &str) -> Vec<String> {
    lines(&["get", "demo.loom", name])
}

fn numbers(name: &str) -> Vec<f64> {
    let numbers = column(name).into_iter();
    let mut numbers: Vec<f64> = numbers.map(|number| number.parse().unwrap()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

#[test]
fn cells_are_where_their_attributes_say() {
    let folder = tempfile::tempdir().unwrap();
    let (svg, aside) = plot(folder.path(), &["demo.loom", "--color", "CellType"]);
    assert_eq!(aside, "loom: demo.loom: drawn by _X and _Y\n");
    let circles = circles(&svg);
    assert_eq!(circles.len(), 3000);
    // Places are the coordinates, stretched alike in both directions.
    let mut scales = Vec::new();
    let xs = circles.iter().map(|circle| circle.0).collect::<Vec<_>>();
    let ys = circles.iter().map(|circle| -circle.1).collect();
    for (mut drawn, name) in [(xs, "ca:_X"), (ys, "ca:_Y")] {
        drawn.sort_by(f64::total_cmp);
        let values = numbers(name);
        let scale = (drawn[2999] - drawn[0]) / (values[2999] - values[0]);
        for (drawn_at, value) in drawn.iter().zip(&values) {
            let expected = drawn[0] + (value - values[0]) * scale;
            assert!((drawn_at - expected).abs() < 0.02, "{name} {value}");
        }
        scales.push(scale);
    }
    assert!((scales[0] / scales[1] - 1.0).abs() < 1e-3, "{scales:?}");
    // As many cells of a colour as of a category.
    let count = |values: Vec<String>| {
        let mut counts = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_insert(0) += 1;
        }
        let mut counts: Vec<(String, i32)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| *count);
        counts
    };
    let types = count(column("ca:CellType"));
    let colors = count(circles.into_iter().map(|circle| circle.2).collect());
    let counts = |all: &[(String, i32)]| all.iter().map(|one| one.1).collect::<Vec<_>>();
    assert_eq!(counts(&types), counts(&colors));
    let shown = texts(&svg);
    for (name, _) in types {
        assert!(shown.contains(&name), "{name}: {shown:?}");
    }
}

#[test]
fn genes_are_found_by_name_only() {
    let folder = tempfile::tempdir().unwrap();
    let (svg, _) = plot(folder.path(), &["demo.loom", "-c", "gene:CD19", "--log"]);
    assert!(texts(&svg).contains(&"CD19".to_owned()));
    let names = lines(&["genes", "demo.loom", "--columns", "Gene,Accession"]);
    let accession = names
        .iter()
        .find_map(|line| line.strip_prefix("CD19\t"))
        .unwrap();
    let gene = format!("gene:{accession}");
    let (other, _) = plot(
        folder.path(),
        &[
            "demo.loom",
            "-c",
            &gene,
            "--gene-attr",
            "Accession",
            "--log",
        ],
    );
    assert_eq!(circles(&svg), circles(&other));
    // The places are not those of other cells: more than half of the highest are B cells.
    let failed = |args: &[&str]| {
        let picture = folder.path().join("no.svg");
        failure(&[&["plot", "demo.loom", "-o", str(&picture)], args].concat())
    };
    let message = failed(&["-c", "gene:cd19"]);
    assert!(
        message.contains("no gene has the Gene \"cd19\"; near it: CD19"),
        "{message}"
    );
    let message = failed(&["-c", "gene:CD19", "--gene-attr", "Nope"]);
    assert!(
        message.contains("no attribute of the genes is named \"Nope\"; there are: Accession"),
        "{message}"
    );
    // Selected is 0 or 1 for all of them.
    let message = failed(&["-c", "gene:1", "--gene-attr", "Selected"]);
    assert!(
        message.contains("genes have the Selected \"1\", in rows "),
        "{message}"
    );
    let message = failed(&["-c", "gene:CD19", "--layer", "spliced"]);
    assert!(message.contains("no layer named \"spliced\""), "{message}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

#[test]
fn every_producers_embedding_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (file, places) in [
        ("scope-json.loom", "Embeddings_X.-1 and Embeddings_Y.-1"),
        ("loompy3.loom", "TSNE.0 and TSNE.1"),
        ("anndata.loom", "X_umap.0 and X_umap.1"),
        ("loomr.loom", "tsne.0 and tsne.1"),
        ("loompy2.loom", "XY.0 and XY.1"),
        ("loompy3-one-column.loom", "XY.0 and XY.1"),
        ("loom-experiment.loom", "reducedDims.0 and reducedDims.1"),
    ] {
        let (svg, aside) = plot(folder.path(), &[file]);
        assert_eq!(aside, format!("loom: {file}: drawn by {places}\n"));
        assert!(!circles(&svg).is_empty(), "{file}");
    }
    let (svg, aside) = plot(
        folder.path(),
        &["demo.loom", "--embedding", "UMAP", "-c", "UMAP[1]"],
    );
    assert_eq!(aside, "");
    assert_eq!(
        texts(&svg).iter().filter(|text| *text == "UMAP.1").count(),
        2
    );
}

#[test]
fn every_kind_of_values_has_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 12] = [
        &["loompy3.loom", "-c", "Half"],
        &["loompy3.loom", "-c", "Small"],
        &["loompy3.loom", "-c", "Small", "--as", "number"],
        &["loompy3.loom", "-c", "CellID"],
        &["anndata.loom", "-c", "doublet"],
        &["anndata.loom", "-c", "percent_mito", "--as", "category"],
        &["scope-json.loom", "-c", "Clusterings.0"],
        &["seuratdisk.loom", "--kind", "qc", "-c", "kept"],
        &["only-matrix.loom", "--kind", "qc"],
        &["loompy3-one-column.loom", "--kind", "qc"],
        &[
            "demo.loom",
            "--kind",
            "violin",
            "-x",
            "Batch",
            "-y",
            "gene:CD19",
        ],
        &["demo.loom", "--kind", "histogram", "-x", "UMAP.0"],
    ];
    for args in cases {
        let (svg, _) = plot(folder.path(), args);
        assert!(!svg.contains("NaN"), "{args:?}");
        assert!(
            texts(&svg)
                .iter()
                .any(|text| text.ends_with("cells") || text == "1 cell")
        );
    }
}

#[test]
fn the_quality_sheet_counts_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (svg, _) = plot(
        folder.path(),
        &["demo.loom", "--kind", "qc", "-c", "Clusters"],
    );
    let shown = texts(&svg);
    // The file holds the totals too, as loompy's script computed them.
    let totals = numbers("ca:TotalUMI");
    let median = f64::midpoint(totals[1499], totals[1500]);
    assert!(shown.contains(&format!("median {median}")), "{shown:?}");
    let clusters = column("ca:Clusters");
    for cluster in 0..8 {
        let count = clusters
            .iter()
            .filter(|one| **one == cluster.to_string())
            .count();
        assert!(
            shown.contains(&count.to_string()),
            "{cluster}: {count} {shown:?}"
        );
    }
}

#[test]
fn pictures_are_made_as_asked_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture.png");
    let picture = str(&picture);
    let args = ["plot", "demo.loom", "-x", "_X", "-y", "_Y", "-o", picture];
    let output = run(&[&args[..], &["--dry-run"]].concat());
    assert_eq!(
        text(&output.stdout),
        format!("would draw 3,000 cells to {picture}\n")
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    let output = run(&[&args[..], &["--size", "400x300", "--scale", "1.5"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let file = std::io::BufReader::new(fs::File::open(picture).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (600, 450));
    assert!(failure(&args).contains("it exists; --force replaces it"));
    let size = fs::metadata(picture).unwrap().len();
    assert_eq!(
        run(&[&args[..], &["--force"]].concat()).status.code(),
        Some(0)
    );
    assert!(fs::metadata(picture).unwrap().len() > size);

    let other = folder.path().join("other.svg");
    for (args, message) in [
        (&["demo.loom", "-x", "_X"][..], "-x needs -y"),
        (
            &["demo.loom", "-c", "Nope"],
            "is named \"Nope\"; there are: Batch, CellID",
        ),
        (
            &["demo.loom", "-c", "UMAP"],
            "UMAP has 2 values for each cell; there are: UMAP.0, UMAP.1",
        ),
        (
            &["demo.loom", "-c", "CellType", "--as", "number"],
            "CellType is not a number in cell 0",
        ),
        (
            &["demo.loom", "-c", "_X", "--log"],
            "_X has negative values, the lowest -9.68",
        ),
        (
            &["demo.loom", "--embedding", "PCA"],
            "no attribute \"PCA\" of the cells",
        ),
        (
            &["demo.loom", "--kind", "histogram"],
            "--kind histogram needs -x, the numbers",
        ),
        (
            &["demo.loom", "--kind", "qc", "-x", "_X"],
            "-x has no meaning for --kind qc",
        ),
        (
            &["demo.loom", "--size", "50x50"],
            "a picture of 50 x 50 has no room for it",
        ),
        (
            &["loompy3.loom", "-c", "NotFinite"],
            "NotFinite is finite in none of 210 cells",
        ),
        (&["loompy3-new.loom", "--kind", "qc"], "it has no cells"),
        (&["baysor.loom"], "none of the usual embeddings is there"),
        (&["arrays-latest.h5"], "not a Loom file"),
    ] {
        let said = failure(&[&["plot", "-o", str(&other)], args].concat());
        assert!(
            said.contains(args[0]) && said.contains(message),
            "{args:?}: {said}"
        );
    }
    let said = failure(&["plot", "demo.loom", "-o", "demo.loom.pdf"]);
    assert!(said.contains("ends neither in .svg nor in .png"), "{said}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
}
