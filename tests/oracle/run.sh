#!/usr/bin/env bash
# The checks against h5py and loompy. Wants the environment of setup.sh (.venv) and builds what it
# needs. The last line counts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
python=$root/.venv/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$root"
# Other HDF5 libraries: the tools of 1.10, an h5py of 2022 on 1.10, and R's hdf5r.
old_python=/usr/bin/python3
if ! { command -v h5dump && command -v Rscript && "$old_python" -c 'import h5py'; } >/dev/null 2>&1; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends hdf5-tools r-cran-hdf5r python3-h5py; } >/dev/null
fi
cargo build --release -q -p loom-cli
cargo build --release -q -p loom-core --examples
cargo build --release -q -p h5lite --examples
target=$(cargo metadata --format-version 1 --no-deps | "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
loom=$target/release/loom
passed=0 failed=0

# The content of a file as we read it against the content as h5py reads it now.
compare() {
    "$loom" digest --json "$1" > "$scratch/ours.json"
    "$python" "$here/digest_h5py.py" "$1" > "$scratch/h5py.json"
    if "$python" "$here/compare_digests.py" "$scratch/h5py.json" "$scratch/ours.json"; then
        passed=$((passed + 1))
    else
        echo "differs from h5py: $1"
        failed=$((failed + 1))
    fi
}
for file in fixtures/*.h5 fixtures/*.loom; do compare "$file"; done
"$python" fixtures/producers/large.py "$scratch/large"
for file in "$scratch"/large/*; do compare "$file"; done
echo "digests: $passed passed, $failed failed"

"$python" "$here/recover.py" "$loom" 40 || failed=$((failed + 1))
# What crashes leave of our commits, read by libhdf5 2 and 1.10.
H5LITE_CRASH_IMAGES=$scratch/crashes cargo test -q -p h5lite --lib a_crash_leaves > "$scratch/log" || { cat "$scratch/log"; exit 1; }
for interpreter in "$python" "$old_python"; do "$interpreter" "$here/crash_images.py" "$scratch/crashes"; done

"$python" "$here/parity_loompy.py" "$target/release/examples/parity"
"$python" "$here/verbs.py" "$loom"
"$python" "$here/stats.py" "$loom"
"$here/setup.sh" "$root/.venv-anndata" "$here/requirements-anndata.txt"
"$python" "$here/convert.py" "$loom"
"$here/setup.sh" "$root/.venv-anndata-old" "$here/requirements-anndata-old.txt"
for interpreter in "$root"/.venv-anndata{,-old}/bin/python; do "$interpreter" -W ignore "$here/convert_h5ad.py" "$loom"; done
"$here/setup.sh" "$root/.venv-tables" "$here/requirements-tables.txt"
"$root/.venv-tables/bin/python" -W ignore "$here/tables.py" "$loom" fixtures/*.loom
"$here/setup.sh" "$root/.venv-zarr" "$here/requirements-zarr.txt"
"$root/.venv-zarr/bin/python" "$here/kerchunk.py" "$loom" fixtures/*.h5 fixtures/*.loom
"$python" "$here/parity_changes.py" "$target/release/examples/change"
"$python" "$here/write_interop.py" "$target/release" --quick --old-python "$old_python"
[ "$failed" -eq 0 ]
