//! `loom stats`, where the answer is short. It is held against numpy in `tests/oracle/stats.py`.

use std::fs;

use super::{failure, lines, run, str, text};

#[test]
fn sums_of_cells_and_what_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("counts.tsv"), "\tc1\tc2\nmt-a\t1\t0\nB\t3\t0\n").unwrap();
    let file = path("a.loom");
    let (file, table) = (str(&file), path("counts.tsv"));
    lines(&["create", file, "--matrix", str(&table)]);
    assert_eq!(
        lines(&["stats", file, "--prefix", "MT-"]),
        [
            "CellID\tTotal\tDetected\tMean\tVariance\tShare_MT-",
            "c1\t4\t2\t2\t1\t0.25",
            "c2\t0\t0\t0\t0\tNaN"
        ]
    );
    assert_eq!(
        lines(&["stats", file, "--by", "ra:Gene", "--axis", "0"])[1..],
        ["B\t1\t3\t1\t1.5\t2.25", "mt-a\t1\t1\t1\t0.5\t0.25"]
    );
    let list = path("genes.txt");
    fs::write(&list, "B\nC\n").unwrap();
    let output = run(&["stats", file, "--genes", str(&list)]);
    assert!(text(&output.stderr).contains("no gene is called as 1 of"));
    for (arguments, words) in [
        (&["--axis", "0", "--prefix", "mt-"][..], "--axis 0"),
        (
            &["--by", "ra:Gene", "--prefix", "mt-"],
            "categories of cells",
        ),
        (
            &["--prefix", "mt-", "--gene-attr", "X"],
            "there are: Gene; --gene-attr",
        ),
        (&["--prefix", "a", "--prefix", "a"], "two shares"),
        (&["--by", "Kind"], "there are: CellID"),
        (&["--by", "layer:x"], "ra:NAME"),
        (&["--layer", "x"], "no layer named"),
        (&["--store", "--by", "CellID"], "cannot be used with"),
    ] {
        let message = failure(&[&["stats", file], arguments].concat());
        assert!(message.contains(words), "{words:?} in {message}");
    }
}
