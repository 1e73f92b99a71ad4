//! How a file is opened.

use std::{fs, path::Path, thread, time::Duration};

use crate::{
    error::{Error, Result},
    file::File,
    file_system,
    limits::Limits,
    lock::{Locking, lock_shared},
    source::Source,
    threads::Threads,
};

/// How often a superblock is read that changes while it is read.
const TRIES: u32 = 5;
/// Pause between two of them.
const BETWEEN_TRIES: Duration = Duration::from_millis(1);

/// How a file is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    pub(crate) limits: Limits,
    pub(crate) locking: Locking,
    pub(crate) positioned: Option<bool>,
    pub(crate) threads: Threads,
}

impl OpenOptions {
    /// Bounds on what a call may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What to do about locks.
    #[must_use]
    pub fn locking(mut self, locking: Locking) -> Self {
        self.locking = locking;
        self
    }

    /// Whether the file is read by position rather than mapped into memory, which is done once much
    /// of it has been read.
    ///
    /// A mapped file that another program shortens in spite of the lock kills the process; read by
    /// position, it gives an error. By default a file is mapped where the lock was taken and the file
    /// system is this machine's own: on a network file system (known on Linux only) others may not
    /// see the lock. Without a lock, files are never mapped.
    #[must_use]
    pub fn positioned(mut self, positioned: bool) -> Self {
        self.positioned = Some(positioned);
        self
    }

    /// The threads that share the work of a call: one for each core, unless others are given.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// As [`File::open`].
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        self.open_inner(path).map_err(|source| Error::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    fn open_inner(&self, path: &Path) -> Result<File> {
        let file = fs::File::open(path).map_err(|e| Error::io("open the file", e))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Error::NotHdf5);
        }
        let locked = lock_shared(&file, self.locking)?;
        let mut tries = 0;
        let mut opened = loop {
            tries += 1;
            let handle = file
                .try_clone()
                .map_err(|e| Error::io("open the file", e))?;
            match File::from_source(self.source(handle, locked)?, self.limits.clone()) {
                Ok(opened) if opened.is_settled()? || tries == TRIES => break opened,
                Err(error) if tries == TRIES || !error.is_corrupt() => return Err(error),
                _ => thread::sleep(BETWEEN_TRIES),
            }
        };
        opened.path = Some(path.to_owned());
        opened.options = self.clone();
        opened.locked = Some(file);
        Ok(opened)
    }

    fn source(&self, file: fs::File, locked: bool) -> Result<Source> {
        let mapped = self.maps(&file, locked);
        Source::of(file, mapped)
    }

    /// Whether a file is to be mapped into memory, where this can be done at all.
    pub(crate) fn maps(&self, file: &fs::File, locked: bool) -> bool {
        let positioned = self.positioned;
        locked && !positioned.unwrap_or_else(|| file_system::is_remote(file))
    }

    /// Opens a file that is in memory.
    ///
    /// # Errors
    /// As [`File::from_bytes`].
    pub fn from_bytes(&self, bytes: impl Into<Vec<u8>>) -> Result<File> {
        let mut opened = File::from_source(Source::from(bytes.into()), self.limits.clone())?;
        opened.options = self.clone();
        Ok(opened)
    }
}
