#!/usr/bin/env python3
"""Compares two documents of `loom digest --json` or digest_h5py.py.

    compare_digests.py A.json B.json

Ignores the "file" key and the texts of errors (not their presence), and the order of JSON keys;
the order of the objects must be the same. Prints every difference, by path, and a last line with
their number. Exit status 0: equal, 1: different, 2: a document cannot be read.
"""

import json
import sys


def differences(a, b, where):
    """Yields (where, what) for each place in which two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if key not in a:
                yield f"{where} {key}", f"only in B: {short(b[key])}"
            elif key not in b:
                yield f"{where} {key}", f"only in A: {short(a[key])}"
            elif key != "error" or not (isinstance(a[key], str) and isinstance(b[key], str)):
                yield from differences(a[key], b[key], f"{where} {key}")
    elif type(a) is not type(b) or a != b:
        yield where, f"A {short(a)}, B {short(b)}"


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."


def by_path(objects):
    """The entries by path; names that are not UTF-8 can share a shown path, so number those."""
    out = {}
    for entry in objects:
        path, n = entry["path"], 1
        while (path, n) in out:
            n += 1
        out[path, n] = entry
    return out


def compare(a, b):
    first, second = by_path(a["objects"]), by_path(b["objects"])
    for key in sorted(first.keys() | second.keys()):
        if key not in first:
            yield key[0], "only in B"
        elif key not in second:
            yield key[0], "only in A"
        else:
            yield from differences(first[key], second[key], key[0])
    if first.keys() == second.keys():
        for one, two in zip(a["objects"], b["objects"]):
            if one["path"] != two["path"]:
                yield one["path"], f"order: B has {two['path']} in its place"
                break


def main(paths) -> int:
    if len(paths) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        documents = [json.load(open(path, encoding="utf-8")) for path in paths]
        found = list(compare(*documents))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(f"not a digest: {problem!r}", file=sys.stderr)
        return 2
    for where, what in found:
        print(f"{where}: {what}")
    print(f"{len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
