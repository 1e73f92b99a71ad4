#!/usr/bin/env python3
"""The content of an HDF5 file as `loom digest FILE --json` prints it, read by h5py.

    digest_h5py.py FILE [FILE ...]

This is the referee for our own reader: it shares no code with it and depends on h5py and
numpy only. For one FILE it prints one JSON document, for several a JSON array of them.
Exit status 0, or 2 when a file cannot be opened (then nothing is printed for it).

THE DOCUMENT

    {"file": FILE as given, "objects": [OBJECT, ...]}

The objects are sorted by path, compared as byte strings. The root is included, as "/".
Every hard link is listed under its own path, so an object with two names appears twice, each
time in full. A group that is one of its own ancestors (same object address) is listed, with
its attributes, and not descended into again. Soft and external links are never followed.
Names that are not UTF-8 are shown with U+FFFD for each maximal invalid part (what Python's
`errors="replace"` and Rust's `from_utf8_lossy` do), but sorted by their own bytes.

Keys that do not apply are absent, not null. An OBJECT has:

    "path"     absolute path, no trailing slash except for the root
    "kind"     "group", "dataset", "datatype" (committed), "soft", "external"
    "target"   soft: the stored path. external: file name, ":", path
    "dtype", "order", "array"    dataset and datatype: see TYPES
    "shape"    dataset: list; [] for a scalar; null for a null dataspace
    "chunks"   dataset: list, or null when the layout is not chunked
    "filters"  dataset: list of names in the order of the pipeline message, [] when there are
               none: "deflate", "shuffle", "fletcher32", "szip", "nbit", "scaleoffset", "lzf";
               any other as "filter-N"
    "sha256" or "fields" or "error" or none of these    dataset: see HASHES
    "fields"   datatype that is a compound: {name: {"dtype", "order", "array", "fields"}}
    "attrs"    group, dataset, datatype: {name: {"dtype", "order", "array", "shape", and one
               of "sha256" / "fields" / "error" / none}}, sorted by name; {} when none

An object whose header cannot be read at all has "path", "kind": "unknown", "error".

TYPES

    integers   "int8" ... "uint64"; the number is 8 x the stored size, so a 3-byte integer is
               "int24". The precision does not show.
    floats     "float16", "float32", "float64" for the IEEE types in either byte order.
               Any other floating-point type (long double, bfloat16, VAX) is "float" and
               unsupported.
    enums      "bool" when there are exactly two members, FALSE = 0 and TRUE = 1, whatever the
               base. Any other is spelled as its base integer. Members are not shown.
    strings    "string", fixed or variable length, whatever padding and character set
    arrays     the element type's spelling, and "array": [dims]. An array of arrays: the outer
               dimensions, then the inner.
    sequences  "vlen(BASE)" with BASE spelled by these rules; an array as base is spelled with
               its dimensions, "vlen(int32[2,3])"
    others     "compound", "opaque", "bitfield", "time", "reference" (object), "region".
               Reference types newer than HDF5 1.8 are "reference".
    "order"    "big" if the innermost number type (through enum, array, vlen) is big-endian and
               more than one byte wide; otherwise absent. Never on a compound: on its fields.

HASHES

"sha256" is over the encoded values of all elements in C order. A null or zero-sized dataspace
hashes the empty input.

    integer, float, enum, bool    little-endian bytes at the stored width. An integer (or base
               of an enum) of less precision than its width is its value: the bits at the bit
               offset, zero- or sign-extended to the stored width. Floats keep every bit, NaN
               payloads too.
    string     the length in bytes as u64 little-endian, then the bytes, undecoded.
               Fixed, null-padded: ends at the last byte that is not NUL (inner NULs stay).
               Fixed, null-terminated: ends at the first NUL, or at the full size.
               Fixed, space-padded: trailing spaces are removed, then trailing NULs.
               (The last three are what libhdf5's conversion to a null-padded memory type of
               the same size gives, followed by removing trailing NULs; done so here.)
               Variable length: ends at the first NUL, if there is one, as the C interface
               returns it; whatever padding is declared, spaces stay. A reference of length 0
               or to heap address 0 is the empty string.
    sequence   the count as u64 little-endian, then the encoded elements
    array      the encoded elements in C order, no prefix

A compound, at the top, in an array or nested in a compound, has no hash of its own but
"fields": {name: {"dtype", "order", "array", and "sha256" / "fields" / "error" / none}}. The hash
of a field is over that field's values of all elements in C order (elements of arrays that
enclose it included). A compound inside a sequence has no fields; it is encoded field after field
in member order as part of the sequence's values.

No hash and no error: reference, region, opaque, bitfield, time and everything that contains one
of them inside a sequence. They are listed only.

"error" (the text is free; only its presence is compared) takes the place of the hash and of
"fields" for
  - a virtual dataset, a dataset with external raw files,
  - a dataset whose pipeline names any filter other than deflate, shuffle, fletcher32 and lzf,
    whether or not a chunk exists or uses it,
  - a dataset whose stored bytes cannot be read (bad checksum, damaged chunk, ...).
For an unsupported type ("float", VAX order) the error stands in place of "sha256" of that
dataset, attribute or compound field; the other fields of the compound are hashed.
The rules are tried in this order: listed only, then error; and the result does not depend on the
number of elements.
"""

