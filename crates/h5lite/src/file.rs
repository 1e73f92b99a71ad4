//! An HDF5 file opened for reading.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{
    edit::{Committed, References, Savepoint, SiblingLinks, is_torn},
    error::{Error, Result},
    format::{message::Datatype, superblock::Superblock},
    image::{Address, Image},
    limits::Limits,
    object::{Dataset, Group, Object, path},
    options::OpenOptions,
    read::{each_sequence, each_string},
    source::Source,
    store::Store,
    threads::Threads,
};

/// An HDF5 file opened for reading: a snapshot of what it held at that moment.
///
/// The handles it gives out borrow it. Reading never writes to the file.
///
/// # Examples
/// ```
/// let file = h5lite::File::open("../../fixtures/demo.loom")?;
/// let genes = file.dataset("/row_attrs/Gene")?.read::<String>(&[(..3).into()])?;
/// let corner = file.dataset("/matrix")?.read::<f64>(&[(..3).into(), (..2).into()])?;
/// assert_eq!((genes.len(), corner.shape()), (3, &[3, 2][..]));
/// # Ok::<(), h5lite::Error>(())
/// ```
#[derive(Debug)]
pub struct File {
    pub(crate) image: Image,
    pub(crate) superblock: Superblock,
    /// How it was opened.
    pub(crate) options: OpenOptions,
    pub(crate) path: Option<PathBuf>,
    /// Holds the lock for as long as the file is open.
    pub(crate) locked: Option<fs::File>,
    /// Where edits are written, if the file was opened for writing.
    pub(crate) store: Option<Box<dyn Store>>,
    /// What edits start from.
    pub(crate) committed: Option<Committed>,
    /// Why nobody knows which content the file has: a commit failed in the middle of its switch.
    pub(crate) doubt: Option<String>,
    /// The starts of the transactions that are open, the outermost first.
    pub(crate) savepoints: Vec<Savepoint>,
    /// What index nodes have to be told of their neighbours when the transaction is committed.
    pub(crate) links: SiblingLinks,
    /// Whether the file may be mapped into memory again after an edit.
    pub(crate) mapped: bool,
    /// What the references of the file lead to, once an edit had to know.
    pub(crate) references: OnceLock<References>,
}

