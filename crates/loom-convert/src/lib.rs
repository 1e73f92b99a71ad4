//! Loom files from the formats of their neighbours, and back.
//!
//! An importer opens a folder or a file, checks that its parts fit together, and gives an
//! [`Import`], which [`Import::write`] makes a Loom file of. Matrices are never in memory as a whole.
//!
//! | what | call | loompy |
//! |---|---|---|
//! | Cell Ranger, folders of all versions, with its analysis | [`cellranger()`] | `create_from_cellranger` |
//! | 10x `.h5` | [`tenx()`] | |
//! | STARsolo, before and after 2.7.9 | [`star()`] | `create_from_star` |
//! | kallisto and bustools | [`kallisto()`] | `create_from_kallistobus`, which is empty |
//! | text, Matrix Market, npy | [`text()`] | `create_from_tsv` |
//! | anndata's h5ad | [`h5ad()`] | |
//!
//! [`kerchunk()`] leaves a file where it is, and lets readers of Zarr fetch its chunks.
//!
//! The other way, [`to_h5ad`] writes a Loom file as h5ad, and an [`Export`] as Matrix Market, text, `npy`,
//! Arrow and Parquet. What has no place, or changes, is in a [`Report`].
//!
//! Counts get the first of `int32`, `int64` and `float64` that holds them all, where loompy makes
//! `int64` or `float64` of them; [`Options::dtype`] asks for another.

mod analysis;
pub mod cell;
mod cellranger;
mod compressed;
mod format;
mod h5ad;
mod import;
mod kallisto;
mod kerchunk;
mod lists;
pub mod npy;
mod options;
mod out;
mod report;
mod star;
mod sum;
mod tenx;
mod text;

use loom_core::LoomConnection;

pub use cellranger::cellranger;
pub use format::Format;
pub use h5ad::{h5ad, to_h5ad};
pub use import::Import;
pub use kallisto::kallisto;
pub use kerchunk::kerchunk;
pub use options::{Options, Text};
pub use out::{Export, Memory, Partition, Target};
pub use report::{Fate, Note, Report};
pub use star::{Star, star};
pub use tenx::tenx;
pub use text::text;

/// Refuses names for more rows or columns than a file can hold, however many it states: unlike
/// values, they are made up where there are none.
fn afford_names(ds: &LoomConnection) -> loom_core::Result<()> {
    /// Memory that a name takes, about.
    const NAME: usize = 48;
    let (rows, cols) = ds.shape();
    let longest = rows.max(cols);
    Ok(ds
        .file()
        .afford("the names of an axis, in bytes,", &[longest], NAME)?)
}
