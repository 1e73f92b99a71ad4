//! How much one file may make this crate do.

use crate::error::{Error, Result};

/// Upper bounds on what a call may cost, so that a hostile file gets an error and not the machine.
///
/// The defaults let through every file a program meant to be read; see each field. What is over a
/// limit is an [`Error::Limit`], which names the field to raise.
///
/// What a sound file cannot do whatever its size is no matter of limits, but
/// [corrupt](Error::Corrupt): structures that lead back to themselves or share their bytes, data
/// types and version 2 B-trees more than 32 and 64 levels deep, more than 32 axes or filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of values one call may return, as stored or in memory, whichever is more, whatever
    /// the file's size; each chunk it has to look for counts 512 at least, and each entry of an
    /// array that has no values 64. A call may return more when the file could hold it: see
    /// [`bytes_per_file_byte`](Self::bytes_per_file_byte). Values of variable length, which are never
    /// compressed, may come to an eighth of this or to the length of the file, whichever is more: only
    /// those that share their bytes are ever held back.
    /// Default: 256 MiB.
    pub read_bytes: u64,
    /// Bytes of values one call may return for each byte of the file. Default: 1,100, a little over
    /// what DEFLATE can inflate (1,032), so that only values the file does not store, fill values
    /// of chunks that were never written, are ever held back.
    pub bytes_per_file_byte: u64,
    /// Values one call may return; an array inside an element counts as one. Default: 2^36, twice
    /// the cells of 30,000 genes by a million cells.
    pub elements: u64,
    /// Bytes of one chunk, before its filters and as it is stored. Default: 1 GiB; HDF5 itself stops
    /// at 4 GiB.
    pub chunk_bytes: u64,
    /// Bytes of the index of its chunks one call may go through, which are the steps of its walk:
    /// nodes and blocks by their size each time they are read, and 512 for a node that is looked at
    /// again. 64 times the file's size is always allowed, more than any walk takes whose tree has
    /// more than one child a node. Default: 1 GiB.
    pub index_bytes: u64,
    /// Links in one group, and attributes of one object. Default: 1,000,000.
    pub entries: u64,
    /// Bytes of one attribute, or of one link's name and target, where they are stored outside of
    /// the object's header; inside it they are shorter than 64 KiB. Values of variable length count
    /// with what is read. Default: 64 MiB.
    pub attribute_bytes: u64,
    /// Objects that one call visits which goes through the whole file: a check, a recovery, a
    /// repack, an edit that looks for references. Default: 10,000,000.
    pub objects: u64,
    /// Groups inside each other on the way to an object, where the whole file is gone through, and
    /// steps of one path, those of the soft links on it included. Default: 1,024.
    pub depth: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read_bytes: 256 << 20,
            bytes_per_file_byte: 1_100,
            elements: 1 << 36,
            chunk_bytes: 1 << 30,
            index_bytes: 1 << 30,
            entries: 1_000_000,
            attribute_bytes: 64 << 20,
            objects: 10_000_000,
            depth: 1_024,
        }
    }
}

/// Of the bytes of an index that may be read, so many for each byte of the file.
const INDEX_BYTES_PER_FILE_BYTE: u64 = 64;

impl Limits {
    /// How many bytes of values one call may return from a file of this length.
    pub(crate) fn bytes_of_a_read(&self, file_len: u64) -> u64 {
        file_len
            .saturating_mul(self.bytes_per_file_byte)
            .max(self.read_bytes)
    }

    /// How many bytes of variable-length values one call may return from a file of this length.
    pub(crate) fn bytes_in_heaps(&self, file_len: u64) -> u64 {
        file_len.max(self.read_bytes / 8)
    }

    /// How many bytes of an index one call may go through in a file of this length.
    pub(crate) fn bytes_of_an_index(&self, file_len: u64) -> u64 {
        file_len
            .saturating_mul(INDEX_BYTES_PER_FILE_BYTE)
            .max(self.index_bytes)
    }

    /// Fails where `wanted` is over the limit, which the field called `setting` sets. Sums that are
    /// too large for a number, and so `u64::MAX`, are over every limit.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(crate) fn check(
        what: &'static str,
        wanted: u64,
        limit: u64,
        setting: &'static str,
    ) -> Result<()> {
        if wanted <= limit && wanted < u64::MAX {
            return Ok(());
        }
        Err(Error::Limit {
            what,
            wanted,
            limit,
            setting,
        })
    }
}
