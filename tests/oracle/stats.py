#!/usr/bin/env python3
"""`loom stats` held against numpy, on what loompy reads.

    stats.py PROGRAM

The last line is "N passed, N failed"; the exit status is 1 if any failed.
"""

import io
import sys

import h5py
import loompy
import numpy as np
import pandas as pd

from verbs import Loom, run

RNG = np.random.default_rng(11)
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def make(path: str, matrix: np.ndarray, chunks=(13, 17), **attrs) -> None:
    """A file with this matrix, whatever is in it: loompy refuses NaN and empty axes."""
    rows, cols = matrix.shape
    genes = np.array([f"{'MT-' if i % 9 == 3 else 'mt-' if i % 9 == 4 else 'G'}{i}" for i in range(rows)], dtype=object)
    with h5py.File(path, "w") as file:
        fitting = matrix.size and tuple(min(*pair) for pair in zip(chunks, matrix.shape))
        file.create_dataset("matrix", data=matrix, maxshape=(None, None), chunks=fitting or chunks, compression="gzip")
        for group in ("layers", "row_graphs", "col_graphs", "row_attrs", "col_attrs", "attrs"):
            file.create_group(group)
        text = h5py.string_dtype()
        file["attrs"].create_dataset("LOOM_SPEC_VERSION", data="3.0.0", dtype=text)
        file["row_attrs"].create_dataset("Gene", data=genes, dtype=text)
        file["row_attrs"]["Chromosome"] = np.arange(rows) * 5 % 3
        file["col_attrs"].create_dataset("CellID", data=np.array([f"c{i}" for i in range(cols)], dtype=object), dtype=text)
        file["col_attrs"].create_dataset("Kind", data=np.array(["b", "", "\u00e9 a"], dtype=object)[np.arange(cols) % 3], dtype=text)
        for name, values in attrs.items():
            file["layers"][name] = values


def table(loom: Loom, *arguments) -> pd.DataFrame:
    text = loom("stats", *arguments, "-f", "csv")
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values={"Total": "NaN", "Mean": "NaN", "Variance": "NaN"})


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].astype("float64").to_numpy()


def close(frame: pd.DataFrame, parts: list) -> None:
    """Whether each line sums up the values of its part."""
    assert len(frame) == len(parts)
    with np.errstate(all="ignore"):
        wide = [np.asarray(part).astype("float64") for part in parts]
        for name, function in (("Total", np.sum), ("Mean", lambda v: v.sum() / v.size), ("Variance", lambda v: ((v - v.sum() / v.size) ** 2).sum() / v.size)):
            expected = np.array([function(part) for part in wide], dtype="float64")
            np.testing.assert_allclose(numbers(frame, name), expected, rtol=1e-11, atol=1e-13, err_msg=name)
    np.testing.assert_array_equal(frame["Detected"], [np.count_nonzero(part) for part in parts])


def mitochondrial(matrix: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(len(matrix)) % 9, (3, 4))


def every_type(loom: Loom) -> None:
    for dtype in [*INTEGERS, "float16", "float32", "float64"]:
        matrix = RNG.poisson(0.7, (130, 150)).astype(dtype)
        if dtype.startswith("float"):
            matrix *= np.asarray(0.25, dtype)
        elif matrix.dtype.kind == "i":
            matrix[5] = -3
        make("x.loom", matrix)
        with loompy.connect("x.loom", "r") as ds:
            matrix = ds[:, :]
        close(table(loom, "x.loom", "--axis", "0"), list(matrix))
        cells = table(loom, "x.loom", "--prefix", "mt-", "--gene-attr", "Gene")
        close(cells, list(matrix.T))
        wide = matrix.astype("float64")
        np.testing.assert_allclose(numbers(cells, "Share_mt-"), wide[mitochondrial(matrix)].sum(0) / wide.sum(0), rtol=1e-12)
        assert list(cells.CellID) == [f"c{i}" for i in range(150)]