import json
import sys

import h5py
from h5py import h5a, h5d, h5f, h5g, h5o

from digest_values import Source, describe, describe_deep, digest_values, is_compound, listed_only, text

FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
SUPPORTED_FILTERS = {1, 2, 3, 32000}


def refusal(dataset):
    """Why this dataset is not read, or None."""
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5d.VIRTUAL:
        return "virtual dataset"
    if plist.get_external_count():
        return "external raw files"
    for i in range(plist.get_nfilters()):
        number = plist.get_filter(i)[0]
        if number not in SUPPORTED_FILTERS:
            return f"filter {FILTERS.get(number, number)}"
    return None


def attributes(obj) -> dict:
    names = []
    h5a.iterate(obj, lambda name, *_: names.append(name))
    out = {}
    for name in sorted(names):
        attr = h5a.open(obj, name)
        source, tid = Source(attr), attr.get_type()
        shape = None if source.shape is None else list(source.shape)
        out[text(name)] = {**describe(tid), "shape": shape, **digest_values(source, tid)}
    return out


def dataset_entry(obj) -> dict:
    source, tid, plist = Source(obj), obj.get_type(), obj.get_create_plist()
    numbers = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    out = {
        **describe(tid),
        "shape": None if source.shape is None else list(source.shape),
        "chunks": [int(n) for n in plist.get_chunk()] if plist.get_layout() == h5d.CHUNKED else None,
        "filters": [FILTERS.get(n, f"filter-{n}") for n in numbers],
    }
    refused = refusal(obj)
    # The rule "listed only" comes first; a compound is never listed only at the top.
    if refused and not (not is_compound(tid) and listed_only(tid)):
        return {**out, "error": refused}
    return {**out, **digest_values(source, tid)}


def object_key(obj):
    info = h5o.get_info(obj)
    return info.fileno, info.addr


def walk(obj, path: bytes, ancestors: tuple, out: list):
    """Appends (path, entry) for `obj` and everything below it."""
    entry = {"path": text(path)}
    if isinstance(obj, h5g.GroupID):
        entry["kind"] = "group"
    elif isinstance(obj, h5d.DatasetID):
        entry["kind"] = "dataset"
        entry.update(dataset_entry(obj))
    else:
        entry["kind"] = "datatype"
        entry.update(describe_deep(obj))
    entry["attrs"] = attributes(obj)
    out.append((path, entry))
    if not isinstance(obj, h5g.GroupID):
        return
    key = object_key(obj)
    if key in ancestors:
        return
    names = []
    obj.links.iterate(lambda name, *_: names.append(name))
    for name in names:
        below = path.rstrip(b"/") + b"/" + name
        link = obj.links.get_info(name)
        if link.type == h5py.h5l.TYPE_SOFT:
            out.append((below, {"path": text(below), "kind": "soft", "target": text(obj.links.get_val(name))}))
        elif link.type == h5py.h5l.TYPE_EXTERNAL:
            file, target = obj.links.get_val(name)
            out.append((below, {"path": text(below), "kind": "external", "target": text(file + b":" + target)}))
        else:
            try:
                child = h5o.open(obj, name)
            except (OSError, RuntimeError, KeyError, ValueError) as problem:
                out.append((below, {"path": text(below), "kind": "unknown", "error": str(problem)}))
                continue
            walk(child, below, ancestors + (key,), out)


def digest(path: str) -> dict:
    file = h5f.open(path.encode(), h5f.ACC_RDONLY)
    out = []
    walk(h5o.open(file, b"/"), b"/", (), out)
    out.sort(key=lambda item: item[0])
    return {"file": path, "objects": [entry for _, entry in out]}


def dump(document: dict) -> str:
    """One object a line, so that a change of a fixture shows as a readable difference."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in document["objects"])
    return '{"file": ' + json.dumps(document["file"], ensure_ascii=False) + ', "objects": [\n' + lines + "\n]}"


def main(paths) -> int:
    if not paths:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    status, documents = 0, []
    sys.stdout.reconfigure(encoding="utf-8")
    for path in paths:
        try:
            documents.append(dump(digest(path)))
        except OSError as problem:
            print(f"{path}: {problem}", file=sys.stderr)
            status = 2
    if len(paths) == 1:
        print("".join(documents))
    else:
        print("[" + ",\n".join(documents) + "]")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
