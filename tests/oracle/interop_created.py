"""A file with everything we can write, read and edited by the libraries and tools around us."""

import os
import shutil
import subprocess

import h5py
import numpy as np

import compare_digests
import digest_h5py
from interop_ours import Ours, Refused, generated, listed, seeded

NUMBERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)] + ["float32", "float64"]
FILTERS = {
    "plain": [],
    "deflate": [["deflate", 2]],
    "shuffle deflate": ["shuffle", ["deflate", 9]],
    "fletcher32": ["fletcher32"],
    "shuffle fletcher32": ["shuffle", "fletcher32"],
    "deflate fletcher32": [["deflate", 1], "fletcher32"],
    "shuffle deflate fletcher32": ["shuffle", ["deflate", 4], "fletcher32"],
    "fletcher32 deflate": ["fletcher32", ["deflate", 4]],
    "deflate 0": [["deflate", 0]],
}
KINDS = ("float64", "uint8", "string")
TEXTS = ["", "plain", "\u00e9\u65e5\u672c \U0001f9ec", "trailing ", "a" * 5000]
EDGES = {
    "float32": [0.0, -0.0, float("inf"), float("-inf"), float(np.float32(1e-45)), float(np.finfo("f4").max)],
    "float64": [5e-324, -1.7976931348623157e308, float("nan"), 0.1],
    "uint64": [0, 2**64 - 1],
    "int64": [-(2**63), 2**63 - 1],
    "int8": [-128, 127],
}


