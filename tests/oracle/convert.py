#!/usr/bin/env python3
"""`loom convert` of what other programs write, held against loompy's importers, scipy and h5py.

    convert.py PROGRAM

The folders are made here, in the layouts of Cell Ranger 2, 3 and 7, of STARsolo before and after
2.7.9, and of kallisto|bustools. loompy reads the same folders where it can. The last line is
"N passed, N failed"; the exit status is 1 if any failed.
"""

import gzip
import os
import shutil
import sys

import h5py
import loompy
import numpy as np
import scipy.io
import scipy.sparse

from verbs import Loom, run

RNG = np.random.default_rng(11)
GENES = [f"ENS{i:05}" for i in range(90)]
NAMES = [f"Gene{i}" for i in range(90)]


def counts(rows: int, cols: int, density: float = 0.1) -> scipy.sparse.csc_matrix:
    matrix = scipy.sparse.random(rows, cols, density, "csc", random_state=RNG, data_rvs=lambda n: RNG.integers(1, 30, n))
    return matrix.astype("int64")


def barcodes(count: int, start: int = 0) -> list:
    letters = "ACGT"
    return ["".join(letters[(i >> (2 * at)) & 3] for at in range(8)) + "-1" for i in range(start, start + count)]


def write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    opened = gzip.open(path, "wt") if path.endswith(".gz") else open(path, "w")
    with opened as file:
        file.write(text)


def write_mtx(path: str, matrix, gz: bool = False) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    scipy.io.mmwrite(path, scipy.sparse.coo_matrix(matrix), comment="metadata_json: {}")
    if gz:
        with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.remove(path)


def cellranger_folder(version: int, name: str, matrix, cells: list) -> None:
    """The output of a run, with an analysis in the order of the cells."""
    outs = f"{name}/outs"
    if version == 2:
        folder, gz, genes = f"{outs}/filtered_gene_bc_matrices/GRCh38", False, "genes.tsv"
        lines = "".join(f"{a}\t{n}\n" for a, n in zip(GENES, NAMES))
    else:
        folder, gz, genes = f"{outs}/filtered_feature_bc_matrix", True, "features.tsv.gz"
        lines = "".join(f"{a}\t{n}\tGene Expression\n" for a, n in zip(GENES, NAMES))
    write_mtx(f"{folder}/matrix.mtx", matrix, gz)
    write(f"{folder}/{genes}", lines)
    write(f"{folder}/barcodes.tsv" + (".gz" if gz else ""), "".join(f"{c}\n" for c in cells))
    write(f"{name}/_cmdline", "cellranger count --id=x\n")
    write(f"{name}/_versions", '{\n  "martian": "v3"\n}\n')


def analysis(name: str, cells: list, prefix: str = "") -> dict:
    """Projections and clusters of these cells, in this order."""
    folder = f"{name}/outs/analysis"
    values = {}
    for kind, columns in (("tsne", 2), ("umap", 2), ("pca", 10)):
        values[kind] = np.round(RNG.normal(size=(len(cells), columns)), 6)
        header = ",".join(["Barcode"] + [f"{kind.upper()}-{i + 1}" for i in range(columns)])
        lines = [",".join([cell, *map(repr, map(float, row))]) for cell, row in zip(cells, values[kind])]
        write(f"{folder}/{kind}/{prefix}{columns}_components/projection.csv", "\n".join([header, *lines]) + "\n")
    for kind in ("graphclust", "kmeans_2_clusters"):
        values[kind] = RNG.integers(1, 7, len(cells))
        lines = [f"{cell},{label}" for cell, label in zip(cells, values[kind])]
        write(f"{folder}/clustering/{prefix}{kind}/clusters.csv", "\n".join(["Barcode,Cluster", *lines]) + "\n")
    return values


def same(ours: str, theirs: str) -> None:
    """Everything that loompy's file has is in ours, equal in value."""
    with loompy.connect(ours, "r") as a, loompy.connect(theirs, "r") as b:
        assert a.shape == b.shape, (a.shape, b.shape)
        for name in b.layers.keys():
            np.testing.assert_array_equal(a.layers[name][:, :], b.layers[name][:, :], name)
        for ours_of, theirs_of in ((a.ra, b.ra), (a.ca, b.ca)):
            for name in theirs_of.keys():
                np.testing.assert_array_equal(ours_of[name], theirs_of[name], name)
                assert ours_of[name].dtype.kind == theirs_of[name].dtype.kind or name == "BarcodeTotalUMIs", name
        for name in b.attrs.keys():
            if name not in ("CreationDate", "last_modified"):
                assert a.attrs[name] == b.attrs[name], name


