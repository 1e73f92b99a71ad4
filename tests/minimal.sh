#!/usr/bin/env bash
# Whether everything still compiles with the oldest versions of its dependencies that the manifests allow, and h5lite and
# loom-core pass their unit tests. Works on a copy of the last commit. Wants a nightly compiler, which alone can choose them.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$PWD/target/minimal
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git clone -q . "$copy"
cd "$copy"
export CARGO_TARGET_DIR=$target CARGO_PROFILE_DEV_DEBUG=0
cargo +nightly update -q -Z direct-minimal-versions
cargo +nightly check -q --workspace --all-targets
cargo +nightly test -q -p h5lite-filters -p h5lite -p loom-core --lib
