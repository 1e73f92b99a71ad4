"""Damages files and compares what we and h5py still read of each:  mutant_differences.py LOOM SEED... [-n N] [--seed S] [--keep DIR]

Wants mutate_test.py of the reliability scripts beside, in RELIABILITY_SCRIPTS. Lists every object or attribute for which both
return data and it is not the same; counts those that only one of the two reads, by the reason the other gives.
"""
import argparse
import collections
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("loom")
parser.add_argument("seeds", nargs="+")
parser.add_argument("-n", type=int, default=1000, help="mutants of each file")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--keep", help="folder for the mutants that differ")
options = parser.parse_args()

from compare_digests import by_path, differences  # noqa: E402
from digest_h5py import digest  # noqa: E402

scripts = os.environ["RELIABILITY_SCRIPTS"]
source = open(os.path.join(scripts, "mutate_test.py")).read()
sys.argv = ["mutate_test.py", "none"]
mutate = {"__file__": os.path.join(scripts, "mutate_test.py"), "__name__": "mutate"}
exec(source[: source.index("\ndef limits")], mutate)


def theirs(path):
    """What h5py reads, in a process of its own: it may crash, hang, or take all memory."""
    with tempfile.TemporaryFile() as out:
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(10)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                text = json.dumps({"objects": digest(path)["objects"]})
            except BaseException as problem:  # noqa: B036
                text = json.dumps({"error": f"{type(problem).__name__}: {problem}"})
            os.write(out.fileno(), text.encode())
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status:
            return {"error": f"h5py ends with signal {os.WTERMSIG(status)}"}
        out.seek(0)
        return json.load(out)


def ours(path):
    done = subprocess.run([options.loom, "digest", "--json", path], capture_output=True)
    if done.returncode:
        return {"error": done.stderr.decode(errors="replace").strip()}
    return json.loads(done.stdout)


def reason(text):
    """An error without the numbers and names of one file."""
    text = re.sub(r"^.*?/m\.h5: ", "", text)
    return re.sub(r"'[^']*'|\"[^\"]*\"|0x[0-9a-f]+|\d+", "#", text)[:110]


def errors(value):
    """The reasons in an entry, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "error" and isinstance(inner, str):
                yield inner
            else:
                yield from errors(inner)


counts, alone, found = collections.Counter(), collections.Counter(), 0
with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch:
    path = os.path.join(scratch, "m.h5")
    for seed in options.seeds:
        name, blob = os.path.basename(seed), open(seed, "rb").read()
        for number, _, kind, mutant in mutate["mutants"]([blob], options.n, options.seed):
            with open(path, "wb") as file:
                file.write(mutant)
            a, b = ours(path), theirs(path)
            if "error" in a or "error" in b:
                which = "neither opens it" if "error" in a and "error" in b else "only h5py opens it" if "error" in a else "only we open it"
                counts[which] += 1
                if which != "neither opens it":
                    alone[which, reason((a if "error" in a else b)["error"])] += 1
                continue
            counts["both open it"] += 1
            first, second = by_path(a["objects"]), by_path(b["objects"])
            differs = []
            for key in first.keys() | second.keys():
                if key not in first or key not in second:
                    # Not reached, for a reason that stands at a group above it.
                    side, other = ("h5py", a) if key in second else ("us", b)
                    above = [text for entry in other["objects"] if key[0].startswith(entry["path"]) for text in errors(entry)]
                    if above:
                        alone[f"objects only {side} lists", reason(above[0])] += 1
                    else:
                        differs.append((key[0], f"only {side} lists it, and the other gives no reason"))
                    continue
                unread = {"h5py": first[key], "us": second[key]}  # only the other reads it
                unread = {side: entry["error"] for side, entry in unread.items() if entry["kind"] == "unknown"}
                if unread:
                    for side, text in unread.items() if len(unread) == 1 else ():
                        alone[f"objects only {side} reads", reason(text)] += 1
                    continue
                for where, what in differences(first[key], second[key], key[0]):
                    side, lacking = ("h5py", first[key]) if what.startswith("only in B") else ("us", second[key])
                    why = list(errors(lacking)) if what.startswith("only in") else []
                    if why and not where.endswith(" error"):
                        alone[f"read only by {side}", reason(why[0])] += 1
                    if why or where.endswith(" error") or '"error": ' in what:
                        continue
                    differs.append((where, what))
            counts["in which something differs"] += bool(differs)
            for where, what in differs:
                found += 1
                print(f"{name} {number} ({kind}): {where}: {what}", flush=True)
            if differs and options.keep:
                os.makedirs(options.keep, exist_ok=True)
                with open(os.path.join(options.keep, f"{name}-{number}"), "wb") as file:
                    file.write(mutant)
for which, count in counts.most_common():
    print(f"{count:6} {which}")
for (which, why), count in sorted(alone.items(), key=lambda item: (item[0][0], -item[1])):
    print(f"{count:6} {which}: {why}")
sys.exit(bool(found))
