//! A Loom file as h5ad.

use std::path::Path;

use loom_core::{Array, LoomConnection, Result, Watch, h5lite::File};

use super::{
    Side, array, frame, group, is_key, mark, matrix_out,
    notes::{IN_H5AD, IN_LOOM, OfH5ad, OfLoom},
    uns,
};
use crate::{Memory, Report};

/// Writes a Loom file as h5ad, in the place of whatever has this path, and says what is not in it as
/// it was. The steps that `watch` is told of are cells of layers.
///
/// `X` and `layers` are compressed by cell. Names of cells are `CellID`, those of genes `Gene` where
/// they are unique, else `Accession`; text becomes categorical where values occur again, as anndata
/// does it. Attributes with several values become entries of `obsm` and `varm`, and so do the pairs
/// `_X`, `_Y`; `UMAP1`, `UMAP2`; `TSNE1`, `TSNE2` (in any case, with or without underscores).
/// Graphs become entries of `obsp` and `varp`, global attributes those of `uns`. A file that was made
/// of h5ad gets back what its attribute `anndata` tells of.
///
/// In memory are a band of cells, and one attribute or graph at a time.
///
/// # Errors
/// Where the Loom file cannot be read, or the other not be written, and
/// [`Error::Misuse`](loom_core::Error::Misuse) where there is too little memory; what had the path is
/// as it was.
pub fn to_h5ad(
    ds: &LoomConnection,
    path: impl AsRef<Path>,
    memory: Memory,
    watch: &Watch,
) -> Result<Report> {
    crate::afford_names(ds)?;
    let mut report = Report::default();
    let notes = notes(ds)?;
    let cells = ds.shape().1 as u64;
    let mut steps = watch.begin(cells * ds.layers().len()? as u64)?;
    let mut of_loom = OfLoom::default();
    File::create(path, |edit| -> Result<()> {
        mark(edit, "/", "anndata", "0.1.0")?;
        frame::write(edit, ds, Side::Obs, &notes.obs, &mut of_loom, &mut report)?;
        frame::write(edit, ds, Side::Var, &notes.var, &mut of_loom, &mut report)?;
        group(edit, "/layers", "dict", "0.1.0")?;
        for layer in ds.layers().iter()? {
            let layer = layer?;
            let path = match layer.name() {
                "" => "/X".to_owned(),
                name => format!("/layers/{name}"),
            };
            matrix_out::layer(edit, &path, &layer, memory, &mut steps)?;
        }
        for side in Side::BOTH {
            group(edit, side.pairs(), "dict", "0.1.0")?;
            for graph in ds.axis_graphs(side.axis()).iter()? {
                let (name, graph) = graph?;
                if is_key(&name) {
                    matrix_out::graph(edit, &format!("{}/{name}", side.pairs()), &graph)?;
                }
            }
        }
        uns::write(edit, ds, &notes, &mut report)?;
        if of_loom != OfLoom::default() {
            let json = serde_json::to_string(&of_loom).map_err(std::io::Error::from)?;
            array(edit, &format!("/uns/{IN_H5AD}"), &Array::from(json))?;
        }
        Ok(())
    })?;
    Ok(report)
}

/// What a file that was made of h5ad says about that.
fn notes(ds: &LoomConnection) -> Result<OfH5ad> {
    if !ds.attrs().contains(IN_LOOM)? {
        return Ok(OfH5ad::default());
    }
    match ds.attrs().value::<String>(IN_LOOM) {
        Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
        Err(_) => Ok(OfH5ad::default()),
    }
}
