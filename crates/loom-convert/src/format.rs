//! Which format something has, told from its content.

use std::{fmt, path::Path};

use h5lite::File;
use loom_core::{Axis, Error, Result, spec};

use crate::{Import, Options, cellranger, h5ad, kallisto, lists::bad, star, tenx, text};

/// A format that is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Loom, of any version.
    Loom,
    /// A folder of Cell Ranger.
    CellRanger,
    /// anndata's h5ad.
    H5ad,
    /// A 10x `.h5` file.
    TenX,
    /// A folder of STARsolo.
    Star,
    /// A folder of kallisto and bustools.
    Kallisto,
    /// A matrix as text, Matrix Market or npy.
    Text,
}

impl Format {
    /// Every format, in the order of their names' importance.
    pub const ALL: [Self; 7] = [
        Self::Loom,
        Self::H5ad,
        Self::CellRanger,
        Self::TenX,
        Self::Star,
        Self::Kallisto,
        Self::Text,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loom => "loom",
            Self::H5ad => "h5ad",
            Self::CellRanger => "cellranger",
            Self::TenX => "10x-h5",
            Self::Star => "starsolo",
            Self::Kallisto => "kallisto",
            Self::Text => "text",
        }
    }

    /// The format of what is there.
    ///
    /// # Errors
    /// [`Error::NoFile`]; [`Error::Import`] for a folder, or an HDF5 file, of none of them. Any other
    /// file is taken for text.
    pub fn of(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::of_folder(path);
        }
        if !path.exists() {
            return Err(Error::NoFile {
                path: path.to_owned(),
            });
        }
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if is_not_hdf5(&error) => return Ok(Self::Text),
            Err(error) => return Err(error.into()),
        };
        Self::of_hdf5(path, &file)
    }

    fn of_folder(path: &Path) -> Result<Self> {
        if cellranger::is_one(path) {
            Ok(Self::CellRanger)
        } else if star::solo_out(path).is_some() {
            Ok(Self::Star)
        } else if kallisto::is_one(path) {
            Ok(Self::Kallisto)
        } else {
            let reason = "a folder of none of Cell Ranger, STARsolo and kallisto|bustools";
            Err(bad(path, reason))
        }
    }

    fn of_hdf5(path: &Path, file: &File) -> Result<Self> {
        let marks = Axis::BOTH.map(Axis::attrs_path);
        if file.dataset(spec::MATRIX).is_ok() || marks.iter().any(|mark| file.group(mark).is_ok()) {
            Ok(Self::Loom)
        } else if !tenx::groups(file)?.is_empty() {
            Ok(Self::TenX)
        } else if ["/obs", "/var"]
            .iter()
            .all(|name| file.object(name).is_ok())
        {
            Ok(Self::H5ad)
        } else {
            Err(bad(
                path,
                "an HDF5 file that is neither Loom nor h5ad nor 10x",
            ))
        }
    }

    /// Opens what is there, to make a Loom file of it.
    ///
    /// # Errors
    /// As the importers; [`Error::Misuse`] for Loom files, which need none.
    pub fn import(self, path: &Path, options: &Options) -> Result<Import> {
        match self {
            Self::Loom => Err(Error::Misuse("a Loom file is not imported".to_owned())),
            Self::H5ad => h5ad::h5ad(path, options),
            Self::CellRanger => cellranger::cellranger(path, options),
            Self::TenX => tenx::tenx(path, options),
            Self::Star => star::star(path, options),
            Self::Kallisto => kallisto::kallisto(path, options),
            Self::Text => text::text(path, options),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn is_not_hdf5(error: &h5lite::Error) -> bool {
    match error {
        h5lite::Error::NotHdf5 => true,
        h5lite::Error::InFile { source, .. } => is_not_hdf5(source),
        _ => false,
    }
}
