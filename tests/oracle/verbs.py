#!/usr/bin/env python3
"""The commands of `loom` that make and change files, held against numpy, scipy, pandas and loompy.

    verbs.py PROGRAM

PROGRAM is our `loom`. What it writes is read by loompy, with validation; what loompy can do itself is
done by loompy on a copy, and compared. The last line is "N passed, N failed"; the exit status is 1 if
any failed.
"""

import gzip
import os
import subprocess
import sys
import tempfile
import traceback

import loompy
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse

RNG = np.random.default_rng(7)


class Loom:
    def __init__(self, program: str):
        self.program = os.path.abspath(program)

    def __call__(self, *arguments) -> str:
        """What the command prints, if it succeeds."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.returncode}: {done.stderr}"
        return done.stdout

    def fails(self, *arguments) -> str:
        """The message with which the command fails."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 2, f"{arguments}: {done.returncode}: {done.stdout}"
        assert done.stderr.startswith("loom: "), done.stderr
        return done.stderr


def run(title: str, cases: list) -> int:
    """Runs each case with the program that the first argument names, in a folder of its own; the exit status."""
    loom = Loom(sys.argv[1])
    failed = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                case(loom)
                left = [name for name in os.listdir(".") if name.startswith(".")]
                assert not left, f"temporary files stay: {left}"
            except Exception:
                failed += 1
                print(f"FAILED {case.__name__}")
                traceback.print_exc()
            os.chdir("/")
    print(f"{title}: {len(cases) - failed} passed, {failed} failed")
    return int(failed > 0)


def counts(rows: int, cols: int) -> np.ndarray:
    return RNG.poisson(0.4, (rows, cols)).astype("int32")


def make(path: str, rows: int = 130, cols: int = 150, prefix: str = "c", genes=None) -> None:
    """A file by loompy: counts, a layer, attributes of several types, a graph."""
    matrix = counts(rows, cols)
    genes = np.arange(rows) if genes is None else genes
    ra = {"Gene": np.array([f"g{i}" for i in genes]), "Weight": genes / 3}
    ca = {
        "CellID": np.array([f"{prefix}{i}" for i in range(cols)]),
        "Cluster": np.arange(cols) * 7 % 5,
        "Score": np.round(RNG.random(cols), 3),
        "XY": RNG.random((cols, 2)),
        "Kind": np.array(["ab", "", "\u00e9x"])[np.arange(cols) % 3],
    }
    loompy.create(path, {"": matrix, "half": matrix / 2}, ra, ca, file_attrs={"title": prefix})
    with loompy.connect(path) as ds:
        edges = RNG.integers(0, cols, (2, 60))
        ds.col_graphs.knn = scipy.sparse.coo_matrix((RNG.random(60), edges), (cols, cols))


def graph(ds, name: str) -> np.ndarray:
    return ds.col_graphs[name].toarray()


def text(ds, axis: int, name: str) -> list:
    """Text as it is stored: loompy drops what is not ASCII when it reads."""
    group = ds._file["row_attrs" if axis == 0 else "col_attrs"]
    return list(group[name].asstr()[:])


def same(ours: str, theirs: str, skip=()) -> None:
    """Whether two files hold the same layers and attributes, as loompy and h5py read them."""
    with loompy.connect(ours, "r") as a, loompy.connect(theirs, "r") as b:
        assert a.shape == b.shape, (a.shape, b.shape)
        assert sorted(a.layers.keys()) == sorted(b.layers.keys())
        for name in b.layers.keys():
            np.testing.assert_array_equal(a.layers[name][:, :], b.layers[name][:, :], name)
            assert a.layers[name].dtype == b.layers[name].dtype, name
        for axis, ours_of, theirs_of in ((0, a.ra, b.ra), (1, a.ca, b.ca)):
            assert sorted(ours_of.keys()) == sorted(theirs_of.keys()), (ours_of.keys(), theirs_of.keys())
            for name in theirs_of.keys():
                if name in skip:
                    continue
                if theirs_of[name].dtype.kind in "OU":
                    assert text(a, axis, name) == text(b, axis, name), name
                else:
                    np.testing.assert_array_equal(ours_of[name], theirs_of[name], name)


