"""What loompy answers to each question, and what a listed difference calls for instead."""

import html
import warnings
from pathlib import Path

import h5py
import loompy
import numpy as np
import numpy_groupies.aggregate_numpy as npg
import scipy.stats
from loompy.loom_validator import LoomValidator

from parity_answers import ask, encode, encode_graph, without_shown

warnings.simplefilter("ignore")

FUNCTIONS = ["sum", "prod", "mean", "var", "std", "min", "max", "first", "last", "median", "all", "any", "len"]
FUNCTIONS += ["nan" + name for name in FUNCTIONS]
LOOMPYS_OWN = ("loompy", "demo", "anndata", "type-")


# -- loompy, with the damage that it does to text repaired --------------------------------------------------------


class Repair:
    """Makes loompy keep text as it is stored, as the row "text" says, and read booleans as uint8.

    Elements are numpy strings: loompy's validator asks them for a dtype, which str has not.
    """

    original = staticmethod(loompy.materialize_attr_values)
    escaped = False

    @classmethod
    def apply(cls, path):
        with h5py.File(path, "r") as f:
            version = stated_version(f)
        cls.escaped = tuple(int(n) for n in version.split(".")) < (3, 0, 0)
        loompy.materialize_attr_values = cls.values

    @classmethod
    def remove(cls):
        loompy.materialize_attr_values = cls.original

    @classmethod
    def one(cls, value):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return np.str_(html.unescape(text) if cls.escaped else text)

    @classmethod
    def values(cls, a):
        if isinstance(a, (bytes, str)):
            return cls.one(a)
        if isinstance(a, np.bool_):
            return np.uint8(a)
        if isinstance(a, np.ndarray) and a.dtype.kind in "OSU":
            flat = np.empty(a.size, object)
            flat[:] = [cls.one(v) for v in a.ravel()]
            return flat.reshape(a.shape)
        if isinstance(a, np.ndarray) and a.dtype.kind == "b":
            return a.astype("uint8")
        return a


