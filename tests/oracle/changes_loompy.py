"""The calls of a line, made by loompy 3.0.8; and loompy with single faults repaired.

REPAIRS has the faults that a case may name: each is a row of the list of what a LoomConnection must do, in which
loompy's behaviour is called wrong. Everything else is loompy as it is.
"""

import contextlib
import html
from unittest import mock

import h5py
import loompy
import numpy as np
import scipy.sparse as sparse
from loompy import normalize

from parity_repaired import Repair


def run(path, line):
    """Makes the calls of one line, as the program `change` does."""
    if "create" in line:
        create(path, line["create"])
        return
    if "combine" in line:
        combine(path, line["combine"])
        return
    if line.get("new"):
        ds = loompy.new(path)
    else:
        ds = loompy.connect(path, "r+", validate=False)
    try:
        for call in line["calls"]:
            CALLS[call["call"]](ds, call)
    finally:
        ds.close()


def create(path, parts):
    """loompy.create, which makes files of version 3 and no graphs; another version by its managers."""
    ra, ca, attrs = ({name: plain(value) for name, value in parts.get(key, {}).items()} for key in ("ra", "ca", "attrs"))
    version = parts.get("spec", "3.0.0")
    if version == "3.0.0":
        loompy.create(path, parts["layers"], ra, ca, file_attrs=attrs)
    else:
        with h5py.File(path, "w") as f:
            for name in ("layers", "row_attrs", "col_attrs", "row_graphs", "col_graphs"):
                f.create_group(name)
            f.attrs["LOOM_SPEC_VERSION"] = np.bytes_(version)
        ds = loompy.connect(path, "r+", validate=False)
        for manager, entries in ((ds.layers, parts["layers"]), (ds.ra, ra), (ds.ca, ca), (ds.attrs, attrs)):
            for name, value in entries.items():
                manager[name] = value
        ds.attrs["CreationDate"] = loompy.timestamp()
        ds.close()
    graphs = {axis: parts.get(axis, {}) for axis in ("row_graphs", "col_graphs")}
    if any(graphs.values()):
        with loompy.connect(path, "r+", validate=False) as ds:
            for axis, entries in graphs.items():
                for name, graph in entries.items():
                    getattr(ds, axis)[name] = graph


def plain(value):
    """A value in the form loompy documents for it."""
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
        return value if isinstance(value, np.generic) and value.dtype.kind != "U" else str(value)
    return value


def set_(ds, call):
    getattr(ds, call["of"])[call["name"]] = plain(call["value"])


def remove(ds, call):
    delattr(getattr(ds, call["of"]), call["name"])


def rename(ds, call):
    """loompy has no such call: the same under the new name, and nothing under the old."""
    manager = getattr(ds, call["of"])
    value = manager[call["name"]]
    manager[call["to"]] = value[:, :] if call["of"] == "layers" else value
    remove(ds, call)


def index(selection):
    if isinstance(selection, dict):
        [(_, values)] = selection.items()
        return np.array(values)
    return slice(None) if selection is None else selection


def write(ds, call):
    value = call["value"]
    ds.layers[call["layer"]][index(call["rows"]), index(call["cols"])] = value[()] if value.ndim == 0 else value


def permute(ds, call):
    ds.permute(np.array(call["order"]), axis=call["axis"])


def add_columns(ds, call):
    fill = call.get("fill")
    if isinstance(fill, dict):
        fill = {name: plain(value) for name, value in fill.items()}
    ds.add_columns(dict(call["layers"]), dict(call["ca"]), row_attrs=call.get("ra"), fill_values=fill)


def add_loom(ds, call):
    fill = call.get("fill")
    if isinstance(fill, dict):
        fill = {name: plain(value) for name, value in fill.items()}
    options = {name: call[name] for name in ("key", "batch_size", "convert_attrs", "include_graphs") if name in call}
    ds.add_loom(call["file"], fill_values=fill, **options)


