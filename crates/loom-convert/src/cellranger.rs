//! Folders that Cell Ranger writes: loompy's `create_from_cellranger`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loom_core::{Array, Result};

use crate::{
    Import, Options, analysis,
    lists::{self, bad, cell_ids, find, name_of, try_find},
};

/// The names of a matrix folder of Cell Ranger 3 and later, filtered and raw; those of samples that
/// were sequenced together last.
const FOLDERS: [[&str; 2]; 2] = [
    ["filtered_feature_bc_matrix", "raw_feature_bc_matrix"],
    [
        "sample_filtered_feature_bc_matrix",
        "sample_raw_feature_bc_matrix",
    ],
];
/// The same of Cell Ranger 1 and 2, with a folder for each genome inside.
const OLD_FOLDERS: [&str; 2] = ["filtered_gene_bc_matrices", "raw_gene_bc_matrices"];

/// Where the parts of a run are.
struct Run {
    /// The folder with the matrix.
    matrix: PathBuf,
    /// The folder with the folder `outs`.
    top: Option<PathBuf>,
    /// The folder with `analysis`, if there may be one.
    outs: Option<PathBuf>,
    genome: Option<String>,
}

/// Opens a folder of Cell Ranger: the one that has `outs`, `outs` itself, or a matrix folder.
///
/// Row attributes are `Accession` and `Gene` and, where `features.tsv` has them, `FeatureType`,
/// `Chromosome`, `Start` and `End`; column attributes `CellID` (`sample:barcode`; the sample is the
/// name of the folder that has `outs`) and what the folder `analysis` holds. Global attributes are `Genome`
/// (version 2), `Cmdline` and `Versions`.
///
/// (loompy takes lines of `analysis` by their number, and finds none since version 7; here they
/// belong to cells by their barcode, in every layout.)
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with file and line for what does not fit together.
pub fn cellranger(folder: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let folder = folder.as_ref();
    let run = find_run(folder, options)?;
    let path = find(&run.matrix, &["matrix.mtx"])?;
    let matrix = options.read_matrix().open(&path)?;
    let shape = matrix.shape();
    let rows = format!("rows of {}", path.display());
    let features = find(&run.matrix, &["features.tsv", "genes.tsv"])?;
    let features = lists::columns(&features, shape.0, &rows)?;
    let barcodes = find(&run.matrix, &["barcodes.tsv"])?;
    let barcodes = lists::names(
        &barcodes,
        shape.1,
        &format!("columns of {}", path.display()),
    )?;

    let mut import = Import::new(shape, Box::new(matrix));
    feature_attrs(&mut import, features);
    let sample = match (&options.sample, &run.top) {
        (Some(sample), _) => Some(sample.clone()),
        (None, top) => top.as_deref().map(name_of),
    };
    import.col_attr("CellID", cell_ids(sample.as_deref(), &barcodes));
    if let Some(outs) = &run.outs {
        analysis::join(&outs.join("analysis"), &barcodes, &mut import)?;
    }
    if let Some(genome) = run.genome.or_else(|| options.genome.clone()) {
        import.attr("Genome", genome);
    }
    if let Some(top) = run.top {
        for (name, file) in [("Cmdline", "_cmdline"), ("Versions", "_versions")] {
            if let Ok(text) = fs::read_to_string(top.join(file)) {
                import.attr(name, text.trim().replace('\n', " "));
            }
        }
    }
    Ok(import)
}

/// Whether a folder looks like one that [`cellranger`] opens.
pub(crate) fn is_one(folder: &Path) -> bool {
    find_run(folder, &Options::default()).is_ok()
        || OLD_FOLDERS
            .iter()
            .any(|name| folder.join(name).is_dir() || folder.join("outs").join(name).is_dir())
}

fn find_run(folder: &Path, options: &Options) -> Result<Run> {
    if try_find(folder, &["matrix.mtx"]).is_some() {
        return Ok(Run {
            matrix: folder.to_owned(),
            top: None,
            outs: None,
            genome: None,
        });
    }
    let outs = match folder.join("outs") {
        inner if inner.is_dir() => inner,
        _ => folder.to_owned(),
    };
    let top = if outs != folder {
        folder.to_owned()
    } else if name_of(folder) == "outs" {
        folder.join("..")
    } else {
        folder.to_owned()
    };
    let (matrix, genome) = matrix_folder(&outs, options)?;
    Ok(Run {
        matrix,
        top: Some(top),
        outs: Some(outs),
        genome,
    })
}

/// The folder with the matrix, and the genome, where that has a folder of its own.
fn matrix_folder(outs: &Path, options: &Options) -> Result<(PathBuf, Option<String>)> {
    let which = usize::from(options.raw);
    let old = outs.join(OLD_FOLDERS[which]);
    if !old.is_dir() {
        let folders = FOLDERS.map(|names| outs.join(names[which]));
        let found = folders.iter().find(|folder| folder.is_dir());
        return match found {
            Some(folder) => Ok((folder.clone(), None)),
            None => Err(bad(
                outs,
                format!("no folder {} or {}", OLD_FOLDERS[which], FOLDERS[0][which]),
            )),
        };
    }
    if let Some(genome) = &options.genome {
        return Ok((old.join(genome), Some(genome.clone())));
    }
    let entries = fs::read_dir(&old).map_err(|error| bad(&old, error.to_string()))?;
    let mut genomes: Vec<String> = (entries.flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    genomes.sort();
    match &genomes[..] {
        [genome] => Ok((old.join(genome), Some(genome.clone()))),
        [] => Err(bad(&old, "no folder of a genome in it")),
        several => {
            let reason = format!("several genomes, choose one: {}", several.join(", "));
            Err(bad(&old, reason))
        }
    }
}

/// Row attributes of the columns of `features.tsv`.
pub(crate) fn feature_attrs(import: &mut Import, mut columns: Vec<Vec<String>>) {
    const NAMES: [&str; 6] = [
        "Accession",
        "Gene",
        "FeatureType",
        "Chromosome",
        "Start",
        "End",
    ];
    if columns.len() == 1 {
        // Some programs write the names alone.
        columns.push(columns[0].clone());
    }
    for (name, values) in NAMES.into_iter().zip(columns) {
        let numbers: Option<Vec<i64>> = match name {
            "Start" | "End" => values.iter().map(|text| text.parse().ok()).collect(),
            _ => None,
        };
        let values = numbers.map_or_else(|| Array::from(values), Array::from);
        import.row_attr(name, values);
    }
}
