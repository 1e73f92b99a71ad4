"""Every fixture is edited by us, then by h5py, and everything untouched keeps its digest."""

import hashlib
import os
import shutil

import h5py
import numpy as np

import compare_digests
import digest_h5py
from interop_ours import Ours, Refused, generated, listed, seeded

# Whole files that must not be edited in place: what their refusal says.
SIZES = "its addresses are not of eight bytes"
FREE_SPACE = "its free space is tracked or paged"
NAMES = "a group that has to be written anew has names that are not UTF-8"
REFUSED = {
    "links-earliest.h5": NAMES,
    "links-latest.h5": NAMES,
    "sizes-2.loom": SIZES,
    "sizes-4.loom": SIZES,
    "sizes-4-v110.h5": SIZES,
    "superblock-extension.loom": FREE_SPACE,
    "superblock-extension-page.h5": FREE_SPACE,
}
# Fixtures in which an operation is refused because it would move what a reference leads to, or
# because the format of the rewritten object cannot hold what it has: what the refusal says.
PARTLY_REFUSED = {
    "listed-earliest.h5": "reference leads to an object that would move",
    "listed-latest.h5": "reference leads to an object that would move",
}


def sha(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def entries(path: str) -> dict:
    return {entry["path"]: entry for entry in digest_h5py.digest(path)["objects"]}


NUMBERS = ("int32", "int64", "float32", "float64")


def dtype_of(dataset) -> np.dtype:
    """The type as numpy has it; void where it has none."""
    try:
        return dataset.dtype
    except TypeError:
        return np.dtype("V1")


class Edited:
    """A copy of a fixture, and what of it may differ from the original."""

    def __init__(self, ours: Ours, source: str, path: str):
        self.ours, self.path = ours, path
        shutil.copyfile(source, path)
        self.before = entries(path)
        self.touched, self.moved, self.attributes = set(), {}, set()
        self.refusals, self.checks = [], []
        self.free = self.single_datasets()

    def single_datasets(self) -> list:
        """Paths of datasets that have one name, whose data can be read, by path."""
        found = {}
        with h5py.File(self.path, "r") as file:
            for path, entry in self.before.items():
                if entry["kind"] == "dataset" and "\ufffd" not in path:
                    address = h5py.h5o.get_info(file[path].id).addr
                    found.setdefault(address, []).append(path)
        single = sorted(paths[0] for paths in found.values() if len(paths) == 1)
        return [path for path in single if "error" not in self.before[path]]

    def take(self, wanted=lambda entry: True):
        """A dataset that no other operation has used."""
        for path in self.free:
            if wanted(self.before[path]):
                self.free.remove(path)
                return path
        return None

    def edit(self, *operations) -> bool:
        """One transaction. Whether it was committed: a refusal must leave the file as it is."""
        was = sha(self.path)
        try:
            with self.ours.transaction(self.path) as edit:
                for op, fields in operations:
                    getattr(edit, op)(**fields)
        except Refused as refusal:
            assert sha(self.path) == was, f"a refused edit changed the file: {refusal}"
            self.refusals.append(str(refusal))
            return False
        return True

    def run(self):
        """Each operation in a transaction of its own; checks are made when all is done."""
        text = "an \u00e9xample"
        if self.edit(("set_attribute", {"path": "/", "name": "h5lite new", "values": listed(text)})):
            self.attributes.add(("/", "h5lite new"))
            self.checks.append(lambda f: f.attrs["h5lite new"] == text)
        self.replace_attribute()
        created = seeded("float32", [9, 7], 3)
        if self.edit(("write", {"path": "/h5lite/made/here", "values": created, "chunk": [4, 4], "filters": [["deflate", 2]]})):
            self.touched |= {"/h5lite", "/h5lite/made", "/h5lite/made/here"}
            self.checks.append(lambda f: np.array_equal(f["/h5lite/made/here"][()], generated("float32", [9, 7], 3)))
        self.resize()
        self.write_part()
        path = self.take()
        if path and self.edit(("write", {"path": path, "values": seeded("string", [5], 4)})):
            self.touched.add(path)
            self.checks.append(lambda f: list(f[path].asstr()[()]) == list(generated("string", [5], 4)))
        gone = self.take()
        if gone and self.edit(("remove", {"path": gone})):
            self.touched.add(gone)
            self.checks.append(lambda f: gone not in f)
        old = self.take()
        if old and self.edit(("rename", {"from": old, "to": "/h5lite/renamed"})):
            self.moved[old] = "/h5lite/renamed"
            self.touched |= {"/h5lite"}

    def replace_attribute(self):
        for path, entry in self.before.items():
            names = [name for name in entry.get("attrs", {}) if "\ufffd" not in name + path]
            if names and (path == "/" or path in self.free):
                self.free = [other for other in self.free if other != path]
                values = listed(np.arange(3, dtype="i8"))
                if self.edit(("set_attribute", {"path": path, "name": names[0], "values": values})):
                    self.attributes.add((path, names[0]))
                    self.checks.append(lambda f, path=path, name=names[0]: list(f[path].attrs[name]) == [0, 1, 2])
                    if len(names) > 1 and self.edit(("remove_attribute", {"path": path, "name": names[1]})):
                        self.attributes.add((path, names[1]))
                        self.checks.append(lambda f, path=path, name=names[1]: name not in f[path].attrs)
                if path != "/":
                    return

    def resize(self):
        """Longer by 3 and shorter by 1 along the axes that may change."""
        with h5py.File(self.path, "r") as file:
            growing = [p for p in self.free if None in (file[p].maxshape or ()) and dtype_of(file[p]).kind in "iuf"]
            if not growing:
                return
            path = growing[0]
            dataset = file[path]
            old, fill = dataset[()], dataset.fillvalue
            shape = tuple(n + 3 if m is None else max(n - 1, 0) for n, m in zip(dataset.shape, dataset.maxshape))
        self.free.remove(path)
        if self.edit(("resize", {"path": path, "shape": shape})):
            new = np.full(shape, fill, old.dtype)
            kept = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, shape))
            new[kept] = old[kept]
            self.touched.add(path)
            self.checks.append(lambda f: np.array_equal(f[path][()], new, equal_nan=True))

    def write_part(self):
        """Every second position of the first axis."""
        with h5py.File(self.path, "r") as file:
            plain = [p for p in self.free if file[p].shape and 0 not in file[p].shape and dtype_of(file[p]).name in NUMBERS]
            if not plain:
                return
            path = plain[0]
            model, dtype = file[path][()], file[path].dtype.newbyteorder("=").name
        self.free.remove(path)
        rows = model[::2].shape
        selections = [{"start": 0, "end": None, "step": 2}] + [None] * (model.ndim - 1)
        if self.edit(("write_at", {"path": path, "selections": selections, "values": seeded(dtype, rows, 6)})):
            model[::2] = generated(dtype, rows, 6)
            self.touched.add(path)
            self.checks.append(lambda f: np.array_equal(f[path][()], model, equal_nan=True))

    def check(self):
        """By h5py: what was edited; by digest: everything else; and both digests are equal."""
        with h5py.File(self.path, "r") as file:
            for number, check in enumerate(self.checks):
                assert check(file), f"edit {number} is not what h5py reads"
        after = entries(self.path)
        for path, entry in self.before.items():
            if path in self.touched:
                continue
            found = after.get(self.moved.get(path, path))
            assert found, f"{path} is gone"
            entry = {**entry, "path": found["path"]}
            for changed, name in self.attributes:
                if changed == path:
                    entry = {**entry, "attrs": {k: v for k, v in entry["attrs"].items() if k != name}}
                    found = {**found, "attrs": {k: v for k, v in found["attrs"].items() if k != name}}
            problems = list(compare_digests.differences(entry, found, path))
            assert not problems, f"untouched, but: {problems[:3]}"
        extra = set(after) - set(self.before) - self.touched - set(self.moved.values())
        assert not extra, f"nobody made {extra}"
        self.same_digests()

    def same_digests(self):
        problems = list(compare_digests.compare(self.ours.digest(self.path), digest_h5py.digest(self.path)))
        assert not problems, f"digests differ: {problems[:3]}"

    def edit_further(self):
        """By h5py: an attribute and a dataset more in the root and in what we made, and a removal."""
        with h5py.File(self.path, "r+") as file:
            file.attrs["further"] = np.arange(4)
            for i in range(20):
                file[f"further {i}"] = np.full(3, i)
            if "h5lite" in file:
                file["h5lite"].create_dataset("further", data=np.arange(100), chunks=(7,), maxshape=(None,))
                del file["h5lite/made/here"]
            for path in list(self.touched):
                if path in file and isinstance(file[path], h5py.Dataset):
                    file[path].attrs["further"] = "more"
        with h5py.File(self.path, "r") as file:
            assert list(file.attrs["further"]) == [0, 1, 2, 3] and file["further 7"][0] == 7
        self.same_digests()