impl File {
    /// Opens the file at `path` with a shared lock, as libhdf5 takes it. It is mapped into memory
    /// once much of it is read; see [`OpenOptions::positioned`].
    ///
    /// Only its first 16 KiB are read: the cost is the same for a file of any size.
    ///
    /// # Errors
    /// Each in [`Error::InFile`]: [`Error::Io`] where it cannot be opened, [`Error::Locked`] where a
    /// program has it open for writing, [`Error::NotHdf5`], and [`Error::Corrupt`] where it is
    /// truncated.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// Options for opening a file.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::default()
    }

    /// Opens a file that is in memory.
    ///
    /// # Errors
    /// [`Error::NotHdf5`], or [`Error::Corrupt`] where it is truncated.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::options().from_bytes(bytes)
    }

    pub(crate) fn from_source(source: Source, limits: Limits) -> Result<Self> {
        let image = Image::whole(source);
        let superblock = Superblock::find(&image).map_err(|error| {
            if !error.is_corrupt() || !is_torn(image.source()) {
                return error;
            }
            let reason = "a commit was interrupted while it switched the content; nothing is lost: \
                          open the file for writing once, which finishes it";
            Error::corrupt("superblock", Address(0), reason)
        })?;
        let image = image.narrowed(superblock.base, superblock.end_of_file, superblock.sizes);
        Ok(Self::of_image(image, superblock, limits))
    }

    /// The file seen through this image, and nothing known of where it is.
    pub(crate) fn of_image(image: Image, superblock: Superblock, limits: Limits) -> Self {
        Self {
            image,
            superblock,
            options: OpenOptions {
                limits,
                ..OpenOptions::default()
            },
            path: None,
            locked: None,
            store: None,
            committed: None,
            doubt: None,
            savepoints: Vec::new(),
            links: SiblingLinks::default(),
            mapped: false,
            references: OnceLock::new(),
        }
    }

    /// The same file, whose image takes down what is read through it.
    pub(crate) fn with_claims(&self) -> Self {
        let (image, superblock) = (self.image.with_claims(), self.superblock.clone());
        Self::of_image(image, superblock, self.options.limits.clone())
    }

    /// Moves on to the newest content of the file, which others may have committed since it was
    /// opened. Handles opened before elsewhere keep what they see.
    ///
    /// A file opened for reading is opened again as it was the first time, by its path: whatever
    /// has that by now. One opened for writing looks again at the file it holds, which also settles
    /// an [`Error::CommitUnknown`]. What is in memory and read only cannot change.
    ///
    /// # Errors
    /// As opening it; [`Error::Mismatch`] inside a transaction. This handle is then as it was.
    pub fn reload(&mut self) -> Result<()> {
        match (&self.store, &self.path) {
            (Some(_), _) => self.reload_store(),
            (None, Some(path)) => {
                let now = self.options.open(path)?;
                *self = now;
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Whether the superblock is still what was read: a version without a checksum may have been
    /// read while a commit was changing it.
    pub(crate) fn is_settled(&self) -> Result<bool> {
        let source = self.image.source();
        let (mut bytes, len) = (Vec::new(), self.superblock.encode().len());
        source.read(self.superblock.base, len, &mut bytes)?;
        let again = Superblock::parse(&bytes, self.superblock.base, source.len());
        Ok(again.is_ok_and(|again| again == self.superblock))
    }

    /// Where the file is, unless it is in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether it was opened for writing.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.committed.is_some()
    }

    /// How many bytes the file's content takes, the user block left out.
    #[must_use]
    pub fn content_len(&self) -> u64 {
        self.image.len()
    }

    /// Bytes in front of the file's content that belong to somebody else.
    #[must_use]
    pub fn user_block_len(&self) -> u64 {
        self.superblock.base
    }

    /// Version of the superblock, 0 to 3.
    #[must_use]
    pub fn superblock_version(&self) -> u8 {
        self.superblock.version
    }

    /// Bounds on what a call may cost.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Refuses work that follows lengths the file only states: where the product of `counts`, times
    /// `size` bytes, is more than one call may return of this file. See [`Limits::read_bytes`] and
    /// [`Limits::bytes_per_file_byte`].
    ///
    /// # Errors
    /// [`Error::Limit`], with `what` in its text.
    pub fn afford(&self, what: &'static str, counts: &[usize], size: usize) -> Result<()> {
        let wanted = (counts.iter()).fold(size as u64, |product, &count| {
            product.saturating_mul(count as u64)
        });
        let limit = self.limits().bytes_of_a_read(self.content_len());
        Limits::check(what, wanted, limit, "read_bytes")
    }

    /// The threads that share the work of a call.
    #[must_use]
    pub fn threads(&self) -> &Threads {
        &self.options.threads
    }

    pub(crate) fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// The group everything else is in.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where its header cannot be read.
    pub fn root(&self) -> Result<Group<'_>> {
        Object::open(self, "/", self.superblock.root)?.into_group()
    }

    /// The object with this path. Soft links are followed; a leading slash is optional.
    ///
    /// # Errors
    /// [`Error::NotFound`], or what went wrong on the way there.
    pub fn object(&self, path: &str) -> Result<Object<'_>> {
        path::resolve(&self.root()?, path)
    }

    /// The object whose header stands at `address`, as a hard link gives it; `path` is what it is
    /// called in errors.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where no object can be read there.
    pub fn object_at(&self, path: &str, address: Address) -> Result<Object<'_>> {
        Object::open(self, path, address)
    }

    /// The bytes of strings of this type, of which `stored` is what stands in a dataset (or in a
    /// member of a compound, or in an array): for strings inside other types.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the type is not one of strings; [`Error::Corrupt`], [`Error::Limit`].
    pub fn strings_in(&self, datatype: &Datatype, stored: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut strings = Vec::new();
        let limit = self.options.limits.bytes_in_heaps(self.image.len());
        each_string(&self.image, datatype, stored, limit, |text| {
            strings.push(text.to_vec());
        })?;
        Ok(strings)
    }

    /// The same for variable-length sequences; each is the bytes of its elements as stored.
    ///
    /// # Errors
    /// As [`strings_in`](Self::strings_in).
    pub fn sequences_in(&self, datatype: &Datatype, stored: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        let limit = self.options.limits.bytes_in_heaps(self.image.len());
        each_sequence(&self.image, datatype, stored, limit, |bytes| {
            all.push(bytes.to_vec());
        })?;
        Ok(all)
    }

    /// The group with this path.
    ///
    /// # Errors
    /// As [`object`](Self::object), and [`Error::Mismatch`] where it is something else.
    pub fn group(&self, path: &str) -> Result<Group<'_>> {
        self.object(path)?.into_group()
    }

    /// The dataset with this path.
    ///
    /// # Errors
    /// As [`object`](Self::object), and [`Error::Mismatch`] where it is something else.
    pub fn dataset(&self, path: &str) -> Result<Dataset<'_>> {
        self.object(path)?.into_dataset()
    }

    /// Whether there is an object with this path.
    ///
    /// # Errors
    /// What went wrong on the way there, other than that it does not exist.
    pub fn contains(&self, path: &str) -> Result<bool> {
        match self.object(path) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
