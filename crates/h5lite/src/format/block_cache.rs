//! Blocks of a structure that were read and verified once, so that looking up many small things in
//! few blocks costs one pass over each.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    error::{Error, Result},
    format::field::Fields,
    image::{Address, Image},
};

/// Once blocks that had to be copied take so many bytes, all are let go and read again when they are
/// needed. Links in the order of their hashes are all over their heap, so this is larger than the
/// heap of a million of them.
const HELD: u64 = if cfg!(test) { 1 << 10 } else { 64 << 20 };

/// The verified blocks of one structure.
#[derive(Debug)]
pub(crate) struct BlockCache<'a> {
    image: &'a Image,
    blocks: HashMap<Address, Cow<'a, [u8]>>,
    /// Bytes of those that are copies, and not in memory anyway.
    held: u64,
    /// Lengths of all blocks that were ever asked for.
    lengths: HashMap<Address, u64>,
    /// Bytes of all of them, each once.
    distinct: u64,
    /// Bytes of all that was read.
    read: u64,
}

impl<'a> BlockCache<'a> {
    /// No blocks of this file.
    pub(crate) fn new(image: &'a Image) -> Self {
        Self {
            image,
            blocks: HashMap::new(),
            held: 0,
            lengths: HashMap::new(),
            distinct: 0,
            read: 0,
        }
    }

    /// Bytes read so far, blocks that were read again included.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The file.
    pub(crate) fn image(&self) -> &'a Image {
        self.image
    }

    /// The block of `len` bytes at `address`. Its fields pass through `verify` whenever it is read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the block leaves the file or is asked for in another length, or all
    /// blocks have more bytes than the file and so must overlap; and whatever `verify` returns.
    pub(crate) fn get(
        &mut self,
        structure: &'static str,
        address: Address,
        len: u64,
        verify: impl FnOnce(Fields<'_>) -> Result<()>,
    ) -> Result<&[u8]> {
        let corrupt = |reason| Error::corrupt(structure, address, reason);
        if self
            .lengths
            .get(&address)
            .is_some_and(|known| *known != len)
        {
            return Err(corrupt("it is used as blocks of two lengths"));
        }
        if !self.blocks.contains_key(&address) {
            if self.lengths.insert(address, len).is_none() {
                self.distinct = self.distinct.saturating_add(len);
            }
            if self.distinct > self.image.len() {
                return Err(corrupt("it overlaps other blocks or leaves the file"));
            }
            let bytes = self.image.bytes(structure, address, len)?;
            verify(Fields::new(structure, address, self.image.sizes(), &bytes))?;
            self.read = self.read.saturating_add(len);
            if matches!(bytes, Cow::Owned(_)) {
                if self.held.saturating_add(len) > HELD {
                    self.blocks.clear();
                    self.held = 0;
                }
                self.held = self.held.saturating_add(len);
            }
            self.blocks.insert(address, bytes);
        }
        let block = self.blocks.get(&address);
        block.map_or_else(|| Err(corrupt("it was let go")), |block| Ok(&block[..]))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::{
        image::Sizes,
        source::{START, Source},
    };

    /// Copies that are let go come again, with the same content; they count each time, but not as
    /// blocks that overlap.
    #[test]
    fn what_was_let_go_is_read_again() {
        // Behind what is kept of every file.
        let mut content = vec![0; START];
        content.extend((0..16_u8).flat_map(|block| [block; 256]));
        let (base, end) = (START as u64, content.len() as u64);
        let image = |source| Image::whole(source).narrowed(base, end, Sizes::default());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        let copied = image(Source::positioned(file).unwrap());
        let borrowed = image(Source::from(content));
        for (image, rounds_that_read) in [(&copied, 3_u32), (&borrowed, 1)] {
            let mut cache = BlockCache::new(image);
            let mut verified = 0_u32;
            for _ in 0..3 {
                for block in 0..16_u8 {
                    let address = Address(u64::from(block) * 256);
                    let verify = |_: Fields<'_>| {
                        verified += 1;
                        Ok(())
                    };
                    let found = cache.get("block", address, 256, verify).unwrap();
                    assert_eq!(found, [block; 256]);
                    assert!(cache.held <= HELD);
                }
            }
            assert_eq!(
                (verified, cache.read()),
                (16 * rounds_that_read, 4096 * u64::from(rounds_that_read))
            );
            let other = cache.get("block", Address(0), 128, |_| Ok(())).unwrap_err();
            assert!(other.is_corrupt(), "{other}");
            let overlapping = cache
                .get("block", Address(128), 256, |_| Ok(()))
                .unwrap_err();
            assert!(overlapping.is_corrupt(), "{overlapping}");
        }
    }
}
