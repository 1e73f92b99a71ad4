#!/usr/bin/env python3
"""Holds the files that this project changes against those that loompy 3.0.8 changes in the same way.

    cargo build --release -p loom-core --example change
    tests/oracle/setup.sh
    .venv/bin/python tests/oracle/parity_changes.py target/release/examples/change [--only TEXT] [--keep FOLDER]

Each case begins with one file for both, and makes the same calls on a copy with loompy and on a copy with our program;
then the two must be equal in everything that h5py shows (changes_compare.py). Where loompy is wrong, the case names the
faults; the comparison is then with loompy with just these repaired (changes_loompy.REPAIRS), and loompy as it is must
fail, or differ. Every file of ours is then opened by loompy, with validation, and used (changes_after.py).

Prints each difference, and last "N passed, N failed"; exit status 1 if one failed.
"""

import argparse
import collections
import itertools
import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import changes_after
import changes_cases
import changes_joined
import changes_loompy
from changes_compare import Content, differences
from changes_ours import Ours, Refused

warnings.simplefilter("ignore")
logging.disable()


def with_paths(call, files):
    """A line or call that names the other files by where the copies are."""
    out = dict(call)
    for key in ("file", "to"):
        if key in call and call.get("call") != "rename":
            out[key] = str(files[call[key]])
    if "files" in call:
        out["files"] = [str(files[name]) for name in call["files"]]
    if "combine" in call:
        out["combine"] = with_paths(call["combine"], files)
    if "calls" in call:
        out["calls"] = [with_paths(inner, files) for inner in call["calls"]]
    return out


class Bench:
    """The copies of a case's files, for one side."""

    def __init__(self, case, folder, side):
        self.path = folder / f"{side}.loom"
        self.others = {name: folder / f"{side}-{name}.loom" for name in case.others}
        for name, path in [("start", self.path), *self.others.items()]:
            origin = folder / f"{name}.loom"
            if origin.exists():
                shutil.copy(origin, path)
        self.result = folder / f"{side}-{case.result}.loom" if case.result else self.path
        self.lines = [with_paths(line, self.others | {case.result: self.result}) for line in case.lines]

    def make(self, run):
        for line in self.lines:
            run(str(self.path), line)
        return Content(str(self.result))


def problems(case, ours, folder):
    """Yields what is wrong with our side of a case."""
    before = None
    for name, make in [*case.others.items(), ("start", case.start)]:
        if make is not None:
            make(str(folder / f"{name}.loom"))
    if case.start is not None and not case.result:
        before = Content(str(folder / "start.loom"))
    made = set(changed_paths(case))
    try:
        mine = Bench(case, folder, "ours")
        content = mine.make(ours.run)
    except Refused as refused:
        if case.refused is None or case.refused not in str(refused):
            yield f"refused: {refused}"
        elif mine.path.read_bytes() != (folder / "start.loom").read_bytes():
            yield "refused, but the file was changed"
        return
    if case.refused is not None:
        yield f"not refused: {case.refused}"
    for name, path in mine.others.items():
        if path.read_bytes() != (folder / f"{name}.loom").read_bytes():
            yield f"the other file {name} was changed"
    wanted = Bench(case, folder, "loompy")
    with changes_loompy.repaired(case.differs, wanted.path):
        try:
            theirs = wanted.make(changes_loompy.run)
        except Exception as error:
            yield f"loompy fails: {type(error).__name__}: {error}"
            return
    yield from differences(theirs, content, before, made)
    if case.differs:
        try:
            plain = Bench(case, folder, "plain").make(changes_loompy.run)
        except Exception:  # loompy fails: that is the difference.
            return
        if not any(differences(plain, content, before, made)):
            yield f"loompy is not wrong here: {case.differs}"


def changed_paths(case):
    groups = {"ra": "row_attrs", "ca": "col_attrs"}
    for line in case.lines:
        for call in line.get("calls", [{"call": "create"}]):
            if call["call"] in ("set", "remove", "rename", "write"):
                group = groups.get(call.get("of", "layers"), call.get("of", "layers"))
                for key in ("name", "to", "layer"):
                    if key in call:
                        yield f"/{group}/{call[key]}" if call[key] or group != "layers" else "/matrix"
            else:
                with_everything = ["row_attrs", "col_attrs", "layers", "row_graphs", "col_graphs"]
                with_everything += ["attrs"] if call.get("convert_attrs") else []
                yield from (f"/{group}/*" for group in with_everything)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("program")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep")
    options = parser.parse_args()
    ours = Ours(options.program)
    score, used = collections.Counter(), collections.Counter()
    after = changes_after.After()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(options.keep or scratch)
        for number, case in enumerate(itertools.chain(changes_cases.every(), changes_joined.every())):
            if options.only not in case.name:
                continue
            folder = root / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            found = list(problems(case, ours, folder))
            used.update(case.differs)
            path = folder / (f"ours-{case.result}.loom" if case.result else "ours.loom")
            if path.exists():
                found += after.problems(path, case)
            score["failed" if found else "passed"] += 1
            for problem in found[:8]:
                print(f"FAIL {case.name}: {problem}", flush=True)
        for name, problem in after.others():
            score["failed" if problem else "passed"] += 1
            if problem:
                print(f"FAIL {name}: {problem}", flush=True)
    print("\nwhere loompy is wrong:")
    for name, count in sorted(used.items()):
        print(f"  {count:5} x {changes_loompy.REPAIRS[name][0]}: {changes_loompy.REPAIRS[name][1].__doc__ or ''}".rstrip(": "))
    print(f"changes: {score['passed']} passed, {score['failed']} failed")
    return 1 if score["failed"] or not score["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