def large_means_lose_no_variance(loom: Loom) -> None:
    """Where the sum of squares minus the square of the sum has no digit left."""
    matrix = 1e9 + RNG.random((70, 3000))
    make("x.loom", matrix, (16, 64))
    for axis, lanes in ((0, list(matrix)), (1, list(matrix.T))):
        frame = table(loom, "x.loom", "--axis", axis)
        np.testing.assert_allclose(numbers(frame, "Variance"), [np.var(lane) for lane in lanes], rtol=1e-6)
    whole = table(loom, "x.loom", "--by", "Kind")
    np.testing.assert_allclose(numbers(whole, "Variance"), [np.var(matrix[:, [1, 0, 2][k]::3]) for k in range(3)], rtol=1e-6)


def categories(loom: Loom) -> None:
    # Several bands along and across: a piece has 2^18 values.
    matrix = RNG.poisson(0.3, (1300, 2500)).astype("int32")
    make("x.loom", matrix, (64, 64), half=matrix / 2)
    kind, order = np.array(["b", "", "\u00e9 a"])[np.arange(2500) % 3], ["", "b", "\u00e9 a"]
    frame = table(loom, "x.loom", "--by", "Kind", "--prefix", "Mt-")
    assert list(frame.Kind) == order and list(frame.Count) == [(kind == k).sum() for k in order]
    close(frame, [matrix[:, kind == k] for k in order])
    shares = [matrix[mitochondrial(matrix)][:, kind == k].sum() / matrix[:, kind == k].sum() for k in order]
    np.testing.assert_allclose(numbers(frame, "Share_Mt-"), shares, rtol=1e-12)
    frame = table(loom, "x.loom", "--axis", "0", "--by", "ca:Kind")
    assert list(frame.Kind) == order * 1300 and frame.Gene[3] == "G1"
    close(frame, [matrix[gene, kind == k] for gene in range(1300) for k in order])
    frame = table(loom, "x.loom", "--by", "ra:Chromosome", "--layer", "half")
    frame.columns = [name.replace("_half", "") for name in frame.columns]
    close(frame, [matrix[np.arange(1300) * 5 % 3 == k, cell] / 2 for cell in range(2500) for k in range(3)])
    assert "Kind" in loom.fails("stats", "x.loom", "--by", "None")


def nan_and_empty_axes(loom: Loom) -> None:
    matrix = RNG.random((40, 50))
    matrix[3, 4] = np.nan
    make("nan.loom", matrix)
    make("row.loom", np.array([[0, 2, 3, 0]], dtype="int16"))
    make("no-cells.loom", np.zeros((5, 0), dtype="float32"))
    make("no-genes.loom", np.zeros((0, 5), dtype="int64"))
    make("nothing.loom", np.zeros((0, 0), dtype="int64"))
    for path in ("nan", "row", "no-cells", "no-genes", "nothing"):
        with h5py.File(f"{path}.loom") as file:
            matrix = file["matrix"][:, :]
        for axis, lanes in ((0, list(matrix)), (1, list(matrix.T))):
            close(table(loom, f"{path}.loom", "--axis", axis), lanes)


def stored(loom: Loom) -> None:
    matrix = RNG.poisson(0.5, (90, 80)).astype("int32")
    make("x.loom", matrix)
    with open("list.txt", "w") as file:
        file.write("G1\nG2\n\nG5\n")
    for axis in (0, 1):
        extra = ["--prefix", "mt-", "--genes", "list.txt"] if axis else []
        assert loom("stats", "x.loom", "--axis", axis, "--store", *extra) == ""
        assert "--force" in loom.fails("stats", "x.loom", "--axis", axis, "--store")
        loom("stats", "x.loom", "--axis", axis, "--store", "--force")
    with loompy.connect("x.loom", "r") as ds:
        assert ds.ra.Detected.dtype == np.int64 and ds.ca.Total.dtype == np.float64
        np.testing.assert_array_equal(ds.ra.Total, matrix.sum(1))
        np.testing.assert_array_equal(ds.ca.Detected, np.count_nonzero(matrix, 0))
        np.testing.assert_allclose(ds.ca.Variance, matrix.var(0), rtol=1e-12)
        np.testing.assert_array_equal(ds.ca["Share_list"], matrix[[1, 2, 5]].sum(0) / matrix.sum(0))
        assert sorted(ds.ca.keys()) == ["CellID", "Detected", "Kind", "Mean", "Share_list", "Share_mt-", "Total", "Variance"]


if __name__ == "__main__":
    sys.exit(run("stats", [every_type, large_means_lose_no_variance, categories, nan_and_empty_axes, stored]))
