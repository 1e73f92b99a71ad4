//! Blocks of a structure that were read and verified once, so that looking up many small things in
//! few blocks costs one pass over each.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

use crate::{
    error::{Error, Result},
    format::field::{Fields, to_u64},
    image::{Address, Image},
};

/// The verified blocks of one structure.
#[derive(Debug)]
pub(crate) struct BlockCache<'a> {
    image: &'a Image,
    blocks: HashMap<Address, Cow<'a, [u8]>>,
    /// Bytes of all blocks.
    read: u64,
}

impl<'a> BlockCache<'a> {
    /// No blocks of this file.
    pub(crate) fn new(image: &'a Image) -> Self {
        Self {
            image,
            blocks: HashMap::new(),
            read: 0,
        }
    }

    /// The file.
    pub(crate) fn image(&self) -> &'a Image {
        self.image
    }

    /// The block of `len` bytes at `address`. Its fields pass through `verify` the first time.
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
        let block = match self.blocks.entry(address) {
            Entry::Occupied(block) => block.into_mut(),
            Entry::Vacant(place) => {
                self.read = self.read.saturating_add(len);
                if self.read > self.image.len() {
                    return Err(corrupt("it overlaps other blocks or leaves the file"));
                }
                let bytes = self.image.bytes(structure, address, len)?;
                verify(Fields::new(structure, address, self.image.sizes(), &bytes))?;
                place.insert(bytes)
            }
        };
        if to_u64(block.len()) != len {
            return Err(corrupt("it is used as blocks of two lengths"));
        }
        Ok(block)
    }
}
