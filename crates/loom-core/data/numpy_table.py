"""Writes numpy_table.json: how numpy prints numbers, and arrays of them.

    python3 numpy_table.py > numpy_table.json            (numpy 1.26)

Each entry is a type, a shape, the elements (integers, or the bits of floats as integers, or text), and str() of it.
--random N prints N more entries a type, for a longer comparison.
"""

import json
import random
import sys

import numpy as np

FLOATS = {"float16": "uint16", "float32": "uint32", "float64": "uint64"}
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-4, 9.9999e-5, 1e-5, 1.5, 1e15, 1e16, 9.999e15, 12345678.0, 16777216.0, 16777217.0]
SPECIAL += [123456789.0, 1e12, 1e13, 1e22, 1e23, 5e-324, 1.7976931348623157e308, 3.4028235e38, 1.1754944e-38, 1e-45, 6e-8]
SPECIAL += [float("nan"), float("inf"), float("-inf"), 2.5, 65504.0, 1 / 3, 2 / 3, 1e-3, 0.001, 2147483647.0, 2147483648.0]
TEXT = ["", "a", "it's", 'say "x"', "both ' and \"", "a\tb\n\\", "\x07", "caf\u00e9", "\u65e5\u672c", "\u200b", "\u0301", "\x85"]


def entry(array):
    kind = array.dtype.name
    if kind in FLOATS:
        values = np.ascontiguousarray(array).view(FLOATS[kind]).ravel().tolist()
        if array.shape == ():
            values = [int(array.view(FLOATS[kind]))]
    else:
        values = array.ravel().tolist()
    text = str(array[()])
    return ["string" if kind == "object" else kind, list(array.shape), values, text]


def bits(chance, kind, count):
    unsigned = FLOATS[kind]
    width = np.dtype(unsigned).itemsize * 8
    return np.array([chance.getrandbits(width) for _ in range(count)], unsigned).view(kind)


def nice(chance, kind, count):
    """Numbers as found in attributes: few digits, moderate sizes."""
    scale = 10.0 ** chance.randint(-6, 9)
    digits = chance.randint(0, 12)
    return np.array([round(chance.uniform(-1, 1) * scale, digits) for _ in range(count)]).astype(kind)


def shapes(chance):
    return chance.choice([(1,), (2,), (3,), (7,), (30,), (30,), (50,), (2, 3), (3, 20), (2, 2, 2), (1, 40)])


def some(chance, count):
    with np.errstate(over="ignore"):
        for kind in FLOATS:
            for value in [*bits(chance, kind, count), *nice(chance, kind, count // 4)]:
                yield np.array(value, kind)
            for _ in range(count // 4):
                shape = shapes(chance)
                values = chance.choice([bits, nice, nice, nice])(chance, kind, int(np.prod(shape)))
                if chance.random() < 0.2:
                    values[chance.randrange(values.size)] = chance.choice([np.nan, np.inf, -np.inf, 0.0])
                yield values.reshape(shape)
        for kind in INTEGERS:
            info = np.iinfo(kind)
            for _ in range(count // 8):
                shape = chance.choice([(), shapes(chance)])
                small = chance.random() < 0.5
                low, high = (max(info.min, -20), 100) if small else (info.min, info.max)
                size = int(np.prod(shape))
                yield np.array([chance.randint(low, high) for _ in range(size)], kind).reshape(shape)


def fixed():
    with np.errstate(over="ignore"):
        for kind in FLOATS:
            for value in SPECIAL:
                yield np.array(value).astype(kind)
            yield np.array([np.nan, np.nan], kind)
            yield np.array([np.nan, -np.inf, 1.0], kind)
            yield np.array([1e10, 1e20], "float64").astype(kind)
            yield np.array([1.0, 1000.0], kind)
            yield np.array([1.0, 1001.0], kind)
            yield np.zeros((2, 0), kind)
            yield np.linspace(0, 1, 1001).astype(kind)
            yield np.linspace(0, 1, 1002).reshape(2, 501).astype(kind)
            yield np.linspace(0, 1, 1008).reshape(8, 2, 63).astype(kind)
    for kind in INTEGERS:
        yield np.array(np.iinfo(kind).max, kind)
        yield np.array(np.iinfo(kind).min, kind)
        yield np.arange(1200).astype(kind)
    for text in TEXT:
        yield np.array([text], object)
    yield np.array(TEXT * 3, object)
    yield np.array(TEXT * 2, object).reshape(4, 6)


def main():
    if sys.argv[1:2] == ["--random"]:
        arrays = [*some(random.Random(2), int(sys.argv[2])), *np.arange(65536, dtype="uint16").view("float16")]
        arrays += [np.array(2.0**e, kind) for kind in FLOATS for e in range(-1074, 1024) if -1074 <= e < 16 or kind != "float16"]
    else:
        arrays = [*fixed(), *some(random.Random(1), 120)]
    with np.errstate(over="ignore"):
        entries = [entry(np.asarray(array)) for array in arrays]
    print("[" + ",\n".join(json.dumps(e) for e in entries) + "]")


if __name__ == "__main__":
    main()
