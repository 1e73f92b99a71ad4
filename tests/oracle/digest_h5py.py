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

import hashlib
import json
import struct
import sys

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5s, h5t

FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
SUPPORTED_FILTERS = {1, 2, 3, 32000}
LISTED_ONLY = {h5t.OPAQUE: "opaque", h5t.BITFIELD: "bitfield", h5t.TIME: "time", h5t.REFERENCE: "reference"}
BLOCK_BYTES = 32 << 20


class Unsupported(Exception):
    """A type outside the supported set."""


def text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


# --- types --------------------------------------------------------------------------------


def float_memory_type(tid):
    for little, big in ((h5t.IEEE_F16LE, h5t.IEEE_F16BE), (h5t.IEEE_F32LE, h5t.IEEE_F32BE), (h5t.IEEE_F64LE, h5t.IEEE_F64BE)):
        if tid.equal(little) or tid.equal(big):
            return little
    return None


def array_dims(tid):
    """The dimensions of nested array types, outer first, and the innermost element type."""
    dims = []
    while tid.get_class() == h5t.ARRAY:
        dims += tid.get_array_dims()
        tid = tid.get_super()
    return [int(d) for d in dims], tid


def is_bool(tid):
    members = {tid.get_member_name(i): tid.get_member_value(i) for i in range(tid.get_nmembers())}
    return members == {b"FALSE": 0, b"TRUE": 1}


def spell(tid) -> str:
    """The numpy-like name of a type that is not an array."""
    cls = tid.get_class()
    if cls == h5t.INTEGER:
        sign = "int" if tid.get_sign() == h5t.SGN_2 else "uint"
        return f"{sign}{8 * tid.get_size()}"
    if cls == h5t.FLOAT:
        return f"float{8 * tid.get_size()}" if float_memory_type(tid) is not None else "float"
    if cls == h5t.ENUM:
        return "bool" if is_bool(tid) else spell(tid.get_super())
    if cls == h5t.STRING:
        return "string"
    if cls == h5t.COMPOUND:
        return "compound"
    if cls == h5t.VLEN:
        dims, base = array_dims(tid.get_super())
        suffix = "[" + ",".join(map(str, dims)) + "]" if dims else ""
        return f"vlen({spell(base)}{suffix})"
    if cls == h5t.REFERENCE and tid.equal(h5t.STD_REF_DSETREG):
        return "region"
    if cls in LISTED_ONLY:
        return LISTED_ONLY[cls]
    return f"class-{cls}"


def is_big(tid) -> bool:
    cls = tid.get_class()
    if cls in (h5t.ARRAY, h5t.VLEN, h5t.ENUM):
        return is_big(tid.get_super())
    return cls in (h5t.INTEGER, h5t.FLOAT) and tid.get_size() > 1 and tid.get_order() == h5t.ORDER_BE


def describe(tid) -> dict:
    """The "dtype", "order" and "array" keys."""
    dims, base = array_dims(tid)
    out = {"dtype": spell(base)}
    if is_big(base):
        out["order"] = "big"
    if dims:
        out["array"] = dims
    return out


def describe_deep(tid) -> dict:
    """describe, with the fields of compounds: for committed types."""
    out = describe(tid)
    _, base = array_dims(tid)
    if base.get_class() == h5t.COMPOUND:
        out["fields"] = {text(n): describe_deep(t) for n, t in members(base)}
    return out


def members(tid):
    return [(tid.get_member_name(i), tid.get_member_type(i)) for i in range(tid.get_nmembers())]


def listed_only(tid) -> bool:
    """Whether values of this leaf type (no compound at the top) are listed without a hash."""
    cls = tid.get_class()
    if cls in (h5t.ARRAY, h5t.VLEN):
        return listed_only(tid.get_super())
    if cls == h5t.COMPOUND:
        return any(listed_only(t) for _, t in members(tid))
    return cls in LISTED_ONLY


# --- leaves: a memory type to read into, and an encoder of what was read ---------------------


def swap_and_extend(raw: np.ndarray, tid) -> bytes:
    """Stored integers of type `tid` (bytes of shape (n, size)) as little-endian values."""
    size, order = tid.get_size(), tid.get_order()
    if order not in (h5t.ORDER_LE, h5t.ORDER_BE):
        raise Unsupported("byte order")
    raw = raw.reshape(-1, size)
    if order == h5t.ORDER_BE:
        raw = raw[:, ::-1]
    precision, offset = tid.get_precision(), tid.get_offset()
    if precision == 8 * size:
        return raw.tobytes()
    out, signed = bytearray(), tid.get_sign() == h5t.SGN_2
    for row in raw:
        value = (int.from_bytes(row.tobytes(), "little") >> offset) & ((1 << precision) - 1)
        if signed and value >> (precision - 1):
            value -= 1 << precision
        out += value.to_bytes(size, "little", signed=signed)
    return bytes(out)


