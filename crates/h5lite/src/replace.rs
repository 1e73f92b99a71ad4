//! A whole file in the place of another: written beside it, made durable, renamed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Makes the file at `path` with what `write` puts into an empty one, in the place of whatever is
/// there. A failure, in `write` too, leaves what was there. `write` returns once what it wrote is
/// durable.
///
/// # Errors
/// What `write` returns, and [`Error::Io`]. [`Error::CommitUnknown`] where the file is in its place,
/// but the system failed to make that durable. Those found here name the file.
pub(crate) fn replace<E: From<Error>>(
    path: &Path,
    permissions: Option<fs::Permissions>,
    write: impl FnOnce(fs::File) -> Result<(), E>,
) -> Result<(), E> {
    let io = |action, error| in_file(path, Error::io(action, error));
    // Where the path is a link, the link stays, and what it leads to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".h5lite-").suffix(".tmp");
    #[cfg(unix)]
    {
        // What a file made by anybody else would have; the umask takes its part.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let made = builder.tempfile_in(&folder);
    let temporary = made.map_err(|error| io("make a file beside it", error))?;
    if let Some(permissions) = permissions {
        let set = temporary.as_file().set_permissions(permissions);
        set.map_err(|error| io("give the new file the permissions of the old", error))?;
    }
    let file = temporary.reopen();
    write(file.map_err(|error| io("open the new file", error))?)?;
    let renamed = temporary.persist(&target);
    renamed.map_err(|error| io("rename the new file", error.error))?;
    let durable = sync_folder(&folder);
    durable.map_err(|error| in_file(path, Error::CommitUnknown(Box::new(error))))?;
    Ok(())
}

/// The error with the file it happened in.
pub(crate) fn in_file(path: &Path, source: Error) -> Error {
    match source {
        named @ Error::InFile { .. } => named,
        source => Error::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        },
    }
}

/// Makes a rename durable, where folders can be synced.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| Error::io("make the folder durable", e))?;
    }
    Ok(())
}
