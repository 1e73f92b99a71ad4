#!/usr/bin/env python3
"""`loom convert` to h5ad and from it, held against anndata.

    convert_h5ad.py PROGRAM

Runs in the environment of anndata. No warning is allowed where anndata opens what we wrote. The last
line is "N passed, N failed"; the exit status is 1 if any failed.
"""

import os
import sys
import warnings

import anndata
import h5py
import loompy
import numpy as np
import pandas as pd
import scipy.sparse as sparse

from verbs import Loom, run

RNG = np.random.default_rng(5)


def opened(path: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return anndata.read_h5ad(path)


def dense(matrix) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def equal(a, b, what: str) -> None:
    assert a.dtype == b.dtype, f"{what}: {a.dtype}, {b.dtype}"
    np.testing.assert_array_equal(dense(a), dense(b), what)


def same(ours, theirs, floats=()) -> None:
    """The same content; the weights of these graphs are float64 now."""
    equal(ours.X, theirs.X, "X")
    pd.testing.assert_frame_equal(ours.obs, theirs.obs)
    pd.testing.assert_frame_equal(ours.var, theirs.var)
    for kind in ("layers", "obsm", "varm", "obsp", "varp"):
        a, b = getattr(ours, kind), getattr(theirs, kind)
        assert sorted(a.keys()) == sorted(b.keys()), (kind, a.keys(), b.keys())
        for name in b.keys():
            wanted = b[name].astype("float64") if name in floats else b[name]
            equal(a[name], wanted, f"{kind}/{name}")


def table(length: int, prefix: str) -> pd.DataFrame:
    """A column of every kind."""
    frame = pd.DataFrame(index=[f"{prefix}{i}" for i in range(length)])
    frame["ordered"] = pd.Categorical(RNG.choice(list("abc"), length), ["c", "b", "a", "unused"], ordered=True)
    frame["gaps"] = pd.Categorical([None if i % 7 == 0 else f"k{i % 3}" for i in range(length)])
    frame["numbers"] = pd.Categorical([None if i % 5 == 0 else i % 4 for i in range(length)])
    frame["flags"] = RNG.random(length) < 0.5
    frame["integers"] = pd.array([None if i % 6 == 0 else i for i in range(length)], dtype="Int64")
    frame["whole"] = pd.array(range(length), dtype="Int32")
    frame["maybe"] = pd.array([None if i % 4 == 0 else i % 3 == 0 for i in range(length)], dtype="boolean")
    frame["text"] = [f"\u00e9{i}" for i in range(length)]
    for dtype in ("int8", "uint16", "int64", "float32", "float64"):
        frame[dtype] = np.arange(length).astype(dtype)
    frame["A first"] = 1.5
    return frame


def example(form: str, dtype: str = "float32") -> anndata.AnnData:
    cells, genes = 600, 130
    matrix = sparse.random(cells, genes, 0.15, "csr", random_state=RNG, data_rvs=lambda n: RNG.integers(1, 100, n)).astype(dtype)
    convert = {"csr": lambda m: m, "csc": lambda m: m.tocsc(), "dense": lambda m: m.toarray()}[form]
    data = anndata.AnnData(convert(matrix), table(cells, "cell"), table(genes, "gene"))
    data.layers["half"] = (matrix / 2).tocsr()
    data.layers["dense"] = matrix.toarray().astype("int32")
    data.obsm["X_pca"], data.obsm["X_umap"] = RNG.normal(size=(cells, 9)).astype("float32"), RNG.normal(size=(cells, 2))
    data.varm["PCs"] = RNG.normal(size=(genes, 9))
    data.obsp["connectivities"] = sparse.random(cells, cells, 0.02, "csr", random_state=RNG)
    data.varp["narrow"] = sparse.random(genes, genes, 0.1, "csr", random_state=RNG, dtype="float32")
    data.uns["title"], data.uns["number"], data.uns["list"] = "\u00e9t\u00e9", 7, np.array(["a", "b"])
    data.uns["neighbors"] = {"params": {"n": 15, "metric": "euclidean", "flag": True}, "w": np.arange(3.0)}
    return data


def h5ad_there_and_back(loom: Loom) -> None:
    for form, dtype in (("csr", "float32"), ("csc", "int64"), ("dense", "float64"), ("csr", "uint8")):
        theirs = example(form, dtype)
        theirs.write_h5ad("theirs.h5ad")
        theirs = opened("theirs.h5ad")
        report = loom("convert", "theirs.h5ad", "-o", "x.loom", "--force", "--report", "-")
        assert report == "changed\t/varp/narrow\tweights of float32 are float64 in a graph\n", report
        with loompy.connect("x.loom", "r") as ds:
            np.testing.assert_array_equal(ds[:, :], dense(theirs.X).T)
            assert ds[:, :].dtype == theirs.X.dtype and ds.layers["dense"][:, :].dtype == np.int32
            assert list(ds.ca.CellID) == list(theirs.obs_names) and list(ds.ra.Gene) == list(theirs.var_names)
            assert list(ds.ca.ordered) == list(theirs.obs.ordered.astype(str))
            np.testing.assert_array_equal(ds.ca.X_umap, theirs.obsm["X_umap"])
            np.testing.assert_array_equal(ds.col_graphs.connectivities.toarray(), theirs.obsp["connectivities"].toarray())
            assert ds.attrs["neighbors.params.n"] == 15 and ds.attrs.number == 7
        report = loom("convert", "x.loom", "-o", "ours.h5ad", "--force", "--report", "-")
        assert report == "", report
        ours = opened("ours.h5ad")
        same(ours, theirs, ["narrow"])
        assert ours.uns.pop("CreationDate")
        assert repr(ours.uns["neighbors"]["params"]) == repr(theirs.uns["neighbors"]["params"])
        assert ours.uns["title"] == theirs.uns["title"] and list(ours.uns["list"]) == ["a", "b"]
        np.testing.assert_array_equal(ours.uns["neighbors"]["w"], theirs.uns["neighbors"]["w"])
        assert ours.uns.keys() == theirs.uns.keys()


def make_loom(path: str) -> None:
    rows, cols = 140, 700
    matrix = RNG.poisson(0.3, (rows, cols)).astype("uint16")
    ra = {"Gene": np.array([f"g{i}" for i in range(rows)]), "Length": np.arange(rows), "Selected": np.arange(rows) % 2}
    ca = {
        "CellID": np.array([f"c{i}" for i in range(cols)]),
        "Clusters": np.arange(cols) * 3 % 7,
        "Kind": np.array(["ab", "", "x\u00e9"])[np.arange(cols) % 3],
        "PCA": RNG.random((cols, 5)),
        "_X": RNG.random(cols).astype("float32"),
        "_Y": RNG.random(cols).astype("float32"),
        "UMAP_1": RNG.random(cols),
        "UMAP_2": RNG.random(cols),
    }
    layers = {"": matrix, "smooth": matrix / 3}
    loompy.create(path, layers, ra, ca, file_attrs={"title": "t", "n": 5, "list": np.arange(4)})
    with loompy.connect(path) as ds:
        edges = RNG.integers(0, cols, (2, 900))
        ds.col_graphs.KNN = sparse.coo_matrix((RNG.random(900), edges), (cols, cols))


def loom_there_and_back(loom: Loom) -> None:
    make_loom("x.loom")
    assert loom("convert", "x.loom", "-o", "x.h5ad", "--report", "-") == ""
    data = opened("x.h5ad")
    with loompy.connect("x.loom", "r") as ds:
        np.testing.assert_array_equal(data.X.toarray(), ds[:, :].T)
        np.testing.assert_array_equal(data.layers["smooth"].toarray(), ds["smooth"][:, :].T)
        assert data.X.dtype == np.uint16 and data.layers["smooth"].dtype == np.float64
        assert list(data.obs_names) == list(ds.ca.CellID) and list(data.var_names) == list(ds.ra.Gene)
        np.testing.assert_array_equal(data.obsm["X_embedding"], np.stack([ds.ca["_X"], ds.ca["_Y"]]).T)
        np.testing.assert_array_equal(data.obsm["X_umap"], np.stack([ds.ca["UMAP_1"], ds.ca["UMAP_2"]]).T)
        np.testing.assert_array_equal(data.obsm["PCA"], ds.ca.PCA)
        np.testing.assert_array_equal(data.obs.Clusters, ds.ca.Clusters)
        assert data.obs.Kind.dtype == "category" and list(data.obs.Kind[:3]) == ["ab", "", "x\u00e9"]
        np.testing.assert_allclose(data.obsp["KNN"].toarray(), ds.col_graphs.KNN.toarray(), rtol=1e-15)
        assert data.uns["title"] == "t" and data.uns["n"] == 5 and list(data.uns["list"]) == [0, 1, 2, 3]
    assert loom("convert", "x.h5ad", "-o", "back.loom", "--report", "-") == ""
    with h5py.File("x.loom") as a, h5py.File("back.loom") as b:
        def compare(name, there):
            if isinstance(there, h5py.Group) or name.startswith("col_graphs"):
                return
            here = b[name]
            assert here.dtype == there.dtype and here.shape == there.shape, (name, here, there)
            np.testing.assert_array_equal(here[()], there[()], name)
        a.visititems(compare)
        assert set(b["col_attrs"]) == set(a["col_attrs"]) and set(b["row_attrs"]) == set(a["row_attrs"])
        assert set(b["attrs"]) - {"last_modified"} == set(a["attrs"]) | {"anndata"}, set(b["attrs"])
        order = [np.lexsort((f["col_graphs/KNN/w"], f["col_graphs/KNN/b"], f["col_graphs/KNN/a"])) for f in (a, b)]
        for part in "abw":
            np.testing.assert_array_equal(a["col_graphs/KNN"][part][:][order[0]], b["col_graphs/KNN"][part][:][order[1]])


def names_that_are_missing_or_repeat(loom: Loom) -> None:
    matrix = np.ones((5, 4))
    ra = {"Gene": np.array(list("aabcd")), "Accession": np.array([f"E{i}" for i in range(5)])}
    loompy.create("a.loom", matrix, ra, {"CellID": np.arange(4)})
    report = loom("convert", "a.loom", "-o", "a.h5ad", "--report", "-")
    assert report == "changed\t/obs\tnumbers are the names, because there is no text CellID\n", report
    data = opened("a.h5ad")
    assert list(data.var_names) == [f"E{i}" for i in range(5)] and data.var.index.name == "Accession"
    assert list(data.obs_names) == list("0123") and list(data.obs.CellID) == [0, 1, 2, 3]
    loom("convert", "a.h5ad", "-o", "b.loom")
    with loompy.connect("b.loom", "r") as ds:
        assert list(ds.ra.Accession) == list(ra["Accession"]) and list(ds.ra.Gene) == list("aabcd")
        assert list(ds.ca.CellID) == [0, 1, 2, 3] and ds.ca.keys() == ["CellID"]


def what_has_no_place_is_reported(loom: Loom) -> None:
    theirs = example("csr")
    theirs.raw = theirs.copy()
    theirs.obsm["table"] = pd.DataFrame({"a": np.arange(600.0)}, index=theirs.obs_names)
    theirs.obsm["sparse"] = sparse.csr_matrix(np.eye(600, 3))
    theirs.uns["frame"], theirs.uns["nothing"] = pd.DataFrame({"a": [1]}), sparse.csr_matrix(np.eye(2))
    theirs.uns["records"] = np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
    theirs.write_h5ad("theirs.h5ad")
    report = loom("convert", "theirs.h5ad", "-o", "x.loom", "--report", "-")
    left = sorted(line.split("\t")[1] for line in report.splitlines() if line.startswith("left out"))
    assert left == ["/obsm/sparse", "/obsm/table", "/raw", "/uns/frame", "/uns/nothing", "/uns/records"], left


def what_is_not_known_is_refused(loom: Loom) -> None:
    for path, name, value, words in (
        ("/", "encoding-version", "9.9.9", "/: encoding anndata of version \"9.9.9\" is not known"),
        ("X", "encoding-version", "0.2.0", "/X: encoding csr_matrix of version"),
        ("obs", "encoding-version", "0.3.0", "/obs: encoding dataframe of version"),
        ("obs/ordered", "encoding-version", "1.0.0", "/obs/ordered: encoding categorical of version"),
        ("uns/neighbors", "encoding-version", "1.0.0", "/uns/neighbors: encoding dict of version"),
        ("X", "shape", np.array([600, 131]), "/X: shape [600, 131], where [600, 130] is needed"),
    ):
        example("csr").write_h5ad("bad.h5ad")
        with h5py.File("bad.h5ad", "r+") as file:
            file[path].attrs[name] = value
        before = sorted(os.listdir("."))
        message = loom.fails("convert", "bad.h5ad", "-o", "out.loom")
        assert words in message and "bad.h5ad" in message, message
        assert sorted(os.listdir(".")) == before
    with h5py.File("bad.h5ad", "r+") as file:
        file["X"].attrs["shape"] = np.array([600, 130])
        file["obs/ordered/codes"][3] = 9
    assert "/obs/ordered: code 9 of 4 categories" in loom.fails("convert", "bad.h5ad", "-o", "out.loom")


def by_way_of_loom(loom: Loom) -> None:
    """What is no Loom file becomes h5ad in one call."""
    with open("m.tsv", "w") as file:
        file.write("\tc1\tc2\ng1\t1\t0\ng2\t0\t2.5\n")
    loom("convert", "m.tsv", "-o", "m.h5ad")
    data = opened("m.h5ad")
    np.testing.assert_array_equal(data.X.toarray(), [[1, 0], [0, 2.5]])
    assert list(data.obs_names) == ["c1", "c2"] and list(data.var_names) == ["g1", "g2"]
    assert sorted(os.listdir(".")) == ["m.h5ad", "m.tsv"]


CASES = [
    h5ad_there_and_back,
    loom_there_and_back,
    names_that_are_missing_or_repeat,
    what_has_no_place_is_reported,
    what_is_not_known_is_refused,
    by_way_of_loom,
]


if __name__ == "__main__":
    sys.exit(run(f"h5ad with anndata {anndata.__version__}", CASES))
