#!/usr/bin/env bash
# Runs peers on one input: run.sh [--shipments N] [--runs N] [--workloads "flat nested"] [PEER...]
# Records as JSON lines on stdout, everything else on stderr. The loadgen is built unless
# CROSSDOCK_LOADGEN names one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
shipments=20000 runs=3 workloads="flat nested" peers=()
while [ $# -gt 0 ]; do
  case $1 in
    --shipments) shipments=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --workloads) workloads=$2; shift 2 ;;
    *) peers+=("$1"); shift ;;
  esac
done
if [ ${#peers[@]} -eq 0 ]; then
  for folder in "$here"/*/run.sh; do peers+=("$(basename "$(dirname "$folder")")"); done
fi
target=${CARGO_TARGET_DIR:-$root/target}
export PEERS_CACHE="$target/peers" PEERS_CODES="$here/codes.csv" PEERS_RUNS="$runs"
mkdir -p "$PEERS_CACHE/data" "$PEERS_CACHE/out"

if [ -n "${CROSSDOCK_LOADGEN:-}" ]; then
  loadgen=$CROSSDOCK_LOADGEN
else
  (cd "$root" && cargo build --release -p crossdock-loadgen) >&2
  loadgen="$target/release/crossdock-loadgen"
fi

for workload in $workloads; do
  input="$PEERS_CACHE/data/$workload-$shipments.ndjson"
  [ -s "$input" ] || { "$loadgen" gen --workload "$workload" --shipments "$shipments" -o "$input.part" >&2; mv "$input.part" "$input"; }
  for peer in "${peers[@]}"; do
    output="$PEERS_CACHE/out/$peer-$workload.ndjson"
    rm -f "$output"
    load=$(cut -d' ' -f1 /proc/loadavg)
    code=0
    # A peer prints one line: {"seconds": [...], "documents": n, "version": "..."}; 3 means it can't be installed.
    line=$("$here/$peer/run.sh" "$workload" "$input" "$output" 2>"$PEERS_CACHE/$peer.log") || code=$?
    check=""
    if [ "$code" -eq 0 ] && [ -s "$output" ]; then
      check=$("$loadgen" check --workload "$workload" --shipments "$shipments" --input "$output" 2>&1 | tail -1) || true
    fi
    PEER=$peer WORKLOAD=$workload CODE=$code LINE=$line CHECK=$check LOAD=$load LOG="$PEERS_CACHE/$peer.log" python3 - <<'PYTHON'
import json, os, statistics
said, code = os.environ, int(os.environ["CODE"])
record = {"bench": "peers", "peer": said["PEER"], "workload": said["WORKLOAD"], "load": float(said["LOAD"])}
if code == 0:
    record |= json.loads(said["LINE"].splitlines()[-1])
    if record.get("status") != "left out":
        seconds = statistics.median(record["seconds"])
        record |= {"status": "measured", "check": said["CHECK"], "documents_per_second": record["documents"] / seconds,
                   "spread": (max(record["seconds"]) - min(record["seconds"])) / seconds}
else:
    lines = open(said["LOG"], errors="replace").read().strip().splitlines() or [""]
    record |= {"status": "not installed" if code == 3 else "failed", "why": lines[-1][:300]}
print(json.dumps(record))
PYTHON
  done
done
