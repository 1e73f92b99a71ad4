//! 10x Genomics' `.h5` files, of versions 2 and 3 of Cell Ranger.

use std::path::Path;

use loom_core::{
    Array, Result,
    h5lite::{File, Group},
};

use crate::{
    Import, Options,
    compressed::{self, Compressed},
    lists::bad,
    lists::cell_ids,
};

/// The group of version 3 and later.
const MATRIX: &str = "matrix";
/// Members of `features`, and the row attributes they become.
const FEATURES: [(&str, &str); 4] = [
    ("id", "Accession"),
    ("name", "Gene"),
    ("feature_type", "FeatureType"),
    ("genome", "Genome"),
];

/// Opens a 10x `.h5` file: genes x cells, compressed by cell.
///
/// Row attributes are `Accession`, `Gene` and, since version 3, `FeatureType`, `Genome` and what
/// else there is text of for each feature; the column attribute is `CellID`: the barcode, behind the
/// sample and a colon where a sample is given. Version 2 has a group for each genome, which becomes
/// the global attribute `Genome`.
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with the group for what does not fit together.
pub fn tenx(path: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let path = path.as_ref();
    let file = compressed::open(path)?;
    let groups = groups(&file)?;
    let group = match (&groups[..], &options.genome) {
        (groups, Some(genome)) if groups.iter().any(|group| group == genome) => genome.clone(),
        ([one], _) => one.clone(),
        ([], _) => {
            return Err(bad(
                path,
                "no group with data, indices, indptr and barcodes",
            ));
        }
        (several, _) => {
            let reason = format!("several genomes, choose one: {}", several.join(", "));
            return Err(bad(path, reason));
        }
    };
    let text = |name: &str| -> Result<Vec<String>> {
        let values = file
            .dataset(&format!("{group}/{name}"))?
            .read::<String>(&[])?;
        Ok(values.into_iter().collect())
    };
    let shape = file
        .dataset(&format!("{group}/shape"))?
        .read_lossy::<i64>(&[])?;
    let lengths: Vec<usize> = shape
        .iter()
        .filter_map(|&length| usize::try_from(length).ok())
        .collect();
    let &[rows, cols] = &lengths[..] else {
        return Err(bad(
            path,
            format!("{group}/shape: {shape:?}, where two lengths are needed"),
        ));
    };
    let matrix = Compressed::open(&file, &group, (rows, cols))?;
    let mut import = Import::new((rows, cols), Box::new(matrix));
    let check = |name: &str, found: usize, wanted: usize| match found == wanted {
        true => Ok(()),
        false => Err(bad(
            path,
            format!("{group}/{name}: {found} values, where the matrix has {wanted}"),
        )),
    };
    let barcodes = text("barcodes")?;
    check("barcodes", barcodes.len(), cols)?;
    let mut attribute = |name: &str, attribute: &str| -> Result<()> {
        let values = text(name)?;
        check(name, values.len(), rows)?;
        import.row_attr(attribute, Array::from(values));
        Ok(())
    };
    if group == MATRIX {
        let features = file.group(&format!("{group}/features"))?;
        for name in features.names()? {
            let known = FEATURES.iter().find(|(member, _)| *member == name);
            if name != "_all_tag_keys" {
                let to = known.map_or(name.as_str(), |(_, attribute)| attribute);
                attribute(&format!("features/{name}"), to)?;
            }
        }
    } else {
        attribute("genes", "Accession")?;
        attribute("gene_names", "Gene")?;
        import.attr("Genome", group.clone());
    }
    import.col_attr("CellID", cell_ids(options.sample.as_deref(), &barcodes));
    Ok(import)
}

/// The groups with a matrix.
pub(crate) fn groups(file: &File) -> Result<Vec<String>> {
    let root = file.root()?;
    let is_matrix = |group: &Group<'_>| {
        let names = group.names().unwrap_or_default();
        let wanted = ["data", "indices", "indptr", "barcodes", "shape"];
        wanted
            .iter()
            .all(|name| names.iter().any(|found| found == name))
    };
    let mut found = Vec::new();
    for name in root.names()? {
        if root.group(&name).is_ok_and(|group| is_matrix(&group)) {
            found.push(name);
        }
    }
    Ok(found)
}