def make(ours: Ours, path: str) -> dict:
    """Writes the file; returns what must be in it: values by path, and attributes by (path, name)."""
    values, attributes = {}, {}
    with ours.transaction(path, "create") as edit:

        def write(name, array, **options):
            # JSON has no infinities: those that hold one go by their bits.
            edit.write(path=name, values=array if isinstance(array, dict) else listed(array), **options)
            values[name] = generated(array["dtype"], array["shape"], array["seed"]) if isinstance(array, dict) else array

        for n, dtype in enumerate(NUMBERS):
            write(f"/numbers/{dtype}/scalar", seeded(dtype, [], n))
            write(f"/numbers/{dtype}/contiguous", seeded(dtype, [7, 3], n))
            write(f"/numbers/{dtype}/chunked", seeded(dtype, [10, 9], n), chunk=[4, 4], max_shape=[None, 20])
            write(f"/numbers/{dtype}/big endian", seeded(dtype, [6], n), datatype={"number": dtype, "big": True})
            write(f"/numbers/{dtype}/empty", seeded(dtype, [0], n))
            write(f"/numbers/{dtype}/empty chunked", seeded(dtype, [0, 4], n), chunk=[3, 3], max_shape=[None, None])
            if dtype in EDGES:
                edge = np.array([v for v in EDGES[dtype] if abs(v) != float("inf")], dtype)
                write(f"/numbers/{dtype}/edges", edge)
            edit.set_attribute(path="/numbers", name=dtype, values=seeded(dtype, [], n))
            edit.set_attribute(path="/numbers", name=f"{dtype} list", values=seeded(dtype, [5], n))
            attributes["/numbers", dtype] = generated(dtype, [], n)
            attributes["/numbers", f"{dtype} list"] = generated(dtype, [5], n)
        halves = np.array([0, 0.5, -65504, 6.103515625e-05], "f4")
        write("/numbers/half", halves, datatype={"number": "float16"})
        write("/numbers/logical", np.array([0, 1, 1], "u1"), datatype="bool")
        for name, filters in FILTERS.items():
            for dtype in KINDS:
                if dtype == "string" and "fletcher32" in name:
                    continue  # libhdf5 does not allow it
                write(f"/filters/{name}/{dtype}", seeded(dtype, [33, 12], 5), chunk=[8, 5], max_shape=[None, None], filters=filters)
        write("/compact/numbers", seeded("float32", [30, 20], 3), compact=True)
        write("/compact/text", np.array(TEXTS, object), compact=True)
        edit.create(path="/compact/filled", dtype="int16", shape=[6], compact=True, fill=listed(np.int16(-3)))
        edit.write_at(path="/compact/filled", selections=[[1, 4]], values=listed(np.array([8, 9], "i2")))
        values["/compact/filled"] = np.array([-3, 8, -3, -3, 9, -3], "i2")
        write("/filters/long", seeded("int32", [100_000], 9), chunk=[1000], max_shape=[None], filters=[["deflate", 3]])
        write("/filters/big", seeded("float32", [700, 450], 9), chunk=[64, 64], max_shape=[700, None], filters=[["deflate", 2]])
        write("/filters/four axes", seeded("int16", [3, 4, 5, 6], 9), chunk=[2, 3, 2, 4], max_shape=[None] * 4)
        write("/strings/variable", np.array(TEXTS, object))
        write("/strings/chunked", np.array(TEXTS * 300, object), chunk=[512], max_shape=[None], filters=[["deflate", 2]])
        write("/strings/scalar", np.array("\u00e9", object))
        write("/strings/empty", np.array([], object))
        write("/strings/fixed", np.array(["a", "", "abcde"], object), datatype={"fixed": 5})
        write("/strings/table", np.array([["a", ""], ["\u00e9", "d"]], object))
        edit.create(path="/fill/seven", dtype="int32", shape=[20, 5], chunk=[6, 2], max_shape=[None, None], fill=listed(np.int32(7)))
        edit.write_at(path="/fill/seven", selections=[[3, 17], None], values=seeded("int32", [2, 5], 8))
        seven = np.full((20, 5), 7, "i4")
        seven[[3, 17]] = generated("int32", [2, 5], 8)
        values["/fill/seven"] = seven
        edit.create(path="/fill/contiguous", dtype="float64", shape=[4], fill=listed(np.float64(1.5)))
        values["/fill/contiguous"] = np.full(4, 1.5)
        edit.create(path="/fill/nothing", dtype="string", shape=[3], chunk=[2], max_shape=[None])
        values["/fill/nothing"] = np.array(["", "", ""], object)
        edit.create_group(path="/groups/empty")
        for count in (8, 9, 300, 2000):
            for i in range(count):
                edit.write(path=f"/groups/{count}/{i}", values=listed(np.int16(i)))
                values[f"/groups/{count}/{i}"] = np.array(i, "i2")
        write("/groups/\u65e5\u672c\u8a9e/\u00e9 \U0001f9ec", np.arange(3))
        edit.soft_link(path="/groups/soft", target="/filters/big")
        edit.soft_link(path="/groups/300/zz soft", target="nowhere/\u00e9")
        for name, array in {
            "text": np.array("\u00e9", object),
            "texts": np.array(TEXTS[:4], object),
            "table": np.arange(6.0).reshape(2, 3),
            "none": np.zeros(0),
            "\u65e5\u672c": np.array(5, "u2"),
            "long": np.arange(8000.0),
        }.items():
            edit.set_attribute(path="/", name=name, values=listed(array))
            edit.set_attribute(path="/filters/big", name=name, values=listed(array))
            attributes["/", name] = attributes["/filters/big", name] = array
        edit.set_attribute(path="/strings", name="fixed", values=listed(np.array("abc", object)), datatype={"fixed": 4})
        attributes["/strings", "fixed"] = np.array("abc", object)
        for i in range(40):
            edit.set_attribute(path="/groups", name=f"a{i}", values=listed(np.int64(i)))
            attributes["/groups", f"a{i}"] = np.array(i)
    return {"values": values, "attributes": attributes}


def texts(array):
    """Bytes as text, whatever way this h5py returns strings."""
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        flat = [v.decode() if isinstance(v, bytes) else str(v) for v in array.ravel().tolist()]
        out = np.empty(len(flat), object)
        out[:] = flat
        return out.reshape(array.shape)
    return array


def equal(found, wanted) -> bool:
    found, wanted = texts(found), texts(wanted)
    if found.shape != wanted.shape or (found.dtype == object) != (wanted.dtype == object):
        return False
    return np.array_equal(found, wanted, equal_nan=found.dtype.kind == "f")


def check_h5py(path: str, wanted: dict):
    with h5py.File(path, "r") as file:
        for name, values in wanted["values"].items():
            assert equal(file[name][()], values), f"{name}: {file[name][()]!r}, not {values!r}"
        for (name, attribute), values in wanted["attributes"].items():
            found = file[name].attrs[attribute]
            assert equal(found, values), f"{name}@{attribute}: {found!r}, not {values!r}"


