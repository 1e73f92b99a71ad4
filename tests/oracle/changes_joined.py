"""The cases of parity_changes.py that put files together: `add_loom` and `combine`."""

import numpy as np
import scipy.sparse as sparse

import changes_loompy
from changes_cases import KINDS, SPECS, Case, calls, damaged, graph, matrix, parts, scalars


def maker(made):
    return lambda path: changes_loompy.create(path, made)


def pair(seed, kind, rows, cols, specs, text=True, key=True):
    """Parts of two files: of the same rows, which the other has in an order of its own if there is a key for them."""
    with np.errstate(all="ignore"):
        one, two = (
            parts(np.random.default_rng(seed + at), kind, (rows, count), spec, text)
            for at, (count, spec) in enumerate(zip(cols, specs))
        )
    for made in (one, two):
        made["ra"]["Index"] = np.arange(rows) * 3 - 7
    if key:
        order = np.random.default_rng(seed).permutation(rows)
        two["ra"] = {name: values[order] for name, values in two["ra"].items()}
    return one, two


def add(**options):
    return {"call": "add_loom", "file": "other", **options}


def case(name, one, two, *made, differs=(), refused=None, **options):
    return Case(name, maker(one), calls(*made, **options), differs, refused, {"other": maker(two)})


def appended():
    for number, kind in enumerate(KINDS):
        key = [{}, {"key": "Name"}, {"key": "Index"}][number % 3]
        rows = [5, 70, 129, 64][number % 4]
        for spec in SPECS:
            cols = [(70, 130), (64, 1), (1, 65), (200, 63)][(number + len(spec)) % 4]
            one, two = pair(800 + number, kind, rows, cols, (spec, spec), key=bool(key))
            # A few batches, and one.
            size = {"batch_size": 64} if number % 2 else {}
            yield case(f"add loom {kind} {spec}", one, two, add(**key, **size), differs=damaged(spec))
    for spec in SPECS:
        yield from attributes_of_one(spec)
        yield from converted(spec)
        yield from with_graphs(spec)
        yield from of_layers(spec)
        yield from refused(spec)
    for specs in (SPECS, SPECS[::-1]):
        one, two = pair(880, "int16", 66, (70, 9), specs)
        yield case(f"add loom of {specs[1]} to {specs[0]}", one, two, add(key="Name"), differs=("text of both",))
        one, two = pair(881, "float32", 66, (70, 9), specs, text=False)
        yield case(f"add loom of {specs[1]} to {specs[0]}, filled", one, two, add(key="Name", fill="auto"))


def attributes_of_one(spec):
    rng = np.random.default_rng(820)
    one, two = pair(820, "int32", 66, (70, 130), (spec, spec), text=False)
    for name in ("Pairs", "Letter"):
        del two["ca"][name]
    two["ca"] |= {"extra": rng.random(130), "words": rng.choice(np.array(["u", "", "vv"]), 130)}
    # Of the smallest type for both.
    one["ca"]["Index"], two["ca"]["Index"] = np.arange(70, dtype="uint8"), -np.arange(130, dtype="int8")
    values = {"Letter": np.asarray("none"), "extra": np.asarray(-1.5), "words": np.asarray("?"), "Pairs": np.zeros(2)}
    yield case(f"add loom, dropping {spec}", one, two, add(key="Name"))
    yield case(f"add loom, filling with values {spec}", one, two, add(key="Name", fill=values))
    only_more = two | {"ca": {**one["ca"], **{name: two["ca"][name] for name in two["ca"]}}}
    only_more["ca"] = {name: np.resize(v, (130, *v.shape[1:])) for name, v in only_more["ca"].items()}
    for size in ({}, {"batch_size": 50}):
        yield case(f"add loom, filling {size} {spec}", one, only_more, add(fill="auto", **size), differs=("fill",))
        yield case(f"add loom, filling both {size} {spec}", one, two, add(fill="auto", **size), differs=("fill",))
    wider = two | {"ca": one["ca"] | {"Pairs": rng.random((130, 3))}}
    wider["ca"] = {name: np.resize(v, (130, *v.shape[1:])) for name, v in wider["ca"].items()}
    yield case(f"add loom, of another width {spec}", one, wider, add())


def converted(spec):
    one, two = pair(830, "uint8", 66, (70, 9), (spec, spec), text=False)
    for made in (one, two):
        # loompy cannot compare arrays.
        del made["attrs"]["list"]
    one["attrs"] |= {"title": "one", "number": 3, "mine": 1.5, "same": "x"}
    two["attrs"] |= {"title": "another", "number": 2.5, "theirs": np.int16(7), "same": "x"}
    differs = ("kept",) if spec != "3.0.0" else ()
    yield case(f"add loom, attributes converted {spec}", one, two, add(convert_attrs=True, key="Name"), differs=differs)
    yield case(f"add loom, converted and filled {spec}", one, two, add(convert_attrs=True, fill="auto"), differs=differs)
    one["ca"]["number"] = np.arange(70)
    one["attrs"]["note"], two["attrs"]["words"] = "a", "b"
    yield case(f"add loom, attributes of one converted {spec}", one, two, add(convert_attrs=True), differs=differs)


