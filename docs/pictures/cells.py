"""Makes tables and a matrix of generated cells, as input for `loom create`: cells.py FOLDER COUNT.

No real cells: 18 types on curved lines in two dimensions, and 40 genes, one or two of each type's own.
"""

import sys
from pathlib import Path

import numpy as np

folder, count = Path(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(20260131)
types = """Astrocytes Bergmann Cholinergic Granule Dopaminergic Ependymal Cortex Hippocampus Cerebellum Interneurons Striatum
Microglia Neuroblasts Oligodendrocytes Precursors Pericytes Purkinje Endothelial""".split()
genes = 40

share = random.dirichlet(np.full(len(types), 1.6))
of = random.choice(len(types), size=count, p=share)
angle = np.arange(len(types)) * 2.4  # the golden angle: centres are spread evenly
centre = 4.1 * np.sqrt(np.arange(len(types)) + 0.5)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
bend, turn = random.uniform(-1.3, 1.3, len(types)), random.uniform(0, 2 * np.pi, len(types))
along = random.uniform(-1, 1, count) * random.beta(4, 2, count)
line = np.stack([3.0 * along, bend[of] * 2.2 * along**2], 1) + random.normal(0, 0.5, (count, 2))
cos, sin = np.cos(turn[of]), np.sin(turn[of])
place = centre[of] + np.stack([cos * line[:, 0] - sin * line[:, 1], sin * line[:, 0] + cos * line[:, 1]], 1)

mean = random.gamma(0.4, 0.5, (genes, len(types)))
for gene in range(genes):
    mean[gene, gene % len(types)] += 9.0
depth = random.lognormal(0, 0.4, count)
counts = np.empty((genes, count), np.uint16)
for gene in range(genes):
    counts[gene] = random.poisson(mean[gene, of] * depth * random.gamma(2, 0.5, count))
np.save(folder / "counts.npy", counts)
with open(folder / "genes.tsv", "w") as out:
    out.write("Gene\n" + "".join(f"Gene{gene + 1}\n" for gene in range(genes)))
with open(folder / "cells.tsv", "w") as out:
    out.write("CellID\tCellType\tUMAP1\tUMAP2\n")
    for cell in range(count):
        x, y = place[cell]
        out.write(f"cell{cell}\t{types[of[cell]]}\t{x:.3f}\t{y:.3f}\n")
