#!/usr/bin/env python3
"""Holds this project's answers against loompy 3.0.8's, side by side.

    cargo build --release -p loom-core --example parity
    tests/oracle/setup.sh
    .venv/bin/python tests/oracle/parity_loompy.py target/release/examples/parity [FILE...]

Without files: every fixtures/*.loom and files made on the spot. Everything must be equal (numbers bit for bit, text
byte for byte) but for what parity_differences.py lists; there the value is demanded that the listed row calls for.
Prints each difference, and last "N passed, N failed"; exit status 1 if one failed.
"""

import collections
import sys
import tempfile
import warnings
from pathlib import Path

import parity_answers
import parity_expected
import parity_files
from parity_differences import DIFFERENCES

warnings.simplefilter("ignore")


class Score:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.used = collections.Counter()

    def check(self, where, ours, expected, difference=None):
        """Ours must be what was expected; `difference` is the row that this is expected for, not loompy."""
        if difference is not None:
            self.used[difference] += 1
            assert difference in DIFFERENCES, difference
        if ours == expected:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL {where}" + (f" [{difference}]" if difference else ""))
        print("\n".join(parity_answers.explain(ours, expected))[:2000])


def compare(score, binary, path, validate_only, folder):
    where = Path(path).name
    for name, ours, expected, difference in parity_expected.cases(binary, path, validate_only, folder):
        score.check(f"{where}: {name}", ours, expected, difference)


def main():
    binary, files = sys.argv[1], sys.argv[2:]
    score = Score()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        validate_only = []
        if not files:
            fixtures = Path(__file__).resolve().parents[2] / "fixtures"
            made, validate_only = parity_files.generate(folder)
            files = [*map(str, sorted(fixtures.glob("*.loom"))), *made]
        for path in files:
            compare(score, binary, path, False, folder)
        for path in validate_only:
            compare(score, binary, path, True, folder)
    print("\nwhere this project differs on purpose:")
    for key, count in sorted(score.used.items()):
        row, what = DIFFERENCES[key]
        print(f"  {count:5} x {row}: {what}")
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed or not score.passed else 0


if __name__ == "__main__":
    sys.exit(main())
