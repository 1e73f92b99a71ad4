//! The switch from the old content of a file to the new.
//!
//! Everything new stands behind the old last byte of the file when this starts; here it becomes the
//! content. What a crash leaves at any moment is the old file or the new one:
//!
//! 1. the new bytes are made durable;
//! 2. nobody else has touched the file meanwhile;
//! 3. superblock versions 0 and 1: the end-of-file field is set and made durable, then the root's
//!    address. Each is one aligned field. The old root with the new end of file is the old file with
//!    some unreachable bytes; the new root with the old end of file would be unreadable, which is
//!    why the order matters;
//! 4. versions 2 and 3: both fields and the checksum lie in 20 bytes, which are written at once.
//!    Should a disk tear even that, the record at the end of the file holds both versions;
//! 5. the switch is made durable, and only then the nodes beside a copied path of a large chunk
//!    index are told of their new neighbours: one aligned field each, which no reader follows. They
//!    stand in the record too, so that the next opening for writing finishes what was interrupted.
//!
//! A failure before the root's address was written is taken back, in the reverse order and as
//! durably, before the file is cut: an end of file that outlived the bytes in front of it would make
//! the file unreadable. Where the system refuses that too, the bytes stay.

use std::ops::{Range, RangeInclusive};

use super::{
    record::{Relink, relink},
    tail::Tail,
};
use crate::{
    error::{Error, Result},
    format::{checksum::lookup3, superblock::Superblock},
    image::Address,
    store::{self, Store, write_all},
};

/// Steps that a test leaves out, to show that it would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests leave steps out"))]
pub(crate) enum Step {
    /// The sync of the new bytes.
    SyncContent,
    /// The check that nobody else has written to the file.
    CheckUnchanged,
    /// The record of the commit.
    Record,
    /// The fields in that record that are written behind the switch.
    RecordRelinks,
    /// The sync of the end-of-file field in front of the root's address.
    SyncEndOfFile,
    /// The end-of-file field before the root's address.
    EndOfFileFirst,
    /// The sync of the switch.
    SyncSwitch,
    /// The fields that are written behind it.
    Relink,
    /// Those fields behind the switch, not before it.
    RelinkLast,
    /// The sync of those fields.
    SyncRelinked,
    /// Fields back as they were, after a failure.
    TakeBack,
    /// The sync between fields taken back and the file cut.
    SyncTakenBack,
}

/// A file as it was read, or written, last.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    /// Its superblock, decoded.
    pub(crate) superblock: Superblock,
    /// The bytes of the superblock.
    pub(crate) bytes: Vec<u8>,
    /// Its length.
    pub(crate) len: u64,
}

impl Committed {
    /// Remembers the file, whose superblock has just been read.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`] where the superblock is another by now, and [`Error::Io`].
    pub(crate) fn remember(store: &dyn Store, superblock: &Superblock) -> Result<Self> {
        let bytes = read_superblock(store, superblock)?;
        let len = store::len(store)?;
        if Superblock::parse(&bytes, superblock.base, len)? != *superblock {
            return Err(Error::ChangedUnderUs);
        }
        Ok(Self {
            superblock: superblock.clone(),
            bytes,
            len,
        })
    }

    /// What the file is after a switch to `after` that left the root as it was.
    ///
    /// # Errors
    /// As [`remember`](Self::remember).
    pub(crate) fn longer(&self, store: &dyn Store, after: &Self) -> Result<Self> {
        Self::remember(store, &self.superblock).or_else(|_| {
            let superblock = Superblock {
                root: self.superblock.root,
                ..after.superblock.clone()
            };
            Self::remember(store, &superblock)
        })
    }

    /// Whether the file is still as it was, but for bytes appended up to `end`.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`], and [`Error::Io`].
    pub(crate) fn check_unchanged(&self, store: &dyn Store, end: u64) -> Result<()> {
        let len = store::len(store)?;
        if len != end || read_superblock(store, &self.superblock)? != self.bytes {
            return Err(Error::ChangedUnderUs);
        }
        Ok(())
    }

