//! Folders that kallisto|bustools write: what loompy's `create_from_kallistobus` was to read.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use loom_core::{Result, import::MatrixFile};

use crate::{
    Import, Options,
    lists::{all_names, bad, cell_ids},
    sum::Sum,
};

/// Folders that `kb count` makes inside of the one it is told, filtered first.
const INSIDE: [&str; 2] = ["counts_filtered", "counts_unfiltered"];

/// A matrix, and the lists beside it.
struct Part {
    layer: String,
    matrix: PathBuf,
    barcodes: Vec<String>,
    genes: PathBuf,
}

/// Opens a folder of kallisto|bustools: `STEM.mtx`, with a row for each cell, beside
/// `STEM.barcodes.txt`, `STEM.genes.txt` and, where gene names are known, `STEM.genes.names.txt`.
///
/// Several matrices, as for RNA velocity, become layers (`mature` as `spliced`, `nascent` as
/// `unspliced`) over the cells of any of them, and the main matrix is their sum.
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with file and line for what does not fit together.
pub fn kallisto(folder: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let folder = inside(folder.as_ref(), options.raw);
    let parts = parts(&folder)?;
    let Some(first) = parts.first() else {
        return Err(bad(
            &folder,
            "no matrix (.mtx) with lists of barcodes and genes beside it",
        ));
    };
    let genes = all_names(&first.genes)?;
    let mut cells: Vec<String> = Vec::new();
    let mut places: HashMap<String, u32> = HashMap::new();
    for barcode in parts.iter().flat_map(|part| &part.barcodes) {
        if !places.contains_key(barcode) {
            let place = u32::try_from(cells.len()).map_err(|_| bad(&folder, "too many cells"))?;
            places.insert(barcode.clone(), place);
            cells.push(barcode.clone());
        }
    }
    let open = |part: &Part| -> Result<MatrixFile> {
        if part.genes != first.genes && all_names(&part.genes)? != genes {
            return Err(bad(
                &part.genes,
                format!("not the genes of {}", first.genes.display()),
            ));
        }
        let places = part
            .barcodes
            .iter()
            .map(|barcode| places.get(barcode).copied());
        let read = options.read_matrix().transposed(true);
        let matrix = (read.places(places.collect(), cells.len())?).open(&part.matrix)?;
        if matrix.shape().0 != genes.len() {
            let (found, wanted) = (matrix.shape().0, genes.len());
            let reason = format!("{wanted} genes, where the matrix has {found}");
            return Err(bad(&part.genes, reason));
        }
        Ok(matrix)
    };
    let shape = (genes.len(), cells.len());
    let mut import = match &parts[..] {
        [one] => Import::new(shape, Box::new(open(one)?)),
        several => {
            let summands = several.iter().map(open).collect::<Result<_>>()?;
            let mut import = Import::new(shape, Box::new(Sum::new(&folder, summands)?));
            for part in several {
                import.layer(&part.layer, Box::new(open(part)?));
            }
            import
        }
    };
    let stem = first.genes.to_string_lossy();
    let named = stem
        .strip_suffix(".txt")
        .map(|stem| PathBuf::from(format!("{stem}.names.txt")));
    let names = match named.filter(|path| path.is_file()) {
        Some(path) => {
            let names = all_names(&path)?;
            if names.len() != genes.len() {
                let reason = format!("{} names for {} genes", names.len(), genes.len());
                return Err(bad(&path, reason));
            }
            names
        }
        None => genes.clone(),
    };
    import.row_attr("Accession", genes);
    import.row_attr("Gene", names);
    import.col_attr("CellID", cell_ids(options.sample.as_deref(), &cells));
    Ok(import)
}

/// Whether a folder looks like one that [`kallisto`] opens.
pub(crate) fn is_one(folder: &Path) -> bool {
    parts_of(&inside(folder, false)).is_some_and(|parts| !parts.is_empty())
}

/// The folder with the matrices.
fn inside(folder: &Path, raw: bool) -> PathBuf {
    let found = (INSIDE.iter().skip(usize::from(raw)))
        .map(|name| folder.join(name))
        .find(|folder| folder.is_dir());
    found.unwrap_or_else(|| folder.to_owned())
}

/// Names of matrices, and the paths of matrix, barcodes and genes.
fn parts_of(folder: &Path) -> Option<Vec<(String, [PathBuf; 3])>> {
    let entries = fs::read_dir(folder).ok()?;
    let mut stems: Vec<String> = (entries.flatten())
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.strip_suffix(".mtx").map(ToOwned::to_owned)
        })
        .collect();
    stems.sort();
    let parts = stems.into_iter().filter_map(|stem| {
        // The lists of `cells_x_genes.mature.mtx` are those of `cells_x_genes`.
        let mut prefix = stem.as_str();
        loop {
            let list = |kind: &str| folder.join(format!("{prefix}.{kind}.txt"));
            let (barcodes, genes) = (list("barcodes"), list("genes"));
            if barcodes.is_file() && genes.is_file() {
                let own = stem[prefix.len()..].trim_start_matches('.');
                let name = if own.is_empty() { &stem } else { own };
                let matrix = folder.join(format!("{stem}.mtx"));
                return Some((name.to_owned(), [matrix, barcodes, genes]));
            }
            prefix = prefix.rsplit_once('.')?.0;
        }
    });
    Some(parts.collect())
}

fn parts(folder: &Path) -> Result<Vec<Part>> {
    let found = parts_of(folder).ok_or_else(|| bad(folder, "no folder"))?;
    // Beside its parts, newer versions write their total.
    let several = found.len() > 1;
    let is_part = |name: &str| !several || !matches!(name, "cells_x_genes" | "total" | "cell");
    let parts = found.into_iter().filter(|(name, _)| is_part(name));
    let parts = parts.map(|(name, [matrix, barcodes, genes])| {
        Ok(Part {
            layer: match name.as_str() {
                "mature" => "spliced".to_owned(),
                "nascent" => "unspliced".to_owned(),
                _ => name,
            },
            barcodes: all_names(&barcodes)?,
            matrix,
            genes,
        })
    });
    parts.collect()
}
