#!/usr/bin/env bash
# The tests of h5lite and loom-core on machines of another kind, under emulation where it is needed:
#
#     tests/cross.sh [TARGET...]      # default: i686-unknown-linux-gnu s390x-unknown-linux-gnu
#
# i686 has 32-bit addresses, s390x stores the most significant byte first. aarch64, armv7 and powerpc64 are known too.
# The standard library of the target is built from Debian's rust-web-src with the compiler it belongs
# to (rustc-web, Debian security updates; unpacked into .cross, not installed). Wants Debian, cargo and apt-get.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A gcc=([i686]=i686-linux-gnu [s390x]=s390x-linux-gnu [aarch64]=aarch64-linux-gnu [armv7]=arm-linux-gnueabihf [powerpc64]=powerpc64-linux-gnu)
declare -A libc=([i686]=i386 [s390x]=s390x [aarch64]=arm64 [armv7]=armhf [powerpc64]=ppc64)
declare -A qemu=([i686]=i386 [s390x]=s390x [aarch64]=aarch64 [armv7]=arm [powerpc64]=ppc64)
[ $# -gt 0 ] || set -- i686-unknown-linux-gnu s390x-unknown-linux-gnu

packages=()
for target in "$@"; do
    machine=${target%%-*}
    tools=${gcc[$machine]:?cross.sh does not know $target}
    command -v "$tools-gcc" >/dev/null || packages+=("gcc-$tools" "libc6-dev-${libc[$machine]}-cross")
    command -v "qemu-${qemu[$machine]}-static" >/dev/null || packages+=(qemu-user-static)
done
if [ ${#packages[@]} -gt 0 ]; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null
fi
if [ ! -x .cross/unpacked/usr/bin/rustc ]; then
    mkdir -p .cross/debs
    (
        cd .cross/debs
        library=$(apt-cache depends libstd-rust-web-dev | awk '/Depends: libstd-rust-web-/ { print $2 }')
        llvm=$(apt-cache depends "$library" | awk '/Depends: libllvm/ { print $2 }')
        apt-get download -qq rustc-web "$library" libstd-rust-web-dev "$llvm" rust-web-src
        for package in *.deb; do dpkg-deb -x "$package" ../unpacked; done
    ) 2>/dev/null
fi

usr=$PWD/.cross/unpacked/usr
export RUSTC=$usr/bin/rustc LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=target/cross CARGO_PROFILE_DEV_DEBUG=0 PROPTEST_CASES=${PROPTEST_CASES:-16}
for target in "$@"; do
    machine=${target%%-*}
    name=$(tr 'a-z-' 'A-Z_' <<<"$target")
    export "CARGO_TARGET_${name}_LINKER=${gcc[$machine]}-gcc"
    library=/usr/${gcc[$machine]}/lib runner="qemu-${qemu[$machine]}-static -L /usr/${gcc[$machine]}"
    # A kernel that runs 32-bit programs needs no emulation for them.
    if [ "$machine" = i686 ] && "$library/ld-linux.so.2" --version >/dev/null 2>&1; then
        runner="$library/ld-linux.so.2 --library-path $library"
    fi
    export "CARGO_TARGET_${name}_RUNNER=$runner"
    echo "== $target"
    cargo test -q --no-fail-fast -Zbuild-std -p h5lite-filters -p h5lite -p loom-core --lib --tests --target "$target"
done