def dimension_scales(ours: Ours, path: str):
    """References as netCDF has them: what they lead to stays, the rest can be edited."""
    with h5py.File(path, "w", libver="v108") as file:
        file["x"] = np.arange(5.0)
        file["data"] = np.arange(20).reshape(5, 4)
        file["g/region"] = file["data"].regionref[1:3, 2]
        file["x"].make_scale("x")
        file["data"].dims[0].attach_scale(file["x"])
    with ours.transaction(path) as edit:
        edit.set_attribute(path="/", name="title", values=listed("new"))
        edit.write(path="/g/new", values=seeded("int32", [6], 1))
    for name in ("x", "data"):
        was = sha(path)
        try:
            with ours.transaction(path) as edit:
                edit.set_attribute(path=name, name="units", values=listed("m"))
        except Refused as refusal:
            assert "reference leads to an object that would move" in str(refusal), refusal
        else:
            raise AssertionError(f"{name} was moved away from what refers to it")
        assert sha(path) == was
    with h5py.File(path, "r+") as file:
        assert list(file["data"].dims[0][0]) == [0, 1, 2, 3, 4] and file.attrs["title"] == "new"
        assert list(file[file["g/region"][()]][file["g/region"][()]]) == [6, 10]
        file["data"].dims[0].detach_scale(file["x"])
        del file["g/region"]
    with ours.transaction(path) as edit:
        edit.set_attribute(path="x", name="units", values=listed("m"))
    with h5py.File(path, "r") as file:
        assert file["x"].attrs["units"] == "m"


