#!/usr/bin/env python3
"""Proves the writer against libhdf5: what we write, it reads and edits, and what it writes, we edit.

    write_interop.py PROGRAMS [--quick] [--sequences N] [--first SEED] [--only TEXT] [--old-python PYTHON]

PROGRAMS is the folder with our programs `loom`, `examples/script` and `examples/hold`, such as
target/release. Six parts: a file with everything we can write (interop_created.py), locks
(interop_locks.py), random sequences in which we and h5py take turns (interop_sequences.py; 300, with
--quick 60), a sparse file of 5 GiB ("large"), every fixture, edited
(interop_fixtures.py) and repacked (interop_repack.py).
--old-python lets an old h5py edit what we wrote. --only TEXT: one part, "created", "locks",
"sequence", "large", "fixture" or "repack" with a part of a name. Files of tests that failed are kept, in a
folder that is named.

The last line is "N passed, N failed"; the exit status is 1 if any failed.
"""

import argparse
import os
import sys
import tempfile

import interop_created
import interop_fixtures
import interop_locks
import interop_repack
import interop_sequences
from interop_ours import Ours

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures")


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("programs")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sequences", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--old-python")
    options = parser.parse_args()
    count = options.sequences if options.sequences is not None else 60 if options.quick else 300
    folder = tempfile.mkdtemp(prefix="write-interop-")
    ours = Ours(options.programs)
    parts = {
        "created": lambda: interop_created.run(ours, folder, options.old_python),
        "locks": lambda: interop_locks.run(options.programs, FIXTURES, folder),
        "sequence": lambda: interop_sequences.run(ours, folder, count, options.first),
        "large": lambda: interop_sequences.large(ours, folder),
        "fixture": lambda: interop_fixtures.run(ours, FIXTURES, folder, options.only.removeprefix("fixture")),
        "repack": lambda: interop_repack.run(ours, FIXTURES, folder, options.only.removeprefix("repack")),
    }
    passed = failed = 0
    for part, run in parts.items():
        if options.only and not options.only.startswith(part):
            continue
        for name, problem in run():
            if problem is None:
                passed += 1
            else:
                failed += 1
                print(f"FAILED {name}: {problem}", flush=True)
        print(f"{part}: done", flush=True)
    if failed:
        print(f"files are in {folder}")
    else:
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        os.rmdir(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
