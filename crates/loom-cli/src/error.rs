//! Why a command failed, in words that name the file and the cause.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The result of what happens inside of a command, which knows its file from outside.
pub(crate) type Result<T, E = Cause> = std::result::Result<T, E>;

/// What went wrong, without the file it went wrong with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// The file cannot be read, or lacks what was asked for.
    #[error(transparent)]
    Input(#[from] loom_core::Error),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// The arguments ask for something this file cannot give.
    #[error("{0}")]
    Asked(String),
}

impl Cause {
    /// A [`Cause::Asked`].
    pub(crate) fn asked(reason: impl Into<String>) -> Self {
        Self::Asked(reason.into())
    }

    /// The cause with the file the command was about.
    pub(crate) fn about(self, file: &Path) -> Error {
        Error {
            file: file.to_owned(),
            cause: self,
        }
    }

    /// Whether the message says itself which file it is about.
    fn names_file(&self) -> bool {
        use loom_core::{Error, h5lite};
        match self {
            Self::Input(error) => matches!(
                error,
                Error::NoFile { .. }
                    | Error::NotHdf5 { .. }
                    | Error::Locked { .. }
                    | Error::NotLoom { .. }
                    | Error::Import { .. }
                    | Error::H5(h5lite::Error::InFile { .. })
            ),
            // The file that was read has no part in it.
            Self::Output(_) => true,
            Self::Asked(_) => false,
        }
    }
}

impl From<h5lite::Error> for Cause {
    fn from(error: h5lite::Error) -> Self {
        Self::Input(error.into())
    }
}

/// Commands write through [`io::Write`]; files are read through `loom_core`.
impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

#[cfg(feature = "plot")]
impl From<loom_plot::Error> for Cause {
    fn from(error: loom_plot::Error) -> Self {
        match error {
            loom_plot::Error::Output(error) => Self::Output(error),
            other => Self::Asked(other.to_string()),
        }
    }
}

impl From<csv::Error> for Cause {
    fn from(error: csv::Error) -> Self {
        // The error of the system is what tells a broken pipe.
        Self::Output(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl From<serde_json::Error> for Cause {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Error {
    file: PathBuf,
    cause: Cause,
}

impl Error {
    /// Whether whoever read the output has had enough.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        match &self.cause {
            Cause::Output(error) | Cause::Input(loom_core::Error::Write(error)) => {
                error.kind() == io::ErrorKind::BrokenPipe
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cause.names_file() {
            write!(f, "{}", self.cause)
        } else {
            write!(f, "{}: {}", self.file.display(), self.cause)
        }
    }
}
