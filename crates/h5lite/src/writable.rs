//! Files that are open for writing: created, or edited in place.

use std::{fs, io, mem, path::Path, sync::OnceLock};

use crate::{
    edit::{Committed, Edit, RepackOptions, empty_file, finish_interrupted, repack},
    error::{Error, Result},
    file::File,
    image::Image,
    limits::Limits,
    lock::lock_exclusive,
    options::OpenOptions,
    replace::{in_file, replace},
    source::Source,
    store::{Disk, Memory, Store},
};

impl OpenOptions {
    /// Opens the file at `path` for reading and writing, with an exclusive lock.
    ///
    /// A commit that was interrupted behind its switch is finished first.
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
        opened.options = self.clone();
        Ok(opened)
    }

    fn open_rw_inner(&self, path: &Path) -> Result<File> {
        let mut file = open_for_writing(path)?;
        let mut locked = lock_exclusive(&file, self.locking)?;
        // While it was waited for, another file may have taken its place.
        while !is_at(&file, path) {
            file = open_for_writing(path)?;
            locked = lock_exclusive(&file, self.locking)?;
        }
        let mapped = self.maps(&file, locked);
        let store = Disk(file);
        let mut opened = File::from_store(Box::new(store), self.limits.clone(), mapped)?;
        opened.path = Some(path.to_owned());
        opened.options = self.clone();
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
        replace(path, None, |file| {
            let in_file = |error| in_file(path, error);
            let mut store = Disk(file);
            let empty = empty_file().map_err(in_file)?;
            crate::store::write_all(&mut store, 0, &empty).map_err(in_file)?;
            let new = Self::from_store(Box::new(store), Limits::default(), false);
            let mut new = new.map_err(in_file)?;
            let mut edit = new.edit().map_err(in_file)?;
            write(&mut edit)?;
            edit.commit().map_err(|error| match error {
                // Whatever the new file holds: it has not taken the place of the old one.
                Error::CommitUnknown(error) => in_file(*error),
                error => in_file(error),
            })?;
            Ok(())
        })
    }

    /// Writes all that this file holds into the file at `path`, in the place of whatever is there,
    /// without the bytes that nothing leads to.
    ///
    /// Everything is carried over: objects under all their names, soft and external links,
    /// attributes, references (to the new places), committed datatypes, the user block, values
    /// behind filters and in layouts that are not decoded here. Chunks are copied as they are
    /// stored, unless `options` change them. The new file has the form that every HDF5 library
    /// since 1.8 reads; orders of creation are kept where that form has a place for them. It is
    /// written beside its place and renamed when it is complete and durable.
    ///
    /// Data goes through in pieces of some tens of megabytes, or of a chunk or two where those are
    /// larger; beside it, what the headers hold and some 50 bytes a chunk of one dataset are kept.
    ///
    /// # Errors
    /// [`Error::Unsupported`], with the path of the object, for what cannot be written anew: names
    /// that are not UTF-8, user-defined links, attributes and link messages too large for an object
    /// header, references of HDF5 1.12 and later, values of variable length behind a filter that is
    /// not known. [`Error::Corrupt`], [`Error::Io`]; [`Error::CommitUnknown`] as for
    /// [`create`](Self::create).
    pub fn repack(&self, path: impl AsRef<Path>, options: &RepackOptions) -> Result<()> {
        self.repack_with(path.as_ref(), None, options)
    }

    /// Puts a repacked file in the place of the original, with its permissions. Nobody may have it
    /// open: it is locked for as long as that takes. Whoever opened it without a lock goes on
    /// reading the original.
    ///
    /// # Errors
    /// As [`open_rw`](Self::open_rw) and [`repack`](Self::repack): the original stands.
    pub fn repack_in_place(path: impl AsRef<Path>, options: &RepackOptions) -> Result<()> {
        let path = path.as_ref();
        let file = Self::open_rw(path)?;
        let metadata = fs::metadata(path);
        let metadata = metadata.map_err(|e| in_file(path, Error::io("look at the file", e)))?;
        file.repack_with(path, Some(metadata.permissions()), options)
    }

    fn repack_with(
        &self,
        path: &Path,
        permissions: Option<fs::Permissions>,
        options: &RepackOptions,
    ) -> Result<()> {
        replace(path, permissions, |file| {
            let repacked = repack(self, options, &mut Disk(file));
            repacked.map_err(|error| match self.path() {
                Some(source) => in_file(source, error),
                None => error,
            })
        })
    }

    /// The bytes of a repacked file, as [`repack`](Self::repack) writes them.
    ///
    /// # Errors
    /// As [`repack`](Self::repack).
    pub fn repack_to_bytes(&self, options: &RepackOptions) -> Result<Vec<u8>> {
        let mut store = Memory::default();
        repack(self, options, &mut store)?;
        Ok(store.0)
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
        let mut opened = Self::look(&mut *store, limits, mapped)?;
        opened.store = Some(store);
        opened.mapped = mapped;
        Ok(opened)
    }

    /// What is in a store now.
    fn look(store: &mut dyn Store, limits: Limits, mapped: bool) -> Result<Self> {
        finish_interrupted(store)?;
        let mut opened = Self::from_source(store.source(mapped)?, limits)?;
        opened.committed = Some(Committed::remember(store, &opened.superblock)?);
        Ok(opened)
    }

    /// Looks again at the file it holds.
    pub(crate) fn reload_store(&mut self) -> Result<()> {
        if self.in_transaction() {
            return Err(Error::Mismatch {
                expected: "no transaction under way".to_owned(),
                found: "a transaction".to_owned(),
            });
        }
        let mut store = self.store.take().ok_or(Error::ReadOnly)?;
        let looked = Self::look(&mut *store, self.limits().clone(), self.mapped);
        self.store = Some(store);
        let mut now = looked.map_err(|error| match &self.path {
            Some(path) => in_file(path, error),
            None => error,
        })?;
        mem::swap(&mut self.image, &mut now.image);
        mem::swap(&mut self.superblock, &mut now.superblock);
        self.committed = now.committed.take();
        self.references = OnceLock::new();
        self.doubt = None;
        Ok(())
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

fn open_for_writing(path: &Path) -> Result<fs::File> {
    let file = fs::OpenOptions::new().read(true).write(true).open(path);
    file.map_err(|error| {
        let action = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "open the file for writing, though it may be readable"
            }
            _ => "open the file for writing",
        };
        Error::io(action, error)
    })
}

/// Whether the path leads to this very file, as far as the system tells.
#[cfg(unix)]
fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => true,
    }
}

#[cfg(not(unix))]
fn is_at(_: &fs::File, _: &Path) -> bool {
    true
}
