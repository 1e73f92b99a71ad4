#!/usr/bin/env python3
"""Opens what `loom index FILE --kerchunk` writes with zarr-python and xarray, against h5py on the file.

    kerchunk.py LOOM FILE...

Every dataset of the file must be an array of equal values, or be among those that the program says it
left out. Prints "N arrays equal, N left out"; the exit status is 1 where something differs.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings

import fsspec
import h5py
import numpy as np
import xarray
import zarr

warnings.filterwarnings("ignore")


def datasets(group, prefix=""):
    """Every dataset by its path; a group that is reached again is not followed again."""
    seen, found = set(), {}

    def walk(group, prefix):
        key = h5py.h5o.get_info(group.id).addr
        if key in seen:
            return
        seen.add(key)
        for name in group:
            if isinstance(name, bytes):  # not UTF-8
                continue
            try:
                item = group[name]
            except (KeyError, OSError, RuntimeError):  # leads nowhere
                continue
            if isinstance(item, h5py.Dataset):
                found[prefix + name] = item
            elif isinstance(item, h5py.Group):
                walk(item, prefix + name + "/")

    walk(group, prefix)
    return found


def same(theirs, ours) -> bool:
    if theirs.shape != ours.shape:
        return False
    if h5py.check_string_dtype(theirs.dtype):
        # Zarr's text is UTF-8: other bytes become U+FFFD.
        wanted = theirs.asstr("utf-8", errors="replace")[()]
        return np.array_equal(np.asarray(wanted, object), np.asarray(ours[()], object))
    wanted, got = theirs[()], np.asarray(ours[()])
    if wanted.dtype.kind == "f":
        return got.dtype == wanted.dtype and np.array_equal(wanted, got, equal_nan=True)
    return (got.dtype == wanted.dtype or odd(theirs)) and np.array_equal(wanted, got)


def odd(dataset) -> bool:
    """Whether some bits of its elements do not count: numpy has no such type."""
    kind = dataset.id.get_type()
    kind = kind.get_super() if isinstance(kind, h5py.h5t.TypeEnumID) else kind
    return isinstance(kind, h5py.h5t.TypeIntegerID) and kind.get_precision() != 8 * kind.get_size()


def compare(loom: str, path: str, folder: str):
    references = os.path.join(folder, "references.json")
    run = subprocess.run([loom, "index", path, "--kerchunk", references], capture_output=True, text=True)
    if run.returncode != 0:
        return 0, 0, [f"exit status {run.returncode}: {run.stderr.strip()}"]
    left_out = {line.split("\t")[1].lstrip("/") for line in run.stderr.splitlines() if line.startswith("left out\t")}
    json.load(open(references))
    store = zarr.storage.FsspecStore(
        fsspec.filesystem("reference", fo=references, remote_protocol="file", asynchronous=True), path="", read_only=True
    )
    root = zarr.open_group(store, mode="r", zarr_format=2)
    equal, problems = 0, []
    with h5py.File(path, "r") as file:
        wanted = datasets(file)
        for name, theirs in wanted.items():
            if name in left_out or not in_numpy(theirs):
                continue
            try:
                if not same(theirs, root[name]):
                    problems.append(f"/{name} differs")
                else:
                    equal += 1
            except Exception as error:  # whatever zarr raises: the array cannot be read
                problems.append(f"/{name}: {type(error).__name__}: {error}")
        for name in left_out & wanted.keys():
            if not excused(wanted[name]):
                problems.append(f"/{name} is left out, and should not be")
        if "matrix" in wanted and "matrix" not in left_out and wanted["matrix"].ndim == 2:
            try:
                opened = xarray.open_dataset(store, engine="zarr", consolidated=False, zarr_format=2, mask_and_scale=False)
                if opened["matrix"].dims != ("row", "col") or not np.array_equal(opened["matrix"].values, wanted["matrix"][()]):
                    problems.append("xarray reads another matrix")
            except Exception as error:
                problems.append(f"xarray: {type(error).__name__}: {error}")
    return equal, len(left_out), problems


def in_numpy(dataset) -> bool:
    try:
        return dataset.dtype is not None
    except TypeError:
        return False


def excused(dataset) -> bool:
    """Whether Zarr has nothing like this dataset."""
    if not in_numpy(dataset):
        return True
    kind = dataset.id.get_type()
    strange = dataset.dtype.kind in "VO" or dataset.shape is None
    strange = strange or kind.get_class() in (h5py.h5t.ARRAY, h5py.h5t.BITFIELD, h5py.h5t.OPAQUE, h5py.h5t.TIME)
    strange = strange or isinstance(kind, h5py.h5t.TypeFloatID) and kind.get_size() > 8
    elsewhere = dataset.is_virtual or dataset.external
    return bool(strange or elsewhere or partial(dataset) or any(number not in (1, 2, 3) for number in filters(dataset)))


def filters(dataset):
    pipeline = dataset.id.get_create_plist()
    return [pipeline.get_filter(i)[0] for i in range(pipeline.get_nfilters())]


def partial(dataset) -> bool:
    """Whether chunks are stored without their filters, or may be: at the edges, h5py does not tell."""
    if dataset.chunks is None or not filters(dataset):
        return False
    if any(length % chunk for length, chunk in zip(dataset.shape, dataset.chunks)) and "partial" in dataset.file.filename:
        return True
    return any(dataset.id.get_chunk_info(i).filter_mask for i in range(dataset.id.get_num_chunks()))


def main() -> int:
    loom, *files = sys.argv[1:]
    equal = left_out = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            here, without, problems = compare(loom, path, folder)
            equal, left_out = equal + here, left_out + without
            for problem in problems:
                print(f"FAILED {path}: {problem}")
                failed += 1
    print(f"kerchunk: {equal} arrays equal, {left_out} left out, {failed} failed")
    return 1 if failed or not equal else 0


if __name__ == "__main__":
    sys.exit(main())
