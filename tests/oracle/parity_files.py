"""Files for parity_loompy.py: every number type, odd shapes, empty and long text, several layers, graphs."""

import h5py
import loompy
import numpy as np
import scipy.sparse as sparse

TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


def matrix(rng, kind, shape):
    """Small counts, a few extremes, and for floats fractions of many sizes."""
    values = rng.poisson(0.7, shape).astype("float64")
    if kind.startswith("float"):
        values *= rng.choice([1.0, 0.1, -1 / 3, 1e-5, 12345.678, 2.5e-4, 1e4], shape)
        values = values.astype(kind)
        extremes = np.array([np.finfo(kind).max, np.finfo(kind).tiny, -0.0, 1e-7, 0.1, 999.5], kind)
    else:
        values = values.astype(kind)
        extremes = np.array([np.iinfo(kind).max, np.iinfo(kind).min, 100], kind)
    flat = values.ravel()
    if flat.size > 50:
        flat[rng.choice(flat.size, extremes.size, replace=False)] = extremes
    return flat.reshape(shape)


def graph(rng, size, edges):
    a, b = rng.integers(0, size, edges), rng.integers(0, size, edges)
    pairs = np.unique(np.stack([a, b]), axis=1)
    return sparse.coo_matrix((rng.random(pairs.shape[1]), (pairs[0], pairs[1])), shape=(size, size))


def attributes(rng, kind, size):
    """One attribute of each sort, with the type's own numbers in two of them."""
    numbers = matrix(rng, kind, (size,))
    return {
        "Number": numbers,
        "Pairs": matrix(rng, kind, (size, 2)),
        "Wide": rng.normal(size=(size, 12)).astype("float32"),
        "Name": np.array([f"name {i}" for i in range(size)]),
        "Text": rng.choice(np.array(["", "x", "caf\u00e9", "\u65e5\u672c", "a&amp;b", "<b>", "tab_"]), size),
        "Clusters": rng.integers(-2, 5, size),
        "Same": rng.integers(0, 3, size) * 0 + 7,
        "Digits": rng.choice(np.array(["10", "9", "2"]), size),
        "Letter": rng.choice(np.array(["b", "a", "c/d.e"]), size),
        "Flag": rng.random(size) < 0.5,
    }


def by_type(folder):
    shapes = [(70, 130), (64, 64), (65, 1), (1, 66), (3, 129), (130, 63), (5, 7), (1, 1), (128, 64), (66, 67), (7, 200)]
    for number, (kind, shape) in enumerate(zip(TYPES, shapes)):
        rng = np.random.default_rng(number)
        path = str(folder / f"type-{kind}.loom")
        layers = {"": matrix(rng, kind, shape), "second": matrix(rng, TYPES[number - 1], shape)}
        rows, cols = attributes(rng, kind, shape[0]), attributes(rng, TYPES[number - 3], shape[1])
        with np.errstate(all="ignore"):
            loompy.create(path, layers, rows, cols, file_attrs={"title": f"<{kind}>", "note": "a & b"})
        with loompy.connect(path) as ds:
            ds.attrs["number"] = 3
            ds.attrs["list"] = np.array([1.5, 2.0])
            if min(shape) > 2:
                ds.row_graphs["R"] = graph(rng, shape[0], 3 * shape[0])
                ds.col_graphs["KNN"] = graph(rng, shape[1], 5 * shape[1])
                ds.col_graphs["empty"] = sparse.coo_matrix(ds.shape[1:] * 2)
                ds.layers["second"][0, 0] = 1
        yield path


