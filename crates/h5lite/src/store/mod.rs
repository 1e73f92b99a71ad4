//! What an edit may do to a file: read, write at a position, sync, cut.

#[cfg(any(test, feature = "testing"))]
#[cfg_attr(not(test), allow(dead_code, reason = "crashes are tried here only"))]
pub(crate) mod crash;
mod disk;
#[cfg(any(test, feature = "testing"))]
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "some faults are tried here only")
)]
pub(crate) mod faulty;
mod memory;

use std::io;

#[cfg(any(test, feature = "testing"))]
pub(crate) use crash::CrashStore;
pub(crate) use disk::Disk;
pub(crate) use memory::Memory;

use crate::{
    error::{Error, Result},
    source::Source,
};

/// A file that can be written. Positions are counted from its very start, user block included.
///
/// There are two, [`Disk`] and [`Memory`], and those of the tests, which record and fail.
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
pub(crate) fn write_all(store: &mut dyn Store, at: u64, bytes: &[u8]) -> Result<()> {
    let mut written = 0;
    write_counting(store, at, bytes, &mut written)
}

/// The same; `written` says how many bytes were, should it fail.
pub(crate) fn write_counting(
    store: &mut dyn Store,
    at: u64,
    bytes: &[u8],
    written: &mut usize,
) -> Result<()> {
    while let Some(rest @ [_, ..]) = bytes.get(*written..) {
        let at = at + *written as u64;
        let count = match retried(|| store.write_at(at, rest)) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            other => other,
        };
        let action = format_args!("write {} bytes at {at:#x}", rest.len());
        *written += count.map_err(|error| Error::io(action, error))?;
    }
    Ok(())
}

/// Makes everything written so far durable.
pub(crate) fn sync(store: &mut dyn Store) -> Result<()> {
    retried(|| store.sync()).map_err(|error| Error::io("make the file durable", error))
}

/// Cuts the file.
pub(crate) fn cut(store: &mut dyn Store, len: u64) -> Result<()> {
    retried(|| store.set_len(len)).map_err(|error| Error::io("cut the file back", error))
}

/// Length of the file.
pub(crate) fn len(store: &dyn Store) -> Result<u64> {
    store
        .len()
        .map_err(|error| Error::io("ask for the length", error))
}

/// Calls again as long as a signal comes in between.
fn retried<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
