#!/usr/bin/env bash
# Kills, power failures and full disks from outside: a real program on a real file system, judged by
# scripts that know nothing of our code and by h5py. Wants the environment of oracle/setup.sh (.venv)
# and the scripts of ../shared/reliability; says so and passes where they are not there. Under three
# minutes; more of each with RELIABILITY=10 or so.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/..
scripts=${RELIABILITY_SCRIPTS:-$root/../shared/reliability}
python=${PYTHON:-$root/.venv/bin/python}
times=${RELIABILITY:-1}
if [ ! -e "$scripts/kill_test.py" ]; then
    echo "reliability: skipped, $scripts is not there"
    exit 0
fi
cd "$root"
cargo build --release -q -p h5lite --example edit
cargo build --release -q -p loom-cli
target=$(cargo metadata --format-version 1 --no-deps | "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
edit=$target/release/examples/edit
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" "$scripts/loompy_ops.py" make "$scratch/large.loom"
"$python" "$scripts/loompy_ops.py" make "$scratch/small.loom" --rows 200 --cols 150
failed=0

# Runs one of the scripts on a command and looks for a verdict that must not be in its JSON.
judge() {
    local name=$1 base=$2 operation=$3 command=$4 script=$5
    shift 5
    if ! "$python" "$scripts/$script" --base "$scratch/$base" --op "$command" \
        --json "$scratch/result.json" "$@" >"$scratch/log" 2>&1; then
        echo "$name, $operation: FAILED"
        tail -5 "$scratch/log"
        failed=1
        return
    fi
    "$python" - "$name, $operation" "$scratch/result.json" <<'PY' || failed=1
import json, sys

name, result = sys.argv[1], json.load(open(sys.argv[2]))["result"]
counts = {}
for verdict, count in result.items():
    if isinstance(count, dict):
        for inner, number in count.items():
            counts[f"{verdict} {inner}"] = number
    else:
        counts[verdict] = count
good = {"old", "new", "ok-old", "ok-new", "kill old", "kill new", "power old", "power new", "after-exit new"}
print(f"{name}:", ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))
sys.exit(not counts or any(verdict not in good for verdict in counts))
PY
}

for operation in grow attributes rewrite; do
    command="$edit {file} $operation"
    ours="$edit {file} digest"
    theirs="$python $scripts/digest_h5.py {file} --ignore \$^"
    judge "kills" large.loom "$operation" "$command" kill_test.py --digest "$ours" --ready READY -n $((20 * times))
    judge "kills, h5py reads" small.loom "$operation" "$command" kill_test.py --digest "$theirs" --ready READY -n $((4 * times)) --seed 2
    if command -v strace >/dev/null; then
        judge "crash states" small.loom "$operation" "$command" crash_enum.py --digest "$ours" --max-states $((80 * times))
        judge "I/O errors" small.loom "$operation" "$command" enospc_test.py --digest "$ours" --mode inject --errno EIO --points $((6 * times))
    else
        echo "crash states: skipped, there is no strace"
    fi
    if mount -t tmpfs -o size=8192 tmpfs "$scratch" 2>/dev/null; then
        umount "$scratch"
        judge "full disk" large.loom "$operation" "$command" enospc_test.py --digest "$ours" --mode tmpfs --points $((4 * times))
    else
        echo "full disk: skipped, only root can make one"
    fi
done
# The program itself. It says nothing before its first write: the clock starts with the process.
loom=$target/release/loom
cat >"$scratch/digest" <<'SH'
#!/usr/bin/env bash
set -euo pipefail
# When something was made or changed is another time in each run.
"$1" digest --ignore last_modified "$2" | grep -v 'last_modified\|CreationDate\|^DIGEST' | sha256sum | sed 's/^/DIGEST /'
SH
chmod +x "$scratch/digest"
"$python" "$scripts/loompy_ops.py" make "$scratch/other.loom" --cols 700
"$python" -c "
import numpy
numpy.save('$scratch/layer.npy', numpy.random.default_rng(1).poisson(0.3, (3000, 2000)).astype('float32'))
numpy.savetxt('$scratch/order', numpy.random.default_rng(2).permutation(2000), '%d')
"
declare -A verbs=(
    [append]="$loom append {file} $scratch/other.loom --key Gene"
    [permute]="$loom permute {file} --axis 1 --order $scratch/order --in-place"
    [set]="$loom set {file} layer:spliced --from $scratch/layer.npy"
    # The old file is in the place of the new.
    [aggregate]="$loom aggregate $scratch/large.loom -o {file} --by Clusters --fun mean --force"
)
for verb in "${!verbs[@]}"; do
    judge "kills" large.loom "loom $verb" "${verbs[$verb]}" kill_test.py \
        --digest "$scratch/digest $loom {file}" -n $((10 * times))
done
exit "$failed"
