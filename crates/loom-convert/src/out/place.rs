//! Files and folders that appear under their names when they are complete.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use loom_core::{Error, Result};
use tempfile::{NamedTempFile, TempDir};

const PREFIX: &str = ".loom-convert-";

/// A file beside its place.
pub(super) struct NewFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl NewFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::Misuse(format!("{}: a folder", path.display())));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // What any new file gets; the umask is taken off by the system.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, builder.tempfile_in(beside(path))?),
            path: path.to_owned(),
        })
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> io::Result<()> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(beside(&self.path))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A folder beside its place.
pub(super) struct NewFolder {
    folder: TempDir,
    path: PathBuf,
}

impl NewFolder {
    /// A folder that takes the place of one in which everything has a name of which `ours` holds.
    ///
    /// # Errors
    /// [`Error::Misuse`] for something else in its place; where nothing can be made there.
    pub(super) fn create(path: &Path, ours: impl Fn(&str) -> bool) -> Result<Self> {
        // Without the slash behind it, which asks for a folder that is there.
        let path: PathBuf = path.components().collect();
        if path.symlink_metadata().is_ok() {
            let refuse = |reason: &str| {
                let reason = format!("{}: {reason}, so it is not replaced", path.display());
                Err(Error::Misuse(reason))
            };
            let Ok(entries) = fs::read_dir(&path) else {
                return refuse("no folder");
            };
            for entry in entries {
                let name = entry?.file_name();
                if !ours(&name.to_string_lossy()) {
                    return refuse(&format!("it holds {}", name.display()));
                }
            }
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let folder = builder.tempdir_in(beside(&path))?;
        Ok(Self { folder, path })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts the folder in its place. What was there is deleted once that is done; where it cannot be
    /// done, it goes back.
    pub(super) fn finish(self) -> io::Result<()> {
        let folder = beside(&self.path);
        let old = match self.path.symlink_metadata() {
            Ok(_) => {
                let old = tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)?;
                fs::rename(&self.path, old.path().join("old"))?;
                Some(old)
            }
            Err(_) => None,
        };
        let renamed = fs::rename(self.folder.path(), &self.path);
        match (&renamed, old) {
            (Ok(()), _) => {
                // It has another name now, and there is nothing to delete.
                let _ = self.folder.keep();
                sync_folder(folder)?;
            }
            (Err(_), Some(old)) => fs::rename(old.path().join("old"), &self.path)?,
            (Err(_), None) => {}
        }
        renamed
    }
}

/// Text, compressed where it is called so.
pub(super) enum Text<W: Write> {
    Plain(W),
    Gz(GzEncoder<W>),
}

impl<W: Write> Text<W> {
    pub(super) fn new(out: W, path: &Path) -> Self {
        let compressed = path
            .extension()
            .is_some_and(|name| name.eq_ignore_ascii_case("gz"));
        match compressed {
            true => Self::Gz(GzEncoder::new(out, Compression::new(4))),
            false => Self::Plain(out),
        }
    }

    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gz(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Text<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gz(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gz(encoder) => encoder.flush(),
        }
    }
}

/// A file in a folder that is not in its place yet: written, and durable.
pub(super) fn within(
    path: &Path,
    write: impl FnOnce(&mut Text<BufWriter<File>>) -> Result<()>,
) -> Result<()> {
    let mut text = Text::new(
        BufWriter::with_capacity(1 << 18, File::create_new(path)?),
        path,
    );
    write(&mut text)?;
    let file = text
        .finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// The folder that something is in.
fn beside(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the names in a folder durable, where the system can.
fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}
