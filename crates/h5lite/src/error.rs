//! What can go wrong, in kinds a caller can act on: the file is damaged, the file uses something
//! this crate leaves out, the caller asked for something impossible, or the system failed.

use std::{fmt, io, path::PathBuf};

use crate::image::Address;

/// The result of everything that touches a file.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A structure in the file contradicts the specification or itself.
    #[error("corrupt {structure} at {address}: {reason}")]
    Corrupt {
        /// The structure's name in the HDF5 specification.
        structure: &'static str,
        /// Where it stands, relative to the file's base address.
        address: Address,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not at fault: it uses a part of HDF5 that this crate does not read or write.
    #[error("unsupported {0}")]
    Unsupported(String),
    /// The file does not start (at 0, 512, 1024, ...) with the HDF5 signature.
    #[error("not an HDF5 file")]
    NotHdf5,
    /// A path, attribute or compound member that does not exist.
    #[error("no {what} named {name:?}")]
    NotFound {
        /// Object, attribute or member.
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// The file holds something else than was asked for.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the caller asked for.
        expected: String,
        /// What the file holds.
        found: String,
    },
    /// A position outside an axis.
    #[error("index {index} is out of range for axis {axis} of length {length}")]
    OutOfBounds {
        /// The axis, counted from 0.
        axis: usize,
        /// The offending index.
        index: usize,
        /// The axis length.
        length: usize,
    },
    /// The call would take more than [`Limits`](crate::Limits) allows.
    #[error(
        "{what} would be {wanted}, over the limit of {limit}; raise Limits::{setting} to allow it"
    )]
    Limit {
        /// What is limited, with its unit.
        what: &'static str,
        /// How much the file asks for.
        wanted: u64,
        /// How much is allowed.
        limit: u64,
        /// The field of [`Limits`](crate::Limits) to raise.
        setting: &'static str,
    },
    /// Another program holds a lock that excludes ours.
    #[error("locked by another program: {0}")]
    Locked(String),
    /// Whoever [watches](crate::Watch) the call ended it. Nothing was changed.
    #[error("stopped as asked; nothing was changed")]
    Stopped,
    /// The file was opened for reading only.
    #[error("opened for reading only")]
    ReadOnly,
    /// Something has the path already.
    #[error("{0:?} exists already")]
    Exists(String),
    /// Another program wrote to the file since it was opened. Nothing was changed.
    #[error("another program changed the file since it was opened; open it again")]
    ChangedUnderUs,
    /// The system failed while the content was being switched. The file has the old content or the
    /// new one; opening it again shows which.
    #[error("the commit may or may not have happened; open the file again: {0}")]
    CommitUnknown(Box<Error>),
    /// The operating system refused.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried: "read 512 bytes at 0x800".
        action: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Any of the above, with the object it happened in.
    #[error("{path}: {source}")]
    InObject {
        /// Path of the object inside the file.
        path: String,
        /// What happened there.
        source: Box<Error>,
    },
    /// Any of the above, with the file it happened in.
    #[error("{}: {source}", path.display())]
    InFile {
        /// Path of the file.
        path: PathBuf,
        /// What happened there.
        source: Box<Error>,
    },
}

impl Error {
    /// An [`Error::Corrupt`], for structures that are not parsed field by field.
    pub(crate) fn corrupt(
        structure: &'static str,
        address: Address,
        reason: impl fmt::Display,
    ) -> Self {
        Self::Corrupt {
            structure,
            address,
            reason: reason.to_string(),
        }
    }

    /// An [`Error::Unsupported`].
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::Unsupported(what.to_string())
    }

    /// An [`Error::Io`] that says what was tried.
    pub(crate) fn io(action: impl fmt::Display, source: io::Error) -> Self {
        Self::Io {
            action: action.to_string(),
            source,
        }
    }

    /// The error without the object and file paths around it: what to match on.
    #[must_use]
    pub fn root_cause(&self) -> &Self {
        match self {
            Self::InObject { source, .. } | Self::InFile { source, .. } => source.root_cause(),
            other => other,
        }
    }

    /// Whether the file is damaged, rather than the call misused or the feature left out.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        matches!(self.root_cause(), Self::Corrupt { .. } | Self::NotHdf5)
    }

    /// Whether the file uses a part of HDF5 that this crate leaves out.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self.root_cause(), Self::Unsupported(_))
    }

    /// Whether a named thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.root_cause(), Self::NotFound { .. })
    }
}

impl Error {
    /// Names the object in which the error happened, unless a deeper object is named already.
    pub(crate) fn in_object(self, path: &str) -> Self {
        match self {
            Self::InObject { .. } => self,
            other => Self::InObject {
                path: path.to_owned(),
                source: Box::new(other),
            },
        }
    }
}

/// Adds the path of the object to an error, once.
pub(crate) trait InObject<T> {
    /// Names the object in which the error happened, unless a deeper object is named already.
    fn in_object(self, path: &str) -> Result<T>;
}

impl<T> InObject<T> for Result<T> {
    fn in_object(self, path: &str) -> Result<T> {
        self.map_err(|error| error.in_object(path))
    }
}
