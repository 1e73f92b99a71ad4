#!/usr/bin/env bash
# Makes the pictures beside this file anew: from the shipped demonstration file, and from 200,000
# generated cells. Wants numpy (the environment of tests/oracle/setup.sh).
set -euo pipefail
cd "$(dirname "$0")"
root=../..
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cargo build -q -p loom-cli
loom=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/loom
"$root/.venv/bin/python" cells.py "$scratch" 200000
"$loom" create "$scratch/cells.loom" --matrix "$scratch/counts.npy" --row-attrs "$scratch/genes.tsv" --col-attrs "$scratch/cells.tsv"
draw() { "$loom" plot "$@" --scale 1 --force; }
demo=$root/fixtures/demo.loom
draw "$scratch/cells.loom" --color CellType --title "Generated cells" --size 540x390 -o types.png
draw "$demo" --color gene:CD14 --log --title "Generated blood cells: CD14" --size 460x340 -o gene.png
draw "$demo" --kind violin -x CellType -y gene:CD14 --log --title "Generated blood cells: CD14" --size 520x380 -o violin.png
draw "$demo" --kind qc --color CellType --title "Generated blood cells" --size 640x480 -o qc.png
draw "$demo" --kind histogram -x TotalUMI --title "Generated blood cells" --size 420x300 -o histogram.svg
