"""The answers of the example program `parity`, and values in the form it gives them in."""

import hashlib
import json
import subprocess

import numpy as np

SHORT = 40


def ask(binary, path, questions):
    """Answers by name: {"ok": answer} or {"error": text}."""
    run = subprocess.run([binary, path], input=json.dumps(questions), capture_output=True, text=True, timeout=600)
    if run.returncode != 0:
        return {name: {"error": f"exit status {run.returncode}: {run.stderr[-500:]}"} for name in questions}
    return json.loads(run.stdout)


def encode(values):
    """Type, shape and hash of an array, as the example program gives them."""
    values = np.asarray(values)
    kind = values.dtype.kind
    if kind in "OUS":
        texts = [as_text(v) for v in values.ravel()]
        data = b"".join(len(t.encode()).to_bytes(8, "little") + t.encode() for t in texts)
        return {"dtype": "string", "shape": list(values.shape), "sha256": digest(data)}
    name = {"bool": "uint8", "float16": "float32"}.get(values.dtype.name, values.dtype.name)
    numbers = np.ascontiguousarray(values).astype(np.dtype(name).newbyteorder("<"))
    if kind == "f":
        numbers = np.where(np.isnan(numbers), np.array(np.nan, numbers.dtype), numbers)
    return {"dtype": name, "shape": list(values.shape), "sha256": digest(numbers.tobytes())}


def as_text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def encode_graph(row, col, data, shape, in_order=True):
    row, col, data = np.asarray(row), np.asarray(col), np.asarray(data)
    if in_order:
        order = np.lexsort((col, row))
        row, col, data = row[order], col[order], data[order]
    return {
        "shape": [int(n) for n in shape],
        "row": encode(row.astype("uint32")),
        "col": encode(col.astype("uint32")),
        "data": encode(data.astype("float64")),
    }


def without_shown(answer):
    """An answer without the values that are there for messages only."""
    if isinstance(answer, dict):
        return {k: without_shown(v) for k, v in answer.items() if k != "shown"}
    if isinstance(answer, list):
        return [without_shown(v) for v in answer]
    return answer


def explain(ours, expected, path=""):
    """Lines that say where two answers differ."""
    if isinstance(ours, dict) and isinstance(expected, dict):
        for key in sorted(ours.keys() | expected.keys()):
            a, b = ours.get(key, "(nothing)"), expected.get(key, "(nothing)")
            if a != b:
                yield from explain(a, b, f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(expected, list) and len(ours) == len(expected):
        for i, (a, b) in enumerate(zip(ours, expected)):
            if a != b:
                yield from explain(a, b, f"{path}/{i}")
    else:
        yield f"  {path or '/'}\n    ours     {str(ours)[:600]}\n    expected {str(expected)[:600]}"


def select_graph(g, positions):
    """The graph among some vertices, numbered as they are asked for."""
    place = {int(v): i for i, v in enumerate(positions)}
    kept = [(place[a], place[b], w) for a, b, w in zip(g.row.tolist(), g.col.tolist(), g.data) if a in place and b in place]
    a, b, w = zip(*kept) if kept else ((), (), ())
    return encode_graph(np.array(a, int), np.array(b, int), np.array(w, float), (len(positions),) * 2)


def encode_attrs(attrs):
    return {name: encode(values) for name, values in attrs.items()}


def encode_graphs(graphs):
    return {name: encode_graph(g.row, g.col, g.data, g.shape) for name, g in graphs.items()}


def encode_view(view):
    return {
        "layers": {name: encode(layer[:, :]) for name, layer in view.layers.items()},
        "ra": encode_attrs(view.ra),
        "ca": encode_attrs(view.ca),
        "row_graphs": encode_graphs(view.row_graphs),
        "col_graphs": encode_graphs(view.col_graphs),
    }


def as_json(selection):
    if selection is None:
        return None
    if isinstance(selection, slice):
        return {"range": [selection.start, selection.stop, selection.step or 1]}
    if selection.dtype == bool:
        return {"mask": selection.tolist()}
    return {"indices": selection.tolist()}


def unfit(ds):
    """Whether an attribute or layer is not as long as the matrix, so that there is no view of the file."""
    lengths = [v.shape[:1] == ds.shape[:1] for _, v in ds.ra.items()] + [v.shape[:1] == ds.shape[1:] for _, v in ds.ca.items()]
    return not all(lengths) or any(ds.layers[k][:, :].shape != ds.shape for k in ds.layers.keys())
