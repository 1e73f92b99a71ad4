"""Every fixture is repacked: equal in content for h5py, read by HDF5 1.10, edited further by h5py."""

import os
import shutil
import subprocess

import h5py
import numpy as np

import compare_digests
import digest_h5py
from interop_ours import Ours

# What cannot be written anew, and what the refusal says.
REFUSED = {
    "dense-attributes-latest.h5": "object header message of 66616 bytes",
    "links-earliest.h5": "names that are not UTF-8",
    "links-latest.h5": "names that are not UTF-8",
}
# Carried over in a form that HDF5 1.10 does not know: the source list of a virtual dataset by HDF5 2.0.
NEWER = {"refused-latest.h5"}
# Beside what h5repack makes of a file: a share, and what small files may differ by.
LARGER, MORE = 1.15, 4096
SETTINGS = {
    "": [],
    "gzip": ["--gzip", "9", "--shuffle", "on"],
    "chunks": ["--chunks", "7,5"],
    "both": ["--gzip", "1", "--shuffle", "off", "--chunks", "16"],
}


def ran(*command) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def without_storage(document: dict) -> dict:
    """A digest without what the options change."""
    objects = [{k: v for k, v in entry.items() if k not in ("chunks", "filters")} for entry in document["objects"]]
    return {**document, "objects": objects}


def same_content(before: dict, path: str, changed: bool):
    after = digest_h5py.digest(path)
    if changed:
        before, after = without_storage(before), without_storage(after)
    problems = list(compare_digests.compare(before, after))
    assert not problems, f"content differs: {problems[:3]}"


def dumped(path: str) -> str | None:
    """What h5dump 1.10 prints, without the file's name and where objects stand; None if it fails."""
    done = ran("h5dump", path)
    return None if done.returncode else done.stdout.split("\n", 1)[1]


def edit_further(path: str):
    with h5py.File(path, "r+") as file:
        file.attrs["further"] = np.arange(4)
        for i in range(20):
            file[f"further {i}"] = np.full(3, i)
        datasets = []
        file.visititems(lambda _, found: datasets.append(found) if isinstance(found, h5py.Dataset) else None)
        for dataset in datasets:
            dataset.attrs["further"] = "more"
            if dataset.chunks and None in dataset.maxshape:
                axis = dataset.maxshape.index(None)
                dataset.resize(dataset.shape[axis] + dataset.chunks[axis], axis=axis)
    with h5py.File(path, "r") as file:
        assert list(file.attrs["further"]) == [0, 1, 2, 3] and file["further 7"][0] == 7
    digest_h5py.digest(path)


def check(ours: Ours, source: str, path: str, sizes: list):
    before = digest_h5py.digest(source)
    for setting, arguments in SETTINGS.items():
        if os.path.exists(path):
            os.remove(path)
        done = ran(ours.loom, "repack", source, "-o", path, *arguments)
        refusal = REFUSED.get(os.path.basename(source))
        if refusal:
            assert done.returncode == 2 and refusal in done.stderr, done.stderr
            assert not os.path.exists(path), "a refused file was written"
            return
        assert done.returncode == 0, done.stderr
        same_content(before, path, bool(setting))
        assert not list(compare_digests.compare(ours.digest(path), digest_h5py.digest(path))), "digests differ"
        if setting:
            continue
        # HDF5 1.10 reads it as it reads the original, where it reads that at all.
        text = dumped(source)
        if text is not None and "REFERENCE" not in text:
            assert dumped(path) == text, "h5dump prints something else"
        stat = ran("h5stat", "-S", path)
        newer = os.path.basename(source) in NEWER
        assert (stat.returncode == 0) != newer, f"h5stat: {stat.stderr}"
        theirs = path + ".h5repack"
        if ran("h5repack", "--low=0", "--high=1", source, theirs).returncode == 0:
            sizes.append((os.path.getsize(path), os.path.getsize(theirs), os.path.basename(source)))
            assert sizes[-1][0] <= sizes[-1][1] * LARGER + MORE, f"{sizes[-1][0]} bytes, h5repack {sizes[-1][1]}"
        if os.path.exists(theirs):
            os.remove(theirs)
        further = path + ".further"
        shutil.copyfile(path, further)
        edit_further(further)
        os.remove(further)


def in_place(ours: Ours, source: str, path: str):
    """The file is replaced, keeps its permissions, and is smaller after an edit that left holes."""
    shutil.copyfile(source, path)
    os.chmod(path, 0o640)
    with h5py.File(path, "r+") as file:
        del file["matrix"]
    before = digest_h5py.digest(path)
    size = os.path.getsize(path)
    with h5py.File(path, "r"):
        done = ran(ours.loom, "repack", path, "--in-place")
        assert done.returncode == 2 and "open" in done.stderr, "a file that is open was replaced"
    done = ran(ours.loom, "repack", path, "--in-place")
    assert done.returncode == 0, done.stderr
    assert os.stat(path).st_mode & 0o777 == 0o640 and os.path.getsize(path) < size / 2
    same_content(before, path, False)
    assert ran(ours.loom, "repack", path, "-o", path).returncode == 2, "a file was written onto itself"


def run(ours: Ours, fixtures: str, folder: str, only=None):
    """Yields (name, problem or None) for each fixture."""
    sizes = []
    for name in ["in place", *sorted(os.listdir(fixtures))]:
        if name != "in place" and (not name.endswith((".h5", ".loom", ".nc")) or (only and only not in name)):
            continue
        path, problem = os.path.join(folder, f"repacked-{name}"), None
        try:
            if name == "in place":
                in_place(ours, os.path.join(fixtures, "demo.loom"), path)
            else:
                check(ours, os.path.join(fixtures, name), path, sizes)
        except (AssertionError, OSError, RuntimeError, LookupError, ValueError, TypeError) as error:
            problem = f"{type(error).__name__}: {error}"
        yield f"repack {name}", problem
        if problem is None and os.path.exists(path):
            os.remove(path)
    if sizes:
        ratios = sorted((ours / theirs, name) for ours, theirs, name in sizes)
        total = sum(ours for ours, _, _ in sizes) / sum(theirs for _, theirs, _ in sizes)
        print(f"size beside h5repack's: {total:.3f} in all, at most {ratios[-1][0]:.3f} ({ratios[-1][1]}), {len(sizes)} files")
