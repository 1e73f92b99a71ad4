//! Where cells are, if nobody says it: the usual embeddings.

use loom_core::{Axis, LoomConnection};

use crate::{
    args::Plot,
    commands::table,
    error::{Cause, Result},
    open,
};

/// Attributes that hold a coordinate each, best first, as [`plain`] names: those of loompy, then what
/// others call theirs.
const PAIRS: [[&str; 2]; 8] = [
    ["x", "y"],
    ["umap1", "umap2"],
    ["umapx", "umapy"],
    ["tsne1", "tsne2"],
    ["tsnex", "tsney"],
    ["phate1", "phate2"],
    ["pc1", "pc2"],
    ["pca1", "pca2"],
];

/// Attributes that hold all coordinates, best first.
const SHARED: [&str; 10] = [
    "umap",
    "xumap",
    "tsne",
    "xtsne",
    "phate",
    "xphate",
    "xy",
    "reduceddims",
    "pca",
    "xpca",
];

/// SCope's default embedding.
const SCOPE: [&str; 2] = ["Embeddings_X.-1", "Embeddings_Y.-1"];

/// A name without case and signs, by which the names of different programs are alike.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What is drawn to the right and upwards: what was asked for, else the first of the usual
/// embeddings that the file has.
pub(super) fn places(ds: &LoomConnection, args: &Plot) -> Result<(String, String)> {
    let keys = ds.ca().keys()?;
    match (&args.x, &args.y, &args.embedding) {
        (Some(x), Some(y), _) => return Ok((x.clone(), y.clone())),
        (Some(_), None, _) => return Err(Cause::asked("-x needs -y: what is drawn upwards")),
        (None, Some(_), _) => return Err(Cause::asked("-y needs -x: what is drawn to the right")),
        (None, None, Some(name)) => {
            return asked(ds, &keys, name).ok_or_else(|| {
                Cause::asked(format!(
                    "no attribute {name:?} of the cells has two values for each, and none are \
                     called after it{}",
                    open::instead(&keys)
                ))
            });
        }
        (None, None, None) => {}
    }
    usual(ds, &keys).ok_or_else(|| {
        Cause::asked(format!(
            "none of the usual embeddings is there; -x and -y say where cells are{}",
            open::instead(&keys)
        ))
    })
}

/// The coordinates that an attribute holds, or that two are called after it.
fn asked(ds: &LoomConnection, keys: &[String], name: &str) -> Option<(String, String)> {
    let pair = |ends: [&str; 2]| {
        let [x, y] = ends.map(|end| named(ds, keys, &format!("{}{end}", plain(name))));
        Some((x?, y?))
    };
    shared(ds, name).or_else(|| [["1", "2"], ["x", "y"]].into_iter().find_map(pair))
}

fn usual(ds: &LoomConnection, keys: &[String]) -> Option<(String, String)> {
    let loompys = PAIRS[..1].iter();
    let pair = |pair: &[&str; 2]| {
        let [x, y] = pair.map(|name| named(ds, keys, name));
        Some((x?, y?))
    };
    let shared = |name: &&str| {
        let key = keys.iter().find(|key| plain(key) == **name)?;
        shared(ds, key)
    };
    let scope = || {
        let [x, y] = SCOPE;
        (columns(ds, x) == 1 && columns(ds, y) == 1).then(|| (x.to_owned(), y.to_owned()))
    };
    (loompys.clone().find_map(pair))
        .or_else(scope)
        .or_else(|| PAIRS.iter().take(5).find_map(pair))
        .or_else(|| SHARED.iter().take(8).find_map(shared))
        .or_else(|| PAIRS.iter().find_map(pair))
        .or_else(|| SHARED.iter().find_map(shared))
}

/// The attribute with this plain name that has one value for each cell; one with a leading `_`,
/// which is what loompy writes, before others.
fn named(ds: &LoomConnection, keys: &[String], name: &str) -> Option<String> {
    let mut alike: Vec<&String> = keys.iter().filter(|key| plain(key) == name).collect();
    alike.sort_by_key(|key| !key.starts_with('_'));
    alike.into_iter().find(|key| columns(ds, key) == 1).cloned()
}

/// The first two values of an attribute that has several for each cell.
fn shared(ds: &LoomConnection, key: &str) -> Option<(String, String)> {
    (columns(ds, key) >= 2).then(|| (format!("{key}.0"), format!("{key}.1")))
}

/// How many values an attribute has for each cell; 0 if it cannot be read.
fn columns(ds: &LoomConnection, name: &str) -> usize {
    match table::named(ds, Axis::Cols, name) {
        Ok(columns) => columns.iter().map(|columns| columns.names.len()).sum(),
        Err(_) => 0,
    }
}