def aggregate(ds, call):
    options = {"group_by": call["by"], "aggr_by": call["function"], "layer": call.get("layer", "")}
    ds.aggregate(call["to"], aggr_ca_by=call["columns"], aggr_ca_if_equal=call.get("if_equal", False), **options)


def combine(path, how):
    attrs = {name: plain(value) for name, value in how.get("attrs", {}).items()}
    convert = how.get("convert_attrs", False)
    loompy.combine(how["files"], path, key=how.get("key"), file_attrs=attrs, convert_attrs=convert)


CALLS = {
    "set": set_,
    "remove": remove,
    "rename": rename,
    "write": write,
    "permute": permute,
    "add_columns": add_columns,
    "add_loom": add_loom,
    "aggregate": aggregate,
}


# --- loompy without single faults ------------------------------------------------------------


def escaped(text):
    """ASCII with references, from which html.unescape makes the text again: an ampersand that would start one too."""
    out = []
    for at, c in enumerate(text):
        rest = text[at + 1 :]
        rest = rest[: next((i for i, d in enumerate(rest) if ord(d) > 127), len(rest))]
        if c == "&" and html.unescape("&" + rest) != "&" + html.unescape(rest):
            c = "&amp;"
        out.append(c.encode("ascii", "xmlcharrefreplace").decode())
    return "".join(out).encode("ascii")


def normalized(a, use_object_strings=False, original=normalize.normalize_attr_values):
    values = np.asarray(a)
    if values.dtype.kind not in "OU":
        return original(a, use_object_strings)
    flat = [str(v) if use_object_strings else escaped(str(v)) for v in values.ravel()]
    if values.ndim == 0:
        return flat[0] if use_object_strings else np.bytes_(flat[0])
    return np.array(flat, dtype=object if use_object_strings else None).reshape(values.shape)


def text(path):
    """Text is kept exactly, of any rank, by the version of the file."""
    with contextlib.ExitStack() as stack:
        if path.exists():
            Repair.apply(path)
        else:
            loompy.materialize_attr_values, Repair.escaped = Repair.values, False
        stack.callback(Repair.remove)
        stack.enter_context(mock.patch.object(loompy, "normalize_attr_values", normalized))
        yield


def text_of_both(path):
    """Text of files of two versions: what the cases have of it is the same when references are undone twice."""
    with contextlib.contextmanager(text)(path):
        Repair.escaped = True
        yield


def set_list(self, name, value, original=loompy.GlobalAttributeManager.__setattr__):
    """A list of text as a global attribute: loompy stores it through a member that it does not have."""
    is_text = not name.startswith("!") and not np.isscalar(value) and np.asarray(value).dtype.kind in "OU"
    if is_text and "attrs" in self.f:
        if name in self.f["attrs"]:
            del self.f["attrs"][name]
        self.f["attrs"].create_dataset(name, data=np.asarray(value, object), dtype=h5py.string_dtype())
        self.__dict__["storage"][name] = value
    else:
        original(self, name, value)


def list_globals(_):
    with mock.patch.object(loompy.GlobalAttributeManager, "__setattr__", set_list):
        yield


def set_ranked(self, name, val, original=loompy.AttributeManager.__setattr__):
    """Attributes with three axes or more: loompy gives a limit for two."""
    if name.startswith("!") or self.ds is None or np.ndim(val) < 3:
        return original(self, name, val)
    create_dataset = h5py.Group.create_dataset

    def ranked(group, path, **options):
        options["maxshape"] = (*options["maxshape"][:1], *[None] * (np.ndim(val) - 1))
        return create_dataset(group, path, **options)

    with mock.patch.object(h5py.Group, "create_dataset", ranked):
        return original(self, name, val)


def any_rank(_):
    with mock.patch.object(loompy.AttributeManager, "__setattr__", set_ranked):
        yield


def fill(_):
    """`auto` fills text with "", not with "0", and values that are arrays with arrays of 0."""

    def add(self, layers, col_attrs, *, row_attrs=None, fill_values=None, original=loompy.LoomConnection.add_columns):
        if fill_values == "auto":
            known = {**dict(self.ca.items()), **col_attrs}
            fill_values = {name: "" if v.dtype.kind in "OU" else np.zeros(v.shape[1:], v.dtype)[()] for name, v in known.items()}
        original(self, layers, col_attrs, row_attrs=row_attrs, fill_values=fill_values)

    with mock.patch.object(loompy.LoomConnection, "add_columns", add):
        yield