def cell_ranger_as_loompy_reads_it(loom: Loom) -> None:
    for version in (2, 3):
        cells, matrix = barcodes(300), counts(90, 300)
        name = f"run{version}"
        cellranger_folder(version, name, matrix, cells)
        values = analysis(name, cells)
        theirs = loompy.create_from_cellranger(name, ".")
        os.rename(theirs, "theirs.loom")
        for folder in (name, f"{name}/outs"):
            loom("convert", folder, "-o", "ours.loom", "--force")
            same("ours.loom", "theirs.loom")
        with loompy.connect("ours.loom", "r") as ds:
            np.testing.assert_array_equal(ds.ca.UMAP, values["umap"].astype("float32"))
            np.testing.assert_array_equal(ds.ca.PCA, values["pca"].astype("float32"))
            np.testing.assert_array_equal(ds.ca.ClusterID_kmeans_2_clusters, values["kmeans_2_clusters"] - 1)
            assert ds[:, :].dtype == np.int32


def cell_ranger_7_by_barcode(loom: Loom) -> None:
    """loompy finds no analysis in this layout, and would take its lines by their number."""
    cells, matrix = barcodes(200), counts(90, 200)
    cellranger_folder(7, "run7", matrix, cells)
    order = RNG.permutation(200)[:180]
    values = analysis("run7", [cells[i] for i in order] + ["TTTTTTTT-1"], "gene_expression_")
    theirs = loompy.create_from_cellranger("run7", ".")
    report = loom("convert", "run7", "-o", "ours.loom", "--report", "-")
    same("ours.loom", theirs)
    assert report.count("left out") == 5 and "1 of its barcodes" in report, report
    with loompy.connect("ours.loom", "r") as ds:
        without = np.setdiff1d(np.arange(200), order)
        for at, name in enumerate("XY"):
            np.testing.assert_array_equal(ds.ca[name][order], values["tsne"][:-1, at].astype("float32"))
            assert np.isnan(ds.ca[name][without]).all()
        np.testing.assert_array_equal(ds.ca.ClusterID[order], values["graphclust"][:-1] - 1)
        assert (ds.ca.ClusterID[without] == -1).all()
        assert set(ds.ra.FeatureType) == {"Gene Expression"}
    # The folder with the matrix alone.
    loom("convert", "run7/outs/filtered_feature_bc_matrix", "-o", "alone.loom")
    with loompy.connect("alone.loom", "r") as ds:
        assert list(ds.ca.CellID) == cells


def star_folder(name: str, new: bool) -> None:
    cells = {"Gene": barcodes(150), "GeneFull": barcodes(160, 20), "Velocyto": barcodes(150)}
    features = "".join(f"{a}\t{n}\tGene Expression\n" for a, n in zip(GENES, NAMES))
    for filter, more in (("filtered", 0), ("raw", 50)):
        for feature, listed in cells.items():
            folder = f"{name}/Solo.out/{feature}/{filter}"
            listed = listed + barcodes(more, 1000)
            write(f"{folder}/features.tsv", features)
            write(f"{folder}/barcodes.tsv", "".join(f"{c}\n" for c in listed))
            if feature != "Velocyto":
                write_mtx(f"{folder}/matrix.mtx", counts(90, len(listed)))
                continue
            parts = [counts(90, len(listed), 0.05) for _ in range(3)]
            if new:
                for kind, part in zip(("spliced", "unspliced", "ambiguous"), parts):
                    write_mtx(f"{folder}/{kind}.mtx", part)
                continue
            places = scipy.sparse.coo_matrix(sum(parts))
            dense = [part.toarray() for part in parts]
            lines = ["%%MatrixMarket matrix coordinate integer general", "%", f"90 {len(listed)} {places.nnz}"]
            for i, j in zip(places.row, places.col):
                lines.append(f"{i + 1} {j + 1} " + " ".join(str(part[i, j]) for part in dense))
            write(f"{folder}/matrix.mtx", "\n".join(lines) + "\n")