def with_graphs(spec):
    rng = np.random.default_rng(840)
    one, two = pair(840, "int16", 66, (70, 130), (spec, spec), text=False)
    one["col_graphs"] |= {"mine": graph(rng, 70, 100), "none": sparse.coo_matrix((70, 70))}
    two["col_graphs"] |= {"theirs": graph(rng, 130, 100), "none": graph(rng, 130, 100)}
    yield case(f"add loom, graphs left {spec}", one, two, add(key="Index"))
    yield case(f"add loom with graphs {spec}", one, two, add(include_graphs=True), differs=("graphs",))
    twice = [add(include_graphs=True, key="Name")] * 2
    yield case(f"add loom with graphs twice {spec}", one, two, *twice, differs=("graphs",))
    yield case(f"add loom twice as one change {spec}", one, two, *twice, differs=("graphs",), atomically=True)


def of_layers(spec):
    rng = np.random.default_rng(850)
    one, two = pair(850, "int32", 66, (70, 9), (spec, spec), text=False)
    two["layers"] = {"": matrix(rng, "uint8", (66, 9)), "more": matrix(rng, "int8", (66, 9)), "second": two["layers"]["second"]}
    yield case(f"add loom with more layers, of a smaller type {spec}", one, two, add(key="Name"))
    del one["layers"]["second"]
    yield case(f"add loom of one layer {spec}", one, two, add())


def refused(spec):
    one, two = pair(860, "int32", 5, (7, 9), (spec, spec), text=False)
    less = two | {"layers": {"": two["layers"][""]}}
    yield case(f"add loom without a layer {spec}", one, less, add(), refused='no layer "second"')
    other = two | {"ra": two["ra"] | {"Name": np.array([f"other {i}" for i in range(5)])}}
    yield case(f"add loom with other keys {spec}", one, other, add(key="Name"), refused='ours-other.loom: "other 0"')
    yield case(f"add loom with repeated keys {spec}", one, two, add(key="Same"), refused="several times")
    yield case(f"add loom without the key {spec}", one, two, add(key="None"), refused='"None"')
    _, more = pair(861, "int32", 6, (7, 9), (spec, spec), text=False)
    yield case(f"add loom of more rows {spec}", one, more, add(), refused="5 rows")
    yield case(f"add loom without a fill value {spec}", one, two | {"ca": {}}, add(fill={}), refused="fill value")


def combinations():
    for number, kind in enumerate(KINDS):
        rows = [5, 70, 129][number % 3]
        key = ["Name", "Index"][number % 2]
        others = {}
        for at, name in enumerate(["one", "two", "three"][: 2 + number % 2]):
            with np.errstate(all="ignore"):
                made = parts(np.random.default_rng(600 + 10 * number + at), kind, (rows, 64 + 9 * at), "3.0.0", text=False)
            made["ra"]["Index"] = np.arange(rows) * 3
            made["row_graphs"] = {}
            if at:
                order = np.random.default_rng(at).permutation(rows)
                made["ra"] = {name: values[order] for name, values in made["ra"].items()}
            others[name] = lambda path, made=made: changes_loompy.create(path, made)
        for how in ({"key": key}, {}):
            how = how | {"files": list(others), "attrs": scalars({"title": "all", "n": 5})}
            yield Case(f"combine {kind} {'by ' + key if 'key' in how else ''}", None, [{"combine": how}], others=others)
    yield from combined_attributes()


def combined_attributes():
    for number, kind in enumerate(KINDS[::2]):
        specs = ("3.0.0", "3.0.0")
        one, two = pair(900 + number, kind, 66, (70, 9), specs, text=False)
        three, _ = pair(950 + number, kind, 66, (30, 9), specs, text=False)
        del three["ca"]["Letter"]
        for at, made in enumerate((one, two, three)):
            del made["attrs"]["list"]
            made["attrs"] |= {"title": f"file {at}", "number": at * [1, 2.5][number % 2], "same": "x"}
        three["attrs"]["theirs"] = np.float32(1.25)
        differs = ("date",)
        if number > 1:
            one["attrs"]["mine"], two["attrs"]["words"] = np.uint8(1), "w"
            differs = ("date", "convert")
        others = {name: maker(made) for name, made in (("one", one), ("two", two), ("three", three))}
        how = {"files": list(others), "convert_attrs": True} | ({"key": "Name"} if number % 2 else {})
        yield Case(f"combine {kind}, attributes converted", None, [{"combine": how}], differs, others=others)


def every():
    yield from appended()
    yield from combinations()