def encode_text(value) -> bytes:
    if value is None or (isinstance(value, int) and value == 0):
        value = b""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return struct.pack("<Q", len(value)) + value


def leaf(tid):
    """(HDF5 memory type, numpy dtype, encoder) for a type that is neither compound nor array.

    The encoder takes a flat numpy array of that dtype and returns the bytes to hash.
    """
    cls, size = tid.get_class(), tid.get_size()
    if cls == h5t.INTEGER:
        if tid.get_order() not in (h5t.ORDER_LE, h5t.ORDER_BE):
            raise Unsupported("byte order")
        mem = tid.copy()
        mem.set_order(h5t.ORDER_LE)
        mem.set_offset(0)
        mem.set_precision(8 * size)
        return mem, np.dtype(f"V{size}"), lambda a: a.tobytes()
    if cls == h5t.FLOAT:
        mem = float_memory_type(tid)
        if mem is None:
            raise Unsupported("floating-point type that is not IEEE 16, 32 or 64 bits")
        return mem, np.dtype(f"V{size}"), lambda a: a.tobytes()
    if cls == h5t.ENUM:
        # Unconverted: libhdf5 turns values that are no member into 0xff...
        base = tid.get_super()
        return tid, np.dtype(f"V{size}"), lambda a: swap_and_extend(np.frombuffer(a.tobytes(), "u1"), base)
    if cls == h5t.STRING and tid.is_variable_str():
        dtype = h5py.string_dtype("ascii")  # variable-length bytes: nothing is decoded
        return h5t.py_create(dtype), dtype, lambda a: b"".join(map(encode_text, a))
    if cls == h5t.STRING:
        mem = tid.copy()
        mem.set_strpad(h5t.STR_NULLPAD)
        fixed = lambda a: b"".join(encode_text(v.tobytes().rstrip(b"\0")) for v in a)
        return mem, np.dtype(f"V{size}"), fixed
    if cls == h5t.VLEN:
        element, encode = sequence_element(tid.get_super())
        dtype = h5py.vlen_dtype(element)
        return h5t.py_create(dtype), dtype, lambda a: b"".join(encode(v) for v in a)
    raise Unsupported(f"type class {cls}")


def sequence_element(tid):
    """(numpy dtype of the elements, encoder of one sequence) for a vlen of base `tid`."""
    cls = tid.get_class()
    if cls == h5t.VLEN:
        inner, encode_inner = sequence_element(tid.get_super())
        dtype = h5py.vlen_dtype(inner)
        encode = lambda v: b"".join(encode_inner(x) for x in v)
    elif cls == h5t.STRING and tid.is_variable_str():
        dtype = h5py.string_dtype("ascii")
        encode = lambda v: b"".join(map(encode_text, v))
    else:
        dtype = plain_dtype(tid)
        if cls in (h5t.INTEGER, h5t.FLOAT, h5t.ENUM):
            # h5py leaves such elements in the file's byte order, in an array that says native.
            number = tid.get_super() if cls == h5t.ENUM else tid
            if number.get_precision() != 8 * number.get_size():
                raise Unsupported("sequence of numbers of reduced precision")
            encode = lambda v: swap_and_extend(np.frombuffer(np.asarray(v).tobytes(), "u1"), number)
        else:
            encode = lambda v: encode_plain(np.asarray(v, dtype), tid)

    def whole(value):
        if value is None or isinstance(value, int):
            value = ()
        return struct.pack("<Q", len(value)) + encode(value)

    return dtype, whole


def plain_dtype(tid):
    """A little-endian numpy dtype without references to elsewhere."""
    cls, size = tid.get_class(), tid.get_size()
    if cls == h5t.ENUM:
        return plain_dtype(tid.get_super())
    if cls == h5t.INTEGER and size in (1, 2, 4, 8):
        return np.dtype(f"<{'i' if tid.get_sign() == h5t.SGN_2 else 'u'}{size}")
    if cls == h5t.FLOAT and float_memory_type(tid) is not None:
        return np.dtype(f"<f{size}")
    if cls == h5t.STRING and not tid.is_variable_str():
        return np.dtype(f"S{size}")
    if cls == h5t.ARRAY:
        return np.dtype((plain_dtype(tid.get_super()), tuple(tid.get_array_dims())))
    if cls == h5t.COMPOUND:
        return np.dtype([(text(n), plain_dtype(t)) for n, t in members(tid)])
    raise Unsupported(f"sequence of type class {cls}")


