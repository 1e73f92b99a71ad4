"""Locks: whoever has a file open, we and h5py let each other in and keep each other out alike."""

import os
import shutil
import subprocess
import sys
import time

HOLD_H5PY = """
import sys, h5py
try:
    file = h5py.File(sys.argv[1], sys.argv[2])
except OSError as error:
    print(error, flush=True)
    sys.exit(1)
print("open", flush=True)
sys.stdin.read()
if sys.argv[2] == "r+":
    file.attrs["held"] = 1
file.close()
"""
NOBODY = 65534


class Holder:
    """A program that has the file open, unless it was refused: `answer` says which."""

    def __init__(self, command, setting=None, user=None):
        environment = {k: v for k, v in os.environ.items() if k != "HDF5_USE_FILE_LOCKING"}
        if setting:
            environment["HDF5_USE_FILE_LOCKING"] = setting
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=environment, user=user, **pipes)
        self.answer = self.process.stdout.readline().strip()

    def close(self) -> int:
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


def run(programs: str, fixtures: str, folder: str):
    """Yields (name, problem or None) for each check."""
    hold = os.path.join(programs, "examples", "hold")
    path = os.path.join(folder, "locked.loom")

    def ours(mode, setting=None, seconds=None, user=None, file=path):
        return Holder([hold, file, mode, *([str(seconds)] if seconds else [])], setting, user)

    def theirs(mode, setting=None):
        return Holder([sys.executable, "-c", HOLD_H5PY, path, mode], setting)

    def matrix():
        for first, one in (("ours", ours), ("h5py", theirs)):
            for second, other in (("ours", ours), ("h5py", theirs)):
                for held in ("r", "r+"):
                    for wanted in ("r", "r+"):
                        for setting in (None, "BEST_EFFORT", "TRUE", "FALSE"):
                            holder, late = one(held), other(wanted, setting)
                            case = f"{first} {held}, then {second} {wanted} with locking {setting}: {late.answer}"
                            admitted = late.answer == "open"
                            late.close()
                            # HDF5 2.0 tells by its own means that an r+ file is open; only locks count here.
                            assert holder.answer == "open", f"{case}: {holder.answer}"
                            assert holder.close() == 0 or setting == "FALSE", case
                            assert admitted == (setting == "FALSE" or held == wanted == "r"), case
                            if not admitted and second == "ours":
                                lock = "shared lock" if wanted == "r" else "exclusive lock"
                                for part in (path, lock, "HDF5_USE_FILE_LOCKING=FALSE"):
                                    assert part in late.answer, f"{case} does not say {part}"
                            shutil.copyfile(os.path.join(fixtures, "loompy3.loom"), path)

    def waiting():
        holder = theirs("r+")
        started = time.monotonic()
        process = subprocess.Popen([hold, path, "r+", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)
        assert process.poll() is None, "it did not wait"
        holder.close()
        assert process.stdout.readline().strip() == "open" and time.monotonic() - started < 60
        process.communicate("")
        holder, late = theirs("r+"), ours("r", seconds=1)
        assert "shared lock" in late.answer, late.answer
        late.close()
        holder.close()

    def read_only():
        """A file, and a folder, that nobody may write to; a folder that only its files can be written in."""
        closed = os.path.join(folder, "closed")
        os.mkdir(closed)
        os.chmod(folder, 0o755)
        inside = shutil.copyfile(path, os.path.join(closed, "file.loom"))
        before = open(inside, "rb").read()
        os.chmod(inside, 0o444)
        os.chmod(closed, 0o555)
        try:
            for mode, fine in (("r", True), ("r+", False)):
                holder = ours(mode, user=NOBODY, file=inside)
                assert (holder.answer == "open") == fine, f"{mode}: {holder.answer}"
                assert fine or ("file.loom" in holder.answer and "for writing" in holder.answer), holder.answer
                holder.close()
            assert open(inside, "rb").read() == before
            os.chown(inside, NOBODY, NOBODY)
            os.chmod(inside, 0o644)
            holder = ours("r+", user=NOBODY, file=inside)
            assert holder.answer == "open" and holder.close() == 0, holder.answer
            assert open(inside, "rb").read() != before
        finally:
            os.chmod(closed, 0o755)
            shutil.rmtree(closed)

    shutil.copyfile(os.path.join(fixtures, "loompy3.loom"), path)
    steps = {"matrix": matrix, "waiting": waiting, "read only": read_only if os.geteuid() == 0 else None}
    for name, step in steps.items():
        problem = None
        if step is None:
            yield f"locks: {name} (only root can try, left out)", None
            continue
        try:
            step()
        except (AssertionError, OSError) as error:
            problem = f"{type(error).__name__}: {error}"
        yield f"locks: {name}", problem
    os.remove(path)
