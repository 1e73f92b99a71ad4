//! The switch from the old content of a file to the new.
//!
//! Everything new stands behind the old end of the file when this starts; here it becomes the
//! content. What a crash leaves at any moment is the old file or the new one:
//!
//! 1. the new bytes are made durable;
//! 2. nobody else has touched the file meanwhile;
//! 3. superblock versions 0 and 1: the end-of-file field is set and made durable, then the root's
//!    address. Each is one aligned field of eight bytes. The old root with the new end of file is
//!    the old file with some unreachable bytes; the new root with the old end of file would be
//!    unreadable, which is why the order matters;
//! 4. versions 2 and 3: both fields and the checksum lie in 20 bytes, which are written at once.
//!    Should a disk tear even that, a rescue record at the end of the file holds both versions.

use super::rescue::RescueRecord;
use crate::{
    error::{Error, Result},
    format::superblock::Superblock,
    image::Address,
    store::{Store, write_all},
};

/// Steps that a test leaves out, to show that it would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The sync of the new bytes.
    SyncContent,
    /// The sync of the end-of-file field in front of the root's address.
    SyncEndOfFile,
    /// The end-of-file field before the root's address.
    EndOfFileFirst,
    /// The last sync.
    SyncSwitch,
}

/// A file as an edit found it.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    /// Its superblock, decoded.
    pub(crate) superblock: Superblock,
    /// The bytes of the superblock.
    pub(crate) bytes: Vec<u8>,
    /// Its length.
    pub(crate) len: u64,
}

impl Before {
    /// Remembers the file as it is.
    pub(crate) fn remember(store: &dyn Store, superblock: &Superblock) -> Result<Self> {
        let bytes = read_superblock(store, superblock)?;
        let len = store
            .len()
            .map_err(|error| Error::io("ask for the length", error))?;
        Ok(Self {
            superblock: superblock.clone(),
            bytes,
            len,
        })
    }

    /// Whether the file is still as it was, but for what was appended.
    fn check_unchanged(&self, store: &dyn Store, end: u64) -> Result<()> {
        let len = store
            .len()
            .map_err(|error| Error::io("ask for the length", error))?;
        if read_superblock(store, &self.superblock)? != self.bytes || len < end {
            return Err(Error::ChangedUnderUs);
        }
        Ok(())
    }

    /// Takes back what was appended. The file is as it was before, byte for byte, unless bytes
    /// behind its end of file were in the way.
    pub(crate) fn roll_back(&self, store: &mut dyn Store) -> Result<()> {
        let len = store
            .len()
            .map_err(|error| Error::io("ask for the length", error))?;
        if len > self.len {
            store
                .set_len(self.len)
                .map_err(|error| Error::io("cut the file back", error))?;
        }
        Ok(())
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

/// Makes what stands in front of `end` the content of the file, with its root group at `root`.
///
/// # Errors
/// [`Error::ChangedUnderUs`] and [`Error::Io`]: the old content stands. [`Error::CommitUnknown`]:
/// the switch was under way; opening the file again shows which content it has.
pub(crate) fn publish(
    store: &mut dyn Store,
    before: &Before,
    root: Address,
    end: u64,
    left_out: Option<Step>,
) -> Result<Superblock> {
    let does = |step| left_out != Some(step);
    let sync = |store: &mut dyn Store| {
        store
            .sync()
            .map_err(|error| Error::io("make the file durable", error))
    };
    if does(Step::SyncContent) {
        sync(store)?;
    }
    before.check_unchanged(store, end)?;
    let after = Superblock {
        root,
        end_of_file: end,
        ..before.superblock.clone()
    };
    let switched = if after.version < 2 {
        switch_fields(store, &after, &does, &sync)
    } else {
        switch_whole(store, before, &after)
    };
    let durable = switched.and_then(|()| {
        if does(Step::SyncSwitch) {
            sync(store)
        } else {
            Ok(())
        }
    });
    durable.map_err(|error| Error::CommitUnknown(Box::new(error)))?;
    Ok(after)
}

/// Versions 0 and 1: one field after the other.
fn switch_fields(
    store: &mut dyn Store,
    after: &Superblock,
    does: &dyn Fn(Step) -> bool,
    sync: &dyn Fn(&mut dyn Store) -> Result<()>,
) -> Result<()> {
    let shift = if after.version == 0 { 0 } else { 4 };
    let end_of_file = (after.base + 40 + shift, after.end_of_file);
    let root = (after.base + 64 + shift, after.root.0);
    // With cache type 0 nobody believes the root's old B-tree and heap that stand behind it.
    write_all(store, after.base + 72 + shift, &[0; 4])?;
    let (first, second) = if does(Step::EndOfFileFirst) {
        (end_of_file, root)
    } else {
        (root, end_of_file)
    };
    write_all(store, first.0, &first.1.to_le_bytes())?;
    if does(Step::SyncEndOfFile) {
        sync(store)?;
    }
    write_all(store, second.0, &second.1.to_le_bytes())
}

/// Versions 2 and 3: end of file, root and checksum at once.
fn switch_whole(store: &mut dyn Store, before: &Before, after: &Superblock) -> Result<()> {
    let bytes = after.encode();
    debug_assert_eq!(bytes.len(), RescueRecord::SUPERBLOCK_LEN);
    debug_assert_eq!(
        bytes[..28],
        before.bytes[..28],
        "only the end of file and the root change"
    );
    write_all(store, after.base + 28, &bytes[28..])
}
