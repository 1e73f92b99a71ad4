//! The folder `analysis` of a Cell Ranger run: projections and clusters of the cells.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use loom_core::{
    Array, DType, Result,
    import::{ReadTable, Table},
};
use ndarray::Array2;

use crate::{Import, lists::bad};

/// The name of a projection's folder, and of its attribute.
const PROJECTIONS: [(&str, &str); 3] = [("tsne", "TSNE"), ("umap", "UMAP"), ("pca", "PCA")];
/// The clustering whose labels are `ClusterID`.
const GRAPH: &str = "graphclust";
/// What version 7 and later put in front of the names of folders.
const PREFIX: &str = "gene_expression_";

/// Adds what is known of the cells with these barcodes.
///
/// The t-SNE becomes `X` and `Y`, as loompy has it; UMAP and PCA become attributes with a value for
/// each dimension. Graph-based clusters become `ClusterID`, others `ClusterID_kmeans_2_clusters` and
/// the like, counted from 0. Cells without a line get NaN, and -1.
pub(crate) fn join(folder: &Path, barcodes: &[String], import: &mut Import) -> Result<()> {
    let mut cells = HashMap::new();
    for (cell, barcode) in barcodes.iter().enumerate() {
        cells.insert(barcode.as_str(), cell);
    }
    for (name, attribute) in PROJECTIONS {
        let Some(path) = projection(&folder.join(name)) else {
            continue;
        };
        let table = read(&path)?;
        let dimensions = table.iter().len() - 1;
        let mut values = Array2::from_elem((barcodes.len(), dimensions), f32::NAN);
        let places = places(&path, &table, &cells, import)?;
        for (dimension, (column, numbers)) in table.iter().skip(1).enumerate() {
            for (place, number) in places.iter().zip(floats(&path, column, numbers)?) {
                if let Some(cell) = *place {
                    #[allow(clippy::cast_possible_truncation, reason = "as loompy stores it")]
                    let number = number as f32;
                    values[(cell, dimension)] = number;
                }
            }
        }
        if name == "tsne" && dimensions >= 2 {
            import.col_attr("X", values.column(0).to_owned());
            import.col_attr("Y", values.column(1).to_owned());
        }
        if name != "tsne" || dimensions != 2 {
            import.col_attr(attribute, values);
        }
    }
    for (name, path) in clusterings(&folder.join("clustering")) {
        let table = read(&path)?;
        let places = places(&path, &table, &cells, import)?;
        let Some((column, labels)) = table.iter().nth(1) else {
            continue;
        };
        let mut values = vec![-1_i64; barcodes.len()];
        for (place, label) in places.iter().zip(floats(&path, column, labels)?) {
            if let Some(cell) = *place {
                #[allow(clippy::cast_possible_truncation, reason = "labels are small integers")]
                let label = label as i64;
                values[cell] = label - 1;
            }
        }
        match name.as_str() {
            GRAPH => import.col_attr("ClusterID", values),
            other => import.col_attr(format!("ClusterID_{other}"), values),
        }
    }
    Ok(())
}

/// The file of a projection: beside the folder's name, or in a folder that tells how many dimensions
/// there are.
fn projection(folder: &Path) -> Option<PathBuf> {
    let direct = folder.join("projection.csv");
    if direct.is_file() {
        return Some(direct);
    }
    let mut folders = subfolders(folder);
    // Beside gene expression there may be other features.
    folders.sort_by_key(|path| (!file_name(path).starts_with(PREFIX), path.clone()));
    let files = folders
        .into_iter()
        .map(|folder| folder.join("projection.csv"));
    files.into_iter().find(|path| path.is_file())
}

/// Names and files of the clusterings of gene expression.
fn clusterings(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut folders = subfolders(folder);
    folders.sort();
    let files = folders.into_iter().map(|folder| {
        let name = file_name(&folder);
        let name = name.strip_prefix(PREFIX).unwrap_or(&name).to_owned();
        (name, folder.join("clusters.csv"))
    });
    files.filter(|(_, path)| path.is_file()).collect()
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.is_dir()).collect()
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// A table whose first column are the barcodes.
fn read(path: &Path) -> Result<Table> {
    let table = ReadTable::new().delimiter(b',').open(path)?;
    let first = table.iter().next().map(|(_, values)| values.dtype());
    if first == Some(DType::Str) || (first.is_some() && table.is_empty()) {
        return Ok(table);
    }
    Err(bad(path, "no barcodes in the first column"))
}

/// The cell of each line.
fn places(
    path: &Path,
    table: &Table,
    cells: &HashMap<&str, usize>,
    import: &mut Import,
) -> Result<Vec<Option<usize>>> {
    let places: Vec<Option<usize>> = match table.iter().next() {
        Some((_, Array::Str(barcodes))) => (barcodes.iter())
            .map(|barcode| cells.get(barcode.as_str()).copied())
            .collect(),
        _ => Vec::new(),
    };
    let strange = places.iter().filter(|place| place.is_none()).count();
    if strange == places.len() && strange > 0 {
        return Err(bad(path, "none of its barcodes is in the matrix"));
    }
    if strange > 0 {
        let reason = format!("{strange} of its barcodes are not in the matrix");
        import.report.leave_out(path.display().to_string(), reason);
    }
    Ok(places)
}

fn floats(path: &Path, column: &str, values: &Array) -> Result<Vec<f64>> {
    match values {
        Array::F64(values) => Ok(values.iter().copied().collect()),
        Array::I64(values) => Ok(values.iter().map(|&value| value as f64).collect()),
        _ => Err(bad(path, format!("column {column:?} is not numbers"))),
    }
}
