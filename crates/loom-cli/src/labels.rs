//! What the rows and columns of a matrix are called.

use loom_core::{Array, Axis, DType, LoomConnection};

use crate::{error::Result, positions::Picked, write};

/// Attributes that name genes, best first, by loompy, kallisto and bustools, Seurat, anndata and
/// Bioconductor.
const GENES: [&str; 14] = [
    "Gene",
    "GeneName",
    "gene_name",
    "gene_names",
    "gene",
    "Name",
    "name",
    "Accession",
    "gene_id",
    "gene_ids",
    "var_names",
    "rownames",
    "ID",
    "Features",
];
/// Attributes that name cells, best first.
const CELLS: [&str; 10] = [
    "CellID",
    "cell_id",
    "cell_names",
    "cell_name",
    "barcode",
    "barcodes",
    "Barcode",
    "obs_names",
    "colnames",
    "cell",
];

/// The attribute that names the positions of an axis: one of the usual names, else the first that
/// is text. Files with cells as rows are common enough to look for both kinds on both axes.
pub(crate) fn attribute(ds: &LoomConnection, axis: Axis) -> Option<String> {
    let (first, second) = match axis {
        Axis::Rows => (&GENES[..], &CELLS[..]),
        Axis::Cols => (&CELLS[..], &GENES[..]),
    };
    let attrs = ds.axis_attrs(axis);
    let length = axis.of(ds.shape());
    let fits = |name: &str| {
        let dataset = attrs.dataset(name).ok()?;
        (*dataset.shape() == [length]).then_some(())?;
        dataset.dtype().ok()
    };
    if let Some(name) = first.iter().chain(second).find(|name| fits(name).is_some()) {
        return Some((*name).to_owned());
    }
    let keys = attrs.keys().ok()?;
    keys.into_iter().find(|name| fits(name) == Some(DType::Str))
}

/// The names of some positions of an axis: values of `attribute`, or the positions themselves.
pub(crate) fn read(
    ds: &LoomConnection,
    axis: Axis,
    attribute: Option<&str>,
    positions: &Picked,
) -> Result<Vec<String>> {
    let Some(attribute) = attribute else {
        let names = [positions.len()];
        ds.file()
            .afford("names, in bytes,", &names, size_of::<String>())?;
        return Ok(positions
            .iter()
            .map(|position| position.to_string())
            .collect());
    };
    Ok(
        match ds.axis_attrs(axis).get_at(attribute, positions.all())? {
            Array::Str(names) => names.into_iter().collect(),
            numbers => (0..numbers.len())
                .map(|at| write::cell_text(&numbers, at))
                .collect(),
        },
    )
}
