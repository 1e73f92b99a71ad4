#!/bin/sh
# Makes the Python environment of the oracle.
#
#   tests/oracle/setup.sh [DIRECTORY [REQUIREMENTS]]
#
# DIRECTORY defaults to .venv at the project's root, REQUIREMENTS to requirements.txt beside this
# script. Does nothing when DIRECTORY was already made from the same requirements.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$here/../../.venv}
wanted=${2:-$here/requirements.txt}
# A file of requirements may include its neighbour: the stamp covers both.
stamp=$(cat "$wanted" "$here/requirements.txt" | cksum)
if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.oracle" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
printf '%s\n' "$stamp" > "$venv/.oracle"
