//! Where a command writes to: the standard output stream, or a file that appears once complete.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{
    error::{Cause, Result},
    interrupt,
};

/// What a command writes to. Nothing is certain to be written before [`finish`](Self::finish).
pub(crate) struct Output {
    writer: Writer,
    terminal: bool,
}

enum Writer {
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A file beside its destination, which it replaces when it is complete.
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
    /// Something that cannot be replaced, such as a named pipe.
    Device(BufWriter<fs::File>),
}

impl Output {
    /// The standard output stream.
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout();
        Self {
            terminal: stdout.is_terminal(),
            writer: Writer::Stdout(BufWriter::with_capacity(1 << 16, stdout.lock())),
        }
    }

    /// A file, or the standard output stream where there is no path.
    ///
    /// # Errors
    /// Where the file cannot be created, or is the file `input` that is being read.
    pub(crate) fn create(path: Option<&Path>, input: &Path) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::stdout());
        };
        let cannot = |error: io::Error| {
            let reason = format!("{}: {error}", path.display());
            Cause::Output(io::Error::new(error.kind(), reason))
        };
        let writer = match fs::canonicalize(path) {
            Ok(path) if fs::canonicalize(input).is_ok_and(|input| input == path) => {
                return Err(Cause::asked("the output would replace the file itself"));
            }
            Ok(path) if !path.is_file() => {
                let file = fs::OpenOptions::new().write(true).open(&path);
                Writer::Device(BufWriter::new(file.map_err(cannot)?))
            }
            // A link stays, and what it leads to is replaced.
            Ok(path) => replacing(path).map_err(cannot)?,
            Err(_) => replacing(path.to_owned()).map_err(cannot)?,
        };
        let terminal = match &writer {
            Writer::Device(file) => file.get_ref().is_terminal(),
            _ => false,
        };
        Ok(Self { writer, terminal })
    }

    /// Whether a person sees the bytes as they are written, and a terminal obeys them.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes what is left to write; a file gets its name now.
    pub(crate) fn finish(self) -> Result<()> {
        match self.writer {
            Writer::Stdout(mut stdout) => stdout.flush()?,
            Writer::Device(mut file) => file.flush()?,
            Writer::File { file, path } => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.persist(path).map_err(|error| error.error)?;
            }
        }
        Ok(())
    }
}

fn replacing(path: PathBuf) -> io::Result<Writer> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut prefix = name.to_owned();
    prefix.push(".part-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What any new file gets; the umask is taken off by the system.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // From here on there is something to tidy up.
    interrupt::hold()?;
    let file = BufWriter::with_capacity(1 << 16, builder.tempfile_in(folder)?);
    Ok(Writer::File { file, path })
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Writer::Stdout(stdout) => stdout.write(bytes),
            Writer::File { .. } if interrupt::requested() => {
                Err(io::Error::other("stopped as asked"))
            }
            Writer::File { file, .. } => file.write(bytes),
            Writer::Device(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Stdout(stdout) => stdout.flush(),
            Writer::File { file, .. } => file.flush(),
            Writer::Device(file) => file.flush(),
        }
    }
}
