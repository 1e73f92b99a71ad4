#!/usr/bin/env bash
# Line coverage of h5lite and loom-core under the tests of the workspace: which lines of each file are not
# run, and how many are of each crate and of what writes a file. Fails under the goals at the end.
# Wants cargo-llvm-cov (also in .venv-tools) and the tools of rustc's own version of LLVM, for whose folder
# LLVM stands (default: Debian's). Takes ten minutes on 2 cores, and 1 GB beside the other builds.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv-tools/bin:$PATH CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=none
# The program is run 1,400 times: four profiles of it, not as many.
export LLVM_PROFILE_FILE_NAME=loom-%4m.profraw
# Two threads that count the same lines wait for each other: a trap of a second takes seven.
export HOSTILE_SECONDS=30
version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
llvm=${LLVM:-/usr/lib/llvm-$version/bin}
export LLVM_COV=$llvm/llvm-cov LLVM_PROFDATA=$llvm/llvm-profdata
"$LLVM_COV" --version >/dev/null || { echo "coverage: no LLVM $version in $llvm: apt-get install llvm-$version" >&2; exit 2; }
cargo llvm-cov --version >/dev/null || { echo "coverage: no cargo-llvm-cov" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CARGO_LLVM_COV_TARGET_DIR=$PWD/target/llvm-cov-target
# What earlier runs built would tell of older sources.
find "$CARGO_LLVM_COV_TARGET_DIR"/debug/deps -maxdepth 1 -type f -executable ! -name '*.so' -delete 2>/dev/null || true
cargo llvm-cov --no-report --workspace --exclude loom-bench --exclude loom-plot >&2
"$LLVM_PROFDATA" merge --sparse -o "$scratch/profile" "$CARGO_LLVM_COV_TARGET_DIR"/*.profraw
# One program at a time: of a function that was inlined into the tests of another crate, its own crate knows only
# that it was not called there, and of several programs llvm-cov believes the first.
for program in "$CARGO_LLVM_COV_TARGET_DIR"/debug/deps/*; do
    if [ -x "$program" ] && [[ $program != *.so ]]; then
        "$LLVM_COV" export --format=lcov --instr-profile="$scratch/profile" "$program" \
            --sources crates/h5lite/src crates/h5lite-filters/src crates/loom-core/src 2>/dev/null
    fi
done >"$scratch/lcov"
python3 - "$scratch/lcov" <<'PY'
import re, sys

# What writes a file: these, and in format/ and the filters what encodes.
WRITING = re.compile(
    r"h5lite/src/(edit/|store/|writable|replace|.*encode|format/btree_v1/build)|h5lite-filters/src/deflate/(compress|codes)"
    r"|loom-core/src/(edit/|ops/(add_columns|add_loom|combine/|permute|subset))"
)
ENCODES = r"impl\b.*\b\w*(Encoder|Builder|BitWriter)\b|.*\bfn (encode|put|append|deflate|shuffle)\w*\b"
# What is not covered, but covers: modules of tests, and what only tests use.
TESTS = re.compile(r"/(tests|crash_tests|testing)/|/(tests|store/crash|store/faulty|deflate/referee)\.rs$")
FOR_TESTS = r"#\[cfg\((any\()?test\b"


def items(lines, start):
    """The numbers of the lines of items that start so: up to where the indentation is back, and the item ends."""
    found, indent = set(), None
    for number, line in enumerate(lines, 1):
        code = line.lstrip()
        if indent is None and re.match(start, code):
            indent = len(line) - len(code)
        if indent is not None:
            found.add(number)
            if len(line) - len(code) == indent and re.search(r"^[^/].*;$|}$", code):
                indent = None
    return found


def ranges(numbers):
    groups = []
    for number in numbers:
        if groups and groups[-1][1] == number - 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    return " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in groups)


runs = {}
for record in open(sys.argv[1]).read().split("end_of_record"):
    if path := re.search(r"^SF:(.*)$", record, re.M):
        of_file = runs.setdefault(path[1], {})
        for line, count in re.findall(r"^DA:(\d+),(\d+)", record, re.M):
            of_file[int(line)] = of_file.get(int(line), False) or int(count) > 0
files, totals = [], {"h5lite": [0, 0, 90], "loom-core": [0, 0, 90], "what writes in both": [0, 0, 97]}
for path, of_file in runs.items():
    name = path.rsplit("/crates/", 1)[-1]
    if TESTS.search(name):
        continue
    lines = open(path).read().splitlines()
    ours = of_file.keys() - items(lines, FOR_TESTS)
    writes = ours if WRITING.match(name) else set()
    if re.search("/format/|-filters/", name):
        writes = writes or ours & items(lines, ENCODES)
    for title, chosen in ((name.split("/")[0].removesuffix("-filters"), ours), ("what writes in both", writes)):
        totals[title][0] += sum(of_file[line] for line in chosen)
        totals[title][1] += len(chosen)
    files.append((name, len(ours), sorted(line for line in ours if not of_file[line]), writes))
for name, count, missed, writes in sorted(files, key=lambda file: -len(file[2])):
    if missed:
        writing = sum(line in writes for line in missed)
        print(f"{len(missed):4} of {count:4} not run{f', {writing} of what writes' if writing else ''}: {name}  {ranges(missed)}")
for title, (run, count, goal) in totals.items():
    print(f"{100 * run / count:6.2f} % of {count} lines: {title}, at least {goal} %")
sys.exit(any(100 * run < goal * count for run, count, goal in totals.values()))
PY
