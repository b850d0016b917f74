#!/usr/bin/env bash
# Puts libtorch 2.13.0 (CPU, Linux x86-64) into the folder given as the first argument; a second call does nothing.
# It comes from the PyPI wheel of PyTorch, of which only the headers and three libraries are kept, and from the two
# small wheels that those libraries load at start-up. The archive hashes are pinned, so any local Python will do.
set -euo pipefail
target=${1:?usage: libtorch.sh FOLDER}
[ -f "$target/complete" ] && exit 0

python=${PYTHON:-python3}
command -v "$python" >/dev/null || { echo "libtorch.sh: python3 is needed to download libtorch" >&2; exit 1; }
mkdir -p "$(dirname "$target")"
staging=$(mktemp -d "$(dirname "$target")/libtorch-staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT

echo "kexp: downloading libtorch 2.13.0 (540 MB, once) into $target" >&2
if ! "$python" -m pip --version >/dev/null 2>&1; then
  # Debian ships python3 without pip: a virtual environment has one, or the package does.
  if "$python" -m venv "$staging/venv" >/dev/null 2>&1; then
    python="$staging/venv/bin/python"
  else
    apt-get update && apt-get install -y --no-install-recommends python3-pip
  fi
fi
fetch() { # name==version, platform, then extra pip arguments
  "$python" -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation "$3" --abi "$4" --platform "$2" -d "$staging" "$1"
}
fetch torch==2.13.0 manylinux_2_28_x86_64 cp cp311
fetch nvidia-cuda-runtime==13.0.96 manylinux2014_x86_64 py none
fetch nvidia-cuda-cupti==13.0.85 manylinux_2_25_x86_64 py none

( cd "$staging" && sha256sum --quiet -c - <<'SUMS'
4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8  nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl
7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548  nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl
60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7  torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl
SUMS
) || { echo "libtorch.sh: a downloaded archive is not the one that kexp was tested with" >&2; exit 1; }

"$python" - "$staging" <<'PY'
import os, shutil, sys, zipfile
staging = sys.argv[1]
keep = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}
out = os.path.join(staging, "tree")
os.makedirs(os.path.join(out, "lib"))
for wheel in os.listdir(staging):
    if not wheel.endswith(".whl"):
        continue
    with zipfile.ZipFile(os.path.join(staging, wheel)) as archive:
        for name in archive.namelist():
            base = os.path.basename(name)
            if name.startswith("torch/include/") and base:
                target = os.path.join(out, name[len("torch/"):])
            elif "/lib/" in name and base in keep:
                target = os.path.join(out, "lib", base)
            else:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with archive.open(name) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink)
with open(os.path.join(out, "lib", "libtorch.so"), "w") as script:
    script.write("INPUT(libtorch_cpu.so)\n")
with open(os.path.join(out, "build-version"), "w") as version:
    version.write("2.13.0+cpu\n")
PY
touch "$staging/tree/complete"
rm -rf "$target"
mv "$staging/tree" "$target"
