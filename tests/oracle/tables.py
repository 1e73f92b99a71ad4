#!/usr/bin/env python3
"""What `loom convert` makes of Loom files for others: Arrow and Parquet as pyarrow, DuckDB and polars read
them, Matrix Market as scipy does, text as pandas does, npy as numpy does; held against what h5py reads.

    tables.py PROGRAM FIXTURE...

The last line is "N passed, N failed"; the exit status is 1 if any failed.
"""

import gzip
import os
import re
import signal
import subprocess
import sys
import time

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars
import pyarrow.dataset
import pyarrow.ipc
import pyarrow.parquet
import scipy.io

from verbs import Loom, run

RNG = np.random.default_rng(3)
FIXTURES = [os.path.abspath(path) for path in sys.argv[2:]]
TEXT = h5py.string_dtype()
HARD = ["plain", "", "a\tb", 'say "so"', "two\nlines", "comma, here", "\u00e9", "a/b=c%d", " spaces ", "'"]


def make(path: str, matrix: np.ndarray, chunks=(64, 64), layers=None) -> None:
    rows, cols = matrix.shape
    with h5py.File(path, "w") as file:
        fitting = tuple(min(*pair) for pair in zip(chunks, matrix.shape)) if matrix.size else chunks
        file.create_dataset("matrix", data=matrix, maxshape=(None, None), chunks=fitting, compression="gzip", compression_opts=2)
        for group in ("layers", "row_graphs", "col_graphs", "row_attrs", "col_attrs", "attrs"):
            file.create_group(group)
        for name, values in (layers or {}).items():
            file["layers"][name] = values
        file["attrs"].create_dataset("LOOM_SPEC_VERSION", data="3.0.0", dtype=TEXT)
        file["attrs"]["sizes"] = np.arange(6, dtype="int64").reshape(2, 3)
        genes, cells = file["row_attrs"], file["col_attrs"]
        genes.create_dataset("Gene", data=np.array([f"G{i}{HARD[i % len(HARD)]}" for i in range(rows)], dtype=object), dtype=TEXT)
        genes.create_dataset("Accession", data=np.array([f"ENS{i:05}" for i in range(rows)], dtype=object), dtype=TEXT)
        cells.create_dataset("CellID", data=np.array([f"c{i}" for i in range(cols)], dtype=object), dtype=TEXT)
        cells.create_dataset("Kind", data=np.array(HARD, dtype=object)[np.arange(cols) % len(HARD)], dtype=TEXT)
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"):
            cells[dtype] = (np.arange(cols) % 100).astype(dtype)
        cells["large"] = 2**63 + np.arange(cols, dtype="uint64")
        cells["PCA"] = RNG.random((cols, 3)).astype("float32")
        cells["cube"] = np.arange(cols * 6, dtype="int16").reshape(cols, 2, 3)
        cells["none"] = np.zeros((cols, 0))
        cells.create_dataset("words", data=np.array([[f"w{i}", "\u00e9"] for i in range(cols)], dtype=object).reshape(cols, 2), dtype=TEXT)
        cells["pair"] = np.array([(i, i / 3) for i in range(cols)], dtype=[("a", "int32"), ("b", "float64")])
        cells["score"] = np.where(np.arange(cols) % 7 == 0, np.nan, 0.5)
        edges = RNG.integers(0, max(cols, 1), (2, 30)) if cols else np.zeros((2, 0))
        for name, values in zip("abw", (edges[0].astype("int32"), edges[1].astype("int32"), RNG.random(edges.shape[1]))):
            file[f"col_graphs/KNN {name == 'x'}/{name}"] = values


def counts(rows: int, cols: int, dtype: str, density=0.2) -> np.ndarray:
    return (RNG.integers(1, 100, (rows, cols)) * (RNG.random((rows, cols)) < density)).astype(dtype)


def matrix_of(path: str, name="matrix") -> np.ndarray:
    with h5py.File(path) as file:
        return file[name][:, :]


