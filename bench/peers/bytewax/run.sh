#!/usr/bin/env bash
# run.sh WORKLOAD CAPTURE OUTPUT; needs Python 3.9 to 3.12 with venv and pip 22.3 or newer.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home="$PEERS_CACHE/bytewax-0.21.1"
if [ ! -e "$home/installed" ]; then
  rm -rf "$home"
  python3 -m venv --without-pip "$home" >&2 || { echo "python3 -m venv makes no environment" >&2; exit 3; }
  python3 -m pip --python "$home/bin/python" install --quiet --disable-pip-version-check --no-compile --only-binary=:all: \
    -r "$here/requirements.txt" >&2 || { echo "pip can't install bytewax 0.21.1 for $(python3 --version 2>&1)" >&2; exit 3; }
  touch "$home/installed"
fi
# Buckets are dealt out by hash: the same in every run.
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
"$home/bin/python" "$here/src/flow.py" "$PEERS_CODES" "$2" "$3" "$PEERS_RUNS"
