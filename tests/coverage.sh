#!/usr/bin/env bash
# Line coverage of h5lite and loom-core under cargo test, file by file, and of the lines that write a
# file. Wants cargo-llvm-cov and the llvm tools, whose folder LLVM names (default: Debian's llvm-19).
set -euo pipefail
cd "$(dirname "$0")/.."
llvm=${LLVM:-/usr/lib/llvm-19/bin}
export LLVM_COV=$llvm/llvm-cov LLVM_PROFDATA=$llvm/llvm-profdata
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cargo llvm-cov --lcov --output-path "$scratch/lcov" -p h5lite -p loom-core -p loom-cli >&2
python3 - "$scratch/lcov" <<'PY'
import re, sys

WRITING = ("h5lite/src/edit/", "h5lite/src/store/", "h5lite/src/writable.rs", "h5lite/src/replace.rs", "loom-core/src/edit/")
TESTS = ("/tests/", "/crash_tests/", "/tests.rs", "/testing/", "deflate/referee.rs", "store/crash.rs", "store/faulty.rs")
files = {}
for record in open(sys.argv[1]).read().split("end_of_record"):
    path = re.search(r"^SF:(.*)$", record, re.M)
    name = path and path[1].rsplit("/crates/", 1)[-1]
    if not name or any(part in name for part in TESTS):
        continue
    # The tests at the end of a file are not what is covered.
    source = open(path[1]).read()
    tests = re.search(r"^#\[cfg\(test\)\]\nmod ", source, re.M)
    end = source.count("\n", 0, tests.start()) + 1 if tests else float("inf")
    lines = [(int(line), int(runs)) for line, runs in re.findall(r"^DA:(\d+),(\d+)", record, re.M)]
    files[name] = [runs > 0 for line, runs in lines if line < end]
for name, lines in sorted(files.items(), key=lambda file: sum(file[1]) / max(1, len(file[1]))):
    print(f"{100 * sum(lines) / max(1, len(lines)):6.1f} %  {lines.count(False):5} of {len(lines):5} not run  {name}")
for title, starts in (("h5lite", ("h5lite/",)), ("loom-core", ("loom-core/",)), ("what writes in both", WRITING)):
    chosen = [run for name, lines in files.items() if name.startswith(starts) for run in lines]
    print(f"{100 * sum(chosen) / len(chosen):6.2f} % of {len(chosen)} lines: {title}")
PY
