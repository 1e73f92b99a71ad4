//! Folders that STARsolo writes: loompy's `create_from_star`.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use loom_core::{
    Array, Result,
    import::{MatrixFile, ReadMatrix},
};

use crate::{
    Import, Options,
    lists::{self, all_names, bad, cell_ids, find, try_find},
    sum::Sum,
};

/// The layers of RNA velocity, in the order of their values in files before STAR 2.7.9.
const VELOCITY: [&str; 3] = ["spliced", "unspliced", "ambiguous"];
const VELOCYTO: &str = "Velocyto";

/// What is taken from the output of STARsolo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Star {
    /// Which cells: `star`, those that passed the filter of Velocyto, or of `Gene` where there is no
    /// Velocyto; `none`, all of them, from the raw folders; `combine`, those in any of the layers;
    /// or a feature, such as `Gene` or `GeneFull`, whose filter decides. `star`, if not given.
    pub cells: Option<String>,
    /// The feature that becomes the main matrix; `velosum`, the sum of spliced, unspliced and
    /// ambiguous, which is what is taken where there is a Velocyto and nothing is given.
    pub main: Option<String>,
    /// Features that become layers.
    pub layers: Vec<String>,
}

/// A matrix of the folder, not read yet.
struct Part {
    name: String,
    path: PathBuf,
    /// Which of how many values in a line.
    value: (usize, usize),
    barcodes: Vec<String>,
}

/// Opens a folder of STARsolo: `Solo.out`, or the one it is in, written before or after STAR 2.7.9.
///
/// Layers are `spliced`, `unspliced` and `ambiguous` and the features asked for, over the cells
/// that the filter leaves; a cell that a layer does not have holds zeros there, and its column
/// attribute `Valid_LAYER` is 0. Row attributes are `Accession` and `Gene`, others of columns
/// `CellID` (`sample:barcode`, where a sample is given) and `BarcodeTotalUMIs`.
///
/// (loompy's `none` fails, its `combine` has no certain order; cells come here in the order of the
/// files.)
///
/// # Errors
/// [`Error::Import`](loom_core::Error::Import) with file and line for what does not fit together.
pub fn star(folder: impl AsRef<Path>, options: &Options) -> Result<Import> {
    let folder = folder.as_ref();
    let solo = solo_out(folder).ok_or_else(|| bad(folder, "no folder Solo.out"))?;
    let wanted = &options.star;
    let cells = match wanted.cells.as_deref() {
        None if options.raw => "none",
        None => "star",
        Some(cells) => cells,
    };
    let filter = if cells == "none" { "raw" } else { "filtered" };
    let velocyto = solo.join(VELOCYTO).join(filter);
    let main = match &wanted.main {
        Some(main) => main.clone(),
        None if velocyto.is_dir() => "velosum".to_owned(),
        None => "Gene".to_owned(),
    };
    let mut features: Vec<String> = wanted.layers.clone();
    for name in [cells, main.as_str()] {
        let special = matches!(name, "star" | "none" | "combine" | "velosum");
        if !special && !features.iter().any(|known| known == name) {
            features.push(name.to_owned());
        }
    }
    let mut parts = Vec::new();
    for name in &features {
        let folder = solo.join(name).join(filter);
        parts.push(Part {
            name: name.clone(),
            path: find(&folder, &["matrix.mtx"])?,
            value: (0, 1),
            barcodes: all_names(&find(&folder, &["barcodes.tsv"])?)?,
        });
    }
    if velocyto.is_dir() {
        parts.extend(velocity(&velocyto)?);
    } else if main == "velosum" {
        return Err(bad(&solo, "no Velocyto, and so no main matrix velosum"));
    }
    let chosen = chosen(cells, &parts);
    layers(&solo, (&main, &chosen), &parts, options)
}

/// The three matrices of RNA velocity.
fn velocity(folder: &Path) -> Result<Vec<Part>> {
    let barcodes = all_names(&find(folder, &["barcodes.tsv"])?)?;
    let together = try_find(folder, &["matrix.mtx"]);
    let parts = VELOCITY.into_iter().enumerate().map(|(number, name)| {
        let (path, value) = match &together {
            Some(path) => (path.clone(), (number, VELOCITY.len())),
            None => (find(folder, &[&format!("{name}.mtx")])?, (0, 1)),
        };
        Ok(Part {
            name: name.to_owned(),
            path,
            value,
            barcodes: barcodes.clone(),
        })
    });
    parts.collect()
}

