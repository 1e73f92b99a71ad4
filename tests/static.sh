#!/usr/bin/env bash
# The static program, without pictures, Arrow and Parquet, in an empty root directory: nothing but itself and
# a file. Says how large it is.
# Wants Linux on x86_64 with the GNU C library's static archives (libc6-dev), and root for chroot.
set -euo pipefail
cd "$(dirname "$0")/.."
target=x86_64-unknown-linux-gnu
folder=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/static
export CARGO_TARGET_DIR=$folder
# Functions of the same machine code are stored once, addresses to be relocated in few bytes; static.ld says what goes.
linker=(-z,pack-relative-relocs --icf=all --no-eh-frame-hdr -T,tests/static.ld)
export RUSTFLAGS='-C target-feature=+crt-static'
cargo rustc --profile dist -q -p loom-cli --bin loom --no-default-features --target "$target" -- "${linker[@]/#/-Clink-arg=-Wl,}"
loom=$folder/$target/dist/loom
ldd "$loom" 2>&1 | grep -Eq 'statically linked|not a dynamic executable' || { echo "static: $loom is linked dynamically"; exit 1; }
size=$(stat -c %s "$loom")
echo "static: $size bytes"
[ "$size" -lt 5000000 ] || { echo "static: over 5 MB"; exit 1; }

[ "$(id -u)" = 0 ] || { echo "static: chroot left out, only root can"; exit 0; }
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cp "$loom" fixtures/demo.loom "$empty"
cp fixtures/demo.loom "$empty/other.loom"
inside() { env -i "$(command -v chroot)" "$empty" /loom "$@"; }
outside() { "$loom" "$@"; }
# What it says in there is what it says out here, where everything is.
cp "$empty/demo.loom" "$empty/outside.loom"
diff <(inside info /demo.loom) <(outside info "$empty/demo.loom" | sed "s|$empty||")
inside validate /demo.loom
cmp <(inside export /demo.loom) <(outside export fixtures/demo.loom)
inside append /demo.loom /other.loom
outside append "$empty/outside.loom" fixtures/demo.loom
cmp <(inside export /demo.loom) <(outside export "$empty/outside.loom")
inside check /demo.loom
[ "$(ls "$empty" | wc -l)" = 4 ] || { ls "$empty"; echo "static: something was left behind"; exit 1; }
echo "static: info, validate, export, append and check work in an empty root"
