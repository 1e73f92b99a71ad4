"""Two Loom files by content: what h5py reads of each, and what loompy fixes about how it is stored.

Differences are allowed in the modification times only, as the row "last_modified() per connection, manager, object"
says: wherever loompy notes a time, so do we; and we note one on what else the call changed.
"""

import re

import h5py
from h5py import h5s, h5t

from compare_digests import compare
from digest_h5py import digest

STAMP = re.compile(r"20\d{6}T\d{6}\.\d{6}Z")
TIME = "/attrs/last_modified"
DATE = "/attrs/CreationDate"


def string_type(tid):
    """How text is stored, which its digest does not say."""
    if tid.get_class() != h5t.STRING:
        return None
    width = "variable" if tid.is_variable_str() else [tid.get_size(), tid.get_strpad()]
    return {"width": width, "charset": tid.get_cset()}


def storage(obj):
    """What loompy fixes about a dataset beside chunks and filters."""
    plist, space = obj.get_create_plist(), obj.get_space()
    limits = list(space.get_simple_extent_dims(True)) if space.get_simple_extent_ndims() else []
    return {
        "max": ["unlimited" if n == h5s.UNLIMITED else int(n) for n in limits],
        "levels": [list(plist.get_filter(i)[2]) for i in range(plist.get_nfilters())],
        "string": string_type(obj.get_type()),
    }


class Content:
    """The objects of a file, and its modification times apart: path to time."""

    def __init__(self, path):
        self.stamps, self.dates = {}, {}
        self.document = digest(path)
        objects = []
        with h5py.File(path, "r") as f:
            for entry in self.document["objects"]:
                where = entry["path"]
                obj = f[where]
                if where in (TIME, DATE):
                    (self.stamps if where == TIME else self.dates)[where] = as_text(obj[()])
                    if where == TIME:
                        continue
                    del entry["sha256"]
                attrs = entry.get("attrs", {})
                for name in ("last_modified", "CreationDate"):
                    if name not in attrs:
                        continue
                    value = as_text(obj.attrs[name])
                    if name == "last_modified":
                        self.stamps[where] = value
                        del attrs[name]
                    else:
                        self.dates[where] = value
                        del attrs[name]["sha256"]
                for name, attr in attrs.items():
                    attr["string"] = string_type(h5py.h5a.open(obj.id, name.encode()).get_type())
                if entry["kind"] == "dataset":
                    entry.update(storage(obj.id))
                objects.append(entry)
        self.document["objects"] = objects


def as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def differences(loompy, ours, before, made):
    """Yields what is wrong with our file, given that of loompy and the one both began with (or None).

    `made`: the paths of what the calls wrote or removed, on which we may note the time.
    """
    for where, what in compare(loompy.document, ours.document):
        yield f"{where}: {what} (A is loompy's)"
    old = before.stamps if before else {}
    for where, time in [*ours.stamps.items(), *ours.dates.items()]:
        if time != old.get(where) and not STAMP.fullmatch(time) and where not in (before.dates if before else {}):
            yield f"{where}: {time!r} is no time"
    changed = [{path for path, time in c.stamps.items() if time != old.get(path)} for c in (loompy, ours)]
    for path in sorted(changed[0] - changed[1]):
        yield f"{path}: loompy notes the time of the change, ours does not"
    allowed = {"/", TIME, *made, *(path.rsplit("/", 1)[0] for path in made)}
    for path in sorted(changed[1] - changed[0] - allowed):
        if path.rsplit("/", 1)[0] + "/*" in made or path == "/matrix" and "/layers/*" in made:
            continue
        yield f"{path}: ours notes a change where there was none"
    for path in sorted(old.keys() & loompy.stamps.keys() - ours.stamps.keys()):
        yield f"{path}: the time is gone"
    if before is not None and not (changed[1] & {"/", TIME}):
        yield "/: no time of the change"