/// The barcodes of the cells.
fn chosen(cells: &str, parts: &[Part]) -> Vec<String> {
    let of = |name: &str| parts.iter().find(|part| part.name == name);
    match cells {
        "combine" => {
            let mut seen = HashSet::new();
            let all = parts.iter().flat_map(|part| &part.barcodes);
            all.filter(|barcode| seen.insert(*barcode))
                .cloned()
                .collect()
        }
        "star" | "none" => (of(VELOCITY[0]).or(parts.first()))
            .map(|part| part.barcodes.clone())
            .unwrap_or_default(),
        feature => of(feature)
            .map(|part| part.barcodes.clone())
            .unwrap_or_default(),
    }
}

fn layers(
    solo: &Path,
    (main, chosen): (&str, &[String]),
    parts: &[Part],
    options: &Options,
) -> Result<Import> {
    let first = parts.first().ok_or_else(|| bad(solo, "no matrix"))?;
    let folder = first.path.parent().unwrap_or(solo);
    let mut open = Vec::new();
    for part in parts {
        open.push((part, placed(part, chosen, options.read_matrix())?));
    }
    let shape = open[0].1.shape();
    let velosum = main == "velosum";
    let summands: Vec<MatrixFile> = match velosum {
        true => (parts
            .iter()
            .filter(|part| VELOCITY.contains(&part.name.as_str())))
        .map(|part| placed(part, chosen, options.read_matrix()))
        .collect::<Result<_>>()?,
        false => (parts.iter().filter(|part| part.name == main))
            .map(|part| placed(part, chosen, options.read_matrix()))
            .collect::<Result<_>>()?,
    };
    let sum = Sum::new(solo, summands)?;
    let totals = sum.totals()?;
    let mut import = Import::new(shape, Box::new(sum));
    let features = find(folder, &["features.tsv", "genes.tsv"])?;
    let of = format!("rows of {}", first.path.display());
    let mut features = lists::columns(&features, shape.0, &of)?;
    features.truncate(2);
    crate::cellranger::feature_attrs(&mut import, features);
    import.col_attr("CellID", cell_ids(options.sample.as_deref(), chosen));
    import.col_attr("BarcodeTotalUMIs", totals);
    for (part, matrix) in open {
        if matrix.shape() != shape {
            let reason = format!(
                "{:?} rows and columns, where {shape:?} are needed",
                matrix.shape()
            );
            return Err(bad(&part.path, reason));
        }
        let has: HashSet<&String> = part.barcodes.iter().collect();
        let valid = |barcode: &String| i64::from(has.contains(barcode));
        let valid: Vec<i64> = chosen.iter().map(valid).collect();
        import.col_attr(format!("Valid_{}", part.name), Array::from(valid));
        if part.name != main {
            import.layer(&part.name, Box::new(matrix));
        }
    }
    Ok(import)
}

/// A matrix whose columns are the cells.
fn placed(part: &Part, cells: &[String], read: ReadMatrix) -> Result<MatrixFile> {
    let places: HashMap<&str, u32> = (cells.iter().map(String::as_str)).zip(0..).collect();
    let place = |barcode: &String| places.get(barcode.as_str()).copied();
    let places = part.barcodes.iter().map(place).collect();
    let (number, of) = part.value;
    let read = read.value(number, of).places(places, cells.len())?;
    read.open(&part.path)
}

/// The folder `Solo.out` that a path leads to; STAR puts a prefix of the user's in front.
pub(crate) fn solo_out(folder: &Path) -> Option<PathBuf> {
    let is_one = |path: &Path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name.ends_with("Solo.out") && path.is_dir()
    };
    let features = ["Gene", "GeneFull", VELOCYTO];
    if is_one(folder)
        || features.iter().any(|name| {
            folder.join(name).join("raw").is_dir() || folder.join(name).join("filtered").is_dir()
        })
    {
        return Some(folder.to_owned());
    }
    let entries = fs::read_dir(folder).ok()?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().find(|path| is_one(path))
}
