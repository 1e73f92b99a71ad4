//! Where the bytes come from: a memory map, positioned reads, or a buffer.

use std::{fs::File, io};

use crate::error::{Error, Result};

/// The bytes of a whole file.
#[derive(Debug)]
pub(crate) enum Source {
    /// A memory map: borrowed without copying. What is read of it by position does not become
    /// resident, nor cost a page fault.
    #[cfg(feature = "mmap")]
    Map(memmap2::Mmap, File),
    /// Positioned reads: every read copies, and a file that shrinks gives an error instead of a signal.
    File(File, u64),
    /// Bytes in memory.
    Bytes(Vec<u8>),
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Source {
    /// A file mapped into memory, where that can be done, or read by position.
    pub(crate) fn of(file: File, mapped: bool) -> Result<Self> {
        #[cfg(feature = "mmap")]
        if mapped {
            return Self::mapped(&file);
        }
        let _ = mapped;
        Self::positioned(file)
    }

    /// A file read by position. Its length is fixed at this moment.
    pub(crate) fn positioned(file: File) -> Result<Self> {
        let length = file
            .metadata()
            .map_err(|e| Error::io("ask for the length", e))?
            .len();
        #[cfg(not(any(unix, windows)))]
        return in_memory(&file, length);
        #[cfg(any(unix, windows))]
        Ok(Self::File(file, length))
    }

    /// A file mapped into memory.
    ///
    /// The caller holds a lock that keeps whoever obeys it from shortening the file.
    #[cfg(feature = "mmap")]
    pub(crate) fn mapped(file: &File) -> Result<Self> {
        // SAFETY: the map is private to this process and only ever read. Its bytes can change, or
        // the file shrink, only if another program writes to it in spite of the lock the caller
        // holds; this crate itself never overwrites or cuts off what a committed root can reach.
        #[allow(unsafe_code, reason = "the memory map")]
        let map = unsafe { memmap2::Mmap::map(file) };
        let map = map.map_err(|e| Error::io("map the file into memory", e))?;
        let handle = file.try_clone();
        let handle = handle.map_err(|e| Error::io("open the file again", e))?;
        Ok(Self::Map(map, handle))
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            #[cfg(feature = "mmap")]
            Self::Map(map, _) => map.len() as u64,
            Self::File(_, length) => *length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes themselves where they are in memory. `None` means: use [`read`](Self::read).
    pub(crate) fn borrow(&self, start: u64, len: usize) -> Option<&[u8]> {
        let bytes: &[u8] = match self {
            #[cfg(feature = "mmap")]
            Self::Map(map, _) => map,
            Self::File(..) => return None,
            Self::Bytes(bytes) => bytes,
        };
        let start = usize::try_from(start).ok()?;
        bytes.get(start..start.checked_add(len)?)
    }

    /// `len` bytes from `start` on: borrowed if the source is in memory, else read by position into
    /// `buffer`, even where the file is mapped.
    ///
    /// The caller has checked that the range lies inside the source.
    pub(crate) fn fetch<'a>(
        &'a self,
        start: u64,
        len: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        if let Self::Bytes(_) = self {
            return self.borrow(start, len).ok_or_else(outside);
        }
        self.read(start, len, buffer)?;
        Ok(buffer)
    }

    /// Replaces the content of `buffer` by `len` bytes from `start` on.
    ///
    /// The caller has checked that the range lies inside the source.
    pub(crate) fn read(&self, start: u64, len: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let file = match self {
            #[cfg(feature = "mmap")]
            Self::Map(_, file) => file,
            Self::File(file, _) => file,
            Self::Bytes(_) => {
                buffer.clear();
                buffer.extend_from_slice(self.borrow(start, len).ok_or_else(outside)?);
                return Ok(());
            }
        };
        buffer.resize(len, 0);
        read_exact_at(file, buffer, start)
            .map_err(|e| Error::io(format_args!("read {len} bytes at {start:#x}"), e))
    }
}

fn outside() -> Error {
    Error::io("read", io::ErrorKind::UnexpectedEof.into())
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, buffer: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, start)
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut buffer: &mut [u8], mut start: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, start)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buffer = buffer.split_at_mut(n).1;
                start += n as u64;
            }
        }
    }
    Ok(())
}

/// Targets without positioned reads (WebAssembly) hold the file in memory.
#[cfg(not(any(unix, windows)))]
pub(crate) fn read_exact_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(unix, windows)))]
fn in_memory(mut file: &File, length: u64) -> Result<Source> {
    use io::Read;
    let mut bytes = Vec::new();
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io("read the file", e))?;
    Ok(Source::Bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn every_source_gives_the_same_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut sources = vec![Source::positioned(file.try_clone().unwrap()).unwrap()];
        #[cfg(feature = "mmap")]
        sources.push(Source::mapped(&file).unwrap());
        sources.push(Source::from(bytes.clone()));
        for source in &sources {
            let mut buffer = vec![7; 3];
            let fetched = source.fetch(10, 20, &mut buffer).unwrap();
            assert_eq!(fetched, &bytes[10..30], "{source:?}");
            assert_eq!(source.len(), 256);
        }
        file.set_len(15).unwrap();
        assert!(
            sources[0].fetch(10, 20, &mut Vec::new()).is_err(),
            "a file that shrank is an error"
        );
    }
}