def star_as_loompy_reads_it(loom: Loom) -> None:
    for new in (False, True):
        name = f"star{int(new)}"
        star_folder(name, new)
        for cells, main, layers in (("star", "velosum", []), ("GeneFull", "velosum", []), ("star", "Gene", ["GeneFull"])):
            loompy.create_from_star(name, "theirs.loom", "S1", cells, main_layer=main, extra_layers=list(layers))
            more = [word for layer in layers for word in ("--layer", layer)]
            loom("convert", name, "-o", "ours.loom", "--force", "--sample", "S1", "--cells", cells, "--main", main, *more)
            same("ours.loom", "theirs.loom")
        # loompy's order of the cells is that of a set.
        loompy.create_from_star(name, "theirs.loom", "S1", "combine", extra_layers=["GeneFull"])
        loom("convert", f"{name}/Solo.out", "-o", "ours.loom", "--force", "--sample", "S1", "--cells", "combine", "--layer", "GeneFull")
        with loompy.connect("ours.loom", "r") as a, loompy.connect("theirs.loom", "r") as b:
            order, theirs = np.argsort(a.ca.CellID), np.argsort(b.ca.CellID)
            np.testing.assert_array_equal(a.ca.CellID[order], b.ca.CellID[theirs])
            for layer in b.layers.keys():
                np.testing.assert_array_equal(a[layer][:, :][:, order], b[layer][:, :][:, theirs])
            for attribute in ("BarcodeTotalUMIs", "Valid_spliced", "Valid_GeneFull"):
                np.testing.assert_array_equal(a.ca[attribute][order], b.ca[attribute][theirs])
        # Its "none" fails.
        loom("convert", name, "-o", "raw.loom", "--force", "--raw", "--main", "Gene")
        with loompy.connect("raw.loom", "r") as ds:
            raw = scipy.io.mmread(f"{name}/Solo.out/Gene/raw/matrix.mtx")
            np.testing.assert_array_equal(ds[:, :], raw.toarray())


def kallisto_folders(loom: Loom) -> None:
    """loompy's own call is empty: against what was written."""
    cells, matrix = barcodes(130), counts(90, 130)
    stem = "kb/counts_unfiltered/cells_x_genes"
    write_mtx(f"{stem}.mtx", matrix.T)
    write(f"{stem}.barcodes.txt", "".join(f"{c}\n" for c in cells))
    write(f"{stem}.genes.txt", "".join(f"{g}\n" for g in GENES))
    write(f"{stem}.genes.names.txt", "".join(f"{g}\n" for g in NAMES))
    loom("convert", "kb", "-o", "kb.loom")
    with loompy.connect("kb.loom", "r") as ds:
        np.testing.assert_array_equal(ds[:, :], matrix.toarray())
        assert list(ds.ca.CellID) == cells and list(ds.ra.Gene) == NAMES and list(ds.ra.Accession) == GENES
    # RNA velocity: two matrices of different cells.
    some = {"spliced": barcodes(100), "unspliced": barcodes(110, 40)}
    dense = {}
    for kind, listed in some.items():
        part = counts(90, len(listed))
        write_mtx(f"velo/{kind}.mtx", part.T)
        write(f"velo/{kind}.barcodes.txt", "".join(f"{c}\n" for c in listed))
        write(f"velo/{kind}.genes.txt", "".join(f"{g}\n" for g in GENES))
        dense[kind] = dict(zip(listed, part.toarray().T))
    loom("convert", "velo", "-o", "velo.loom")
    with loompy.connect("velo.loom", "r") as ds:
        assert sorted(ds.ca.CellID) == sorted(set(some["spliced"]) | set(some["unspliced"]))
        zeros = np.zeros(90, "int64")
        for at, cell in enumerate(ds.ca.CellID):
            columns = [dense[kind].get(cell, zeros) for kind in ("spliced", "unspliced")]
            np.testing.assert_array_equal(ds["spliced"][:, at], columns[0])
            np.testing.assert_array_equal(ds["unspliced"][:, at], columns[1])
            np.testing.assert_array_equal(ds[:, at], sum(columns))