def create_from_matrix_market(loom: Loom) -> None:
    matrix = scipy.sparse.random(130, 700, 0.1, random_state=1, data_rvs=lambda n: RNG.integers(1, 50, n))
    scipy.io.mmwrite("m.mtx", matrix.astype(int).tocoo())
    with open("genes.tsv", "w") as file:
        file.writelines(f"ENS{i:03}\tG{i}\tGene Expression\n" for i in range(130))
    with gzip.open("barcodes.tsv.gz", "wt") as file:
        file.writelines(f"BC{i}-1\n" for i in range(700))
    tables = ["--row-attrs", "genes.tsv", "--row-names", "Accession,Gene,Type", "--col-attrs", "barcodes.tsv.gz"]
    loom("create", "a.loom", "--matrix", "m.mtx", *tables, "--col-names", "CellID", "--attr", "title=Mine")
    with loompy.connect("a.loom", "r") as ds:
        np.testing.assert_array_equal(ds[:, :], scipy.io.mmread("m.mtx").toarray())
        assert ds[:, :].dtype == np.int32
        assert ds.ra.keys() == ["Accession", "Gene", "Type"] and ds.attrs.title == "Mine"
        assert ds.ca.CellID[699] == "BC699-1" and ds.ra.Accession[7] == "ENS007"
    assert "exists" in loom.fails("create", "a.loom", "--matrix", "m.mtx")


def create_from_each_kind_of_matrix_market(loom: Loom) -> None:
    symmetric = scipy.sparse.random(400, 400, 0.05, random_state=2)
    scipy.io.mmwrite("symmetric.mtx", (symmetric + symmetric.T).tocoo(), symmetry="symmetric")
    scipy.io.mmwrite("skew.mtx", (symmetric - symmetric.T).tocoo(), symmetry="skew-symmetric")
    scipy.io.mmwrite("array.mtx", RNG.random((7, 300)))
    scipy.io.mmwrite("pattern.mtx", scipy.sparse.random(9, 300, 0.3).tocoo(), field="pattern")
    scipy.io.mmwrite("negative.mtx", scipy.sparse.coo_matrix([[0, -(2**40)], [5, 0]]))
    for name, dtype in (("symmetric", "f8"), ("skew", "f8"), ("array", "f8"), ("pattern", "i4"), ("negative", "i8")):
        loom("create", f"{name}.loom", "-m", f"{name}.mtx")
        expected = scipy.io.mmread(f"{name}.mtx")
        expected = expected if isinstance(expected, np.ndarray) else expected.toarray()
        with loompy.connect(f"{name}.loom", "r") as ds:
            np.testing.assert_array_equal(ds[:, :], expected, name)
            assert ds[:, :].dtype == dtype, name
        loom("create", f"{name}.t.loom", "-m", f"{name}.mtx", "--transposed")
        with loompy.connect(f"{name}.t.loom", "r") as ds:
            np.testing.assert_array_equal(ds[:, :], expected.T, name)
    assert "int32" in loom.fails("create", "x.loom", "-m", "negative.mtx", "--dtype", "int32")
    assert "float64" in loom.fails("create", "x.loom", "-m", "array.mtx", "--dtype", "int32")
    assert not os.path.exists("x.loom")


def create_from_npy(loom: Loom) -> None:
    matrix = RNG.random((300, 65)).astype("f4")
    kinds = {"c": matrix, "f": np.asfortranarray(matrix), "big": matrix.astype(">f8"), "half": matrix.astype("f2")}
    for name, values in kinds.items():
        np.save(f"{name}.npy", values)
        for transposed in ([], ["--transposed"]):
            loom("create", "npy.loom", "-m", f"{name}.npy", "--force", *transposed)
            with loompy.connect("npy.loom", "r") as ds:
                np.testing.assert_array_equal(ds[:, :], values.T if transposed else values)
                assert ds[:, :].dtype == {"big": "f8"}.get(name, "f4")


def create_from_text(loom: Loom) -> None:
    frame = pd.DataFrame(counts(5, 300), [f"g{i}" for i in range(5)], [f"c{i}" for i in range(300)])
    frame.to_csv("t.csv.gz")
    frame.to_csv("t.tsv", sep="\t", index_label=False)
    for name in ("t.csv.gz", "t.tsv"):
        loom("create", "text.loom", "-m", name, "--force", "--layer", f"again={name}")
        with loompy.connect("text.loom", "r") as ds:
            np.testing.assert_array_equal(ds[:, :], frame.values)
            np.testing.assert_array_equal(ds.layers["again"][:, :], frame.values)
            assert list(ds.ca.CellID) == list(frame.columns) and list(ds.ra.Gene) == list(frame.index)


