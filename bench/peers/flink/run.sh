#!/usr/bin/env bash
# run.sh WORKLOAD CAPTURE OUTPUT; needs a JDK 17 or newer and pip, and some 800 MB for the jars.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=2.3.0
package="apache-flink-libraries==$version"
if [ "$1" != flat ]; then
  echo '{"status":"left out","why":"the job reads the generic feed only"}'
  exit 0
fi
command -v javac >/dev/null || { echo "no javac on the PATH: install a JDK 17 or newer" >&2; exit 3; }
home="$PEERS_CACHE/flink-$version"
if [ ! -d "$home/lib" ]; then
  mkdir -p "$home/wheel"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: -d "$home/wheel" "$package" >&2 \
    || { echo "pip can't download $package" >&2; exit 3; }
  (cd "$home" && python3 - <<'PYTHON'
import glob, os, shutil, zipfile
with zipfile.ZipFile(glob.glob("wheel/*.whl")[0]) as wheel:
    os.makedirs("lib.part", exist_ok=True)
    for name in wheel.namelist():
        if name.startswith("pyflink/lib/") and name.endswith(".jar"):
            with wheel.open(name) as source, open("lib.part/" + os.path.basename(name), "wb") as target:
                shutil.copyfileobj(source, target)
os.rename("lib.part", "lib")
PYTHON
  )
  rm -rf "$home/wheel"
fi
mkdir -p "$home/classes"
javac -nowarn -cp "$home/lib/*" -d "$home/classes" "$here"/src/*.java
opens="java.base/java.util java.base/java.lang java.base/java.net java.base/java.nio"
line=$(java -Xms2g -Xmx2g -XX:+UseParallelGC $(for it in $opens; do echo "--add-opens=$it=ALL-UNNAMED"; done) \
  -cp "$home/classes:$home/lib/*" Job "$PEERS_CODES" "$2" "$3" 2 "$PEERS_RUNS" | tail -1)
cat "$3".[0-9]* >"$3" && rm -f "$3".[0-9]*
echo "${line%\}},\"version\":\"flink $version, $(javac -version 2>&1)\",\"threads\":2}"