def run(ours: Ours, fixtures: str, folder: str, only=None):
    """Yields (name, problem or None) for each fixture."""
    path, problem = os.path.join(folder, "scales.h5"), None
    try:
        dimension_scales(ours, path)
    except (AssertionError, OSError, RuntimeError, LookupError, ValueError, TypeError, Refused) as error:
        problem = f"{type(error).__name__}: {error}"
    yield "dimension scales", problem
    for name in sorted(os.listdir(fixtures)):
        if not name.endswith((".h5", ".loom", ".nc")) or (only and only not in name):
            continue
        path = os.path.join(folder, f"fixture-{name}")
        problem = None
        try:
            edited = Edited(ours, os.path.join(fixtures, name), path)
            edited.run()
            allowed = REFUSED.get(name) or PARTLY_REFUSED.get(name)
            others = [text for text in edited.refusals if not allowed or allowed not in text]
            assert not others, f"refused: {others[0]}"
            assert not allowed or edited.refusals, "nothing was refused"
            if name in REFUSED:
                assert not edited.checks, "it was edited all the same"
            else:
                edited.check()
                edited.edit_further()
        except (AssertionError, OSError, RuntimeError, LookupError, ValueError, TypeError, Refused) as error:
            problem = f"{type(error).__name__}: {error}"
        yield f"fixture {name}", problem
        if problem is None:
            os.remove(path)
