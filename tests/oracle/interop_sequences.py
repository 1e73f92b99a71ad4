"""Random sequences in which our commits and h5py take turns on chunked datasets.

A numpy model is changed along with the file, and after every step both readers must agree with it.
The nodes of the index are made small through the superblock's K, so that they split and empty. In
most sequences our edits copy paths through the index, which they do in large indexes only otherwise.
"""

import ctypes
import os
import random
import shutil

import h5py
import numpy as np

from interop_ours import Ours, Refused, generated, listed, seeded

FILTERS = [[], [["deflate", 1]], ["shuffle", ["deflate", 4]], ["fletcher32"], ["shuffle", ["deflate", 2], "fletcher32"]]
H5PY_FILTERS = [{}, {"compression": 1}, {"compression": 4, "shuffle": True}, {"fletcher32": True}, {"compression": "lzf"}]


FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures")
# Formats newer than the oldest.
LIBVERS = {"v108": h5py.h5f.LIBVER_V18, "v110": h5py.h5f.LIBVER_V110, "latest": h5py.h5f.LIBVER_LATEST}
# How long axes become, of datasets with one or two and with three of them.
LONGEST, LONGEST_OF_3 = 60, 12


def new_file(path: str, rng: random.Random) -> str:
    """An empty file of one of the kinds of superblock, with small B-tree nodes where it can.

    A K of 1 is left out: a split then makes a level, and libhdf5 itself fails at the 256th.
    """
    kind = rng.choice(["k2", "k2", "k3", "default", "ours", "latest", "v108", "v110", "v108 k2", "v110 k3", "superblock-1"])
    if kind in LIBVERS:
        h5py.File(path, "w", libver=kind).close()
    elif kind == "default":
        h5py.File(path, "w", userblock_size=rng.choice([0, 512])).close()
    elif kind == "superblock-1":
        # What no library makes any more; its K of chunks is small.
        shutil.copy(os.path.join(FIXTURES, "superblock-1.h5"), path)
    elif kind != "ours":
        fcpl, fapl = (h5py.h5p.create(kind) for kind in (h5py.h5p.FILE_CREATE, h5py.h5p.FILE_ACCESS))
        set_k(fcpl, chunks=int(kind[-1]), links=2, leaf_links=1)
        if kind[:4] in LIBVERS:
            fapl.set_libver_bounds(*[LIBVERS[kind[:4]]] * 2)
        h5py.h5f.create(path.encode(), h5py.h5f.ACC_TRUNC, fcpl, fapl).close()
    return kind


