"""Our writer and reader, driven from Python: examples/script.rs and `loom`."""

import json
import os
import subprocess

import numpy as np

STRING = np.dtype(object)


class Refused(Exception):
    """Our program said no; the text is its message."""


def generated(dtype: str, shape, seed: int) -> np.ndarray:
    """What script.rs makes of {"dtype", "shape", "seed"}: splitmix64, as its `generated` does."""
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        x = np.uint64(seed) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    if dtype == "string":
        texts = ["" if n % 7 == 0 else f"t\u00e9xt {n % 1000}" for n in x.tolist()]
        out = np.empty(count, dtype=STRING)
        out[:] = texts
        return out.reshape(shape)
    if dtype.startswith("float"):
        return ((x >> np.uint64(48)).astype("f8") / 16).astype(dtype).reshape(shape)
    return x.astype(dtype).reshape(shape)


def seeded(dtype, shape, seed) -> dict:
    return {"dtype": dtype, "shape": list(shape), "seed": seed}


def listed(array) -> dict:
    """An array as the values of an operation."""
    array = np.asarray(array)
    dtype = "string" if array.dtype.kind in "OUS" else array.dtype.name
    values = [None if isinstance(v, float) and v != v else v for v in array.ravel().tolist()]
    return {"dtype": dtype, "shape": list(array.shape), "values": values}


class Ours:
    """The running script program. Its operations are methods: ours.write(path=..., values=...)."""

    def __init__(self, programs: str):
        self.loom = os.path.join(programs, "loom")
        script = os.path.join(programs, "examples", "script")
        self.process = subprocess.Popen(
            [script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, line: dict) -> dict:
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if not answer.pop("ok"):
            raise Refused(answer["error"])
        return answer

    def __getattr__(self, op):
        return lambda **fields: self.ask({"op": op, **fields})

    def transaction(self, path: str, mode: str = "edit", **limits):
        return Transaction(self, {"begin": mode, "path": path, **limits})

    def read(self, path: str, dataset: str) -> np.ndarray:
        answer = self.ask({"read": path, "path": dataset})
        if "hex" in answer:
            flat = np.frombuffer(bytes.fromhex(answer["hex"]), answer["dtype"])
        else:
            flat = np.array(answer["values"], dtype=STRING)
        return flat.reshape(answer["shape"])

    def digest(self, path: str) -> dict:
        done = subprocess.run([self.loom, "digest", path, "--json"], capture_output=True, check=False)
        if done.returncode:
            raise Refused(done.stderr.decode())
        return json.loads(done.stdout)


class Transaction:
    """Committed at the end of a `with`, dropped where that ends with an exception."""

    def __init__(self, ours: Ours, begin: dict):
        self.ours, self.begin = ours, begin

    def __enter__(self) -> Ours:
        self.ours.ask(self.begin)
        return self.ours

    def __exit__(self, kind, *_):
        self.ours.ask({"op": "drop" if kind else "commit"})
