"""What loompy answers to each question, and what a listed difference calls for instead."""

import html
import warnings
from pathlib import Path

import h5py
import loompy
import numpy as np

from parity_aggregate import add_aggregates
from parity_answers import ask, as_json, encode, encode_graph, encode_view, select_graph, unfit, without_shown
from parity_repaired import Repair, expand, graph_stamp, with_graphs_renamed
from parity_validation import add_validation

warnings.simplefilter("ignore")


class Cases:
    """Questions gathered, asked in one go, and yielded with what is expected."""

    def __init__(self, binary, path):
        self.binary, self.path = binary, path
        self.questions, self.expected = {}, {}

    def add(self, name, question, expected, difference=None, of=lambda answer: answer):
        self.questions[name] = question
        self.expected[name] = (expected, difference, of)

    def answers(self):
        answers = ask(self.binary, self.path, self.questions)
        for name, (expected, difference, of) in self.expected.items():
            answer = without_shown(answers[name])
            ours = of(answer["ok"]) if "ok" in answer else f"error: {answer['error']}"
            yield name, ours, expected, difference


def cases(binary, path, validate_only, folder):
    """Each case: name, our answer, the expected one, the listed difference it rests on."""
    todo = Cases(binary, path)
    add_validation(todo, path)
    if not validate_only:
        source = with_graphs_renamed(path, folder)
        try:
            with h5py.File(source, "r") as f:
                stamps = Stamps(f)
            raw = loompy.connect(source, "r", validate=False)
        except Exception as error:
            todo.add(f"opens, where loompy raises {type(error).__name__}", {"op": "keys"}, True, "lenient", bool)
        else:
            raw.close()
            add_all(todo, path, source, stamps, folder)
    yield from todo.answers()


def add_all(todo, path, source, stamps, folder):
    original = Repair.original
    loompy.materialize_attr_values = original
    with h5py.File(source, "r") as f:
        damaged = {}
        for axis, group in enumerate(["row_attrs", "col_attrs"]):
            for name in f[group] if group in f else []:
                try:
                    damaged[axis, name] = encode(original(f[group][name][:]))
                except Exception:
                    damaged[axis, name] = None  # such as a dataset without axes, or compounds with text
    Repair.apply(path)
    stamp_of_graphs, loompy.GraphManager.last_modified = loompy.GraphManager.last_modified, graph_stamp
    ds = loompy.connect(source, "r", validate=False)
    ds.filename = path
    try:
        rng = np.random.default_rng(7)
        add_keys(todo, ds)
        try:
            expand_all = [expand(ds.ra), expand(ds.ca)]
        except Exception as error:
            # The rest of the cases are about files whose attributes loompy can read.
            todo.add(f"attributes, where loompy raises {type(error).__name__}", {"op": "globals"}, True, "lenient", bool)
            return
        compound = "compound" if any(expand_all) else None
        add_attributes(todo, ds, damaged)
        todo.add("globals", {"op": "globals"}, {k: encode(v) for k, v in ds.attrs.items()})
        add_stamps(todo, ds, stamps)
        todo.add("graphs", {"op": "graphs"}, {
            "row": {k: encode_graph(g.row, g.col, g.data, g.shape, False) for k, g in ds.row_graphs.items()},
            "col": {k: encode_graph(g.row, g.col, g.data, g.shape, False) for k, g in ds.col_graphs.items()},
        })
        if 0 not in ds.shape:
            add_reads(todo, ds, rng)
            add_views(todo, ds, rng, compound)
            add_sparse(todo, ds, rng)
            add_scans(todo, ds, rng, compound)
            add_maps(todo, ds, rng)
            add_aggregates(todo, ds, compound, folder)
            add_exports(todo, ds, compound, folder)
            add_html(todo, ds, compound)
    finally:
        ds.close()
        Repair.remove()
        loompy.GraphManager.last_modified = stamp_of_graphs


def add_keys(todo, ds):
    managers = ["layers", "ra", "ca", "row_graphs", "col_graphs", "attrs"]
    todo.add("keys", {"op": "keys"}, {m: list(getattr(ds, m).keys()) for m in managers} | {"shape": list(ds.shape)})


