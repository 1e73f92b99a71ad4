#!/usr/bin/env python3
"""Prints numpy.promote_types for all pairs of the types of numbers that Loom files hold."""

import numpy as np

NAMES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "float32", "float64"]

for a in NAMES:
    for b in NAMES:
        print(a, b, np.promote_types(a, b))
