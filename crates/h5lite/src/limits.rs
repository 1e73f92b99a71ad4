//! How much one file may make this crate do.

/// Upper bounds on what a call may cost, so that a hostile file gets an error and not the machine.
///
/// The defaults let through every file a program meant to be read; see each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of values one call may return, as stored or in memory, whichever is more, whatever
    /// the file's size; each chunk it has to look for counts 512 at least. A call may return more when the file could hold it: see
    /// [`bytes_per_file_byte`](Self::bytes_per_file_byte). Default: 256 MiB.
    pub read_bytes: u64,
    /// Bytes of values one call may return for each byte of the file. Default: 1,100, a little over
    /// what DEFLATE can inflate (1,032), so that only values the file does not store, fill values
    /// of chunks that were never written, are ever held back.
    pub bytes_per_file_byte: u64,
    /// Bytes of one chunk before its filters. Default: 1 GiB; HDF5 itself stops at 4 GiB.
    pub chunk_bytes: u64,
    /// Links in one group, and attributes of one object. Default: 1,000,000.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read_bytes: 256 << 20,
            bytes_per_file_byte: 1_100,
            chunk_bytes: 1 << 30,
            entries: 1_000_000,
        }
    }
}

impl Limits {
    /// How many bytes of values one call may return from a file of this length.
    pub(crate) fn bytes_of_a_read(&self, file_len: u64) -> u64 {
        file_len
            .saturating_mul(self.bytes_per_file_byte)
            .max(self.read_bytes)
    }
}