def encode_plain(values, tid) -> bytes:
    cls = tid.get_class()
    if cls == h5t.ARRAY:
        return encode_plain(values.reshape(-1), tid.get_super())
    if cls == h5t.COMPOUND:
        fields = members(tid)
        return b"".join(encode_plain(row[text(n)], t) for row in values for n, t in fields)
    if cls == h5t.STRING:
        return b"".join(encode_text(bytes(v)) for v in np.atleast_1d(values))
    return values.tobytes()


# --- values of a dataset or an attribute -----------------------------------------------------


class Source:
    """A dataset or attribute: reads blocks of elements as any memory type."""

    def __init__(self, obj):
        self.obj = obj
        self.space = obj.get_space()
        kind = self.space.get_simple_extent_type()
        self.shape = None if kind == h5s.NULL else tuple(int(n) for n in self.space.get_simple_extent_dims())
        self.count = 0 if self.shape is None else int(np.prod(self.shape, dtype=object))

    def blocks(self, mem, dtype):
        """All elements in C order, as flat arrays of bounded size."""
        if self.count == 0:
            return
        if isinstance(self.obj, h5a.AttrID):
            out = np.empty(self.shape, dtype)
            self.obj.read(out, mem)
            yield out.reshape(-1)
            return
        if not self.shape:
            out = np.empty((), dtype)
            self.obj.read(h5s.ALL, h5s.ALL, out, mem)
            yield out.reshape(1)
            return
        step = max(1, BLOCK_BYTES // (dtype.itemsize * (self.count // self.shape[0])))
        for start in range(0, self.shape[0], step):
            part = (min(step, self.shape[0] - start),) + self.shape[1:]
            where = self.space.copy()
            where.select_hyperslab((start,) + (0,) * (len(self.shape) - 1), part)
            out = np.empty(part, dtype)
            self.obj.read(h5s.create_simple(part), where, out, mem)
            yield out.reshape(-1)


def array_wrapper(outer, dims):
    """A `wrap` for the elements of an array of `dims`, which itself is wrapped by `outer`."""

    def wrap(mem, dtype, unwrap):
        flat = lambda a: unwrap(np.ascontiguousarray(a).reshape((-1,) + dtype.shape))
        return outer(h5t.array_create(mem, tuple(dims)), np.dtype((dtype, tuple(dims))), flat)

    return wrap


def digest_values(source: Source, tid, wrap=lambda mem, dtype, unwrap: (mem, dtype, unwrap)) -> dict:
    """{"sha256"} or {"fields"} or {"error"} or {} for values of type `tid`.

    `wrap` puts a memory type for `tid` into those of the compounds and arrays around it.
    """
    inner, base = wrap, tid
    while base.get_class() == h5t.ARRAY:
        inner, base = array_wrapper(inner, base.get_array_dims()), base.get_super()
    if base.get_class() == h5t.COMPOUND:
        fields = {}
        for name, member in members(base):

            def wrap_field(mem, dtype, unwrap, name=name):
                outer = h5t.create(h5t.COMPOUND, mem.get_size())
                outer.insert(name, 0, mem)
                return inner(outer, np.dtype([("field", dtype)]), lambda a: unwrap(a["field"]))

            fields[text(name)] = {**describe(member), **digest_values(source, member, wrap_field)}
        return {"fields": fields}
    if listed_only(base):
        return {}
    try:
        mem, dtype, encode = leaf(base)
        mem, dtype, unwrap = inner(mem, dtype, lambda a: a)
        digest = hashlib.sha256()
        # A subarray dtype is unpacked by numpy.empty: read such elements as a one-field record.
        if dtype.subdtype is not None:
            outer, deep = np.dtype([("all", dtype)]), unwrap
            dtype, unwrap = outer, lambda a: deep(a["all"])
        for block in source.blocks(mem, dtype):
            digest.update(encode(np.ascontiguousarray(unwrap(block)).reshape(-1)))
        return {"sha256": digest.hexdigest()}
    except (Unsupported, OSError, RuntimeError, ValueError, TypeError, KeyError) as problem:
        return {"error": f"{type(problem).__name__}: {problem}"}


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


# --- objects -----------------------------------------------------------------------------------


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
    if refused and not (array_dims(tid)[1].get_class() != h5t.COMPOUND and listed_only(tid)):
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
