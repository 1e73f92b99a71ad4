//! Where the bytes come from: a memory map, positioned reads, or a buffer.

use std::{fmt, fs::File, io, ops::Range};

use crate::error::{Error, Result};
#[cfg(feature = "mmap")]
use crate::map::LazyMap;

/// The bytes of a whole file.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file: read by position, or mapped.
    File(OnDisk),
    /// Bytes in memory.
    Bytes(Vec<u8>),
}

/// So many bytes at the start of a file are read when it is opened: most writers put all that a
/// reader needs first there. Few in tests, so that small files are also read in the other ways.
pub(crate) const START: usize = if cfg!(any(test, feature = "testing")) {
    512
} else {
    16 << 10
};

/// A file on disk.
///
/// What is read by position is copied, and a file that shrinks gives an error instead of a signal.
/// A memory map is borrowed without copying; what is read by position in spite of it does not become
/// resident, nor cost a page fault.
pub(crate) struct OnDisk {
    file: File,
    /// Length in bytes when it was opened.
    len: u64,
    /// Its first bytes, as they were then; none where they could not be read.
    ///
    /// Nothing that a committed root can reach changes, but for the superblock, and the siblings of
    /// index nodes: what wants these as they are now reads by position.
    start: Vec<u8>,
    #[cfg(feature = "mmap")]
    map: Option<LazyMap>,
}

#[cfg(any(unix, windows))]
impl OnDisk {
    fn new(file: File, len: u64, mapped: bool) -> Self {
        let mut start = vec![0; usize::try_from(len).unwrap_or(START).min(START)];
        if read_exact_at(&file, &mut start, 0).is_err() {
            // Whoever needs what cannot be read there is told why.
            start.clear();
        }
        #[cfg(not(feature = "mmap"))]
        let _ = mapped;
        Self {
            file,
            len,
            start,
            #[cfg(feature = "mmap")]
            map: mapped.then(LazyMap::default),
        }
    }
}

/// Which file, and not what is in it.
impl fmt::Debug for OnDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f.debug_struct("OnDisk"))
            .field("file", &self.file)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Source {
    /// A file that is mapped into memory, where that can be done, or read by position. Its length
    /// is fixed at this moment.
    ///
    /// Where it is `mapped`, the caller holds a lock that keeps whoever obeys it from shortening
    /// the file.
    pub(crate) fn of(file: File, mapped: bool) -> Result<Self> {
        let len = file
            .metadata()
            .map_err(|e| Error::io("ask for the length", e))?
            .len();
        #[cfg(any(unix, windows))]
        return Ok(Self::File(OnDisk::new(file, len, mapped)));
        #[cfg(not(any(unix, windows)))]
        in_memory(file, len)
    }

    /// A file read by position. Its length is fixed at this moment.
    pub(crate) fn positioned(file: File) -> Result<Self> {
        Self::of(file, false)
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.len,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes themselves where they are in memory. `None` means: use [`read`](Self::read).
    pub(crate) fn borrow(&self, start: u64, len: usize) -> Option<&[u8]> {
        if let Some(bytes) = self.kept(start, len) {
            return Some(bytes);
        }
        #[cfg(feature = "mmap")]
        if let Self::File(file) = self {
            let map = file.map.as_ref()?.bytes(&file.file, file.len, len)?;
            return map.get(range(start, len)?);
        }
        None
    }

    /// The bytes where they have been in memory since the file was opened.
    pub(crate) fn kept(&self, start: u64, len: usize) -> Option<&[u8]> {
        let bytes = match self {
            Self::File(file) => &file.start,
            Self::Bytes(bytes) => bytes,
        };
        bytes.get(range(start, len)?)
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
            Self::File(file) => &file.file,
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

fn range(start: u64, len: usize) -> Option<Range<usize>> {
    let start = usize::try_from(start).ok()?;
    Some(start..start.checked_add(len)?)
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

/// Targets without positioned reads (WebAssembly) hold the file in memory: see [`in_memory`].
#[cfg(not(any(unix, windows)))]
pub(crate) fn read_exact_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(unix, windows)))]
fn in_memory(file: File, len: u64) -> Result<Source> {
    use io::Read;
    let mut bytes = Vec::new();
    file.take(len)
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
        sources.push(Source::of(file.try_clone().unwrap(), true).unwrap());
        sources.push(Source::from(bytes.clone()));
        for source in &sources {
            let mut buffer = vec![7; 3];
            let fetched = source.fetch(10, 20, &mut buffer).unwrap();
            assert_eq!(fetched, &bytes[10..30], "{source:?}");
            assert_eq!(source.borrow(10, 20), Some(&bytes[10..30]), "{source:?}");
            assert_eq!(source.borrow(250, 7), None, "{source:?}");
            assert_eq!(source.len(), 256);
        }
        file.set_len(15).unwrap();
        assert!(
            sources[0].fetch(10, 20, &mut Vec::new()).is_err(),
            "a file that shrank is an error"
        );
    }
}
