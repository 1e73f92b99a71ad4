//! An h5ad file as an import.

use std::{path::Path, sync::Arc};

use loom_core::{Array, DType, Matrix, Result, Triplets, h5lite::File, import::BATCH};

use super::{
    Side,
    element::{Element, names, wrong},
    frame, matrix_in,
    notes::{IN_H5AD, IN_LOOM, OfH5ad, OfLoom},
    uns,
};
use crate::{
    Import, Options, compressed,
    import::{Batches, Layer},
};

/// Opens an h5ad file: of anndata 0.8 and later, and of 0.7.
///
/// `X` becomes the main matrix and `layers` the layers; `obs` and `var` column and row attributes,
/// with categories as text; `obsm` and `varm` attributes with several values; `obsp` and `varp`
/// graphs; `uns` global attributes, with dots for what is deeper down. What Loom cannot say is in the
/// global attribute `anndata`, so that [`to_h5ad`](super::to_h5ad) gives it again; what has no place
/// at all, `raw` above all, is in the [report](Import::report).
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with the path inside of the file for what is not
/// known, or contradicts itself.
pub fn h5ad(path: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let file = compressed::open(path.as_ref())?;
    Element::open(&file, "/")?;
    let of_loom = of_loom(&file)?;
    let mut report = crate::Report::default();
    let mut notes = OfH5ad::default();
    let (obs, ca) = frame::read(&file, Side::Obs, &of_loom, &mut report)?;
    let (var, ra) = frame::read(&file, Side::Var, &of_loom, &mut report)?;
    let count = |side: Side| -> Result<usize> {
        let index = file
            .group(side.table())?
            .attribute("_index")?
            .read::<String>()?;
        let index = index.first().cloned().unwrap_or_default();
        let names = file.dataset(&format!("{}/{index}", side.table()))?;
        Ok(names.shape().iter().product())
    };
    let shape = (count(Side::Var)?, count(Side::Obs)?);
    if shape.0 == 0 || shape.1 == 0 {
        let reason = format!("{} genes and {} cells make no Loom file", shape.0, shape.1);
        return Err(wrong(&file, "/", reason));
    }
    (notes.obs, notes.var) = (obs, var);
    let mut import = match main(&file, shape, options)? {
        Some(main) => Import::new(shape, main),
        None => {
            report.change("/X", "there is none: the main matrix holds zeros");
            Import::new(shape, Box::new(Nothing(shape)))
        }
    };
    for name in names(&file, "/layers")? {
        let path = format!("/layers/{name}");
        match matrix_in::layer(&file, &path, shape, options)? {
            Some(layer) => import.layer(name, layer),
            None => report.leave_out(path, "no matrix"),
        }
    }
    import.ca = ca;
    import.rest.ra = ra.into();
    for side in Side::BOTH {
        for name in names(&file, side.pairs())? {
            let path = format!("{}/{name}", side.pairs());
            let length = side.axis().of(shape);
            let Some((graph, dtype)) = matrix_in::graph(&file, &path, length)? else {
                report.leave_out(path, "no matrix");
                continue;
            };
            if dtype != DType::F64 {
                report.change(path, format!("weights of {dtype} are float64 in a graph"));
            }
            let graphs = match side {
                Side::Obs => &mut import.rest.col_graphs,
                Side::Var => &mut import.rest.row_graphs,
            };
            graphs.insert(name, graph);
        }
    }
    for (name, values) in uns::read(&file, &mut notes, &mut report)? {
        import.attr(name, values);
    }
    for name in file.root()?.names()? {
        let known = [
            "X", "layers", "obs", "var", "obsm", "varm", "obsp", "varp", "uns",
        ];
        if !known.contains(&name.as_str()) {
            Element::open(&file, &format!("/{name}"))?;
            report.leave_out(format!("/{name}"), "a Loom file has no place for it");
        }
    }
    let json = serde_json::to_string(&notes).map_err(std::io::Error::from)?;
    import.attr(IN_LOOM, Array::from(json));
    import.report = report;
    Ok(import)
}

/// What a file that was made of a Loom file says about that.
fn of_loom(file: &File) -> Result<OfLoom> {
    let Some(element) = Element::try_open(file, &format!("/uns/{IN_H5AD}"))? else {
        return Ok(OfLoom::default());
    };
    let text = match element.dataset() {
        Ok(dataset) if dataset.dtype().ok() == Some(DType::Str) => dataset.read::<String>(&[])?,
        _ => return Ok(OfLoom::default()),
    };
    let text = text.first().cloned().unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// `X`, if there is one.
fn main(
    file: &Arc<File>,
    shape: (usize, usize),
    options: &Options,
) -> Result<Option<Box<dyn Layer>>> {
    match Element::try_open(file, "/X")? {
        None => Ok(None),
        Some(element) if element.kind == "null" => Ok(None),
        Some(element) => match matrix_in::layer(file, "/X", shape, options)? {
            Some(layer) => Ok(Some(layer)),
            None => Err(wrong(
                file,
                "/X",
                format!("a matrix is needed, and this is {}", element.kind),
            )),
        },
    }
}

/// A matrix of zeros, of this shape.
#[derive(Debug)]
struct Nothing((usize, usize));

impl Layer for Nothing {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn batches(&self) -> Batches<'_> {
        let (genes, cells) = self.0;
        Box::new((0..cells).step_by(BATCH).map(move |start| {
            let shape = (genes, BATCH.min(cells - start));
            let none = Triplets::new(shape, Vec::new(), Vec::new(), Vec::<f32>::new().into())?;
            Ok(Matrix::Sparse(none))
        }))
    }
}
