#!/usr/bin/env bash
# Fuzzes each target for so many seconds:  tests/fuzz.sh [SECONDS [TARGET...]]
# Wants the nightly toolchain and cargo-fuzz; says so and passes where one is not there. What is found
# goes to fuzz/artifacts/TARGET; mended, it is kept in fuzz/regressions/TARGET, which `cargo test`
# replays. The inputs that reached something new stay in fuzz/corpus for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-20}
shift || true
if ! rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    echo "fuzz: skipped, there is no nightly toolchain"
    exit 0
fi
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "fuzz: skipped, there is no cargo-fuzz (cargo install cargo-fuzz)"
    exit 0
fi
if [ $# = 0 ]; then
    set -- $(cargo +nightly fuzz list)
fi
cargo run -q -p loom-tests --example fuzz_seeds
cargo +nightly fuzz build >/dev/null 2>&1
failed=0
for target in "$@"; do
    log=$(mktemp)
    if cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -max_len=40000 >"$log" 2>&1; then
        echo "$target: $(grep -oE '^Done [0-9]+ runs' "$log"), edges $(grep -oE 'cov: [0-9]+' "$log" | tail -1)"
    else
        echo "$target: FAILED"
        tail -30 "$log"
        failed=1
    fi
    rm -f "$log"
done
exit "$failed"
