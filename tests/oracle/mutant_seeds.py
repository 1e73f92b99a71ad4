"""Writes the five files that `tests/mutants.sh` damages:  mutant_seeds.py FOLDER

Small, because each is read some 20,000 times: one as loompy writes it, the same content as h5py writes it for old and for
new libraries, one with dense groups and attributes, one with every index of chunks that came after the B-tree of version 1.
"""
import os
import sys
import warnings

import h5py
import numpy as np

warnings.simplefilter("ignore")
import loompy  # noqa: E402

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(1)
matrix = random.poisson(0.5, (60, 40)).astype("f4")
genes = np.array([f"Gene{i}" for i in range(60)], object)
cells = np.array([f"Cell{i}" for i in range(40)], object)


def place(name):
    return os.path.join(folder, name)


loompy.create(place("1-loompy.loom"), {"": matrix, "spliced": matrix * 2}, {"Gene": genes}, {"CellID": cells, "Cluster": np.arange(40) % 5},
              file_attrs={"title": "seed"})
with loompy.connect(place("1-loompy.loom")) as ds:
    ds.col_graphs["KNN"] = __import__("scipy.sparse").sparse.random(40, 40, 0.05, random_state=1)

for number, libver in ((2, "earliest"), (3, "latest")):
    with h5py.File(place(f"{number}-{libver}.h5"), "w", libver=libver) as f:
        f.create_dataset("matrix", data=matrix, chunks=(16, 16), maxshape=(None, 40), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset("names", data=genes, dtype=h5py.string_dtype())
        f["cells"] = cells.astype("S")
        f["plain"] = np.arange(30, dtype=">i2").reshape(5, 6)
        f["compound"] = np.zeros(4, [("a", "i4"), ("b", "f8", (2,)), ("c", "S5")])
        f["flag"] = np.array([True, False])
        group = f.create_group("layers")
        group["soft"] = h5py.SoftLink("/matrix")
        group["hard"] = f["plain"]
        group.create_dataset("lists", (3,), h5py.vlen_dtype("i4"))[...] = [np.arange(i) for i in range(3)]
        f.attrs["title"] = "seed"
        f.attrs["numbers"] = np.arange(5)
        f["matrix"].attrs["strings"] = ["a", "bc"]

with h5py.File(place("4-dense.h5"), "w", libver="v108") as f:
    group = f.create_group("many", track_order=True)
    for i in range(40):
        group.create_group(f"group{i:03}")
    group["data"] = np.arange(10)
    for i in range(30):
        group.attrs[f"attribute{i:02}"] = np.arange(i % 4)
        f["many/data"].attrs[f"text{i:02}"] = "x" * i
    f["many/data"].attrs["large"] = np.arange(6000)

with h5py.File(place("5-indexes.h5"), "w", libver="latest") as f:
    for name, maximum in (("btree2", (None, None)), ("extensible", (None, 40)), ("fixed", None), ("fixed_long", (60, 40))):
        f.create_dataset(f"{name}/plain", data=matrix, chunks=(7, 6), maxshape=maximum)
        f.create_dataset(f"{name}/deflated", data=matrix, chunks=(7, 6), maxshape=maximum, compression="gzip")
    f.create_dataset("extensible/longer", (900,), "i2", chunks=(2,), maxshape=(None,))[::3] = np.arange(300)
    f.create_dataset("fixed/longer", (3000,), "i1", chunks=(2,))[::7] = 5
    f.create_dataset("single", data=matrix, chunks=matrix.shape, compression="gzip")
    f.create_dataset("implicit", (10, 10), "i4", chunks=(4, 4))
for name in sorted(os.listdir(folder)):
    print(name, os.path.getsize(place(name)), "bytes")
