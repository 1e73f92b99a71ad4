"""What loompy's aggregate gives, and what it should give where integers wrap around or labels are text."""

import loompy
import numpy as np
import numpy_groupies.aggregate_numpy as npg
import scipy.stats

from parity_answers import encode, encode_attrs, unfit

FUNCTIONS = ["sum", "prod", "mean", "var", "std", "min", "max", "first", "last", "median", "all", "any", "len"]
FUNCTIONS += ["nan" + name for name in FUNCTIONS]


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