def conventional(folder):
    """A file that keeps to the conventions, and some that do not."""
    rng = np.random.default_rng(50)
    ids = np.arange(12) % 4
    good = {
        "CellID": np.array([f"c{i}" for i in range(12)]),
        "ClusterID": ids,
        "ClusterName": np.array([f"k{i}" for i in ids]),
        "Valid": np.ones(12, int),
        "Outliers": np.zeros(12, int),
    }
    rows = {
        "Accession": np.array([f"a{i}" for i in range(12)]),
        "Gene": np.array(["g"] * 12),
        "Valid": np.ones(12, int),
        "Selected": np.zeros(12, int),
    }
    changes = {
        "good": {},
        "gap": {"ClusterID": np.where(ids == 2, 7, ids)},
        "float": {"ClusterID": ids.astype(float), "Valid": np.full(12, 0.5)},
        "small-ints": {"ClusterID": ids.astype("int32"), "Valid": np.ones(12, "uint8")},
        "duplicate": {"CellID": np.array(["c"] * 12)},
        "numbers": {"CellID": np.arange(12), "ClusterName": np.arange(12)},
        "not-one-to-one": {"ClusterName": np.array([f"k{i // 2}" for i in ids])},
        "two-axes": {"Valid": np.ones((12, 2), int)},
        "without": {"ClusterID": None, "CellID": None, "Valid": None, "ClusterName": None},
    }
    for name, change in changes.items():
        path = str(folder / f"conventions-{name}.loom")
        cols = {k: v for k, v in (good | change).items() if v is not None}
        loompy.create(path, rng.poisson(1.0, (12, 12)), rows, cols, file_attrs={"Title": "t"})
        yield path
    path = str(folder / "conventions-rectangle.loom")
    rows = {k: v[:5] for k, v in rows.items()}
    loompy.create(path, rng.poisson(1.0, (5, 12)), rows, good)
    yield path


def broken(folder):
    """Files that break single rules, from a good one."""
    base = folder / "broken-base.loom"
    rng = np.random.default_rng(60)
    names = {"Gene": np.array(list("abcde")), "Score": rng.random(5)}
    cells = {"CellID": np.array(list("ABCDEFG"))}
    loompy.create(str(base), rng.poisson(1.0, (5, 7)), names, cells)
    with loompy.connect(str(base)) as ds:
        ds.layers["extra"] = rng.poisson(1.0, (5, 7))
        ds.col_graphs["G"] = graph(rng, 7, 9)

    def replaced(f, path, values):
        del f[path]
        f[path] = values

    changes = {
        "no-row-attrs": lambda f: f.__delitem__("row_attrs"),
        "no-col-graphs": lambda f: f.__delitem__("col_graphs"),
        "no-layers": lambda f: f.__delitem__("layers"),
        "layer-shape": lambda f: replaced(f, "layers/extra", np.zeros((5, 6))),
        "layer-type": lambda f: replaced(f, "layers/extra", np.zeros((5, 7), ">f4")),
        "layer-bool": lambda f: replaced(f, "layers/extra", np.zeros((5, 7), bool)),
        "attr-length": lambda f: replaced(f, "row_attrs/Score", np.zeros(4)),
        "attr-fixed": lambda f: replaced(f, "row_attrs/Gene", np.array([b"a", b"bc", b"d", b"e", b"f"])),
        "attr-compound": lambda f: replaced(f, "row_attrs/Score", np.zeros(5, [("a", "f8"), ("b", "u1"), ("s", "S3")])),
        "attr-bool": lambda f: replaced(f, "row_attrs/Score", np.zeros(5, bool)),
        "attr-empty-group": lambda f: [f.__delitem__("row_attrs"), f.create_group("row_attrs")],
        "graph-ints": lambda f: replaced(f, "col_graphs/G/w", np.arange(f["col_graphs/G/a"].shape[0])),
        "graph-floats": lambda f: replaced(f, "col_graphs/G/a", f["col_graphs/G/a"][()].astype(float)),
        "graph-lengths": lambda f: replaced(f, "col_graphs/G/b", np.arange(3)),
        "graph-without-w": lambda f: f.__delitem__("col_graphs/G/w"),
        "no-version": lambda f: f.__delitem__("attrs/LOOM_SPEC_VERSION"),
        "version-2": lambda f: replaced(f, "attrs/LOOM_SPEC_VERSION", "2.0.1"),
        "no-matrix": lambda f: f.__delitem__("matrix"),
        "no-attrs": lambda f: f.__delitem__("attrs"),
    }
    for name, change in changes.items():
        path = folder / f"broken-{name}.loom"
        path.write_bytes(base.read_bytes())
        with h5py.File(path, "r+") as f:
            change(f)
        yield str(path)


def generate(folder):
    """Every file: those to compare in full, then those only to validate."""
    return [*by_type(folder)], [*conventional(folder), *broken(folder)]
