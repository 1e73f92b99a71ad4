"""What loompy 3.0.8 and h5py find in the fixtures, as JSON for reading.rs.

    pip install loompy==3.0.8 "numpy<2" "setuptools<81"
    python expect.py ../../../../fixtures > expected.json

Numbers, graphs, views, scans, maps and sparse matrices come from loompy. Text comes from h5py, decoded as
UTF-8 and unescaped by the version of the file, because loompy 3.0.8 drops what is not ASCII. Where
loompy cannot select (several lists, any order, repeats), numpy and scipy do, on what loompy read.
"""

import hashlib
import html
import json
import sys
import warnings
from pathlib import Path

import h5py
import loompy
import numpy as np

warnings.simplefilter("ignore")


def encode(values):
    """Type, shape, and the values; many of them as a hash (numbers as float64)."""
    values = np.asarray(values)
    name = values.dtype.name
    if values.dtype.kind in "OUS":
        name, flat = "string", [str(v) for v in values.ravel()]
        data = b"".join(len(v.encode()).to_bytes(8, "little") + v.encode() for v in flat)
    else:
        name = {"bool": "uint8", "float16": "float32"}.get(name, name)
        numbers = np.ascontiguousarray(values).ravel().astype("<f8")
        flat = plain(numbers)
        data = numbers.tobytes()
    out = {"dtype": name, "shape": list(values.shape)}
    if len(flat) > 40:
        return out | {"sha256": hashlib.sha256(data).hexdigest()}
    return out | {"values": flat}


def plain(numbers):
    """Numbers as JSON can hold them."""
    return [v if np.isfinite(v) else str(v) for v in np.asarray(numbers, "float64").tolist()]


class Text:
    def __init__(self, file):
        self.old = loompy.compare_loom_spec_version(file, "3.0.0") < 0

    def one(self, value):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        return html.unescape(value) if self.old else value

    def all(self, value):
        """A value as h5py reads it, its text as it was meant."""
        if isinstance(value, (bytes, str)):
            return self.one(value)
        value = np.asarray(value)
        if value.dtype.kind in "OSU":
            flat = np.array([self.one(v) for v in value.ravel()], dtype=object)
            return flat.reshape(value.shape)
        return value


def attributes(group, text):
    found = {}
    for name, dataset in group.items():
        values = dataset[()]
        if values.dtype.names:
            for field in values.dtype.names:
                found[f"{name}/{field}"] = text.all(values[field])
        else:
            found[name] = text.all(values)
    return found


def globals_(file, text):
    place = {k: v[()] for k, v in file["attrs"].items()} if "attrs" in file else dict(file.attrs)
    return {k: encode(text.all(v)) for k, v in place.items() if not isinstance(v, h5py.Empty)}


def coo(graph):
    return {
        "shape": list(graph.shape),
        "row": encode(graph.row.astype("int64")),
        "col": encode(graph.col.astype("int64")),
        "data": encode(graph.data.astype("float64")),
    }


def by_row(graph):
    """The triplets sorted by row, then by column, then by value."""
    graph = graph.tocoo()
    order = np.lexsort((graph.data, graph.col, graph.row))
    graph.row, graph.col, graph.data = graph.row[order], graph.col[order], graph.data[order]
    return coo(graph)


def graphs(ds, axis):
    manager = ds.row_graphs if axis == 0 else ds.col_graphs
    if len(manager):
        return {name: manager[name] for name in manager.keys()}
    old = ds._file.get(["row_edges", "col_edges"][axis], {})  # loompy reads these in r+ only
    import scipy.sparse as sparse

    n = ds.shape[axis]
    return {
        k: sparse.coo_matrix((g["w"][:], (g["a"][:], g["b"][:])), shape=(n, n))
        for k, g in old.items()
    }


def whole(path, ds):
    file = ds._file
    text = Text(file)
    out = {
        "shape": list(ds.shape),
        "version": loompy.get_loom_spec_version(file),
        "layers": {k: encode(ds.layers[k][:, :]) for k in ds.layers.keys()},
        "ra": {k: encode(v) for k, v in attributes(file.get("row_attrs", {}), text).items()},
        "ca": {k: encode(v) for k, v in attributes(file.get("col_attrs", {}), text).items()},
        "attrs": globals_(file, text),
        "row_graphs": {k: coo(g) for k, g in graphs(ds, 0).items()},
        "col_graphs": {k: coo(g) for k, g in graphs(ds, 1).items()},
        "keys": {
            "layers": list(ds.layers.keys()),
            "ra": list(file.get("row_attrs", {})),
            "ca": list(file.get("col_attrs", {})),
            "attrs": list(ds.attrs.keys()),
        },
    }
    if "last_modified" in file.attrs:
        out["last_modified"] = text.one(file.attrs["last_modified"])
    return out


