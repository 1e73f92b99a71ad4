"""The cases of parity_changes.py: a file to begin with, and lines of calls that change it."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import h5py
import numpy as np
import scipy.sparse as sparse

import changes_loompy
from changes_ours import positions
from parity_files import TYPES, attributes, graph, matrix

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
# float16 is read as float32, and no array of it can be given to our calls: the row "half" of parity_differences.py.
KINDS = [kind for kind in TYPES if kind != "float16"]
SHAPES = [(70, 130), (64, 64), (65, 1), (1, 66), (3, 129), (130, 63), (5, 7), (1, 1), (128, 64), (66, 67), (7, 200)]
SPECS = ["3.0.0", "2.0.1"]
WORDS = np.array(["", "x", "caf\u00e9", "\u65e5\u672c", "<b>", "tab_", "long " * 30, "&", "a & b"])


@dataclass
class Case:
    name: str
    # Makes the file that both sides begin with.
    start: Callable[[str], None] | None
    lines: list
    # Names of changes_loompy.REPAIRS without which loompy is wrong here.
    differs: tuple = ()
    # What our program's error says, where it has to refuse; the file must be as it was.
    refused: str | None = None
    # Further files that the calls read, by the name they use for them.
    others: dict = field(default_factory=dict)
    # The file that the calls make beside the one they begin with, by the name they use for it: it is compared.
    result: str | None = None


def parts(rng, kind, shape, spec="3.0.0", text=True):
    """Something of everything, for changes_loompy.create."""
    second = KINDS[(KINDS.index(kind) + 3) % len(KINDS)]
    ra, ca = attributes(rng, kind, shape[0]), attributes(rng, second, shape[1])
    for attrs in (ra, ca):
        # Text that is read as something else than it is stored as has cases of its own.
        attrs["Text"] = rng.choice(WORDS if text else np.array(["", "x", "yy"]), len(attrs["Text"]))
    out = {
        "layers": {"": matrix(rng, kind, shape), "second": matrix(rng, second, shape)},
        "ra": ra,
        "ca": ca,
        "attrs": {"title": "caf\u00e9" if text else "cafe", "number": 3, "list": np.array([1.5, 2.0])},
        "row_graphs": {"R": graph(rng, shape[0], 2 * shape[0])},
        "col_graphs": {"KNN": graph(rng, shape[1], 3 * shape[1])},
    }
    return out if spec == "3.0.0" else out | {"spec": spec}


def file(seed, kind, shape, spec="3.0.0", text=True):
    with np.errstate(all="ignore"):
        made = parts(np.random.default_rng(seed), kind, shape, spec, text)
    return lambda path: changes_loompy.create(path, made)


def set_(of, name, value):
    return {"call": "set", "of": of, "name": name, "value": value}


def remove(of, name):
    return {"call": "remove", "of": of, "name": name}


def rename(of, name, to):
    return {"call": "rename", "of": of, "name": name, "to": to}


def write(layer, rows, cols, value):
    return {"call": "write", "layer": layer, "rows": rows, "cols": cols, "value": np.asarray(value)}


def calls(*made, **options):
    return [{"calls": list(made), **options}]


def scalars(values):
    """Globals as arrays of no axis, which is how both sides take them."""
    return {name: np.asarray(value) for name, value in values.items()}


def creating():
    for number, kind in enumerate(KINDS):
        for spec in SPECS:
            rng = np.random.default_rng(number)
            with np.errstate(all="ignore"):
                made = parts(rng, kind, SHAPES[number], spec)
            made["attrs"] = scalars(made["attrs"])
            yield Case(f"create {kind} {spec}", None, [{"create": made}])
        shape = SHAPES[(number + 4) % len(SHAPES)]
        layers = {name: sparse.random(*shape, 0.2, random_state=number, dtype="float64") for name in ("", "x")}
        if kind[0] != "f":
            layers = {name: (layer * 100).astype(kind) for name, layer in layers.items()}
        yield Case(f"create sparse {kind}", None, [{"create": {"layers": layers, "ra": {}, "ca": {}}}])
    main = np.ones((3, 4), "int32")
    some = {"ra": {"Gene": np.array(["a", "", "c"])}, "ca": {"CellID": np.arange(4)}}
    yield Case("create without attributes", None, [{"create": {"layers": {"": main}}}])
    yield Case("new, then everything", None, calls(set_("layers", "", main), *[set_(a, k, v) for a in some for k, v in some[a].items()], new=True))
    yield Case("new, attributes first", None, calls(*[set_(a, k, v) for a in some for k, v in some[a].items()], set_("layers", "", main), new=True))


def attribute_values(rng, kind, size):
    yield "numbers", matrix(rng, kind, (size,))
    yield "pairs", matrix(rng, kind, (size, 2))
    yield "many", matrix(rng, kind, (size, 40))


def axis_attributes():
    for number, kind in enumerate(KINDS):
        for spec in SPECS:
            of, axis = [("ra", 0), ("ca", 1)][(number + len(spec)) % 2]
            shape = SHAPES[number]
            values = attribute_values(np.random.default_rng(number), kind, shape[axis])
            made = [set_(of, name, value) for name, value in values]
            yield Case(f"{of} {kind} {spec}", file(number, kind, shape, spec), calls(*made))
    rng = np.random.default_rng(70)
    for spec in SPECS:
        begin = file(70, "int32", (5, 3000), spec)
        values = {
            "words": rng.choice(WORDS[:-2], 3000),
            "empty": np.array([""] * 3000),
            "one empty": np.array(["x"] * 2999 + [""]),
            "long": np.array(["y" * (i % 700) for i in range(3000)]),
            "flag": rng.random(3000) < 0.5,
            "flags": rng.random((3000, 3)) < 0.5,
            "nan": np.array([np.nan, np.inf, -np.inf] * 1000),
            "wide": rng.random((3000, 50)),
            "Text": np.arange(3000),
        }
        for name, value in values.items():
            yield Case(f"ca {name} {spec}", begin, calls(set_("ca", name, value)))
        yield Case(f"ca removed {spec}", begin, calls(remove("ca", "Text"), remove("ra", "Number")))
        yield Case(f"ca renamed {spec}", begin, calls(rename("ca", "Wide", "Breit"), rename("ra", "Number", "N")))
        yield Case(f"ca text renamed {spec}", begin, calls(rename("ca", "Text", "T\u00e9xt")), ("text",) if spec == "3.0.0" else ())
        yield Case(f"ca ampersands {spec}", begin, calls(set_("ca", "x", rng.choice(["a&amp;b", "&lt", "a & b"], 3000))), ("text",) if spec == "2.0.1" else ())
        yield Case(f"ca text of two axes {spec}", begin, calls(set_("ca", "x", rng.choice(WORDS[:6], (3000, 2)))), ("text",))
        yield Case(f"ca of three axes {spec}", begin, calls(set_("ca", "x", rng.random((3000, 2, 3)))), ("rank",))


def globals_():
    rng = np.random.default_rng(71)
    for spec in SPECS:
        begin = file(71, "float32", (6, 9), spec)
        values = {kind: matrix(rng, kind, (1,))[0] for kind in KINDS}
        values |= {f"{kind} array": matrix(rng, kind, (2, 3)) for kind in KINDS}
        values |= {"text": "caf\u00e9", "empty": "", "long": "x" * 5000, "flag": np.bool_(True), "title": "new"}
        made = [set_("attrs", name, value) for name, value in scalars(values).items()]
        for part in range(0, len(made), 5):
            yield Case(f"globals {part} {spec}", begin, calls(*made[part : part + 5]))
        words = set_("attrs", "words", np.array(["a", "", "caf\u00e9"]))
        yield Case(f"list of text {spec}", begin, calls(words), ("list",) if spec == "3.0.0" else ())
        yield Case(f"global removed {spec}", begin, calls(remove("attrs", "title"), remove("attrs", "list")))
        yield Case(f"global renamed {spec}", begin, calls(rename("attrs", "number", "n"), rename("attrs", "list", "l\u00efst")))


def layers():
    for number, kind in enumerate(KINDS):
        for spec in SPECS:
            rng = np.random.default_rng(100 + number)
            shape = SHAPES[(number + 2) % len(SHAPES)]
            made = [set_("layers", "dense", matrix(rng, kind, shape)), set_("layers", "second", matrix(rng, kind, shape))]
            if number % 2:
                made += [set_("layers", "zeros", np.dtype(kind)), set_("layers", "", matrix(rng, kind, shape))]
            yield Case(f"layer {kind} {spec}", file(number, kind, shape, spec), calls(*made))
            data = sparse.random(*shape, 0.1, random_state=number)
            data = data if kind[0] == "f" else (data * 100).astype(kind)
            made = [set_("layers", "sparse", data), remove("layers", "second")]
            yield Case(f"sparse layer {kind} {spec}", file(number, kind, shape, spec), calls(*made))
    begin = file(110, "int32", (70, 130))
    yield Case("layer renamed", begin, calls(rename("layers", "second", "zw\u00ebite")))
    yield Case("layer of a large type in place of a small", begin, calls(set_("layers", "second", np.full((70, 130), 1e300))))


def writes():
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng(200 + number)
        shape = [(70, 130), (5, 7), (129, 66), (200, 7)][number % 4]
        rows, cols = shape

        def block(height, width):
            return matrix(rng, kind, (height, width))

        some = np.sort(rng.choice(rows, 4, replace=False))
        mask = rng.random(cols) < 0.5
        mask[0] = True
        made = {
            "all": write("", None, None, block(rows, cols)),
            "cell": write("", rows - 1, 3, block(1, 1)[0, 0]),
            "row": write("", 2, None, block(1, cols)[0]),
            "column": write("", None, cols - 1, block(rows, 1)[:, 0]),
            "block": write("", slice(1, 5), slice(2, cols), block(4, cols - 2)),
            "steps": write("", slice(0, rows, 2), slice(1, cols, 3), block(len(range(0, rows, 2)), len(range(1, cols, 3)))),
            "indices": write("", positions(some), None, block(4, cols)),
            "mask": write("", None, positions(mask), block(rows, int(mask.sum()))),
            "one value": write("", slice(0, 3), None, block(1, 1)[0, 0]),
        }
        for spec, names in zip(SPECS, (list(made)[::2], list(made)[1::2])):
            yield Case(f"write {kind} {spec}", file(number, kind, shape, spec), calls(*[made[name] for name in names]))


def graphs():
    rng = np.random.default_rng(300)
    for spec in SPECS:
        begin = file(300, "int16", (70, 130), spec)
        many = graph(rng, 130, 4000)
        multi = sparse.coo_matrix(([1.0, 2.0, 0.5], ([0, 0, 3], [1, 1, 3])), shape=(130, 130))
        none = sparse.coo_matrix((70, 70))
        yield Case(f"graphs {spec}", begin, calls(set_("col_graphs", "new", many), set_("row_graphs", "none", none)))
        yield Case(f"graphs replaced {spec}", begin, calls(set_("col_graphs", "KNN", multi), set_("row_graphs", "R", none)))
        yield Case(f"graph of float32 {spec}", begin, calls(set_("col_graphs", "f", many.astype("float32"))))
        yield Case(f"graph of int64 {spec}", begin, calls(set_("col_graphs", "i", (many * 100).astype("int64"))), ("weights",))
        yield Case(f"graphs removed {spec}", begin, calls(remove("col_graphs", "KNN"), remove("row_graphs", "R")))
        yield Case(f"graph renamed {spec}", begin, calls(rename("col_graphs", "KNN", "K\u00fcrzeste")))


def sequences(count=40):
    """Several calls in a row: through one connection, through several, and as one change."""
    for seed in range(count):
        rng = np.random.default_rng(1000 + seed)
        kind, spec = KINDS[seed % len(KINDS)], SPECS[seed // 2 % 2]
        shape = (int(rng.integers(1, 150)), int(rng.integers(1, 150)))
        begin = file(1000 + seed, kind, shape, spec)
        made, known = [], {"layers": ["second"], "row_graphs": ["R"], "col_graphs": ["KNN"], "ra": ["Wide", "Number"], "ca": ["Wide", "Same"], "attrs": ["title", "list"]}
        for step in range(int(rng.integers(3, 9))):
            of = str(rng.choice(list(known)))
            length = shape[0] if of[0] == "r" else shape[1]
            name = str(rng.choice([f"n{step}", *known[of]]))
            if rng.random() < 0.25 and known[of]:
                made.append(remove(of, known[of].pop()))
                continue
            value = {
                "layers": lambda: matrix(rng, str(rng.choice(KINDS)), shape),
                "attrs": lambda: np.asarray(rng.choice([1.5, 2.5])) if rng.random() < 0.5 else np.asarray(str(rng.choice(WORDS[:6]))),
                "row_graphs": lambda: graph(rng, length, length),
                "col_graphs": lambda: graph(rng, length, length),
            }.get(of, lambda: rng.choice(WORDS[:6], length) if rng.random() < 0.5 else matrix(rng, str(rng.choice(KINDS)), (length,)))
            with np.errstate(all="ignore"):
                made.append(set_(of, name, value()))
            if name not in known[of]:
                known[of].append(name)
        lines = [calls(*made), [line for call in made for line in calls(call)], calls(*made, atomically=True)][seed % 3]
        yield Case(f"sequence {seed} {spec}", begin, lines)


# Files that loompy fails on when it opens them for writing.
UNFIT = {"loompy3-new.loom": "no /matrix", "only-matrix.loom": "no /row_attrs"}
# Of version 3.0.0, with no /attrs: loompy does not find where global attributes go.
WITHOUT_ATTRS = {"hdf5-pure.loom"}
# Files of kinds that no Loom writer makes, and that we read but do not edit in place.
REFUSED = {
    "sizes-2.loom": "its addresses are not of eight bytes",
    "sizes-4.loom": "its addresses are not of eight bytes",
    "superblock-extension.loom": "its free space is tracked or paged",
}


def fixtures():
    for path in sorted(FIXTURES.glob("*.loom")):
        # demo.loom has nothing that the small files lack.
        if path.name in UNFIT or path.name == "demo.loom":
            continue
        refused = REFUSED.get(path.name)

        def begin(copy, path=path):
            shutil.copy(path, copy)

        with h5py.File(path, "r") as f:
            rows, cols = f["matrix"].shape
            dtype = f["matrix"].dtype
        rng = np.random.default_rng(5)
        made = [set_("layers", "x7", matrix(rng, "float32", (rows, cols)))]
        if dtype.kind != "f" or dtype.itemsize > 2:
            made.append(write("", slice(0, 1), None, np.ones((1, cols), dtype)))
        changes = {
            "attributes": [set_("ra", "x1", rng.choice(WORDS[:7], rows)), set_("ca", "x2", rng.random((cols, 3)))],
            "globals": [set_("attrs", "x3", np.asarray("caf\u00e9")), set_("attrs", "x4", np.arange(3))],
            "graphs": [set_("row_graphs", "x5", graph(rng, rows, rows)), set_("col_graphs", "x6", graph(rng, cols, cols))],
            "layers": made,
        }
        if path.name in WITHOUT_ATTRS:
            del changes["globals"]
        for name, made in changes.items():
            yield Case(f"{path.name}: {name}", begin, calls(*made), refused=refused)


def damaged(spec):
    """loompy reads text of these files as something else, and writes that."""
    return ("text",) if spec == "3.0.0" else ()


def permutations():
    for number, kind in enumerate(KINDS):
        for spec in SPECS:
            for axis in (0, 1):
                rng = np.random.default_rng(400 + number)
                shape = SHAPES[(number + axis) % len(SHAPES)]
                order = rng.permutation(shape[axis])
                made = calls({"call": "permute", "axis": axis, "order": order.tolist()})
                begin = file(400 + number, kind, shape, spec, text=shape[axis] > 3)
                differs = damaged(spec) if shape[axis] > 3 else ()
                yield Case(f"permute {axis} {kind} {spec}", begin, made, differs)


def added(rng, kind, second, rows, count, text=True):
    """Columns for a file made by `file`."""
    ca = attributes(rng, second, count)
    ca["Text"] = rng.choice(WORDS if text else np.array(["", "zz", "yyyy"]), count)
    return {"layers": {"": matrix(rng, kind, (rows, count)), "second": matrix(rng, second, (rows, count))}, "ca": ca}


def columns():
    for number, kind in enumerate(KINDS):
        second = KINDS[(number + 3) % len(KINDS)]
        for spec in SPECS:
            rng = np.random.default_rng(500 + number)
            shape = SHAPES[number]
            begin = file(500 + number, kind, shape, spec)
            with np.errstate(all="ignore"):
                more = [added(rng, kind, second, shape[0], count) for count in (70, 1)]
            made = [{"call": "add_columns", **columns} for columns in more]
            yield Case(f"add columns {kind} {spec}", begin, calls(*made), damaged(spec))
    rng = np.random.default_rng(520)
    for spec in SPECS:
        begin = file(520, "int32", (66, 70), spec, text=False)
        more = added(rng, "int32", "uint8", 66, 9, text=False)
        more["layers"]["second"] = matrix(rng, KINDS[(KINDS.index("int32") + 3) % len(KINDS)], (66, 9))
        less = more | {"ca": {name: more["ca"][name] for name in ("Number", "Name", "Pairs", "Wide")}}
        extra = more | {"ca": more["ca"] | {"extra": rng.random(9), "words": np.array(list("abcdefghi"))}}
        both = less | {"ca": less["ca"] | {"extra": np.arange(9)}}
        yield Case(f"columns without attributes {spec}", begin, calls({"call": "add_columns", **less}))
        yield Case(f"columns with more attributes {spec}", begin, calls({"call": "add_columns", **extra}))
        yield Case(f"columns with others {spec}", begin, calls({"call": "add_columns", **both}))
        yield Case(f"columns filled {spec}", begin, calls({"call": "add_columns", **extra, "fill": "auto"}))
        yield Case(f"columns filled on both sides {spec}", begin, calls({"call": "add_columns", **both, "fill": "auto"}), ("fill",))
        wider = more | {"ca": more["ca"] | {"Pairs": rng.random((9, 3))}}
        yield Case(f"columns of another width {spec}", begin, calls({"call": "add_columns", **wider}))
        first = {"call": "add_columns", **extra, "ra": {"Gene": np.array([f"g{i}" for i in range(66)]), "n": np.arange(66)}}
        if spec == "3.0.0":
            again = {"call": "add_columns", **extra}
            yield Case("columns of a new file", None, calls(first, again, new=True))


def aggregates():
    for number, function in enumerate(["mean", "sum", "max", "min", "std", "var", "median", "first", "last"]):
        for kind, spec in (("float32", SPECS[number % 2]), ("int16", SPECS[1 - number % 2])):
            made = parts(np.random.default_rng(700 + number), kind, (70, 130), spec, text=False)
            # Means and variances are finite, and no zero has a sign: numpy picks any of equal numbers as a median.
            made["layers"][""] = np.random.default_rng(number).poisson(2.0, (70, 130)).astype(kind)
            begin = lambda path, made=made: changes_loompy.create(path, made)
            how = {"call": "aggregate", "to": "out", "by": "Clusters", "function": function}
            how |= {"columns": {"Letter": "tally", "Clusters": "first", "Digits": "first", "Same": "mean"}}
            yield Case(f"aggregate {function} {kind} {spec}", begin, calls(how), result="out")


def every():
    for part in (
        creating,
        axis_attributes,
        globals_,
        layers,
        writes,
        graphs,
        sequences,
        fixtures,
        permutations,
        columns,
        aggregates,
    ):
        yield from part()
