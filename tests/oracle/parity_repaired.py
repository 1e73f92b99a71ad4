"""loompy, with the damage that it does to text repaired, and its compound attributes taken apart."""

import html
from pathlib import Path

import h5py
import loompy
import numpy as np


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


def with_graphs_renamed(path, folder):
    """A copy of a file whose graphs have their early names, as loompy renames them when it may write."""
    with h5py.File(path, "r") as f:
        if "row_edges" not in f and "col_edges" not in f:
            return path
    copy = folder / Path(path).name
    copy.write_bytes(Path(path).read_bytes())
    loompy.connect(str(copy), "r+", validate=False).close()
    return str(copy)
