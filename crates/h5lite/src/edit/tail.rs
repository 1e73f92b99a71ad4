//! The end of a file that is being written: everything an edit adds goes there.

use std::ops::RangeInclusive;

use crate::{
    error::{Error, Result},
    image::Address,
    store::{self, Store},
};

/// Bytes are handed to the store in pieces of this size.
const BUFFER: usize = 1 << 20;
/// Everything is placed at a multiple of this.
const ALIGNMENT: u64 = 8;

/// Appends behind the last byte of a file. Nothing in front of that is touched.
///
/// Bytes between the stored end of file and the last byte stay too. They are what a crash has left:
/// of ours nothing can be reached, but a library that was killed may have had live data there, and
/// new bytes in its place would be read as that data.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Where addresses are counted from.
    base: u64,
    /// How long the file was.
    start: u64,
    /// Where the buffer goes: the file is as long as this.
    flushed: u64,
    /// How long a write that failed may have made the file.
    attempted: u64,
    buffer: Vec<u8>,
}

impl Tail {
    /// A tail behind the `len` bytes of a file whose addresses are counted from `base`.
    pub(crate) fn new(base: u64, len: u64) -> Self {
        Self {
            base,
            start: len,
            flushed: len,
            attempted: len,
            buffer: Vec::new(),
        }
    }

    /// How long the file can be by what was appended; `None` where nothing was written yet.
    pub(crate) fn written(&self, before: u64) -> Option<RangeInclusive<u64>> {
        (self.attempted > before).then_some(self.flushed..=self.attempted)
    }

    /// One past the last byte appended, from the start of the file.
    pub(crate) fn end(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    /// Where the next structure will be placed.
    pub(crate) fn next(&self) -> Address {
        let relative = self.end() - self.base;
        Address(relative.next_multiple_of(ALIGNMENT))
    }

    /// Appends `bytes` at the next aligned place.
    pub(crate) fn append(&mut self, store: &mut dyn Store, bytes: &[u8]) -> Result<Address> {
        let address = self.next();
        let padding = self.base + address.0 - self.end();
        self.buffer.extend(std::iter::repeat_n(
            0,
            usize::try_from(padding).unwrap_or(0),
        ));
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush(store)?;
        }
        Ok(address)
    }

    /// Hands everything appended so far to the store.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`] where the file has grown or shrunk by somebody else's doing: bytes
    /// that others wrote are not overwritten.
    pub(crate) fn flush(&mut self, store: &mut dyn Store) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.check_length(store)?;
        self.attempted = self.attempted.max(self.end());
        let mut written = 0;
        let result = store::write_counting(store, self.flushed, &self.buffer, &mut written);
        self.flushed += written as u64;
        self.buffer.drain(..written);
        result
    }

    /// Whether what stands at `address` was appended.
    pub(crate) fn holds(&self, address: Address) -> bool {
        self.base + address.0 >= self.start
    }

    /// Puts other bytes in the place of some that were appended.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub(crate) fn overwrite(
        &mut self,
        store: &mut dyn Store,
        address: Address,
        bytes: &[u8],
    ) -> Result<()> {
        let start = self.base + address.0;
        let before = usize::try_from(self.flushed.saturating_sub(start)).unwrap_or(usize::MAX);
        let (flushed, held) = bytes.split_at(before.min(bytes.len()));
        if !flushed.is_empty() {
            self.check_length(store)?;
            store::write_all(store, start, flushed)?;
        }
        let from = usize::try_from(start.saturating_sub(self.flushed)).unwrap_or(usize::MAX);
        let place = self.buffer.get_mut(from..from.saturating_add(held.len()));
        place.ok_or_else(|| nothing(address))?.copy_from_slice(held);
        Ok(())
    }

    fn check_length(&self, store: &dyn Store) -> Result<()> {
        if (self.flushed..=self.attempted).contains(&store::len(store)?) {
            return Ok(());
        }
        Err(Error::ChangedUnderUs)
    }

    /// Reads back what was appended.
    pub(crate) fn read(&self, store: &dyn Store, address: Address, len: usize) -> Result<Vec<u8>> {
        let start = self.base + address.0;
        let mut bytes = vec![0; len];
        if start >= self.flushed {
            let from = usize::try_from(start - self.flushed).unwrap_or(usize::MAX);
            let kept = self.buffer.get(from..from.saturating_add(len));
            bytes.copy_from_slice(kept.ok_or_else(|| nothing(address))?);
        } else {
            let action = format_args!("read {len} bytes at {start:#x}").to_string();
            store
                .read_at(start, &mut bytes)
                .map_err(|error| Error::io(action, error))?;
        }
        Ok(bytes)
    }
}

fn nothing(address: Address) -> Error {
    Error::corrupt("tail", address, "nothing was appended")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    #[test]
    fn what_is_appended_can_be_read_back_before_and_after_it_is_flushed() {
        let mut store = Memory(vec![9; 21]);
        let mut tail = Tail::new(5, 21);
        let first = tail.append(&mut store, b"first").unwrap();
        let second = tail.append(&mut store, b"second").unwrap();
        assert_eq!((first, second), (Address(16), Address(24)));
        assert_eq!(tail.read(&store, second, 6).unwrap(), b"second");
        tail.flush(&mut store).unwrap();
        tail.overwrite(&mut store, second, b"SEC").unwrap();
        assert_eq!(tail.read(&store, second, 6).unwrap(), b"SECond");
        let third = tail.append(&mut store, b"third").unwrap();
        tail.overwrite(&mut store, third, b"T").unwrap();
        assert_eq!(tail.read(&store, first, 5).unwrap(), b"first");
        assert_eq!(tail.read(&store, third, 5).unwrap(), b"Third");
        assert!(tail.overwrite(&mut store, third, b"beyond").is_err());
        assert!(tail.holds(first) && !tail.holds(Address(8)));
        // Of these bytes some are flushed and some are not.
        tail.overwrite(&mut store, Address(26), b"....th").unwrap();
        assert_eq!(tail.read(&store, second, 6).unwrap(), b"SE....");
        assert_eq!(tail.read(&store, third, 5).unwrap(), b"Third");
        assert_eq!(store.0[..21], [9; 21]);
        assert_eq!(store.0[21..29], *b"first\0\0\0");
    }
}