def filled(table, shape, dtype) -> np.ndarray:
    """The matrix of a table of non-zeros, each of which must stand in it once."""
    matrix = np.zeros(shape, dtype)
    at = np.asarray(table["gene"]), np.asarray(table["cell"])
    matrix[at] = np.asarray(table["value"])
    assert np.count_nonzero(matrix) == len(at[0]), "a line twice, or one of a zero"
    return matrix


def long_form(folder: str, matrix: np.ndarray, form: str) -> None:
    dtype = {"float16": "float32"}.get(str(matrix.dtype), matrix.dtype)
    dataset = pyarrow.dataset.dataset(folder, format=form, partitioning="hive")
    table = dataset.to_table()
    assert table.schema.field("value").type.to_pandas_dtype() == np.dtype(dtype)
    np.testing.assert_array_equal(filled(table, matrix.shape, dtype), matrix)
    if form == "arrow":
        for part in dataset.files:
            assert polars.read_ipc(part).equals(polars.from_arrow(pyarrow.ipc.open_file(part).read_all()))
        # DuckDB has no reader of Arrow files of its own: it queries what pyarrow opens.
        duck = duckdb.sql("from dataset").fetchnumpy()
        np.testing.assert_array_equal(filled(duck, matrix.shape, dtype), matrix)
        return
    frame = polars.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True).collect()
    np.testing.assert_array_equal(filled(frame, matrix.shape, dtype), matrix)
    duck = duckdb.sql(f"from read_parquet('{folder}/**/*.parquet', hive_partitioning=true)").fetchnumpy()
    np.testing.assert_array_equal(filled(duck, matrix.shape, dtype), matrix)
    # Sorted within each file, which is what makes row groups skippable.
    for part in dataset.files:
        one = pyarrow.parquet.read_table(part, partitioning=None)
        cell, gene = np.asarray(one["cell"]), np.asarray(one["gene"])
        order = np.lexsort((gene, cell))
        assert (order == np.arange(len(order))).all(), part


def read(folder: str, name: str, form: str):
    path = f"{folder}/{name}.{form}"
    return pyarrow.parquet.read_table(path, partitioning=None) if form == "parquet" else pyarrow.ipc.open_file(path).read_all()


def same_columns(table, group: h5py.Group, number: str) -> None:
    """Whether a table has the values of all attributes of a group, in their type."""
    columns = {}
    for name, values in group.items():
        if not isinstance(values, h5py.Dataset):
            continue
        if values.dtype.names:
            columns.update({f"{name}.{field}": values[field] for field in values.dtype.names if values.dtype[field].kind in "iuf"})
        elif h5py.check_string_dtype(values.dtype):
            columns[name] = values.asstr("utf-8", "strict")[:] if h5py.check_string_dtype(values.dtype).length is None else None
        else:
            columns[name] = values[:]
    for name, values in columns.items():
        if values is None or name == number:
            continue
        found = table[name].to_pylist()
        if values.dtype.kind == "f":
            values = values.astype("float32") if values.dtype == np.float16 else values
            np.testing.assert_array_equal(np.array(found, dtype=values.dtype).reshape(values.shape), values, name)
        else:
            assert found == values.tolist(), name
        kind = table.schema.field(name).type
        for _ in values.shape[1:]:
            kind = kind.value_type
        if values.dtype.kind in "iuf":
            assert kind.to_pandas_dtype() == values.dtype, (name, kind, values.dtype)
    assert table[number].to_pylist() == list(range(table.num_rows))