def selections(ds):
    """Pairs of selections: lists in any order with repeats, ranges with steps (as lists)."""
    rows, cols = ds.shape
    rng = np.random.default_rng(7)
    return [
        (list(range(rows)), list(range(cols))),
        (list(range(1, rows, 3)), list(range(cols // 2, cols))),
        (rng.permutation(rows).tolist(), rng.permutation(cols).tolist()[: cols // 2]),
        (rng.integers(0, rows, rows // 2).tolist(), rng.integers(0, cols, 9).tolist()),
        ([rows - 1], [0]),
        ([], list(range(cols))),
    ]


def views(ds):
    text = Text(ds._file)
    ra = attributes(ds._file["row_attrs"], text)
    ca = attributes(ds._file["col_attrs"], text)
    out = []
    for rows, cols in selections(ds):
        r, c = np.array(rows, int), np.array(cols, int)
        out.append(
            {
                "rows": rows,
                "cols": cols,
                "layers": {k: encode(ds.layers[k][:, :][r][:, c]) for k in ds.layers.keys()},
                "ra": {k: encode(v[r]) for k, v in ra.items()},
                "ca": {k: encode(v[c]) for k, v in ca.items()},
                "row_graphs": {k: by_row(g.tocsr()[r][:, r]) for k, g in graphs(ds, 0).items()},
                "col_graphs": {k: by_row(g.tocsr()[c][:, c]) for k, g in graphs(ds, 1).items()},
                "sparse": sparse(ds, r, c),
            }
        )
    return out


def sparse(ds, rows, cols):
    """loompy's own sparse() where the order is one it keeps, else scipy's slice of all of it."""
    matrix = ds.sparse().tocsr()
    if rows.tolist() == sorted(set(rows)) and cols.tolist() == sorted(set(cols)) and len(rows):
        matrix = ds.sparse(rows, cols)
        return by_row(matrix)
    return by_row(matrix[rows][:, cols])


def scans(ds, keys):
    rng = np.random.default_rng(11)
    out = []
    for axis in (0, 1):
        n = ds.shape[axis]
        mask = rng.random(n) < 0.3
        mask[: n // 3] = False
        some = np.unique(rng.integers(0, n, n // 2))
        plans = [
            (None, None, 512, None),
            (None, keys[1 - axis], 50, [""]),
            (some, None, 32, None),
            (mask, keys[1 - axis], 16, [""]),
        ]
        for items, key, batch_size, layers in plans:
            batches = []
            for ix, indices, view in ds.scan(
                axis=axis, items=items, key=key, batch_size=batch_size, layers=layers
            ):
                batches.append(
                    {
                        "ix": int(ix),
                        "indices": indices.tolist(),
                        "layers": {k: encode(v[:, :]) for k, v in view.layers.items()},
                        "ra": numbers(view.ra),
                        "ca": numbers(view.ca),
                        "row_graphs": scanned(ds, view.row_graphs, 0, axis, key),
                        "col_graphs": scanned(ds, view.col_graphs, 1, axis, key),
                    }
                )
            items = None if items is None else items.tolist()
            out.append(
                {
                    "axis": axis,
                    "items": items,
                    "key": key,
                    "batch_size": batch_size,
                    "layers": layers,
                    "batches": batches,
                }
            )
    return out


def scanned(ds, graphs, axis, scan_axis, key):
    """Graphs of a batch. loompy leaves those of a sorted axis unsorted: there scipy sorts them."""
    if key is None or axis == scan_axis:
        return {k: by_row(g) for k, g in graphs.items()}
    order = np.argsort((ds.ra if axis == 0 else ds.ca)[key])
    whole = ds.row_graphs if axis == 0 else ds.col_graphs
    return {k: by_row(g.tocsr()[order][:, order]) for k, g in whole.items()}


def numbers(manager):
    """The attributes that are numbers: loompy damages text."""
    return {k: encode(v) for k, v in manager.items() if v.dtype.kind not in "OUS"}


def changes(ds):
    """get_changes_since, just before and at every time of change in the file."""
    times = set()
    ds._file.visititems(lambda _, o: times.add(o.attrs.get("last_modified")))
    out = []
    for time in sorted(t for t in times if t):
        for since in (time[:-4], time):
            out.append({"since": since} | ds.get_changes_since(since))
    return out


def maps(ds, layers):
    functions = {
        "Sum": np.sum,
        "Mean": np.mean,
        "Variance": np.var,
        "Nonzeros": np.count_nonzero,
        "Min": np.min,
        "Max": np.max,
        "Magnitude": lambda v: np.sum(np.abs(v)),
    }
    out = []
    for name in layers:
        for axis in (0, 1):
            for selection in (None, np.arange(1, ds.shape[1 - axis], 2)):
                fs = [lambda v, f=f: f(v.astype("float64")) for f in functions.values()]
                result = ds.layers[name].map(fs, axis=axis, selection=selection)
                result = {k: plain(v) for k, v in zip(functions, result)}
                out.append(
                    {
                        "layer": name,
                        "axis": axis,
                        "selection": None if selection is None else selection.tolist(),
                        "result": result,
                    }
                )
    return out


def main(folder):
    out = {"versions": {"loompy": loompy.__version__, "h5py": h5py.__version__}, "files": {}}
    skipped = {"demo.loom", "breaks-spec.loom", "loompy3-new.loom", "loompy3-wide.loom"}
    for path in sorted(Path(folder).glob("*.loom")):
        if path.name in skipped:
            continue
        file = h5py.File(path, "r")
        if "row_attrs" in file:
            file.close()
            ds = loompy.connect(str(path), "r", validate=False)
        else:
            ds = Bare(file)
        found = whole(path, ds)
        if path.name in {"loompy3.loom", "loompy2.loom"}:
            found["views"] = views(ds)
        if path.name == "loompy3-columns.loom":  # loompy cannot where there are graphs
            found["changes"] = changes(ds)
        if path.name == "loompy3.loom":
            found["scans"] = scans(ds, ["Gene", "CellID"])
            found["maps"] = maps(ds, [""])
        if path.name == "loompy3-types.loom":
            found["maps"] = maps(ds, ds.layers.keys())
        out["files"][path.name] = found
    print(json.dumps(out["versions"])[:-1] + ', "files": {')
    lines = [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in out["files"].items()]
    print(",\n".join(lines) + "\n}}")


class Bare:
    """A file that loompy cannot open, for want of attribute groups."""

    def __init__(self, file):
        self._file = file
        self.shape = file["matrix"].shape
        self.layers = {"": file["matrix"]}
        self.row_graphs = self.col_graphs = {}
        self.attrs = dict(file.attrs)


if __name__ == "__main__":
    main(sys.argv[1])