def check_kinds(path: str):
    """How things are stored, as h5py shows it."""
    with h5py.File(path, "r") as file:
        for dtype in NUMBERS:
            group = file[f"numbers/{dtype}"]
            assert group["scalar"].shape == () and group["scalar"].dtype == np.dtype(dtype).newbyteorder("<")
            assert group["big endian"].dtype == np.dtype(dtype).newbyteorder(">")
            assert group["chunked"].chunks == (4, 4) and group["chunked"].maxshape == (None, 20)
            assert group["contiguous"].chunks is None and group["contiguous"].maxshape == (7, 3)
            assert file["numbers"].attrs[dtype].dtype == dtype
        assert file["numbers/half"].dtype == "f2" and file["numbers/logical"].dtype == bool
        for name, filters in FILTERS.items():
            plist = file[f"filters/{name}/float64"].id.get_create_plist()
            found = [plist.get_filter(i) for i in range(plist.get_nfilters())]
            numbers = {"deflate": 1, "shuffle": 2, "fletcher32": 3}
            plain = [filter if isinstance(filter, str) else filter[0] for filter in filters]
            assert [f[0] for f in found] == [numbers[f] for f in plain], f"{name}: {found}"
        for dataset in file["compact"].values():
            assert dataset.id.get_create_plist().get_layout() == h5py.h5d.COMPACT, dataset
        assert file["fill/seven"].fillvalue == 7 and file["fill/contiguous"].fillvalue == 1.5
        assert tuple(h5py.check_string_dtype(file["strings/variable"].dtype)) == ("utf-8", None)
        assert h5py.check_string_dtype(file["strings/fixed"].dtype).length == 5
        assert file["groups"].get("soft", getlink=True).path == "/filters/big"
        assert len(file["groups/2000"]) == 2000 and len(file["groups/empty"]) == 0


def edit_with_h5py(path: str):
    with h5py.File(path, "r+") as file:
        big = file["filters/big"]
        big.resize((700, 500))
        big[:, 450:] = 3
        for name in FILTERS:
            for dtype in file[f"filters/{name}"]:
                dataset = file[f"filters/{name}/{dtype}"]
                dataset.resize((40, 9))
                dataset[20:, :] = "h5py" if dtype == "string" else 2
        del file["strings/variable"]
        file["strings/variable"] = ["replaced", "by h5py"]
        file["compact/numbers"][3] = 1
        file["compact/numbers"].attrs["further"] = 1
        del file["groups/8"], file["groups/2000/1000"]
        for i in range(1500):
            file[f"groups/300/more {i}"] = i
            if i % 3:
                del file[f"groups/2000/{i if i < 1000 else i + 1}"]
        for i in range(30):
            file.attrs[f"further {i}"] = i
        file.attrs["text"] = "replaced"
        del file.attrs["table"]
        file["strings/chunked"].resize((2000,))
        file["strings/chunked"][1490:] = "more"


def tool(*command) -> str:
    done = subprocess.run(command, capture_output=True, check=False)
    errors = done.stderr.decode(errors="replace")
    assert done.returncode == 0 and "error" not in errors.lower(), f"{command[0]}: {done.returncode} {errors[:300]}"
    return done.stdout.decode(errors="replace")


R_SCRIPT = """
suppressMessages(library(hdf5r))
f <- H5File$new(commandArgs(TRUE)[1], "r")
cat(sum(f[["filters/big"]][, ]), "\\n")
cat(sum(f[["filters/shuffle deflate fletcher32/float64"]][, ]), "\\n")
cat(f[["strings/variable"]][3] == "\\u00e9\\u65e5\\u672c \\U0001f9ec", "\\n")
cat(length(names(f[["groups/300"]])), "\\n")
cat(h5attr(f, "text") == "\\u00e9", "\\n")
f$close_all()
f <- H5File$new(commandArgs(TRUE)[1], "r+")
f[["groups/by R"]] <- c(1.5, 2.5)
f$close_all()
"""

OLD_SCRIPT = """
import sys, h5py, numpy
f = h5py.File(sys.argv[1], 'r+')
scalar = f['strings/scalar'][()]
scalar = scalar.decode('utf-8') if isinstance(scalar, bytes) else scalar
assert f['filters/big'].shape == (700, 450) and scalar == u'\\u00e9'
for group in f['filters'].values():
    if isinstance(group, h5py.Group):
        for d in group.values():
            d.resize((50, 15)); d[40:] = 'x' if d.dtype.kind == 'O' else 1; assert d[()].shape == (50, 15)
for i in range(100):
    f['groups/300/old %d' % i] = i
del f['groups/300/7']
f.attrs['old'] = 'old'
f.close()
"""