def add_attributes(todo, ds, damaged):
    for axis, attrs in enumerate([ds.ra, ds.ca]):
        for name, values in attrs.items():
            expected, difference = encode(values), None
            if "/" in name:
                difference = "compound"
            elif damaged[axis, name] != expected:
                difference = "text"
            todo.add(f"attribute {axis} {name}", {"op": "attribute", "axis": axis, "name": name}, expected, difference)
        plain = [k for k, v in attrs.items() if v.ndim == 1]
        for first in plain:
            for second in plain:
                if first < second and attrs[first].dtype == attrs[second].dtype:
                    question = {"op": "stack", "axis": axis, "names": [first, "no such name", second]}
                    todo.add(f"stack {axis} {first} {second}", question, encode(attrs[first, "no such name", second]))
                    break


class Stamps:
    """What the file says of its changes, read by h5py."""

    def __init__(self, f):
        stamp = lambda path: f[path].attrs.get("last_modified") if path in f else None
        each = lambda group: {k: stamp(f"{group}/{k}") for k in f[group]} if group in f else {}
        inside = f["attrs/last_modified"][()] if "attrs/last_modified" in f else None
        inside = inside.decode() if isinstance(inside, bytes) else inside
        self.file = latest([stamp("/"), inside])
        self.groups = {g: stamp(g) for g in ["row_attrs", "col_attrs", "row_graphs", "col_graphs"]}
        self.each = {g: each(g) for g in self.groups}
        self.layers = ({"": stamp("matrix")} if "matrix" in f else {}) | each("layers")


def latest(stamps):
    stamps = [s.decode() if isinstance(s, bytes) else str(s) for s in stamps if s is not None]
    return max(stamps, default=None)