def refuse_what_is_no_matrix(loom: Loom) -> None:
    head = "%%MatrixMarket matrix coordinate"
    for content, reason in (
        (f"{head} integer general\n3 3 2\n1 1 1\n", "1 entries, where the header says 2"),
        (f"{head} integer general\n3 3 1\n4 1 1\n", 'line 3: row "4"'),
        (f"{head} integer general\n3 3 1\n1 0 1\n", 'line 3: column "0"'),
        (f"{head} complex general\n1 1 1\n1 1 1 1\n", "not supported"),
        (f"{head} real general\n2 2 1\n1 1 nan\n", "line 3"),
        ("a\tb\n1\tx\n", "line 2"),
        ("a\tb\nx\t1\ny\t1\t2\n", "line 3"),
        ("\x93NUMPY", ""),
        ("", "empty"),
    ):
        with open("bad", "w", encoding="latin-1") as file:
            file.write(content)
        assert reason in loom.fails("create", "bad.loom", "-m", "bad"), (content, reason)
        assert not os.path.exists("bad.loom")


def set_rename_and_remove(loom: Loom) -> None:
    make("s.loom")
    order = RNG.permutation(150)
    table = {"CellID": [f"c{i}" for i in order], "Group": order % 7, "Ratio": order / 3, "Name": [f"x{i}" for i in order]}
    pd.DataFrame(table).to_csv("cells.tsv", sep="\t", index=False)
    pd.DataFrame({"a": [0, 1, 2], "b": [3, 4, 149], "w": [0.5, 1, 2]}).to_csv("edges.csv", index=False)
    np.save("layer.npy", counts(130, 150).astype("f4"))
    loom("set", "s.loom", "ca:Batch", "run1")
    loom("set", "s.loom", "ra:Level", "2.5")
    loom("set", "s.loom", "attr:count", "42")
    loom("set", "s.loom", "attr:code", "42", "--text")
    loom("set", "s.loom", "ca", "--from", "cells.tsv", "--key", "CellID")
    loom("set", "s.loom", "ca:Other", "--from", "cells.tsv", "--key", "CellID", "--column", "Group")
    loom("set", "s.loom", "layer:new", "--from", "layer.npy")
    loom("set", "s.loom", "layer:zeros", "--zeros", "uint8")
    loom("set", "s.loom", "col-graph:edges", "--from", "edges.csv")
    with loompy.connect("s.loom", "r") as ds:
        cells = np.arange(150)
        np.testing.assert_array_equal(ds.ca.Group, cells % 7)
        np.testing.assert_array_equal(ds.ca.Other, cells % 7)
        np.testing.assert_allclose(ds.ca.Ratio, cells / 3)
        assert ds.ca.Name[5] == "x5" and set(ds.ca.Batch) == {"run1"} and set(ds.ra.Level) == {2.5}
        assert ds.attrs["count"] == 42 and ds.attrs.code == "42"
        np.testing.assert_array_equal(ds.layers["new"][:, :], np.load("layer.npy"))
        assert ds.layers["zeros"].dtype == np.uint8 and not ds.layers["zeros"][:, :].any()
        assert ds.col_graphs.edges.nnz == 3 and graph(ds, "edges")[2, 149] == 2
    loom("rename", "s.loom", "ca:Other", "Another")
    loom("rename", "s.loom", "layer:new", "newer")
    loom("rename", "s.loom", "col-graph:edges", "links")
    before = open("s.loom", "rb").read()
    loom("rm", "s.loom", "ca:Another", "layer:zeros", "--dry-run")
    for wrong in (
        ("rm", "s.loom", "ca:Another", "ca:absent"),
        ("rm", "s.loom", "matrix"),
        ("rename", "s.loom", "ca:Group", "Name"),
        ("rename", "s.loom", "ca:Group", "a/b"),
        ("set", "s.loom", "ca:x", "--from", "edges.csv", "--key", "CellID"),
        ("set", "s.loom", "ca:x", "--from", "edges.csv", "--column", "a"),
        ("set", "s.loom", "layer:x", "--from", "edges.csv"),
        ("set", "s.loom", "ca:x"),
    ):
        loom.fails(*wrong)
    assert open("s.loom", "rb").read() == before
    loom("rm", "s.loom", "ca:Another", "layer:zeros", "col-graph:links", "attr:code")
    with loompy.connect("s.loom") as ds:
        assert "Another" not in ds.ca and "zeros" not in ds.layers and "newer" in ds.layers
        assert ds.col_graphs.keys() == ["knn"] and "code" not in ds.attrs
        ds.ca.More = np.arange(150)


