//! What something in an h5ad file is: its encoding.

use std::path::{Path, PathBuf};

use loom_core::{
    Error, Result,
    h5lite::{Dataset, File, Group, Object},
};

use crate::lists::bad;

/// Every encoding there is, and the versions that are read.
const KNOWN: [(&str, &[&str]); 17] = [
    ("anndata", &["0.1.0"]),
    ("raw", &["0.1.0"]),
    ("dict", &["0.1.0"]),
    ("dataframe", &["0.1.0", "0.2.0"]),
    ("array", &["0.2.0"]),
    ("rec-array", &["0.2.0"]),
    ("csr_matrix", &["0.1.0"]),
    ("csc_matrix", &["0.1.0"]),
    ("string", &["0.2.0"]),
    ("bytes", &["0.2.0"]),
    ("string-array", &["0.2.0"]),
    ("numeric-scalar", &["0.2.0"]),
    ("categorical", &["0.2.0"]),
    ("nullable-integer", &["0.1.0"]),
    ("nullable-boolean", &["0.1.0"]),
    ("nullable-string-array", &["0.1.0"]),
    ("null", &["0.1.0"]),
];

/// Something in an h5ad file.
pub(super) struct Element<'f> {
    pub(super) object: Object<'f>,
    /// `dict` and `array` where nothing is said, as in files of anndata 0.7.
    pub(super) kind: String,
}

/// An [`Error::Import`] about something in a file.
pub(super) fn wrong(file: &File, path: &str, reason: impl std::fmt::Display) -> Error {
    let name = file.path().map_or_else(PathBuf::new, Path::to_owned);
    bad(&name, format!("{path}: {reason}"))
}

impl<'f> Element<'f> {
    /// What has this path.
    ///
    /// # Errors
    /// [`Error::Import`] for a version of an encoding that is not known, or for nothing.
    pub(super) fn open(file: &'f File, path: &str) -> Result<Self> {
        let object = file.object(path)?;
        let text = |name: &str| -> Result<Option<String>> {
            match object.attribute(name) {
                Ok(attribute) => match attribute.read::<String>()?.first() {
                    Some(text) => Ok(Some(text.clone())),
                    None => Ok(None),
                },
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let version = text("encoding-version")?.unwrap_or_default();
        let kind = match text("encoding-type")? {
            Some(kind) => kind,
            None => match object {
                Object::Group(_) => "dict".to_owned(),
                _ => "array".to_owned(),
            },
        };
        let known = KNOWN.iter().find(|(known, _)| *known == kind);
        if let Some((_, versions)) = known
            && !version.is_empty()
            && !versions.contains(&version.as_str())
        {
            let reason = format!("encoding {kind} of version {version:?} is not known");
            return Err(wrong(file, path, reason));
        }
        Ok(Self { object, kind })
    }

    /// The same, if there is such a thing.
    pub(super) fn try_open(file: &'f File, path: &str) -> Result<Option<Self>> {
        match file.contains(path)? {
            true => Self::open(file, path).map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.object.path()
    }

    pub(super) fn group(&self) -> Result<&Group<'f>> {
        match &self.object {
            Object::Group(group) => Ok(group),
            _ => Err(super::unclear(&format!("{} is no group", self.path()))),
        }
    }

    pub(super) fn dataset(&self) -> Result<&Dataset<'f>> {
        match &self.object {
            Object::Dataset(dataset) => Ok(dataset),
            _ => Err(super::unclear(&format!("{} is no dataset", self.path()))),
        }
    }
}

/// The names in a group, none where it does not exist.
pub(super) fn names(file: &File, path: &str) -> Result<Vec<String>> {
    match file.group(path) {
        Ok(group) => Ok(group.names()?),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
