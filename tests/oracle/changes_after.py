"""After an edit: loompy opens our file, with validation, and goes on with it; anndata and R read it.

A file that was no valid Loom file before need not become one, and where loompy fails on the file that it changed itself,
it may on ours.
"""

import json
import shutil
import subprocess
from pathlib import Path

import h5py
import loompy
import numpy as np

HERE = Path(__file__).resolve().parent
ANNDATA = HERE.parents[1] / ".venv-anndata" / "bin" / "python"
# anndata and R read one file in so many.
EVERY = 5

ANNDATA_SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import anndata
out = {}
for path in sys.argv[1:]:
    try:
        data = anndata.read_loom(path, sparse=False, validate=False)
        out[path] = [list(data.X.shape), float(data.X.astype("f8").sum()), sorted(data.layers), sorted(data.obs), sorted(data.var)]
    except Exception as error:
        out[path] = f"{type(error).__name__}: {error}"
print(json.dumps(out))
"""

# Names are asked for one group at a time: hdf5r's own recursion fails where one is not ASCII, in loompy's files too.
R_SCRIPT = """
suppressMessages(library(hdf5r))
read_all <- function(group) for (name in names(group)) {
  object <- group[[name]]
  if (inherits(object, "H5Group")) read_all(object) else if (inherits(object, "H5D")) object$read()
}
look <- function(path) {
  f <- H5File$new(path, "r")
  on.exit(f$close_all())
  read_all(f)
  m <- f[["matrix"]]$read()
  paste(c(f[["matrix"]]$dims, sum(m == 0, na.rm = TRUE)), collapse = " ")
}
for (path in commandArgs(TRUE)) cat(tryCatch(look(path), error = function(e) "fails"), "\\n")
"""


def errors(path):
    """What loompy's validator finds; a file that it cannot even look at is one error."""
    validator = loompy.LoomValidator()
    try:
        validator.validate(str(path))
    except Exception as error:  # On files that are no Loom files at all it raises whatever comes.
        return {f"{type(error).__name__}: {error}"}
    return set(validator.errors)


def use(path):
    """loompy's own calls on a file: attributes, columns, order, scan and map."""
    with loompy.connect(str(path), "r+", validate=False) as ds:
        matrix = ds[:, :]
        ds.ra["used"] = np.arange(ds.shape[0])
        ds.attrs["used"] = "yes"
        layers = {name: layer[:, :1] for name, layer in ds.layers.items()}
        ds.add_columns(layers, {name: values[:1] for name, values in ds.ca.items()})
        order = np.arange(ds.shape[1])[::-1]
        ds.permute(order, axis=1)
        wanted = np.hstack([matrix, matrix[:, :1]])[:, ::-1]
        assert np.array_equal(ds[:, :], wanted), "permute and add_columns give another matrix"
        with np.errstate(all="ignore"):
            [sums] = ds.map([np.max], axis=1)
            assert np.array_equal(sums, wanted.max(axis=0).astype("f8")), "map gives other values"
            scanned = np.hstack([view[:, :] for _, _, view in ds.scan(axis=1, what=["layers"])])
        assert np.array_equal(scanned, wanted), "scan gives another matrix"


class After:
    def __init__(self):
        self.read = []
        self.count = 0

    def problems(self, path, case):
        """Yields what loompy finds wrong with our file."""
        folder = path.parent
        known = errors(folder / "start.loom") if case.start else set()
        yield from (f"not valid: {error}" for error in sorted(errors(path) - known))
        if not known:
            try:
                loompy.connect(str(path), "r").close()
            except Exception as error:
                yield f"loompy does not open it: {type(error).__name__}: {error}"
        theirs = folder / path.name.replace("ours", "loompy")
        copies = [folder / "used-ours.loom", folder / "used-loompy.loom"]
        for origin, copy in zip((path, theirs), copies):
            if origin.exists():
                shutil.copy(origin, copy)
        try:
            use(copies[0])
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            try:
                use(copies[1])
                yield f"loompy cannot go on: {problem}"
            except Exception as same:
                if type(same) is not type(error):
                    yield f"loompy cannot go on: {problem}; with its own: {same}"
        for copy in copies:
            copy.unlink(missing_ok=True)
        self.count += 1
        if self.count % EVERY == 0 and theirs.exists():
            self.read.append((case.name, str(path), str(theirs)))

    def others(self):
        """Yields (name, problem or None) for what anndata and R read."""
        yield from self.anndata()
        yield from self.in_r()

    def anndata(self):
        if not ANNDATA.exists() or not self.read:
            print("anndata: not installed, left out")
            return
        files = [path for _, ours, theirs in self.read for path in (ours, theirs)]
        done = subprocess.run([ANNDATA, "-c", ANNDATA_SCRIPT, *files], capture_output=True, text=True, check=False)
        if done.returncode:
            yield "anndata", done.stderr[-500:]
            return
        found = json.loads(done.stdout.splitlines()[-1])
        read = [isinstance(found[ours], list) for _, ours, _ in self.read]
        yield "anndata reads most files", None if sum(read) > len(read) // 2 else f"{sum(read)} of {len(read)}: {found}"
        for name, ours, theirs in self.read:
            same = found[ours] == found[theirs]
            yield f"anndata: {name}", None if same else f"{found[ours]}, of loompy's file {found[theirs]}"

    def in_r(self):
        if not shutil.which("Rscript") or not self.read:
            print("R: not installed, left out")
            return
        files = [path for _, ours, theirs in self.read for path in (ours, theirs)]
        done = subprocess.run(["Rscript", "-e", R_SCRIPT, *files], capture_output=True, text=True, check=False)
        lines = [line.strip() for line in done.stdout.splitlines()]
        if done.returncode or len(lines) != len(files):
            yield "R", done.stderr[-500:] or f"{len(lines)} lines for {len(files)} files"
            return
        found = dict(zip(files, lines))
        read = sum(found[ours] != "fails" for _, ours, _ in self.read)
        yield "R reads most files", None if read > len(self.read) // 2 else f"{read} of {len(self.read)}"
        for name, ours, theirs in self.read:
            line = found[ours]
            if line == "fails":
                # R has HDF5 1.10, which cannot read what HDF5 2.0 wrote at the start of some cases.
                yield f"R: {name}", None if found[theirs] == "fails" else "R reads loompy's file, but not ours"
                continue
            # Zeros are counted: R has NA for the least integers, and no large ones.
            with h5py.File(ours, "r") as f:
                matrix = f["matrix"][()]
            wanted = [*matrix.shape[::-1], int((matrix == 0).sum())]
            yield f"R: {name}", None if line.split() == list(map(str, wanted)) else f"R reads {line}, h5py {wanted}"
