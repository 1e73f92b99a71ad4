"""The example program `change` of loom-core, driven from Python: calls and values as its JSON."""

import json
import subprocess

import numpy as np
import scipy.sparse as sparse


class Refused(Exception):
    """Our program said no; the text is its message."""


class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def run(self, path, line):
        """Makes the calls of one line; gives their answers."""
        self.process.stdin.write(json.dumps({"path": path, **encode(line)}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["ok"]


def encode(value):
    """Arrays, sparse matrices and selections anywhere in a line, as the program takes them."""
    if isinstance(value, dict):
        return {key: place(inner) if key in ("rows", "cols") else encode(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(inner) for inner in value]
    if sparse.issparse(value):
        coo = value.tocoo()
        triplets = {"shape": coo.shape, "row": coo.row.tolist(), "col": coo.col.tolist(), "data": encode(coo.data)}
        return {"sparse": triplets, **triplets}
    if isinstance(value, slice):
        return {"range": [value.start or 0, value.stop, value.step or 1]}
    if isinstance(value, np.dtype):
        return {"zeros": value.name}
    if isinstance(value, (np.ndarray, np.generic)):
        values = np.asarray(value)
        if values.dtype.kind in "OUS":
            return {"shape": values.shape, "texts": [str(v) for v in values.ravel()]}
        if values.dtype.kind == "b":
            values = values.astype("uint8")
        # What Python shows of a float is read back as the same float, of any width.
        return {"dtype": values.dtype.name, "shape": values.shape, "numbers": " ".join(map(str, values.ravel().tolist()))}
    return value


def place(selection):
    """A selection of an axis; a number is one position."""
    return encode(positions([selection]) if isinstance(selection, int) else selection)


def positions(indices):
    """An index list or a mask as a selection."""
    indices = np.asarray(indices)
    return {"mask" if indices.dtype == bool else "indices": indices.tolist()}
