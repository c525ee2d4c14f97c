#!/usr/bin/env bash
# run.sh WORKLOAD CAPTURE OUTPUT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export CARGO_TARGET_DIR="$PEERS_CACHE/afternoon"
cargo build --release --locked --manifest-path "$here/Cargo.toml" >&2 || exit 3
seconds="" cpu="" documents=0
for _ in $(seq "$PEERS_RUNS"); do
  line=$("$CARGO_TARGET_DIR/release/peer-afternoon" "$PEERS_CODES" "$2" "$3")
  echo "$line" >&2
  seconds="$seconds${seconds:+,}$(sed 's/.*"job_seconds":\([0-9.e-]*\).*/\1/' <<<"$line")"
  cpu="$cpu${cpu:+,}$(sed 's/.*"cpu_seconds":\([0-9.e-]*\).*/\1/' <<<"$line")"
  documents=$(sed 's/.*"documents":\([0-9]*\).*/\1/' <<<"$line")
done
echo "{\"version\":\"serde_json $(grep -A1 'name = "serde_json"' "$here/Cargo.lock" | sed -n 's/version = "\(.*\)"/\1/p')\",\"threads\":1,\"documents\":$documents,\"seconds\":[$seconds],\"cpu_seconds\":[$cpu]}"
