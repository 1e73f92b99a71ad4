"""Types and values for digest_h5py.py, whose docstring has the rules: spelling, encoding, hashing."""

import hashlib
import struct

import h5py
import numpy as np
from h5py import h5a, h5s, h5t

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


def is_compound(tid) -> bool:
    """Whether the type is a compound, or an array of them."""
    return array_dims(tid)[1].get_class() == h5t.COMPOUND


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