def run(ours: Ours, folder: str, old_python=None):
    """Yields (name, problem or None) for each check."""
    path = os.path.join(folder, "created.h5")
    wanted = make(ours, path)

    def copy(name):
        return shutil.copyfile(path, os.path.join(folder, name))

    def digests(of):
        problems = list(compare_digests.compare(ours.digest(of), digest_h5py.digest(of)))
        assert not problems, f"digests differ: {problems[:3]}"

    def repacked():
        target = os.path.join(folder, "repacked.h5")
        tool("h5repack", path, target)
        problems = list(compare_digests.compare(digest_h5py.digest(path), digest_h5py.digest(target)))
        assert not problems, f"h5repack: {problems[:3]}"

    def same_as_h5py():
        """h5diff of HDF5 1.10 against a file in which h5py wrote the same."""
        twin = os.path.join(folder, "twin.h5")
        with h5py.File(twin, "w") as file, h5py.File(path, "r") as ours_read:
            for name, values in wanted["values"].items():
                if name == "/numbers/logical":
                    values = values.astype(bool)
                kind = h5py.string_dtype() if values.dtype == object else None
                shape = {"chunks": ours_read[name].chunks, "maxshape": ours_read[name].maxshape}
                file.create_dataset(name, data=values, dtype=kind, **(shape if values.ndim else {}))
        for name, values in wanted["values"].items():
            # It calls what was never written not comparable, and the twin has no attributes.
            left_out = ("/groups/300", "/groups/2000", "/fill", "/filters/big")
            if values.size and not name.startswith(left_out):
                tool("h5diff", path, twin, name)

    def edited():
        other = copy("edited.h5")
        edit_with_h5py(other)
        digests(other)
        with h5py.File(other, "r") as file:
            assert file["filters/big"][0, 460] == 3 and file["groups/300/more 1499"][()] == 1499
            kept = wanted["values"]["/filters/big"]
            assert np.array_equal(file["filters/big"][:, :450], kept)
        with ours.transaction(other) as edit:
            edit.resize(path="/filters/big", shape=[700, 470])
            edit.write_at(path="/compact/numbers", selections=[[5], None], values=listed(np.full((1, 20), 6, "f4")))
            edit.remove(path="/groups/300/more 3")
            edit.write(path="/groups/300/more 4", values=listed(np.arange(3)))
        digests(other)
        with h5py.File(other, "r") as file:
            assert file["compact/numbers"][5, 7] == 6 and file["compact/numbers"][3, 0] == 1
            assert file["compact/numbers"].id.get_create_plist().get_layout() == h5py.h5d.COMPACT
        tool("h5stat", other)

    def in_r():
        other = copy("r.h5")
        script = os.path.join(folder, "read.R")
        with open(script, "w", encoding="utf-8") as file:
            file.write(R_SCRIPT)
        lines = tool("Rscript", script, other).split()
        big = wanted["values"]["/filters/big"].astype("f8").sum()
        assert abs(float(lines[0]) / big - 1) < 1e-6, lines
        assert lines[2:5] == ["TRUE", "301", "TRUE"], lines
        digests(other)

    def with_old_h5py():
        other = copy("old.h5")
        tool(old_python, "-c", OLD_SCRIPT, other)
        digests(other)

    steps = {
        "values and attributes": lambda: check_h5py(path, wanted),
        "types, layouts and filters": lambda: check_kinds(path),
        "digests": lambda: digests(path),
        "h5dump": lambda: tool("h5dump", path),
        "h5stat": lambda: tool("h5stat", path),
        "h5ls": lambda: tool("h5ls", "-rv", path),
        "h5repack": repacked,
        "h5diff": same_as_h5py,
        "edited by h5py, then by us": edited,
        "hdf5r": in_r if shutil.which("Rscript") else None,
        "old h5py": with_old_h5py if old_python else None,
    }
    for name, step in steps.items():
        problem = None
        if step is None:
            yield f"created: {name} (not installed, left out)", None
            continue
        try:
            step()
        except (AssertionError, OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, Refused) as error:
            problem = f"{type(error).__name__}: {error}"
        yield f"created: {name}", problem
