"""What loompy's validator finds, by the words of its own messages."""

import loompy
from loompy.loom_validator import LoomValidator

from parity_repaired import Repair


def add_validation(todo, path):
    for version in [None, "3.0.0", "2.0.1", "old"]:
        validator = LoomValidator(version)
        try:
            validator.validate(path)
            raised = False
        except Exception:
            raised = True
        errors, warned = list(dict.fromkeys(validator.errors)), validator.warnings
        question = {"op": "validate", "version": version}
        if raised:
            # loompy stopped here: what it had found must be among ours, and there must be an error.
            expected = [True, errors, True]
            of = lambda a, e=errors: [bool(a["errors"]), [x for x in e if x in a["errors"]], bool(a["version"])]
            todo.add(f"validate {version}, where loompy raises", question, expected, "validator", of)
            continue
        difference = None if errors == validator.errors else "validator"
        of = lambda a: [a["version"], a["errors"], a["warnings"], a["summary"][a["summary"].index(matrix_line(a)):]]
        summary = validator.summary[validator.summary.index(matrix_line({"summary": validator.summary})):]
        todo.add(f"validate {version}", question, [validator.version, errors, warned, summary], difference, of)
    add_conventions(todo, path)


def matrix_line(report):
    """The summary is compared from the layers on: before, loompy gives a type to no global attribute."""
    lines = [line for line in report["summary"] if line.startswith("Layers shape=")]
    return lines[0] if lines else "Row attributes:"


def add_conventions(todo, path):
    Repair.apply(path)
    validator = LoomValidator()
    try:
        validator.validate(path, "conventions")
        with loompy.connect(path, "r") as ds:
            errors = [line for line in validator.errors if not line.startswith("For help")]
            errors = by_the_words(ds, errors)
            expected = [sorted(errors), validator.warnings]
    except Exception:
        return  # loompy raises before or amid the conventions; validate_spec is compared above
    finally:
        Repair.remove()
    of = lambda a: [sorted(x for x in a["errors"] if not x.startswith("For help")), a["warnings"]]
    todo.add("conventions", {"op": "validate", "strictness": "conventions"}, expected, "validator", of)


def by_the_words(ds, errors):
    """loompy's errors with the three rules that it checks otherwise than its own messages say."""
    integer = lambda attrs, name: attrs[name].dtype.kind in "iu"
    kept = []
    for line in errors:
        attrs = ds.ca if line.startswith("Column") else ds.ra
        name = line.split("'")[1] if "'" in line else ""
        if "must be integer dtype" in line and integer(attrs, name):
            continue
        if "ClusterID' must be integers 0, 1, 2" in line:
            continue
        if line.startswith("Row attribute") and name in ("Valid", "Selected") and "1-dimensional" in line:
            continue
        kept.append(line)
    if "ClusterID" in ds.ca:
        ids = ds.ca["ClusterID"]
        if ids.dtype == object or sorted(set(ids.ravel().tolist())) != list(range(len(set(ids.ravel().tolist())))):
            kept.append("Column attribute 'ClusterID' must be integers 0, 1, 2, ... with no missing values")
    for name in ("Valid", "Selected"):
        if name in ds.ra and ds.ra[name].shape != ds.shape[:1]:
            kept.append(f"Row attribute '{name}' must be 1-dimensional array of {ds.shape[0]} elements")
    return kept