def add_stamps(todo, ds, stamps):
    def of_attrs(group):
        return {
            "itself": latest([stamps.groups[group]]),
            "latest": latest([stamps.groups[group], *stamps.each[group].values()]),
            "each": {k: latest([v]) for k, v in stamps.each[group].items()},
        }

    def of_graphs(group):
        return {k: v for k, v in of_attrs(group).items() if k != "itself"}

    expected = {
        "file": stamps.file,
        "layers": {k: latest([v]) for k, v in stamps.layers.items()},
        "ra": of_attrs("row_attrs"),
        "ca": of_attrs("col_attrs"),
        "row_graphs": of_graphs("row_graphs"),
        "col_graphs": of_graphs("col_graphs"),
    }
    todo.add("last_modified", {"op": "last_modified"}, expected, "stamps")
    managers = [("layers", ds.layers, stamps.layers), ("ra", ds.ra, stamps.each["row_attrs"])]
    managers += [("ca", ds.ca, stamps.each["col_attrs"]), ("row_graphs", ds.row_graphs, stamps.each["row_graphs"])]
    managers += [("col_graphs", ds.col_graphs, stamps.each["col_graphs"])]
    for manager, loompys, each in managers:
        for name, stored in each.items():
            if stored is not None:
                of = lambda a, m=manager, n=name: (a[m] if m == "layers" else a[m]["each"])[n]
                todo.add(f"last_modified {manager} {name}", {"op": "last_modified"}, loompys.last_modified(name), None, of)
    times = sorted({t for each in [stamps.layers, *stamps.each.values()] for t in each.values() if t})
    for since in ["19700101T000000.000000Z", *times[:: max(1, len(times) // 4)], "99991231T235959.999999Z"]:
        everything = {"row_attrs", "col_attrs", "row_graphs", "col_graphs"} <= ds._file.keys()
        if not everything or any("/" in name for name in [*ds.ra.keys(), *ds.ca.keys()]):
            continue  # loompy raises on a missing group, and for the fields that were put in above
        unstamped = any(t is None for each in [stamps.layers, *stamps.each.values()] for t in each.values())
        if since.startswith("9999") and unstamped:
            continue  # loompy takes the present time for what has no stamp
        changes = ds.get_changes_since(since)
        todo.add(f"changes since {since}", {"op": "changes", "since": since}, changes)


def add_reads(todo, ds, rng):
    n, m = ds.shape
    ix = lambda size, k: np.sort(rng.choice(size, min(size, k), replace=False))
    mask = lambda size: rng.random(size) < 0.3
    for layer in ds.layers.keys():
        values = ds.layers[layer]
        if values[:, :].shape != ds.shape:
            continue  # a layer that breaks the specification is refused
        dense = values[:, :]
        by_loompy = [
            (slice(0, n, 1), slice(0, m, 1)),
            (slice(n // 3, n, 2), slice(0, m, 3)),
            (slice(0, n, 1), ix(m, 9)),
            (ix(n, 9), slice(m // 2, m, 1)),
            (slice(0, n, 1), mask(m)),
            (mask(n), slice(0, m, 1)),
        ]
        for k, (rows, cols) in enumerate(by_loompy):
            question = {"op": "read", "layer": layer, "rows": as_json(rows), "cols": as_json(cols)}
            if any(isinstance(s, np.ndarray) and s.dtype == bool and not s.any() for s in (rows, cols)):
                continue  # h5py fails on an empty mask
            todo.add(f"read {layer!r} {k}", question, encode(values[rows, cols]))
        more = [(rng.integers(0, n, 12), rng.integers(0, m, 15)), (mask(n), rng.permutation(m)), (ix(n, 5)[::-1], mask(m))]
        for k, (rows, cols) in enumerate(more):
            question = {"op": "read", "layer": layer, "rows": as_json(rows), "cols": as_json(cols)}
            todo.add(f"read {layer!r} both {k}", question, encode(dense[rows, :][:, cols]), "selection")


def add_views(todo, ds, rng, compound):
    n, m = ds.shape
    if unfit(ds):
        return
    ix = lambda size, k: np.sort(rng.choice(size, min(size, k), replace=False))
    plain = [(slice(0, n, 1), slice(0, m, 1)), (slice(n // 4, n, 1), slice(0, m - m // 3, 1)), (slice(0, n, 1), ix(m, m // 2 + 1))]
    plain += [(ix(n, n // 2 + 1), slice(0, m, 1))]
    for k, (rows, cols) in enumerate(plain):
        expected = encode_view(ds.view[rows, cols])
        todo.add(f"view {k}", {"op": "view", "rows": as_json(rows), "cols": as_json(cols)}, expected, compound)
    rows, cols = rng.permutation(n)[: n // 2 + 1], rng.permutation(m)[: m // 2 + 1]
    expected = {
        "layers": {name: encode(ds.layers[name][:, :][rows, :][:, cols]) for name in ds.layers.keys()},
        "ra": {k: encode(v[rows]) for k, v in ds.ra.items()},
        "ca": {k: encode(v[cols]) for k, v in ds.ca.items()},
        "row_graphs": {k: select_graph(g, rows) for k, g in ds.row_graphs.items()},
        "col_graphs": {k: select_graph(g, cols) for k, g in ds.col_graphs.items()},
    }
    todo.add("view shuffled", {"op": "view", "rows": as_json(rows), "cols": as_json(cols)}, expected, "graph order")


def add_sparse(todo, ds, rng):
    n, m = ds.shape
    for layer in ds.layers.keys():
        if ds.layers[layer][:, :].shape != ds.shape:
            continue
        for k, (rows, cols) in enumerate([
            (None, None),
            (rng.permutation(n)[: n // 2 + 1], None),
            (None, np.sort(rng.choice(m, m // 2 + 1, replace=False))),
            (rng.random(n) < 0.5, rng.random(m) < 0.5),
        ]):
            expected = ds.layers[layer].sparse(rows, cols)
            question = {"op": "sparse", "layer": layer, "rows": as_json(rows), "cols": as_json(cols)}
            shape = (n if rows is None else len(np.arange(n)[rows]), m if cols is None else len(np.arange(m)[cols]))
            todo.add(f"sparse {layer!r} {k}", question, encode_graph(expected.row, expected.col, expected.data, shape))


def add_scans(todo, ds, rng, compound):
    if unfit(ds):
        return
    big = ds.shape[0] * ds.shape[1] > 1_000_000
    for axis in (0, 1):
        length, attrs, graphs = ds.shape[axis], [ds.ra, ds.ca][1 - axis], [ds.row_graphs, ds.col_graphs][1 - axis]
        unique = lambda v: v.ndim == 1 and len(set(v.tolist())) == len(v) and not (v.dtype.kind == "f" and np.isnan(v).any())
        keys = [k for k, v in attrs.items() if unique(v)][:1]
        some = np.sort(rng.choice(length, length // 3 + 1, replace=False))
        for k, (batch, items, key) in enumerate([
            (512, None, None), (1000 if big else 64, some, None), (700 if big else 37, rng.random(length) < 0.4, None),
            *[(512, None, key) for key in keys],
        ]):
            batches, difference = [], compound
            for start, indices, view in ds.scan(axis=axis, items=items, key=key, batch_size=batch):
                encoded = encode_view(view)
                if key is not None:
                    order = np.argsort(attrs[key])
                    across = {name: select_graph(g, order) for name, g in graphs.items()}
                    encoded[["row_graphs", "col_graphs"][1 - axis]] = across
                    difference = "graph order"
                batches.append({"start": int(start), "indices": [int(i) for i in indices], "view": encoded})
            question = {"op": "scan", "axis": axis, "items": as_json(items), "key": key, "batch_size": batch}
            todo.add(f"scan axis {axis} {k}", question, batches, difference)


def close(numbers):
    """Numbers rounded to ten digits: sums of floats depend on the order of the terms."""
    return [f"{float(x) + 0.0:.10g}" for x in numbers]


def add_maps(todo, ds, rng):
    double = lambda f: lambda v: f(v.astype("float64"))
    functions = {"count_nonzero": np.count_nonzero, "max": np.max, "min": np.min, "last": lambda v: v[-1], "sum": double(np.sum)}
    stats = {k: functions[k] for k in ["count_nonzero", "max", "min", "sum"]} | {"mean": double(np.mean), "var": double(np.var)}
    for axis in (0, 1):
        across = ds.shape[1 - axis]
        for k, selection in enumerate([None, np.sort(rng.choice(across, across // 2 + 1, replace=False))]):
            for op, some in [("map", functions), ("stats", stats)]:
                with np.errstate(all="ignore"):
                    values = ds.map(list(some.values()), axis=axis, selection=selection)
                expected = {name: close(v) for name, v in zip(some, values)}
                question = {"op": op, "axis": axis, "selection": as_json(selection)}
                todo.add(f"{op} axis {axis} {k}", question, expected, None, lambda a: {k: close(v) for k, v in a.items()})


def add_exports(todo, ds, compound, folder):
    if unfit(ds):
        return
    for layer in ds.layers.keys():
        theirs, ours = folder / f"{Path(ds.filename).name}-loompy.tab", folder / f"{Path(ds.filename).name}-{layer}.tab"
        ds.export(str(theirs), layer or None)
        expected = theirs.read_bytes().split(b"\n")

        def of(_, path=ours, expected=expected):
            lines = path.read_bytes().split(b"\n")
            path.unlink()
            return expected if lines == expected else [f"line {i}: {a!r}" for i, (a, b) in enumerate(zip(lines, expected)) if a != b]

        todo.add(f"export {layer!r}", {"op": "export", "layer": layer, "to": str(ours)}, expected, compound, of)


class Escaped:
    """Just enough of a connection for to_html, with every name and value as escaped text."""

    def __init__(self, ds):
        texts = lambda attrs: {html.escape(k): [html.escape(str(v)) for v in values] for k, values in attrs.items()}
        self.ds, self.shape, self.layers = ds, ds.shape, ds.layers
        self.filename = html.escape(ds.filename)
        self.attrs = {html.escape(k): html.escape(str(v)) for k, v in ds.attrs.items()}
        self.row_attrs, self.col_attrs = texts(ds.ra), texts(ds.ca)

    def __getitem__(self, where):
        return self.ds[where]


def add_html(todo, ds, compound):
    if unfit(ds):
        return
    escaped = Escaped(ds)
    expected = loompy.to_html(escaped)
    for name, value in escaped.attrs.items():
        expected = expected.replace(f"name: <em>{value}</em>", f"{name}: <em>{value}</em>", 1)
    todo.add("html", {"op": "html"}, expected, compound or "html")