def every_type_as_tables(loom: Loom) -> None:
    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"):
        matrix = counts(130, 300, dtype)
        if dtype in ("int64", "uint64"):
            matrix[3, 4:8] = 2**53 + np.arange(1, 5) if dtype == "int64" else 2**64 - np.arange(1, 5, dtype="uint64")
        if dtype.startswith("float"):
            matrix[5, :4] = np.nan, np.inf, -np.inf, 0.1
        make("x.loom", matrix)
        for form in ("parquet", "arrow"):
            loom("convert", "x.loom", "-o", f"x.{form}", "--force", "--partition-cells", "77")
            parts = sorted(os.listdir(f"x.{form}/matrix"))
            assert parts == ["first_cell=0", "first_cell=154", "first_cell=231", "first_cell=77"], parts
            long_form(f"x.{form}/matrix", matrix, form)


def attributes_layers_graphs(loom: Loom) -> None:
    matrix = counts(200, 900, "int32")
    make("x.loom", matrix, layers={"half": matrix / 2, "a b=c": matrix.astype("uint16")})
    for form in ("parquet", "arrow"):
        report = loom("convert", "x.loom", "-o", f"x.{form}", "--report", "-", "--partition", "Kind")
        assert "changed\tca:float16\t" in report and "changed\tca:pair/a\t" in report and "left out" not in report, report
        with h5py.File("x.loom") as file:
            same_columns(read(f"x.{form}", "cells", form), file["col_attrs"], "cell")
            same_columns(read(f"x.{form}", "genes", form), file["row_attrs"], "gene")
            graph, knn = read(f"x.{form}/col_graphs", "KNN False", form), file["col_graphs/KNN False"]
            for name in "abw":
                np.testing.assert_array_equal(np.asarray(graph[name]), knn[name][:])
        attrs = read(f"x.{form}", "attrs", form)
        assert attrs["LOOM_SPEC_VERSION"].to_pylist() == ["3.0.0"] and attrs["sizes"].to_pylist() == [[[0, 1, 2], [3, 4, 5]]]
        long_form(f"x.{form}/layers/half", matrix / 2, form)
        long_form(f"x.{form}/layers/a b%3Dc", matrix.astype("uint16"), form)
    # The values in the names of the folders are those of the cells.
    kinds = np.array(HARD)[np.arange(900) % len(HARD)]
    wanted = [None if kind == "" else kind for kind in kinds]
    table = pyarrow.dataset.dataset("x.parquet/matrix", partitioning="hive").to_table()
    assert [wanted[cell] for cell in table["cell"].to_pylist()] == table["Kind"].to_pylist()
    duck = duckdb.sql("select cell, Kind from read_parquet('x.parquet/matrix/*/*.parquet', hive_partitioning=true)").fetchall()
    assert all(wanted[cell] == kind for cell, kind in duck) and len(duck) == np.count_nonzero(matrix)
    assert "values, and no more than" in loom.fails("convert", "x.loom", "-o", "y.parquet", "--partition", "CellID")
    assert sorted(os.listdir(".")) == ["x.arrow", "x.loom", "x.parquet"]


def files_of_all_producers(loom: Loom) -> None:
    seen = 0
    for path in FIXTURES:
        try:
            matrix = matrix_of(path)
        except Exception:
            continue
        name = os.path.basename(path)
        if name == "breaks-spec.loom":
            assert "/row_attrs/nested" in loom.fails("convert", path, "-o", "broken.parquet")
            assert not os.path.exists("broken.parquet")
            continue
        for form in ("parquet", "arrow"):
            done = subprocess.run([loom.program, "convert", path, "-o", f"{name}.{form}"], capture_output=True, text=True)
            assert done.returncode == 0, (path, done.stderr)
            long_form(f"{name}.{form}/matrix", matrix, form)
            assert read(name + "." + form, "cells", form).num_rows == matrix.shape[1]
        seen += 1
    assert seen >= 5, seen