def append(loom: Loom) -> None:
    for path in ("ours.loom", "theirs.loom"):
        global RNG
        RNG = np.random.default_rng(3)
        make(path)
    make("more.loom", cols=90, prefix="d", genes=RNG.permutation(130))
    loom("append", "ours.loom", "more.loom", "--key", "Gene")
    with loompy.connect("theirs.loom") as ds:
        ds.add_loom("more.loom", key="Gene")
    # loompy writes damaged text back: its own is compared where it is ASCII.
    same("ours.loom", "theirs.loom", skip=("Kind",))
    with loompy.connect("ours.loom", "r") as ds:
        assert text(ds, 1, "Kind")[:3] == ["ab", "", "\u00e9x"]
    make("strange.loom", genes=np.arange(130) + 1)
    before = open("ours.loom", "rb").read()
    assert "g130" in loom.fails("append", "ours.loom", "strange.loom", "--key", "Gene")
    assert open("ours.loom", "rb").read() == before


def combine(loom: Loom) -> None:
    names = []
    for n, cols in enumerate((70, 64, 33)):
        make(f"part{n}.loom", rows=75, cols=cols, prefix=f"p{n}-", genes=RNG.permutation(75))
        names.append(f"part{n}.loom")
    loom("combine", *names, "-o", "all.loom", "--key", "Gene", "--source", "File")
    loompy.combine(names, "theirs-all.loom", key="Gene")
    with loompy.connect("all.loom") as ds:
        assert list(ds.ca.File[[0, 70, 166]]) == names
        del ds.ca["File"]
    same("all.loom", "theirs-all.loom", skip=("Kind",))
    make("fewer.loom", rows=40, cols=20, prefix="f", genes=np.arange(60, 100))
    assert "g" in loom.fails("combine", "part0.loom", "fewer.loom", "-o", "x.loom", "--key", "Gene")
    matrices = {}
    for name in ("part0.loom", "fewer.loom"):
        with loompy.connect(name, "r") as ds:
            matrices[name] = pd.DataFrame(ds[:, :], ds.ra.Gene, ds.ca.CellID)
    for join in ("inner", "outer"):
        loom("combine", *matrices, "-o", f"{join}.loom", "--key", "Gene", "--join", join)
        expected = pd.concat(list(matrices.values()), axis=1, join=join).fillna(0)
        with loompy.connect(f"{join}.loom", "r") as ds:
            found = pd.DataFrame(ds[:, :], ds.ra.Gene, ds.ca.CellID)
            assert sorted(found.index) == sorted(expected.index)
            np.testing.assert_array_equal(found.loc[expected.index], expected)


def permute_and_sort(loom: Loom) -> None:
    for axis, length in ((0, 130), (1, 150)):
        make("p.loom")
        order = RNG.permutation(length)
        np.savetxt("order.txt", order, "%d")
        loom("permute", "p.loom", "--axis", axis, "--order", "order.txt", "-o", "copy.loom", "--force")
        with loompy.connect("p.loom", "r") as ds:
            before, edges, kinds = ds[:, :], graph(ds, "knn"), text(ds, 1, "Kind")
            half, weights, scores = ds.layers["half"][:, :], ds.ra.Weight, ds.ca.Score
        loom("permute", "p.loom", "--axis", axis, "--order", "order.txt", "--in-place")
        for path in ("p.loom", "copy.loom"):
            with loompy.connect(path, "r") as ds:
                rows, cols = (order, slice(None)) if axis == 0 else (slice(None), order)
                np.testing.assert_array_equal(ds[:, :], before[rows][:, cols])
                np.testing.assert_array_equal(ds.layers["half"][:, :], half[rows][:, cols])
                np.testing.assert_array_equal(ds.ra.Weight, weights[rows])
                np.testing.assert_array_equal(ds.ca.Score, scores[cols])
                assert text(ds, 1, "Kind") == list(np.array(kinds)[cols])
                np.testing.assert_array_equal(graph(ds, "knn"), edges[cols][:, cols])
        with open("order.txt", "a") as file:
            file.write("0\n")
        assert "more than once" in loom.fails("permute", "p.loom", "--axis", axis, "--order", "order.txt", "-i")
    loom("sort", "p.loom", "--by", "Score", "-o", "sorted.loom")
    loom("sort", "p.loom", "--by", "Score", "--descending", "--in-place")
    with loompy.connect("sorted.loom", "r") as up, loompy.connect("p.loom", "r") as down:
        np.testing.assert_array_equal(up.ca.Score, np.sort(scores))
        np.testing.assert_array_equal(down.ca.Score, np.sort(scores)[::-1])
        cell = list(down.ca.CellID).index("c7")
        np.testing.assert_array_equal(down[:, cell], up[:, list(up.ca.CellID).index("c7")])


