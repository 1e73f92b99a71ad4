//! A file mapped into memory, once that is worth it.

use std::{
    fs::File,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use memmap2::{Mmap, MmapOptions};

/// So many structures are read by position before the file is mapped: opening a file, or one dataset
/// of it, takes fewer, and each page of a map costs more than a read when it is touched and again
/// when the map is given up. Few in tests, so that small files are mapped.
const BY_POSITION: u32 = if cfg!(any(test, feature = "testing")) {
    4
} else {
    64
};

/// The memory map of a file, once much of it is read piece by piece.
///
/// The caller holds, for as long as this is in use, a lock that keeps whoever obeys it from
/// shortening the file.
#[derive(Debug, Default)]
pub(crate) struct LazyMap {
    asked: AtomicU32,
    /// `None` where the system refuses: everything is read by position then.
    map: OnceLock<Option<Mmap>>,
}

/// What takes this many bytes or more is never copied.
const LARGE: usize = 64 << 10;

impl LazyMap {
    /// The first `len` bytes of the file, which are all, for a caller that wants so many of them;
    /// `None` where they are still, or always, to be read by position.
    pub(crate) fn bytes(&self, file: &File, len: u64, wanted: usize) -> Option<&[u8]> {
        let early = || wanted < LARGE && self.asked.fetch_add(1, Ordering::Relaxed) < BY_POSITION;
        let map = match self.map.get() {
            Some(map) => map,
            None if early() => return None,
            None => self.map.get_or_init(|| map(file, len)),
        };
        map.as_deref()
    }
}

fn map(file: &File, len: u64) -> Option<Mmap> {
    let mut options = MmapOptions::new();
    options.len(usize::try_from(len).ok()?);
    // SAFETY: the map is private to this process and only ever read. Its bytes can change, or the
    // file shrink, only if another program writes to it in spite of the lock that is held; this
    // crate itself never overwrites or cuts off what a committed root can reach.
    #[allow(unsafe_code, reason = "the memory map")]
    let map = unsafe { options.map(file) };
    map.ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_mapped_once_much_is_read_of_it() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let [lazy, at_once, refused] = [(); 3].map(|()| LazyMap::default());
        for _ in 0..BY_POSITION {
            assert!(lazy.bytes(&file, 10, 2).is_none());
            assert!(refused.bytes(&file, u64::MAX, 2).is_none());
        }
        assert_eq!(lazy.bytes(&file, 10, 2).unwrap(), b"0123456789");
        assert_eq!(at_once.bytes(&file, 10, LARGE).unwrap(), b"0123456789");
        assert!(refused.bytes(&file, u64::MAX, LARGE).is_none());
    }
}