def market(loom: Loom) -> None:
    for dtype in ("int32", "int64", "uint8", "float32", "float64"):
        matrix = counts(130, 700, dtype)
        if dtype == "int64":
            matrix[1, 1] = 2**53 + 1
        if dtype.startswith("float"):
            matrix[1, :4] = 1e-30, 0.1, -2.5e30, 1 / 3
        make("x.loom", matrix)
        report = loom("convert", "x.loom", "-o", "bc_matrix/", "--force", "--report", "-")
        assert "left out\tca:Kind" in report and "left out\tca:CellID" not in report and "ra:Gene" not in report
        assert "tabs or line ends" in report and "left out\tcol-graph:KNN" in report and "attr:sizes" in report
        assert sorted(os.listdir("bc_matrix")) == ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"]
        found = scipy.io.mmread("bc_matrix/matrix.mtx.gz")
        np.testing.assert_array_equal(found.toarray().astype(dtype), matrix)
        assert (np.diff(found.col) >= 0).all(), "cell after cell, as Cell Ranger has it"
        barcodes = pd.read_csv("bc_matrix/barcodes.tsv.gz", header=None)[0]
        assert list(barcodes) == [f"c{i}" for i in range(700)]
        features = pd.read_csv("bc_matrix/features.tsv.gz", sep="\t", header=None, quoting=3, keep_default_na=False)
        assert features.shape == (130, 3) and features[0][7] == "ENS00007" and set(features[2]) == {"Gene Expression"}
        if dtype == "int64":
            assert "beyond 2^53" in loom.fails("convert", "bc_matrix", "-o", "back.loom", "--force")
        else:
            loom("convert", "bc_matrix", "-o", "back.loom", "--force")
            np.testing.assert_array_equal(matrix_of("back.loom").astype(dtype), matrix)
        for name in ("m.mtx", "m.mtx.gz"):
            loom("convert", "x.loom", "-o", name, "--force", "--report", os.devnull)
            np.testing.assert_array_equal(scipy.io.mmread(name).toarray().astype(dtype), matrix)


def text_and_npy(loom: Loom) -> None:
    for dtype in ("int64", "uint64", "float16", "float32", "float64"):
        matrix = counts(130, 90, dtype)
        if dtype == "uint64":
            matrix[2, 2] = 2**64 - 1
        if dtype.startswith("float"):
            matrix[1, :5] = np.nan, np.inf, 0.1, 1e-7, -0.0
        make("x.loom", matrix)
        for name, separator in (("x.tsv", "\t"), ("x.csv", ","), ("x.tsv.gz", "\t"), ("x.csv.gz", ",")):
            report = loom("convert", "x.loom", "-o", name, "--force", "--report", "-")
            assert "ra:Gene" not in report and "left out\tra:Accession" in report
            converter = {"float16": "float32"}.get(dtype, dtype)
            frame = pd.read_csv(name, sep=separator, index_col=0, dtype=dict.fromkeys([f"c{i}" for i in range(90)], converter), float_precision="round_trip")
            assert list(frame.columns) == [f"c{i}" for i in range(90)] and frame.index.name == "Gene"
            assert list(frame.index) == [f"G{i}{HARD[i % len(HARD)]}" for i in range(130)]
            np.testing.assert_array_equal(frame.to_numpy(), matrix.astype(converter))
        assert gzip.open("x.csv.gz").read() == open("x.csv", "rb").read()
        loom("convert", "x.loom", "-o", "x.npy", "--force", "--report", os.devnull)
        found = np.load("x.npy")
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, matrix)


def empty_axes(loom: Loom) -> None:
    for shape in ((5, 0), (0, 5), (0, 0), (1, 1)):
        make("x.loom", np.zeros(shape, "int32"))
        for form in ("parquet", "arrow"):
            loom("convert", "x.loom", "-o", f"x.{form}", "--force")
            assert read(f"x.{form}", "genes", form).num_rows == shape[0] and read(f"x.{form}", "cells", form).num_rows == shape[1]
            assert pyarrow.dataset.dataset(f"x.{form}/matrix", format=form).count_rows() == 0
        loom("convert", "x.loom", "-o", "m/", "--force")
        header = gzip.open("m/matrix.mtx.gz", "rt").read().splitlines()
        assert header[1] == f"{shape[0]} {shape[1]} 0" and len(header) == 2
        loom("convert", "x.loom", "-o", "x.npy", "--force")
        assert np.load("x.npy").shape == shape
        loom("convert", "x.loom", "-o", "x.tsv", "--force")
        assert len(pd.read_csv("x.tsv", sep="\t", index_col=0)) == shape[0]