def set_k(fcpl, chunks: int, links: int, leaf_links: int):
    """The K values of the B-trees, which h5py does not offer: called in the library it loaded."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        library = ctypes.CDLL(next(line.split()[-1] for line in maps if "/libhdf5-" in line))
    number = ctypes.c_int64(fcpl.id)
    assert library.H5Pset_istore_k(number, ctypes.c_uint(chunks)) >= 0
    assert library.H5Pset_sym_k(number, ctypes.c_uint(links), ctypes.c_uint(leaf_links)) >= 0


class Sequence:
    def __init__(self, ours: Ours, path: str, seed: int):
        self.ours, self.path, self.rng = ours, path, random.Random(seed)
        self.kind = new_file(path, self.rng)
        # Above how many chunks an index is copied along paths, and how many an edit holds in memory.
        self.limits = {}
        if self.rng.random() < 0.8:
            self.limits = {"copied_above": self.rng.choice([0, 0, 4, 30]), "held": self.rng.choice([2, 30, 10**6])}
        self.models, self.fill, self.log, self.count = {}, {}, [], 0
        if self.kind == "ours":
            with ours.transaction(path, "create"):
                pass
        for name in ("a", "b"):
            self.new(name)

    def seed(self) -> int:
        return self.rng.randrange(1 << 40)

    def shape(self, rank: int, longest: int = 40) -> tuple:
        return tuple(self.rng.randrange(longest if rank < 3 else 9) for _ in range(rank))

    def libver(self):
        libver = self.kind.split()[0]
        return libver if libver in LIBVERS else "earliest"

    def new(self, name: str):
        """A dataset made by one of the two, in the place of one of that name."""
        rng, by_us = self.rng, self.rng.random() < 0.5
        rank = rng.choice([1, 1, 2, 2, 2, 3])
        shape, chunk = self.shape(rank), tuple(rng.randrange(1, 7) for _ in range(rank))
        dtype = rng.choice(["uint8", "int16", "int32", "float32", "float64", "string"])
        # libhdf5 does not read unallocated chunks of strings with a fill value of their own.
        fill = rng.choice([0, 0, 7]) if dtype != "string" else 0
        seed, filters = self.seed(), rng.randrange(len(FILTERS))
        # Whether axes have a limit decides which index newer formats take.
        longest = LONGEST if rank < 3 else LONGEST_OF_3
        limits = [rng.choice([None, longest]) if rng.random() < 0.5 else None for _ in range(rank)]
        values = generated(dtype, shape, seed)
        self.log.append(("new", name, by_us, shape, chunk, dtype, fill, filters))
        if by_us:
            with self.ours.transaction(self.path, **self.limits) as edit:
                options = {"chunk": chunk, "max_shape": limits, "filters": [f for f in FILTERS[filters] if dtype != "string" or f != "fletcher32"]}
                if fill:
                    options["fill"] = listed(np.array(fill, dtype))
                edit.write(path=name, values=seeded(dtype, shape, seed), **options)
        else:
            with h5py.File(self.path, "r+", libver=self.libver()) as file:
                if name in file:
                    del file[name]
                kind = h5py.string_dtype() if dtype == "string" else dtype
                options = dict(H5PY_FILTERS[filters])
                if dtype == "string":
                    options = {key: value for key, value in options.items() if key == "compression"}
                extra = {"fillvalue": fill} if fill else {}
                file.create_dataset(name, data=values, dtype=kind, chunks=chunk, maxshape=tuple(limits), **options, **extra)
        self.models[name], self.fill[name] = values, fill if dtype != "string" else ""

    def resized(self, name: str, shape) -> np.ndarray:
        old = self.models[name]
        new = np.full(shape, self.fill[name], old.dtype)
        kept = tuple(slice(0, min(a, b)) for a, b in zip(old.shape, shape))
        new[kept] = old[kept]
        return new

    def near(self, name: str) -> tuple:
        """A shape some way from the present one; sometimes far."""
        shape = list(self.models[name].shape)
        for axis in range(len(shape)):
            step = self.rng.choice([0, 0, -1, 1, -7, 9, -30, 25])
            shape[axis] = max(0, min(shape[axis] + step, LONGEST if len(shape) < 3 else LONGEST_OF_3))
        return tuple(shape)

    def block(self, shape) -> tuple:
        """One slice an axis, with steps now and then."""
        out = []
        for length in shape:
            start = self.rng.randrange(length + 1)
            end = self.rng.randrange(start, length + 1)
            out.append(slice(start, end, self.rng.choice([1, 1, 1, 2, 3])))
        return tuple(out)

    def change(self, name: str):
        """One to four changes of a dataset, by one of the two."""
        by_us, rng = self.rng.random() < 0.5, self.rng
        steps = []
        for _ in range(rng.randrange(1, 5)):
            kind = rng.choice(["resize", "resize", "write", "write", "all"])
            old = self.models[name]
            dtype = "string" if old.dtype == object else old.dtype.name
            seed = self.seed()
            if kind == "resize":
                shape = self.near(name)
                steps.append(("resize", shape))
                self.models[name] = self.resized(name, shape)
                continue
            where = self.block(old.shape) if kind == "write" else tuple(slice(0, n, 1) for n in old.shape)
            counts = old[where].shape
            steps.append(("write", where, dtype, counts, seed))
            new = old.copy()
            new[where] = generated(dtype, counts, seed)
            self.models[name] = new
        self.log.append(("change", name, by_us, steps))
        if by_us:
            with self.ours.transaction(self.path, **self.limits) as edit:
                for step in steps:
                    if step[0] == "resize":
                        edit.resize(path=name, shape=step[1])
                    else:
                        selections = [{"start": s.start, "end": s.stop, "step": s.step} for s in step[1]]
                        edit.write_at(path=name, selections=selections, values=seeded(*step[2:]))
        else:
            with h5py.File(self.path, "r+", libver=self.libver()) as file:
                dataset = file[name]
                for step in steps:
                    if step[0] == "resize":
                        dataset.resize(step[1])
                    elif np.prod(step[3]):
                        dataset[step[1]] = generated(*step[2:])

    def names(self):
        """Links that come and go beside the datasets, so that symbol tables split and empty too."""
        by_us, rng = self.rng.random() < 0.5, self.rng
        self.log.append(("names", by_us))
        made = [f"g/{self.seed()}" for _ in range(rng.randrange(1, 12))]
        gone = [name for name in self.models if name.startswith("g/") and rng.random() < 0.4]
        if by_us:
            with self.ours.transaction(self.path, **self.limits) as edit:
                for i, name in enumerate(made):
                    edit.write(path=name, values=listed(np.int32(i)))
                for name in gone:
                    edit.remove(path=name)
        else:
            with h5py.File(self.path, "r+", libver=self.libver()) as file:
                for i, name in enumerate(made):
                    file[name] = np.int32(i)
                for name in gone:
                    del file[name]
        for i, name in enumerate(made):
            self.models[name] = np.array(i, np.int32)
        for name in gone:
            del self.models[name]

    def step(self):
        kind = self.rng.choice(["change"] * 8 + ["new", "names", "names"])
        name = self.rng.choice(["a", "b"])
        if kind == "names":
            self.names()
        else:
            getattr(self, kind)(name)
        self.check()

    def check(self):
        with h5py.File(self.path, "r") as file:
            names = {"a", "b"} | {f"g/{name}" for name in file.get("g", {})}
            assert names == set(self.models), f"names differ: {names ^ set(self.models)}"
            for name, model in self.models.items():
                dataset = file[name]
                found = dataset.asstr()[()] if h5py.check_string_dtype(dataset.dtype) else dataset[()]
                same(f"h5py {name}", np.asarray(found), model)
        for name in ("a", "b"):
            same(f"ours {name}", self.ours.read(self.path, name), self.models[name])


def same(what, found, model):
    assert found.shape == model.shape, f"{what}: shape {found.shape}, not {model.shape}"
    if not np.array_equal(found, model):
        where = np.argwhere(found != model)
        raise AssertionError(f"{what}: {len(where)} of {model.size} values differ, the first at {where[0]}")


def run(ours: Ours, folder: str, count: int, first: int = 0):
    """Yields (name, problem or None) for each sequence."""
    for seed in range(first, first + count):
        path = os.path.join(folder, f"sequence-{seed}.h5")
        sequence = None
        try:
            sequence = Sequence(ours, path, seed)
            for _ in range(20):
                sequence.step()
            problem = None
        except (AssertionError, OSError, RuntimeError, KeyError, ValueError, Refused) as error:
            last = sequence.log[-1] if sequence else None
            kind = sequence.kind if sequence else None
            problem = f"{type(error).__name__}: {error}; file {kind}, step {len(sequence.log) if sequence else 0}: {last}"
        yield f"sequence {seed}", problem
        if problem is None:
            os.remove(path)


def large(ours: Ours, folder: str):
    """Turns on a file of more than 4 GiB, nearly all of it a hole. Yields (name, problem or None)."""
    path = os.path.join(folder, "large.h5")
    for libver in ("earliest", "latest"):
        # Copied paths on both sides of the hole; nodes of 64 chunks.
        limits = {"copied_above": 10, "held": 100}
        with h5py.File(path, "w", libver=libver) as file:
            file.create_dataset("a", (10, 40), "int32", chunks=(1, 1), maxshape=(None, None))
        os.truncate(path, 5 << 30)
        model = np.zeros((10, 40), "int32")
        try:
            for step in range(4):
                wider = (10, model.shape[1] + 3)
                model = np.pad(model, ((0, 0), (0, 3)))
                model[:, -3:] = generated("int32", (10, 3), step)
                if step % 2 == 0:
                    with ours.transaction(path, **limits) as edit:
                        edit.resize(path="a", shape=wider)
                        last = {"start": wider[1] - 3, "end": wider[1], "step": 1}
                        edit.write_at(path="a", selections=[None, last], values=seeded("int32", (10, 3), step))
                else:
                    with h5py.File(path, "r+", libver=libver) as file:
                        file["a"].resize(wider)
                        file["a"][:, -3:] = model[:, -3:]
                with h5py.File(path, "r") as file:
                    same("h5py", file["a"][()], model)
                same("ours", ours.read(path, "a"), model)
            assert os.path.getsize(path) > 5 << 30, "the file is short"
            problem = None
        except (AssertionError, OSError, RuntimeError, Refused) as error:
            problem = f"{type(error).__name__}: {error}; step {step}"
        os.remove(path)
        yield f"large {libver}", problem