    /// The same file with another root group and another end.
    ///
    /// Only the fields that change are written anew: a base address that does not say where the
    /// superblock stands (a user block was put in front of it) stays what it is, and the end of
    /// file goes on being counted from there.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the fields of a version 1 superblock, which are aligned to four
    /// bytes only, would change in both halves.
    pub(crate) fn switched(&self, root: Address, end: u64) -> Result<Self> {
        let fields = Fields::of(self.superblock.version);
        let stored = |field: &Range<usize>| {
            let bytes = self.bytes.get(field.clone());
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let (old_end, old_root) = (stored(&fields.end_of_file), stored(&fields.root));
        let grown = end.wrapping_sub(self.superblock.end_of_file);
        let new_end = old_end.wrapping_add(grown);
        let halves = [(old_end, new_end), (old_root, root.0)];
        if self.superblock.version == 1 && halves.iter().any(|(old, new)| old >> 32 != new >> 32) {
            return Err(Error::unsupported(
                "edit in place: a version 1 superblock cannot be switched safely across a multiple \
                 of 4 GiB",
            ));
        }
        let mut bytes = self.bytes.clone();
        let mut put = |field: Range<usize>, value: &[u8]| {
            if let Some(place) = bytes.get_mut(field) {
                place.copy_from_slice(value);
            }
        };
        put(fields.end_of_file, &new_end.to_le_bytes());
        put(fields.root, &root.0.to_le_bytes());
        if self.superblock.version < 2 {
            // With cache type 0 nobody believes the old B-tree and heap that stand behind it.
            put(fields.cache_type, &[0; 4]);
        } else {
            let (summed, sum) = bytes.split_at_mut(CHECKSUM);
            sum.copy_from_slice(&lookup3(summed).to_le_bytes());
        }
        let superblock = Superblock {
            root,
            end_of_file: end,
            ..self.superblock.clone()
        };
        Ok(Self {
            superblock,
            bytes,
            len: end,
        })
    }

    /// The same file with another root group and another end that nothing on disk leads to yet: the
    /// superblock there, whose bytes are those kept here, is not to be changed.
    pub(crate) fn staged(&self, root: Address, end: u64) -> Self {
        let superblock = Superblock {
            root,
            end_of_file: end,
            ..self.superblock.clone()
        };
        Self {
            superblock,
            bytes: self.bytes.clone(),
            len: end,
        }
    }

    /// Takes back what was appended: the file is as it was before, byte for byte. Bytes that may
    /// be somebody else's stay.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`] and [`Error::Io`]: nothing was cut off.
    pub(crate) fn roll_back(&self, store: &mut dyn Store, tail: &Tail) -> Result<()> {
        match tail.written(self.len) {
            Some(lengths) => self.cut_back(store, lengths),
            None => Ok(()),
        }
    }

    /// The same, where what was appended has made the file as long as one of `lengths`.
    ///
    /// # Errors
    /// As [`roll_back`](Self::roll_back).
    pub(crate) fn cut_back(
        &self,
        store: &mut dyn Store,
        lengths: RangeInclusive<u64>,
    ) -> Result<()> {
        let ours = lengths.contains(&store::len(store)?);
        if !ours || read_superblock(store, &self.superblock)? != self.bytes {
            return Err(Error::ChangedUnderUs);
        }
        store::cut(store, self.len)
    }
}

/// Where the checksum of versions 2 and 3 stands, behind what it sums.
const CHECKSUM: usize = 44;

/// Places of what a switch changes, from the start of the superblock.
#[derive(Clone, Debug)]
struct Fields {
    end_of_file: Range<usize>,
    root: Range<usize>,
    /// What kind of cached addresses stand behind the root's; empty in versions 2 and 3.
    cache_type: Range<usize>,
}

impl Fields {
    fn of(version: u8) -> Self {
        let (end_of_file, root, cache_type) = match version {
            0 => (40, 64, 72..76),
            1 => (44, 68, 76..80),
            _ => (28, 36, 0..0),
        };
        Self {
            end_of_file: end_of_file..end_of_file + 8,
            root: root..root + 8,
            cache_type,
        }
    }
}

/// The bytes of the superblock of this version.
fn read_superblock(store: &dyn Store, superblock: &Superblock) -> Result<Vec<u8>> {
    let mut bytes = vec![0; superblock.encode().len()];
    let action = "read the superblock";
    store
        .read_at(superblock.base, &mut bytes)
        .map_err(|error| Error::io(action, error))?;
    Ok(bytes)
}

/// Why a file was not switched, and what it is now.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The superblock is as it was.
    Untouched(Error),
    /// The root is as it was, but perhaps not the end of file: nothing may be cut off.
    Longer(Error),
    /// It is the old file or the new one.
    Unknown(Error),
}

