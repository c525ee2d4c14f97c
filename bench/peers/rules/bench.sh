#!/usr/bin/env bash
# The rules of bench/peers/rules, one JSON record a line. 3: it can't be installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../../target}
export CARGO_TARGET_DIR="$target/peers/rules"
cargo build --release --locked --manifest-path "$here/Cargo.toml" >&2 || exit 3
"$CARGO_TARGET_DIR/release/peer-rules"