def float_weights(_):
    """Weights of a graph are floats, as the specification wants them."""

    def set_floats(self, name, value, original=loompy.GraphManager.__setattr__):
        if not name.startswith("!"):
            value = sparse.coo_matrix(value)
            if value.dtype.kind != "f":
                value = value.astype("float64")
        original(self, name, value)

    with mock.patch.object(loompy.GraphManager, "__setattr__", set_floats):
        yield


def kept_attributes(_):
    """What the specification says of a file stays at its place when other global attributes become column attributes."""

    def add(self, *args, original=loompy.LoomConnection.add_loom, **options):
        keep = ("LOOM_SPEC_VERSION", "last_modified")

        def kept(manager):
            return (name for name in manager.keys() if name not in keep)

        with mock.patch.object(loompy.GlobalAttributeManager, "__iter__", kept):
            original(self, *args, **options)

    with mock.patch.object(loompy.LoomConnection, "add_loom", add):
        yield


def shifted_graphs(_):
    """The edges of the other file follow those of this one by as many columns as this one has had."""

    def add(self, other, include_graphs=False, original=loompy.LoomConnection.add_loom, **options):
        before = self.shape[1]
        graphs = {name: self.col_graphs[name] for name in self.col_graphs.keys()}
        original(self, other, **options)
        with loompy.connect(other, "r", validate=False) as ds:
            for name in filter(ds.col_graphs.__contains__, graphs if include_graphs else ()):
                one, two = graphs[name], ds.col_graphs[name]
                edges = [np.concatenate([a, b + before]) for a, b in ((one.row, two.row), (one.col, two.col))]
                weights = np.concatenate([one.data, two.data])
                self.col_graphs[name] = sparse.coo_matrix((weights, edges), shape=(self.shape[1],) * 2)

    with mock.patch.object(loompy.LoomConnection, "add_loom", add):
        yield


def dated(_):
    """A combined file is a new one, with a date, where the dates of its parts became a column attribute."""

    def combine(files, path, original=loompy.combine, **options):
        original(files, path, **options)
        with loompy.connect(path) as ds:
            if "CreationDate" not in ds.attrs:
                ds.attrs["CreationDate"] = loompy.timestamp()

    with mock.patch.object(loompy, "combine", combine):
        yield


def all_converted(_):
    """Global attributes that became column attributes are filled for later files too."""
    converted = set()

    def add(self, other, *args, original=loompy.LoomConnection.add_loom, **options):
        with loompy.connect(other) as ds:
            for name in converted - {*ds.attrs, *ds.ca}:
                ds.ca[name] = np.zeros(ds.shape[1], self.ca[name].dtype if self.ca[name].dtype.kind != "O" else "U1")
        before = set(self.ca.keys())
        original(self, other, *args, **options)
        converted.update(set(self.ca.keys()) - before)

    with mock.patch.object(loompy.LoomConnection, "add_loom", add):
        yield


REPAIRS = {
    "text": ("text", text),
    "list": ("attrs: scalars and arrays", list_globals),
    "rank": ("ra, ca: any rank >= 1", any_rank),
    "fill": ("add_columns(layers, col_attrs, row_attrs, fill_values)", fill),
    "text of both": ("text", text_of_both),
    "kept": ("Writing into a file of an older spec keeps that file's conventions", kept_attributes),
    "graphs": ("add_loom(...): include_graphs works", shifted_graphs),
    "date": ("create(path, ...): sets CreationDate", dated),
    "convert": ("combine(files, out, key, ...): convert_attrs", all_converted),
    "weights": ("row_graphs, col_graphs: float weight", float_weights),
}


@contextlib.contextmanager
def repaired(names, path):
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(contextlib.contextmanager(REPAIRS[name][1])(path))
        yield
