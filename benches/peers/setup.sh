#!/usr/bin/env bash
# Installs libRoadRunner, COPASI and AMICI by pip into a virtual environment (PEERS_VENV, by default in the cache folder).
# AMICI is built from source: a C++ compiler, OpenBLAS and HDF5 must be there (on Debian: g++ libopenblas-dev libhdf5-dev).
set -euo pipefail
venv=${PEERS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/kexp-peers}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
has() { "$venv/bin/python" -c "import $1" 2>/dev/null; }
has roadrunner && has libsbml && has basico && has pyarrow ||
  "$venv/bin/pip" install --quiet libroadrunner python-libsbml copasi-basico numpy pyarrow
# Models that Debian's swig makes for AMICI do not load; those of the swig from PyPI do.
[ -x "$venv/bin/swig" ] || "$venv/bin/pip" install --quiet swig
has amici || PATH="$venv/bin:$PATH" "$venv/bin/pip" install --quiet amici
echo "$venv/bin/python"