def stated_version(f):
    value = "0.0.0"
    if "attrs" in f and "LOOM_SPEC_VERSION" in f["attrs"]:
        value = f["attrs"]["LOOM_SPEC_VERSION"][()]
    value = f.attrs.get("LOOM_SPEC_VERSION", value)
    if isinstance(value, np.ndarray):
        value = value[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def graph_stamp(self, name=None):
    """loompy's GraphManager.last_modified with the slash it forgets between group and name."""
    a = ["row_graphs", "col_graphs"][self.axis]
    return self.ds._file[a if name is None else f"{a}/{name}"].attrs.get("last_modified", loompy.timestamp())


def set_field(self, name, value, original=loompy.AttributeManager.__setattr__):
    """loompy's AttributeManager.__setattr__, which refuses slashes, with the fields of `expand` let through."""
    if "/" in name and self.ds is None:
        self.__dict__["storage"][name] = value
    else:
        original(self, name, value)


loompy.AttributeManager.__setattr__ = set_field


def expand(attrs):
    """Replaces compound attributes of a loompy manager by their fields; tells whether there were any."""
    storage = attrs.__dict__["storage"]
    expanded = {}
    for name in list(storage):
        values = attrs[name]
        if values.dtype.names:
            for field in values.dtype.names:
                expanded[f"{name}/{field}"] = Repair.values(values[field])
        else:
            expanded[name] = values
    found = expanded.keys() != storage.keys()
    storage.clear()
    storage.update(expanded)
    return found


# -- values as the example program gives them ----------------------------------------------------------------------


def select_graph(g, positions):
    """The graph among some vertices, numbered as they are asked for."""
    place = {int(v): i for i, v in enumerate(positions)}
    kept = [(place[a], place[b], w) for a, b, w in zip(g.row.tolist(), g.col.tolist(), g.data) if a in place and b in place]
    a, b, w = zip(*kept) if kept else ((), (), ())
    return encode_graph(np.array(a, int), np.array(b, int), np.array(w, float), (len(positions),) * 2)


def encode_attrs(attrs):
    return {name: encode(values) for name, values in attrs.items()}


def encode_graphs(graphs):
    return {name: encode_graph(g.row, g.col, g.data, g.shape) for name, g in graphs.items()}


def encode_view(view):
    return {
        "layers": {name: encode(layer[:, :]) for name, layer in view.layers.items()},
        "ra": encode_attrs(view.ra),
        "ca": encode_attrs(view.ca),
        "row_graphs": encode_graphs(view.row_graphs),
        "col_graphs": encode_graphs(view.col_graphs),
    }


def as_json(selection):
    if selection is None:
        return None
    if isinstance(selection, slice):
        return {"range": [selection.start, selection.stop, selection.step or 1]}
    if selection.dtype == bool:
        return {"mask": selection.tolist()}
    return {"indices": selection.tolist()}


# -- the cases -------------------------------------------------------------------------------------------------------


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


def with_graphs_renamed(path, folder):
    """A copy of a file whose graphs have their early names, as loompy renames them when it may write."""
    with h5py.File(path, "r") as f:
        if "row_edges" not in f and "col_edges" not in f:
            return path
    copy = folder / Path(path).name
    copy.write_bytes(Path(path).read_bytes())
    loompy.connect(str(copy), "r+", validate=False).close()
    return str(copy)


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


def unfit(ds):
    """Whether an attribute or layer is not as long as the matrix, so that there is no view of the file."""
    lengths = [v.shape[:1] == ds.shape[:1] for _, v in ds.ra.items()] + [v.shape[:1] == ds.shape[1:] for _, v in ds.ca.items()]
    return not all(lengths) or any(ds.layers[k][:, :].shape != ds.shape for k in ds.layers.keys())


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


def add_aggregates(todo, ds, compound, folder):
    if unfit(ds):
        return
    big = ds.shape[0] * ds.shape[1] > 1_000_000
    whole = [k for k, v in ds.ca.items() if v.ndim == 1 and groups_in_loompy(v)]
    labels = np.array(["abc"[i * i % 3] for i in range(ds.shape[1])])
    for layer in ds.layers.keys():
        for name in FUNCTIONS[:5] if big else FUNCTIONS:
            group_by = whole[0] if whole and layer == "" else (np.arange(ds.shape[1]) * 7) % 5
            add_aggregate(todo, ds, name, layer, group_by)
    add_aggregate(todo, ds, "mean", "", labels)
    for name in whole[1:]:
        add_aggregate(todo, ds, "mean", "", name)
    texts = [k for k, v in ds.ca.items() if v.ndim == 1 and v.dtype == object and k not in whole]
    for name in texts[:2]:
        expected = aggregate(ds.layers[""][:, :], np.unique(ds.ca[name].astype(str), return_inverse=True)[1], "mean")
        question = {"op": "aggregate", "function": "mean", "layer": "", "group_by": name}
        todo.add(f"aggregate by text {name}", question, encode(expected), "aggregate", lambda a: a["layers"][""])
    if len(whole) > 1:
        pairs = np.stack([ds.ca[k].astype("int") for k in whole[:2]])
        expected = aggregate(ds.layers[""][:, :], np.unique(pairs, axis=1, return_inverse=True)[1].ravel(), "mean")
        question = {"op": "aggregate", "function": "mean", "layer": "", "group_by": whole[:2]}
        todo.add("aggregate by two", question, encode(expected), "aggregate", lambda a: a["layers"][""])
    if whole:
        add_columns(todo, ds, whole[0], compound, folder)


def groups_in_loompy(values):
    try:
        values.astype("int")
    except ValueError:
        return False
    # Beyond 64 bits the conversion gives what the processor happens to give.
    return values.dtype.kind not in "fu" or bool((np.abs(values.astype("float64")) < 2.0**63).all())


def aggregate(values, labels, function):
    """loompy's aggregate in one piece, with integers that neither wrap around nor lose digits."""
    if values.dtype == "float16":
        values = values.astype("float32")
    plain = function.removeprefix("nan")
    if values.dtype.kind in "iu" and plain in ("sum", "mean", "var", "std"):
        exact = np.zeros((len(values), labels.max() + 1), object)
        for column, group in enumerate(labels):
            exact[:, group] += [int(v) for v in values[:, column]]
        if plain == "sum":
            return exact.astype("float64")
        count = np.bincount(labels)
        means = exact.astype("float64") / count
        if plain == "mean":
            return means
        squares = (values.astype("float64") - means[:, labels]) ** 2
        variances = np.array([np.bincount(labels, weights=row) for row in squares]) / count
        return variances if plain == "var" else np.sqrt(variances)
    if values.dtype.kind in "iu" and plain == "prod":
        values = values.astype("float64")
    with np.errstate(all="ignore"):
        m = npg.aggregate(labels, values, func=function, axis=1, fill_value=0).astype("float64")
    return plain_zeros(m, function)


def plain_zeros(m, function):
    """Medians without -0: which of several zeros is in the middle is chance in numpy."""
    return m + 0.0 if "median" in function else m


def add_aggregate(todo, ds, name, layer, group_by):
    named = isinstance(group_by, str)
    labels = np.unique(ds.ca[group_by].astype("int") if named else group_by, return_inverse=True)[1]
    expected = encode(aggregate(ds.layers[layer][:, :], labels, name))
    try:
        with np.errstate(all="ignore"):
            loompys = encode(plain_zeros(ds.aggregate(group_by=group_by, aggr_by=name, layer=layer), name))
    except OverflowError:
        loompys = None
    difference = None
    if loompys != expected:
        kind = ds.layers[layer].dtype
        difference = "half" if kind == "float16" else "aggregate"
        if kind in ("float32", "float64"):
            expected, difference = loompys, None  # nothing is different on purpose for these
    of = lambda a: a["layers"][""]
    question = {"op": "aggregate", "function": name, "layer": layer}
    question["group_by"] = group_by if named else {"labels": group_by.tolist()}
    todo.add(f"aggregate {layer!r} {name} by {group_by if named else 'labels'}", question, expected, difference, of)


def add_columns(todo, ds, group_by, compound, folder):
    labels = np.unique(ds.ca[group_by].astype("int"), return_inverse=True)[1]
    plain = {k: v for k, v in ds.ca.items() if v.ndim == 1}
    functions = {"first": plain, "tally": plain, "mean": {k: v for k, v in plain.items() if v.dtype != object}}
    for function, attributes in functions.items():
        for name, values in attributes.items():
            if function == "tally" and (len(set(values.tolist())) > 60 or values.dtype.kind == "f"):
                continue
            try:
                loompys, question = from_file(ds, folder, group_by, {name: function}, False)
            except OverflowError:
                _, question = from_file(ds, folder, group_by, {name: "tally"}, False)
                question["columns"] = {name: function}
                mean = encode(aggregate(values[None, :], labels, "mean")[0])
                todo.add(f"aggregate columns mean {name}", question, {name: mean}, "aggregate", lambda a: a["ca"])
                continue
            difference = compound
            if function == "mean" and values.dtype == "float16":
                mean = npg.aggregate(labels, values.astype("float32"), func="mean")
                loompys[0][name], difference = encode(mean), "half"
            todo.add(f"aggregate columns {function} {name}", question, loompys, difference, lambda a: [a["ca"], a["ra"]])
    loompys, question = from_file(ds, folder, group_by, {}, True)
    todo.add("aggregate columns if equal", question, loompys, compound, lambda a: [a["ca"], a["ra"]])
    for name, values in functions["mean"].items():
        if values.dtype.kind == "f":
            continue
        modes = [scipy.stats.mode(values[labels == g]).mode for g in range(labels.max() + 1)]
        question = {"op": "aggregate", "function": "mean", "group_by": group_by, "columns": {name: "mode"}}
        todo.add(f"aggregate mode {name}", question, encode(np.array(modes)), "aggregate", lambda a, n=name: a["ca"][n])


def from_file(ds, folder, group_by, columns, if_equal):
    """What loompy passes to the file it writes: taken before it is written, where text would suffer."""
    kept = {}
    create, loompy.create = loompy.create, lambda out, m, ra, ca: kept.update(ra=encode_attrs(ra), ca=encode_attrs(ca))
    try:
        ds.aggregate(str(folder / "out.loom"), group_by=group_by, aggr_by="len", aggr_ca_by=columns, aggr_ca_if_equal=if_equal)
    finally:
        loompy.create = create
    question = {"op": "aggregate", "function": "len", "group_by": group_by, "columns": columns, "if_equal": if_equal}
    return [kept["ca"], kept["ra"]], question


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


# -- validation ------------------------------------------------------------------------------------------------------


def add_validation(todo, path):
    for version in [None, "3.0.0", "2.0.1", "old"]:
        validator = LoomValidator(version)
        try:
            validator.validate(path)
            raised = False
        except Exception:
            raised = True
        errors, warned = list(dict.fromkeys(validator.errors)), validator.warnings
        question = {"op": "validate", "version": version}
        if raised:
            # loompy stopped here: what it had found must be among ours, and there must be an error.
            expected = [True, errors, True]
            of = lambda a, e=errors: [bool(a["errors"]), [x for x in e if x in a["errors"]], bool(a["version"])]
            todo.add(f"validate {version}, where loompy raises", question, expected, "validator", of)
            continue
        difference = None if errors == validator.errors else "validator"
        of = lambda a: [a["version"], a["errors"], a["warnings"], a["summary"][a["summary"].index(matrix_line(a)):]]
        summary = validator.summary[validator.summary.index(matrix_line({"summary": validator.summary})):]
        todo.add(f"validate {version}", question, [validator.version, errors, warned, summary], difference, of)
    add_conventions(todo, path)


def matrix_line(report):
    """The summary is compared from the layers on: before, loompy gives a type to no global attribute."""
    lines = [line for line in report["summary"] if line.startswith("Layers shape=")]
    return lines[0] if lines else "Row attributes:"


def add_conventions(todo, path):
    Repair.apply(path)
    validator = LoomValidator()
    try:
        validator.validate(path, "conventions")
        with loompy.connect(path, "r") as ds:
            errors = [line for line in validator.errors if not line.startswith("For help")]
            errors = by_the_words(ds, errors)
            expected = [sorted(errors), validator.warnings]
    except Exception:
        return  # loompy raises before or amid the conventions; validate_spec is compared above
    finally:
        Repair.remove()
    of = lambda a: [sorted(x for x in a["errors"] if not x.startswith("For help")), a["warnings"]]
    todo.add("conventions", {"op": "validate", "strictness": "conventions"}, expected, "validator", of)


def by_the_words(ds, errors):
    """loompy's errors with the three rules that it checks otherwise than its own messages say."""
    integer = lambda attrs, name: attrs[name].dtype.kind in "iu"
    kept = []
    for line in errors:
        attrs = ds.ca if line.startswith("Column") else ds.ra
        name = line.split("'")[1] if "'" in line else ""
        if "must be integer dtype" in line and integer(attrs, name):
            continue
        if "ClusterID' must be integers 0, 1, 2" in line:
            continue
        if line.startswith("Row attribute") and name in ("Valid", "Selected") and "1-dimensional" in line:
            continue
        kept.append(line)
    if "ClusterID" in ds.ca:
        ids = ds.ca["ClusterID"]
        if ids.dtype == object or sorted(set(ids.ravel().tolist())) != list(range(len(set(ids.ravel().tolist())))):
            kept.append("Column attribute 'ClusterID' must be integers 0, 1, 2, ... with no missing values")
    for name in ("Valid", "Selected"):
        if name in ds.ra and ds.ra[name].shape != ds.shape[:1]:
            kept.append(f"Row attribute '{name}' must be 1-dimensional array of {ds.shape[0]} elements")
    return kept
