#!/usr/bin/env python3
"""States that crashes of our commits can leave, read by h5py: each is the old file or the new one.

    crash_images.py FOLDER

FOLDER is what the crash tests of h5lite leave where H5LITE_CRASH_IMAGES names it: NAME.old and
NAME.new are the files before and after an edit, NAME.N.state what a crash has left. Runs on any
h5py, that of the oldest library too; files whose original that cannot read are counted and left out.
The last line says how many were read; the exit status is 1 if any was neither, or none was read.
"""

import os
import sys

import h5py

import compare_digests
import digest_h5py


def content(path: str):
    """What h5py reads; None if it cannot."""
    try:
        return digest_h5py.digest(path)
    except (OSError, RuntimeError, KeyError, ValueError):
        return None


def same(one, other) -> bool:
    """Whether two contents are equal; what a library says of that which it cannot read may differ."""
    return one is not None and other is not None and not list(compare_digests.compare(one, other))


def main(folder: str) -> int:
    names = sorted(os.listdir(folder))
    known, counts, bad = {}, {"old": 0, "new": 0, "left out": 0}, 0
    for name in (name for name in names if name.endswith(".state")):
        edit = name.split(".")[0]
        if edit not in known:
            known[edit] = {version: content(os.path.join(folder, f"{edit}.{version}")) for version in ("old", "new")}
        if known[edit]["old"] is None:
            counts["left out"] += 1
            continue
        found = content(os.path.join(folder, name))
        which = [version for version, wanted in known[edit].items() if same(found, wanted)]
        if which:
            counts[which[0]] += 1
        else:
            bad += 1
            print(f"{name}: neither the old nor the new content")
    read = counts["old"] + counts["new"]
    print(f"crash states read by HDF5 {h5py.version.hdf5_version}: {counts}, {bad} neither")
    return 0 if read and not bad else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