def aggregate(loom: Loom) -> None:
    make("g.loom")
    for function in ("mean", "sum", "max", "nanvar"):
        loom("aggregate", "g.loom", "-o", "ours-g.loom", "--by", "Cluster", "--fun", function, "--force",
             "--attr", "Cluster=first", "--attr", "Score=mean")
        with loompy.connect("g.loom", "r") as ds:
            if os.path.exists("theirs-g.loom"):
                os.remove("theirs-g.loom")
            ds.aggregate("theirs-g.loom", None, "Cluster", function, {"Cluster": "first", "Score": "mean"})
        with loompy.connect("ours-g.loom", "r") as a, loompy.connect("theirs-g.loom", "r") as b:
            np.testing.assert_allclose(a[:, :], b[:, :], 1e-12)
            assert a.ca.keys() == b.ca.keys()
            np.testing.assert_allclose(a.ca.Score, b.ca.Score)


def subset_and_split(loom: Loom) -> None:
    make("t.loom")
    with loompy.connect("t.loom", "r") as ds:
        whole, kinds, edges = ds[:, :], np.array(text(ds, 1, "Kind")), graph(ds, "knn")
        cluster, score, weight, ids = ds.ca.Cluster, ds.ca.Score, ds.ra.Weight, ds.ca.CellID
    condition = "Cluster in (1, 3) and not (Kind == '\u00e9x' or Score < 0.2)"
    cols = np.flatnonzero(np.isin(cluster, (1, 3)) & ~((kinds == "\u00e9x") | (score < 0.2)))
    rows = np.flatnonzero(weight >= 10)
    arguments = ["--where", condition, "--rows-where", "Weight >= 10", "--layers", "half"]
    assert f"{len(rows)} of 130" in loom("subset", "t.loom", "-o", "sub.loom", *arguments, "--dry-run")
    assert not os.path.exists("sub.loom")
    loom("subset", "t.loom", "-o", "sub.loom", *arguments)
    with loompy.connect("sub.loom", "r") as ds:
        np.testing.assert_array_equal(ds[:, :], whole[rows][:, cols])
        np.testing.assert_array_equal(ds.ca.Score, score[cols])
        np.testing.assert_array_equal(graph(ds, "knn"), edges[cols][:, cols])
    with open("ids.txt", "w") as file:
        file.write("c9\nc3\nc120\n")
    loom("subset", "t.loom", "-o", "ids.loom", "--ids", "ids.txt", "--rows", "5,1")
    with loompy.connect("ids.loom", "r") as ds:
        np.testing.assert_array_equal(ds[:, :], whole[[5, 1]][:, [9, 3, 120]])
    assert "none" in loom.fails("subset", "t.loom", "-o", "x.loom", "--where", "Cluster == 99")
    assert "Kind" in loom.fails("subset", "t.loom", "-o", "x.loom", "--where", "Kind == 1")
    printed = loom("split", "t.loom", "--by", "Cluster", "--where", "Score > 0.1")
    assert len(printed.splitlines()) == 5
    for value in range(5):
        cols = np.flatnonzero((cluster == value) & (score > 0.1))
        with loompy.connect(f"t.{value}.loom", "r") as ds:
            assert list(ds.ca.CellID) == list(ids[cols])
            np.testing.assert_array_equal(ds[:, :], whole[:, cols])


def convert_between_versions(loom: Loom) -> None:
    make("v3.loom")
    loom("repack", "v3.loom", "-o", "v2.loom", "--spec", "2.0.1")
    with loompy.connect("v2.loom", "r") as ds, loompy.connect("v3.loom", "r") as three:
        assert ds._file.attrs["LOOM_SPEC_VERSION"] == b"2.0.1" and "attrs" not in ds._file
        assert ds._file["col_attrs/Kind"].dtype.kind == "S" and ds.ca.Kind[2] == "\u00e9x"
        np.testing.assert_array_equal(ds[:, :], three[:, :])
        np.testing.assert_array_equal(graph(ds, "knn"), graph(three, "knn"))
        assert ds.attrs.title == "c"
    loom("repack", "v2.loom", "--in-place", "--spec", "3.0.0")
    same("v2.loom", "v3.loom")
    assert "4.0.0" in loom.fails("repack", "v3.loom", "-o", "x.loom", "--spec", "4.0.0")


CHECKS = [
    create_from_matrix_market, create_from_each_kind_of_matrix_market, create_from_npy, create_from_text,
    refuse_what_is_no_matrix, set_rename_and_remove, append, combine, permute_and_sort, aggregate, subset_and_split,
    convert_between_versions,
]


if __name__ == "__main__":
    sys.exit(run("verbs", CHECKS))
