"""Damages files and lets `loom recover` save what it can:  recover.py LOOM [COUNT]

Half of the files are cut off at a random place, in half one structure is overwritten with random bytes. Whatever h5py
itself can still read right in the damaged file (told where its end is, if it was cut off) must be in the recovered file
with the same values. Of all datasets of the originals, the fraction that came back whole is printed.
"""
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SIGNATURES = (b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"FRHP", b"BTHD", b"FADB", b"FAHD", b"EAHD", b"EADB", b"EAIB")


def values(file):
    """The values of every dataset that can be read, as bytes or lists, by path."""
    found = {}

    def read(name, object):
        if isinstance(object, h5py.Dataset):
            try:
                value = object[()]
            except Exception:  # noqa: BLE001
                return
            found[name] = (str(object.dtype), repr(np.asarray(value, object).tolist()) if object.dtype.hasobject else np.asarray(value).tobytes())

    def walk(group, path):
        try:
            names = list(group)
        except Exception:  # noqa: BLE001
            return
        for name in names:
            inner = f"{path}/{name}"
            try:
                object = group[name]
            except Exception:  # noqa: BLE001
                continue
            read(inner, object)
            if isinstance(object, h5py.Group) and path.count("/") < 5:
                walk(object, inner)

    walk(file, "")
    return found


def in_child(path):
    """What h5py reads of a damaged file, in a process of its own: it may crash or hang."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(10)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            with h5py.File(path, "r") as file:
                found = values(file)
            with os.fdopen(writer, "w") as out:
                out.write(repr(found))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return eval(text) if text else {}  # noqa: S307


def damage(clean, i, rnd):
    """The damaged bytes, and the same for h5py's eyes: with the end of the file where it now is."""
    damaged = bytearray(clean)
    if i % 2 == 0:
        del damaged[rnd.randrange(600, len(clean)):]
    else:
        places = [at for at in range(96, len(clean)) if clean[at:at + 4] in SIGNATURES]
        at = rnd.choice(places)
        length = rnd.choice([4, 16, 64])
        damaged[at:at + length] = rnd.randbytes(length)
    shown = bytearray(damaged)
    if clean[8] == 0 and len(damaged) < len(clean):
        struct.pack_into("<Q", shown, 40, len(shown))
    return bytes(damaged), bytes(shown)


def main():
    loom, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rnd = random.Random(1)
    folder = tempfile.mkdtemp()
    subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "mutant_seeds.py"), f"{folder}/seeds"], check=True, capture_output=True)
    seeds = sorted(os.path.join(folder, "seeds", name) for name in os.listdir(f"{folder}/seeds"))
    originals = []
    for seed in seeds:
        with h5py.File(seed, "r") as file:
            originals.append((open(seed, "rb").read(), values(file)))
    whole = total = readable = missing = 0
    for i in range(count):
        clean, expected = originals[i // 2 % len(originals)]
        damaged, shown = damage(clean, i, rnd)
        place, out = os.path.join(folder, "damaged"), os.path.join(folder, "out")
        with open(place, "wb") as file:
            file.write(shown)
        theirs = {name for name, value in in_child(place).items() if expected.get(name) == value}
        with open(place, "wb") as file:
            file.write(damaged)
        run = subprocess.run([loom, "recover", place, "-o", out], capture_output=True, text=True, timeout=60)
        assert run.returncode in (0, 1, 2), (i, run.stderr)
        ours = {}
        if run.returncode < 2:
            with h5py.File(out, "r") as file:
                ours = values(file)
        same = {name for name in expected if ours.get(name) == expected[name]}
        # What is not carried over from whole files is not the damage's doing.
        carried = {name for name in expected if not any(word in expected[name][0] for word in ("[(", "{'", "void"))}
        lost = (theirs & carried & {name for name in theirs if "/lists" not in name}) - same
        if lost:
            print(f"file {i}: h5py reads, we do not: {sorted(lost)}; {run.stdout.strip()[-400:]} {run.stderr.strip()[-200:]}")
        whole += len(same)
        total += len(expected)
        readable += len(theirs & carried)
        missing += len(lost)
    print(f"{count} damaged files: {whole} of {total} datasets came back whole ({whole / total:.1%}); "
          f"{missing} of the {readable} that h5py can still read are missing")
    sys.exit(missing > 0)


main()