/// Makes `after` the state of the file, whose bytes are all written, and then writes `relinks`.
pub(crate) fn publish(
    store: &mut dyn Store,
    before: &Committed,
    after: &Committed,
    relinks: &[Relink],
    left_out: Option<Step>,
) -> Result<(), Failed> {
    let switch = Switch {
        before,
        after,
        fields: Fields::of(after.superblock.version),
        left_out,
    };
    let ready = switch.sync(store, Step::SyncContent).and_then(|()| {
        if left_out == Some(Step::CheckUnchanged) {
            return Ok(());
        }
        before.check_unchanged(store, after.len)
    });
    ready.map_err(Failed::Untouched)?;
    if left_out == Some(Step::RelinkLast) {
        relink(store, relinks).map_err(Failed::Unknown)?;
    }
    if after.superblock.version < 2 {
        switch.field_by_field(store)?;
    } else {
        switch.at_once(store)?;
    }
    switch
        .sync(store, Step::SyncSwitch)
        .and_then(|()| {
            if relinks.is_empty() || left_out == Some(Step::Relink) {
                return Ok(());
            }
            relink(store, relinks)?;
            switch.sync(store, Step::SyncRelinked)
        })
        .map_err(Failed::Unknown)
}

/// A switch under way.
struct Switch<'a> {
    before: &'a Committed,
    after: &'a Committed,
    fields: Fields,
    left_out: Option<Step>,
}

impl Switch<'_> {
    fn sync(&self, store: &mut dyn Store, step: Step) -> Result<()> {
        if self.left_out == Some(step) {
            return Ok(());
        }
        store::sync(store)
    }

    /// Writes a part of the superblock as it is in `state`.
    fn put(store: &mut dyn Store, state: &Committed, place: &Range<usize>) -> Result<()> {
        let bytes = state.bytes.get(place.clone()).unwrap_or_default();
        write_all(store, state.superblock.base + place.start as u64, bytes)
    }

    /// Versions 0 and 1: one field after the other.
    fn field_by_field(&self, store: &mut dyn Store) -> Result<(), Failed> {
        let Fields {
            end_of_file,
            root,
            cache_type,
        } = &self.fields;
        let (first, second) = match self.left_out {
            Some(Step::EndOfFileFirst) => (root, end_of_file),
            _ => (end_of_file, root),
        };
        let prepared = Self::put(store, self.after, cache_type)
            .and_then(|()| Self::put(store, self.after, first))
            .and_then(|()| self.sync(store, Step::SyncEndOfFile));
        if let Err(error) = prepared {
            return Err(self.take_back_end_of_file(store, error));
        }
        Self::put(store, self.after, second).map_err(|error| {
            let root_is_back =
                Self::put(store, self.before, root).and_then(|()| store::sync(store));
            match root_is_back {
                Ok(()) => self.take_back_end_of_file(store, error),
                Err(_) => Failed::Unknown(error),
            }
        })
    }

    /// Undoes all but the root, which is the old one.
    fn take_back_end_of_file(&self, store: &mut dyn Store, error: Error) -> Failed {
        let back = match self.left_out {
            Some(Step::TakeBack) => Ok(()),
            _ => Self::put(store, self.before, &self.fields.end_of_file)
                .and_then(|()| Self::put(store, self.before, &self.fields.cache_type))
                .and_then(|()| self.sync(store, Step::SyncTakenBack)),
        };
        match back {
            Ok(()) => Failed::Untouched(error),
            Err(_) => Failed::Longer(error),
        }
    }

    /// Versions 2 and 3: end of file, root and checksum at once.
    fn at_once(&self, store: &mut dyn Store) -> Result<(), Failed> {
        let changed = self.fields.end_of_file.start..self.after.bytes.len();
        Self::put(store, self.after, &changed).map_err(|error| {
            let back = match self.left_out {
                Some(Step::TakeBack) => Ok(()),
                _ => Self::put(store, self.before, &changed)
                    .and_then(|()| self.sync(store, Step::SyncTakenBack)),
            };
            match back {
                Ok(()) => Failed::Untouched(error),
                Err(_) => Failed::Unknown(error),
            }
        })
    }
}
