#!/usr/bin/env python3
"""Writes files of 30,000 x 1,000,000 values in 64 x 64 chunks, one for each kind of chunk index.

  make_wide.py DIRECTORY

One column of chunks and every hundredth row of chunks are stored, with tiny data; the rest is fill
values.  Open one and read a column, and look at time and memory:

  /usr/bin/time -v target/release/examples/column DIRECTORY/wide-btree-v1.loom 500000
"""
import os
import sys
import zlib

import h5py
import numpy as np

SHAPE, CHUNK = (30_000, 1_000_000), 64
ROWS, COLUMNS = (-(-length // CHUNK) for length in SHAPE)
INDEXES = {
    "btree-v1": ("earliest", SHAPE),
    "fixed-array": ("latest", SHAPE),
    "extensible-array": ("latest", (SHAPE[0], None)),
    "btree-v2": ("latest", (None, None)),
}

ones = zlib.compress(np.ones((CHUNK, CHUNK), "f4").tobytes())
for name, (libver, maxshape) in INDEXES.items():
    path = os.path.join(sys.argv[1], f"wide-{name}.loom")
    with h5py.File(path, "w", libver=libver) as f:
        matrix = f.create_dataset("matrix", SHAPE, "f4", chunks=(CHUNK, CHUNK), maxshape=maxshape, compression="gzip")
        for row in range(ROWS):
            columns = range(COLUMNS) if row % 100 == 0 else [COLUMNS // 2]
            for column in columns:
                matrix.id.write_direct_chunk((row * CHUNK, column * CHUNK), ones)
        for group in ("row_attrs", "col_attrs", "layers", "row_graphs", "col_graphs"):
            f.create_group(group)
    print(path, os.path.getsize(path), "bytes")