def ten_x_files(loom: Loom) -> None:
    cells, matrix = barcodes(700), counts(90, 700)
    for version in (2, 3):
        with h5py.File("tenx.h5", "w") as file:
            group = file.create_group("mm10" if version == 2 else "matrix")
            for name, values in (("data", matrix.data.astype("int32")), ("indices", matrix.indices.astype("int64"))):
                group.create_dataset(name, data=values, chunks=(1000,), compression="gzip", shuffle=True)
            group["indptr"] = matrix.indptr.astype("int64")
            group["shape"] = np.array(matrix.shape, "int32")
            group["barcodes"] = np.array(cells, "S")
            if version == 2:
                group["genes"], group["gene_names"] = np.array(GENES, "S"), np.array(NAMES, "S")
            else:
                for name, values in (("id", GENES), ("name", NAMES), ("feature_type", ["Gene Expression"] * 90), ("genome", ["mm10"] * 90)):
                    group[f"features/{name}"] = np.array(values, "S")
                group["features/_all_tag_keys"] = np.array(["genome"], "S")
        loom("convert", "tenx.h5", "-o", "tenx.loom", "--force", "--sample", "S")
        with loompy.connect("tenx.loom", "r") as ds:
            np.testing.assert_array_equal(ds[:, :], matrix.toarray())
            assert list(ds.ca.CellID) == [f"S:{c}" for c in cells]
            assert list(ds.ra.Accession) == GENES and list(ds.ra.Gene) == NAMES
            assert (ds.attrs.Genome if version == 2 else ds.ra.Genome[0]) == "mm10"


def text_as_loompy_reads_it(loom: Loom) -> None:
    cells, matrix = barcodes(70), np.round(RNG.random((90, 70)) * 10, 3)
    for header, delimiter, name in (("\t", "\t", "t.tsv.gz"), ("", "\t", "t.tsv"), (",", ",", "t.csv")):
        lines = [header + delimiter.join(f'"{c}"' for c in cells)]
        lines += [delimiter.join([gene, *map(str, row)]) for gene, row in zip(NAMES, matrix)]
        write(name, "\n".join(lines) + "\n")
        write("meta.tsv", "CellID\tbatch\n" + "".join(f"{c}\tb{i % 3}\n" for i, c in enumerate(cells)))
        loompy.create_from_tsv("theirs.loom", name, delim=delimiter, col_metadata_tsv="meta.tsv")
        loom("convert", name, "-o", "ours.loom", "--force", "--dtype", "float32", "--cell-table", "meta.tsv")
        same("ours.loom", "theirs.loom")
    # The rows of another file, in its order: some are missing on either side.
    order = RNG.permutation(90)[:60]
    others = [NAMES[i] for i in order] + ["Other1", "Other2"]
    loompy.create("rows.loom", np.ones((62, 2)), {"Gene": np.array(others), "Accession": np.array([f"A{o}" for o in others])}, {"CellID": np.array(["a", "b"])})
    loompy.create_from_tsv("theirs.loom", "t.tsv", row_metadata_loomfile="rows.loom", row_metadata_attr="Gene")
    report = loom("convert", "t.tsv", "-o", "ours.loom", "--force", "--dtype", "float32", "--rows-of", "rows.loom", "--key", "Gene", "--report", "-")
    assert "30 lines" in report, report
    same("ours.loom", "theirs.loom")


def loom_of_other_versions(loom: Loom) -> None:
    loompy.create("v3.loom", counts(70, 80).toarray(), {"Gene": np.arange(70)}, {"CellID": np.arange(80)}, file_attrs={"title": "t"})
    loom("convert", "v3.loom", "-o", "v2.loom", "--spec", "2.0.1")
    with h5py.File("v2.loom") as file:
        assert file.attrs["LOOM_SPEC_VERSION"] == b"2.0.1" and file.attrs["title"] == b"t"
    loom("convert", "v2.loom", "-o", "again.loom")
    same("again.loom", "v3.loom")


CASES = [
    cell_ranger_as_loompy_reads_it,
    cell_ranger_7_by_barcode,
    star_as_loompy_reads_it,
    kallisto_folders,
    ten_x_files,
    text_as_loompy_reads_it,
    loom_of_other_versions,
]


if __name__ == "__main__":
    sys.exit(run("convert", CASES))
