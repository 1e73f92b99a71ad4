#!/usr/bin/env python3
"""What loom -> h5ad and h5ad -> loom cost: `loom convert` beside anndata and pyadata-cli, in one run.

    bench_convert.py PROGRAM FILE [--adata ADATA] [--repeat N] [--scratch FOLDER]

Runs in the environment of anndata (tests/oracle/requirements-anndata.txt). ADATA is the program of
pyadata-cli, in an environment of Python 3.12 of its own. FILE is a Loom file with the attributes CellID and
Gene. Each repetition runs all of them after one another; printed are medians of wall and processor seconds,
the peak memory, and the ratios to ours. What each wrote must hold the same matrix.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time

TO = "import sys, anndata.io as io; io.read_loom(sys.argv[1], sparse=True, cleanup=False, validate=False).write_h5ad(sys.argv[2])"
FROM = "import sys, anndata.io as io; io.read_h5ad(sys.argv[1]).write_loom(sys.argv[2])"


def cost(command: list) -> tuple:
    """Wall seconds, processor seconds, and MB of memory at the most."""
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, {**os.environ, "PYTHONWARNINGS": "ignore"})
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{command}: exit status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def total(path: str) -> float:
    """The sum of the values of the matrix, a part at a time."""
    import h5py

    with h5py.File(path) as file:
        if "matrix" in file:
            rows = file["matrix"]
            return sum(float(rows[at : at + 512].sum(dtype="float64")) for at in range(0, len(rows), 512))
        data = file["X/data"] if "X/data" in file else file["X"]
        return sum(float(data[at : at + (1 << 22)].sum(dtype="float64")) for at in range(0, len(data), 1 << 22))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("file")
    parser.add_argument("--adata")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--scratch")
    args = parser.parse_args()
    program = os.path.abspath(args.program)
    tools = {"loom convert": lambda source, to, _: [program, "convert", source, "-o", to]}
    tools["anndata"] = lambda source, to, script: [sys.executable, "-c", script, source, to]
    if args.adata:
        tools["pyadata-cli"] = lambda source, to, _: [os.path.abspath(args.adata), "convert", source, "-o", to]
    wanted = total(args.file)
    with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
        ours = os.path.join(folder, "ours.h5ad")
        cost([program, "convert", args.file, "-o", ours])
        for title, source, kind, script in (("loom -> h5ad", args.file, "h5ad", TO), ("h5ad -> loom", ours, "loom", FROM)):
            taken = {tool: [] for tool in tools}
            for _ in range(args.repeat):
                for tool, command in tools.items():
                    out = os.path.join(folder, f"out.{kind}")
                    taken[tool].append(cost(command(source, out, script)))
                    assert abs(total(out) - wanted) <= 1e-9 * wanted, f"{tool}: another matrix"
                    os.remove(out)
            medians = {tool: [statistics.median(column) for column in zip(*costs)] for tool, costs in taken.items()}
            for tool, (wall, processor, memory) in medians.items():
                mine = medians["loom convert"]
                ratios = f"{wall / mine[0]:5.1f} x wall, {processor / mine[1]:5.1f} x processor"
                print(f"{title}  {tool:13} {wall:7.1f} s, processor {processor:7.1f} s, {memory:6.0f} MB  {ratios}", flush=True)


if __name__ == "__main__":
    main()
