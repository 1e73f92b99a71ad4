//! What an edit may do to a file: read, write at a position, sync, cut.

mod disk;
mod memory;

use std::io;

pub(crate) use disk::Disk;
pub(crate) use memory::Memory;

use crate::{
    error::{Error, Result},
    source::Source,
};

/// A file that can be written. Positions are counted from its very start, user block included.
///
/// There are three: [`Disk`], [`Memory`], and the recorder of the crash tests.
pub(crate) trait Store: Send + Sync + std::fmt::Debug {
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `at` on.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes some of `bytes` at `at` and says how many.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Returns once everything written so far survives a power failure.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file, or lengthens it with zeros.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// The bytes as they are now, to be read; `mapped` where that is possible and wanted.
    fn source(&self, mapped: bool) -> Result<Source>;
}

/// Writes all of `bytes`: a full disk shows first as a short write.
pub(crate) fn write_all(store: &mut dyn Store, mut at: u64, mut bytes: &[u8]) -> Result<()> {
    let failed =
        |at: u64, len: usize, error| Error::io(format_args!("write {len} bytes at {at:#x}"), error);
    while !bytes.is_empty() {
        match store.write_at(at, bytes) {
            Ok(0) => return Err(failed(at, bytes.len(), io::ErrorKind::WriteZero.into())),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                at += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(at, bytes.len(), error)),
        }
    }
    Ok(())
}
