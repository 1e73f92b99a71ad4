//! Files that are open for writing: created, or edited in place.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    edit::{Committed, Edit, empty_file, finish_torn_switch},
    error::{Error, Result},
    file::{File, OpenOptions},
    image::Image,
    limits::Limits,
    lock::lock_exclusive,
    source::Source,
    store::{Disk, Memory, Store},
};

impl OpenOptions {
    /// Opens the file at `path` for reading and writing, with an exclusive lock.
    ///
    /// A switch of content that a power failure tore is finished first.
    ///
    /// # Errors
    /// As [`File::open`]; [`Error::Locked`] also where a program only reads the file.
    pub fn open_rw(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        self.open_rw_inner(path).map_err(|source| Error::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Opens a file that is in memory for reading and writing.
    ///
    /// # Errors
    /// As [`File::from_bytes`].
    pub fn from_bytes_rw(&self, bytes: impl Into<Vec<u8>>) -> Result<File> {
        let store = Box::new(Memory(bytes.into()));
        let mut opened = File::from_store(store, self.limits.clone(), false)?;
        opened.threads = self.threads.clone();
        Ok(opened)
    }

    fn open_rw_inner(&self, path: &Path) -> Result<File> {
        let file = fs::OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|e| Error::io("open the file for writing", e))?;
        let locked = lock_exclusive(&file, self.locking)?;
        let store = Disk(file);
        let mapped = locked && !self.positioned && cfg!(feature = "mmap");
        let mut opened = File::from_store(Box::new(store), self.limits.clone(), mapped)?;
        opened.path = Some(path.to_owned());
        opened.threads = self.threads.clone();
        Ok(opened)
    }
}

impl File {
    /// Opens the file at `path` for reading and writing, with an exclusive lock, as libhdf5 takes
    /// it.
    ///
    /// # Errors
    /// As [`OpenOptions::open_rw`].
    pub fn open_rw(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open_rw(path)
    }

    /// Makes the file at `path` with what `write` puts into it, in the place of whatever is there.
    ///
    /// The file is written beside its place and renamed when it is complete and durable: a failure,
    /// in `write` too, leaves what was there.
    ///
    /// # Errors
    /// What `write` returns, and [`Error::Io`]. [`Error::CommitUnknown`] where the file is in its
    /// place, but the system failed to make that durable.
    pub fn create<E: From<Error>>(
        path: impl AsRef<Path>,
        write: impl FnOnce(&mut Edit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = path.as_ref();
        let in_file = |source| Error::InFile {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let folder = match path.parent() {
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
        let temporary = made.map_err(|e| in_file(Error::io("make a file beside it", e)))?;
        let file = temporary
            .reopen()
            .map_err(|e| in_file(Error::io("open the new file", e)))?;
        let mut store = Disk(file);
        crate::store::write_all(&mut store, 0, &empty_file().map_err(in_file)?).map_err(in_file)?;
        let mut file =
            Self::from_store(Box::new(store), Limits::default(), false).map_err(in_file)?;
        let mut edit = file.edit().map_err(in_file)?;
        write(&mut edit)?;
        edit.commit().map_err(|error| match error {
            // Whatever the new file holds: it has not taken the place of the old one.
            Error::CommitUnknown(error) => in_file(*error),
            error => in_file(error),
        })?;
        drop(file);
        temporary
            .persist(path)
            .map_err(|error| in_file(Error::io("rename the new file", error.error)))?;
        let renamed = sync_folder(&folder);
        renamed.map_err(|error| in_file(Error::CommitUnknown(Box::new(error))))?;
        Ok(())
    }

    /// An empty file in memory, open for writing.
    ///
    /// # Errors
    /// None in practice.
    pub fn create_in_memory() -> Result<Self> {
        Self::from_store(Box::new(Memory(empty_file()?)), Limits::default(), false)
    }

    /// Opens a file that is in memory for reading and writing.
    ///
    /// # Errors
    /// As [`File::from_bytes`].
    pub fn from_bytes_rw(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::options().from_bytes_rw(bytes)
    }

    /// Opens a file through its store. A switch of content that was torn is finished first.
    pub(crate) fn from_store(
        mut store: Box<dyn Store>,
        limits: Limits,
        mapped: bool,
    ) -> Result<Self> {
        finish_torn_switch(&mut *store)?;
        let mut opened = Self::from_source(store.source(mapped)?, limits)?;
        opened.committed = Some(Committed::remember(&*store, &opened.superblock)?);
        opened.store = Some(store);
        opened.mapped = mapped;
        Ok(opened)
    }

    /// Starts a change to the file.
    ///
    /// # Errors
    /// [`Error::ReadOnly`]; [`Error::Unsupported`] where a file of this kind must not be edited in
    /// place, with the reason; [`Error::ChangedUnderUs`] where another program wrote to it since it
    /// was opened; [`Error::CommitUnknown`] behind a commit that ended so: what this handle reads is
    /// still the content before it, and only opening the file again shows what the file holds.
    pub fn edit(&mut self) -> Result<Edit<'_>> {
        Edit::new(self)
    }

    /// The state of the file that an edit starts from.
    pub(crate) fn state(&self) -> Result<&Committed> {
        if let Some(doubt) = &self.doubt {
            let action = "change the file: an earlier commit failed";
            let error = Error::io(action, io::Error::other(doubt.clone()));
            return Err(Error::CommitUnknown(Box::new(error)));
        }
        self.committed.as_ref().ok_or(Error::ReadOnly)
    }

    /// Goes on with what an edit has committed, or staged.
    pub(crate) fn switched_to(&mut self, source: Source, state: Committed) {
        let superblock = state.superblock.clone();
        let image = Image::whole(source);
        self.image = image.narrowed(superblock.base, superblock.end_of_file, superblock.sizes);
        self.superblock = superblock;
        self.committed = Some(state);
    }

    /// The bytes of a file that was opened for writing; `None` for any other.
    #[must_use]
    pub fn into_bytes(mut self) -> Option<Vec<u8>> {
        self.roll_back_all();
        let store = self.store.take()?;
        let mut bytes = vec![0; usize::try_from(store.len().ok()?).ok()?];
        store.read_at(0, &mut bytes).ok()?;
        Some(bytes)
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
