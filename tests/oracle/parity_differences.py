"""Where this project differs from loompy 3.0.8 on purpose.

Each entry is a row of the project's list of what a LoomConnection must do, by the name of the call or rule it
stands under, and what is different there. parity_loompy.py accepts a difference only through one of these, and then
demands the value that the row calls for.

The entries "bool" and "half" also stand behind parity_answers.encode, which gives every array the type it has here.
"""

DIFFERENCES = {
    "text": (
        "text",
        "loompy drops what is not ASCII when it reads variable-length text, and unescapes entities in 3.0.0 files; "
        "text is kept exactly",
    ),
    "bool": ("Attribute values: bool becomes uint8", "h5py's booleans are read as uint8, loompy keeps bool"),
    "half": (
        "Reading a number as another type",
        "float16 is held, and computed with, as float32; loompy keeps float16",
    ),
    "compound": (
        "What exists beside loompy's own files, and must open",
        "compound attributes are read field by field, as NAME/FIELD",
    ),
    "selection": (
        "ds[rows, cols], ds.layers[name][rows, cols]",
        "index lists and masks on both axes at once, in any order, with repeats; loompy (h5py) raises",
    ),
    "graph order": ("view[rows, cols]", "graphs are renumbered to the order asked for, not to sorted order"),
    "stamps": (
        "last_modified() per connection, manager, object",
        "reads never write and never give the present time; the later of the two stamps of a file; the latest of a "
        "manager; loompy fails on a single graph",
    ),
    "aggregate": (
        "aggregate(out_file, group_by, aggr_by, aggr_ca_by, layer, aggr_ca_if_equal)",
        "integers do not wrap around or round to float32; labels may be text or several attributes; the mode works, "
        "which fails in loompy",
    ),
    "validator": (
        "LoomValidator(version).validate(path, strictness)",
        "each error once, never an exception; the conventions as they are worded: any integer type, ClusterID without "
        "a gap, row attributes as long as there are rows",
    ),
    "html": ("_repr_html_", "names and values are escaped; global attributes are shown with their names"),
    "lenient": (
        "What exists beside loompy's own files, and must open",
        "a file that breaks the specification opens with validation off; loompy raises on it",
    ),
}