def of_other_formats(loom: Loom) -> None:
    with open("counts.csv", "w") as file:
        file.write("gene,a,b\nx,1,0\ny,0,2.5\n")
    loom("convert", "counts.csv", "-o", "t.parquet")
    found = pyarrow.parquet.read_table("t.parquet/genes.parquet", partitioning=None)
    assert found["Gene"].to_pylist() == ["x", "y"]
    long_form("t.parquet/matrix", np.array([[1, 0], [0, 2.5]]), "parquet")
    with open("counts.csv", "a") as file:
        file.write("z,1,two\n")
    for to in ("u.parquet", "u/", "u.csv", "u.h5ad", "u.loom"):
        message = loom.fails("convert", "counts.csv", "-o", to)
        assert "counts.csv: line 4" in message and '"two"' in message, message
    assert sorted(os.listdir(".")) == ["counts.csv", "t.parquet"]


def memory_and_places(loom: Loom) -> None:
    make("x.loom", counts(3000, 6000, "float64", 0.3))
    before = sorted(os.listdir("."))
    for to, least in (("x.parquet", 100), ("x.csv", 100), ("m/", 80), ("x.npy", 60), ("x.h5ad", 100)):
        done = subprocess.run([loom.program, "convert", "x.loom", "-o", to, "--memory", f"{least}M", "-j", "2"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        used = int(re.search(r"used (\d+) of (\d+) MiB", done.stderr)[1])
        assert used <= least, (to, used, least)
        message = loom.fails("convert", "x.loom", "-o", "y" + to, "--memory", "20M")
        assert "MiB more are needed" in message, message
    # And the other way.
    for source in ("x.csv", "m", "x.npy", "x.h5ad"):
        done = subprocess.run([loom.program, "convert", source, "-o", "y.loom", "--force", "--memory", "90M"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        used = int(re.search(r"used (\d+) of 90 MiB", done.stderr)[1])
        assert used <= 90, (source, used)
        np.testing.assert_array_equal(matrix_of("y.loom"), matrix_of("x.loom"))
        assert "MiB more are needed" in loom.fails("convert", source, "-o", "z.loom", "--memory", "20M")
    os.remove("y.loom")
    assert "holds mine" in (os.mkdir("d"), open("d/mine", "w").close(), loom.fails("convert", "x.loom", "-o", "d/", "--force"))[2]
    assert "--force" in loom.fails("convert", "x.loom", "-o", "x.parquet")
    assert os.listdir("d") == ["mine"] and sorted(os.listdir(".")) == sorted([*before, "x.parquet", "x.csv", "m", "x.npy", "x.h5ad", "d"])
    # What is interrupted leaves what was there, and nothing else.
    stamp = os.stat("x.parquet/cells.parquet").st_mtime_ns
    for to in ("x.parquet", "z.csv.gz", "n/"):
        process = subprocess.Popen([loom.program, "convert", "x.loom", "-o", to, "--force", "-j", "1"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while not [name for name in os.listdir(".") if name.startswith(".loom-convert-")] and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == -signal.SIGINT, (to, process.returncode)
    assert os.stat("x.parquet/cells.parquet").st_mtime_ns == stamp
    assert sorted(os.listdir(".")) == sorted([*before, "x.parquet", "x.csv", "m", "x.npy", "x.h5ad", "d"])


CASES = [every_type_as_tables, attributes_layers_graphs, files_of_all_producers, market, text_and_npy, empty_axes, of_other_formats, memory_and_places]


if __name__ == "__main__":
    sys.exit(run("tables", CASES))
