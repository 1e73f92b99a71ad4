//! A file on disk, held under an exclusive lock.

use std::{fs::File, io};

use super::Store;
use crate::{error::Result, source::Source};

/// A file on disk. The lock it was opened with lasts as long as this.
#[derive(Debug)]
pub(crate) struct Disk(pub(crate) File);

impl Store for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        crate::source::read_exact_at(&self.0, buffer, at)
    }

    #[cfg(unix)]
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, at)
    }

    #[cfg(windows)]
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, at)
    }

    #[cfg(not(any(unix, windows)))]
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        use io::{Seek, SeekFrom, Write};
        self.0.seek(SeekFrom::Start(at))?;
        self.0.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn source(&self, mapped: bool) -> Result<Source> {
        let file = self
            .0
            .try_clone()
            .map_err(|e| crate::Error::io("open the file", e))?;
        Source::of(file, mapped)
    }
}
