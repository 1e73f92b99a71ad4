#!/usr/bin/env bash
# Damages five files so many times each and reads what comes out:  tests/mutants.sh [COUNT]
# A signal, a panic, a second for one file, or 64 MiB more than the undamaged file takes, fails. Wants
# the environment of oracle/setup.sh (.venv) and the scripts of ../shared/reliability; says so and
# passes where they are not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/..
scripts=${RELIABILITY_SCRIPTS:-$root/../shared/reliability}
python=${PYTHON:-$root/.venv/bin/python}
count=${1:-20000}
slowest=${MUTANTS_SECONDS:-1}
if [ ! -e "$scripts/mutate_test.py" ]; then
    echo "mutants: skipped, $scripts is not there"
    exit 0
fi
cd "$root"
cargo build --release -q -p loom-cli
target=$(cargo metadata --format-version 1 --no-deps | "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" "$here/oracle/mutant_seeds.py" "$scratch/seeds" >/dev/null
failed=0
for seed in "$scratch"/seeds/*; do
    "$python" "$scripts/mutate_test.py" "$seed" -n "$count" --cmd "$target/release/loom digest {file}" \
        --seed "${MUTANTS_SEED:-1}" --json "$scratch/result.json" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
    "$python" - "$scratch/log" "$scratch/result.json" "$slowest" <<'PY' || failed=1
import json, re, sys

first = open(sys.argv[1]).readline().strip()
result = json.load(open(sys.argv[2]))
clean = int(re.search(r"peak (\d+) MiB", first)[1])
counts, seconds, peak = result["result"], result["worst_seconds"], result["worst_peak_mib"]
print(f"{first}; {counts}, {result['crashes']}, worst {seconds} s, {peak} MiB")
bad = {"crash", "hang", "memory"} & counts.keys()
sys.exit(bool(bad) or seconds > float(sys.argv[3]) or peak > clean + 64)
PY
done
exit "$failed"
