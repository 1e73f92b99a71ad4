//! Local heap: the link names (and soft link targets) of one symbol-table group.
//! Specification III.D, "Disk Format: Level 1D - Local Heaps".

use std::borrow::Cow;

use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields, to_u64, to_usize},
    image::{Address, Image, Sizes},
};

const NAME: &str = "local heap";
const SEGMENT: &str = "local heap data segment";
const SIGNATURE: [u8; 4] = *b"HEAP";
const VERSION: u8 = 0;
/// Objects start at multiples of this.
const ALIGNMENT: usize = 8;
/// The head of a free list without blocks. (An offset of 1 cannot be one: blocks are aligned.)
const NO_FREE_BLOCK: u64 = 1;

/// A local heap's data segment.
#[derive(Clone, Debug)]
pub(crate) struct LocalHeap<'a> {
    address: Address,
    segment: Cow<'a, [u8]>,
}

impl<'a> LocalHeap<'a> {
    /// Reads the heap whose header stands at `address`.
    pub(crate) fn read(image: &'a Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let header = image.bytes(NAME, address, to_u64(header_len(sizes)))?;
        image.claim(NAME, address, to_u64(header_len(sizes)));
        let mut fields = Fields::new(NAME, address, sizes, &header);
        fields.signature(SIGNATURE)?;
        fields.version(&[VERSION])?;
        fields.skip(3)?;
        let len = fields.length()?;
        let _free_list = fields.length()?;
        let segment = match fields.offset()? {
            Some(segment) => {
                image.claim(SEGMENT, segment, len);
                image.bytes(NAME, segment, len)?
            }
            None if len == 0 => Cow::Borrowed(&[][..]),
            None => return Err(fields.corrupt("the address of its data segment is undefined")),
        };
        Ok(Self { address, segment })
    }

    /// The name at `offset` of the data segment, without its NUL.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the offset is outside the segment, or no NUL follows inside it.
    pub(crate) fn name(&self, offset: u64) -> Result<&[u8]> {
        let start = to_usize(NAME, self.address, offset)?;
        let rest = self.segment.get(start..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == 0);
        end.and_then(|end| rest.get(..end)).ok_or_else(|| {
            let len = self.segment.len();
            let reason = format!("no name ends in its {len} bytes from offset {offset} on");
            Error::corrupt(NAME, self.address, reason)
        })
    }
}

/// A local heap to be written: header, then data segment, without free space.
///
/// Offset 0 is the empty name, the left-most key of a group's B-tree.
#[derive(Clone, Debug)]
pub(crate) struct LocalHeapBuilder {
    sizes: Sizes,
    segment: Vec<u8>,
}

impl LocalHeapBuilder {
    /// A heap that holds the empty name.
    pub(crate) fn new(sizes: Sizes) -> Self {
        let segment = vec![0; ALIGNMENT];
        Self { sizes, segment }
    }

    /// Adds a name, which holds no NUL, and returns its offset.
    pub(crate) fn push(&mut self, name: &[u8]) -> u64 {
        let offset = self.segment.len();
        self.segment.extend_from_slice(name);
        self.segment.push(0);
        let aligned = self.segment.len().next_multiple_of(ALIGNMENT);
        self.segment.resize(aligned, 0);
        to_u64(offset)
    }

    /// The heap as it stands at `address`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where `address` is too near the end of the address space.
    pub(crate) fn encode(&self, address: Address) -> Result<Vec<u8>> {
        let mut out = Encoder::new(self.sizes);
        out.put(&SIGNATURE);
        out.u8(VERSION);
        out.zeros(3);
        out.length(to_u64(self.segment.len()));
        out.length(NO_FREE_BLOCK);
        out.offset(Some(address.plus(NAME, to_u64(header_len(self.sizes)))?));
        out.put(&self.segment);
        Ok(out.finish())
    }
}

fn header_len(sizes: Sizes) -> usize {
    let lengths = usize::from(sizes.length).saturating_mul(2);
    lengths
        .saturating_add(usize::from(sizes.offset))
        .saturating_add(8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Source;

    proptest! {
        #[test]
        fn names_come_back(names in prop::collection::vec("[^\0]{0,20}", 0..20), at in 0_usize..64) {
            let mut heap = LocalHeapBuilder::new(Sizes::default());
            let offsets: Vec<u64> = names.iter().map(|name| heap.push(name.as_bytes())).collect();
            let encoded = heap.encode(Address(to_u64(at))).unwrap();
            let len = to_u64(encoded.len());
            let file = [vec![0xff; at], encoded].concat();
            let image = Image::whole(Source::from(file));
            let read = LocalHeap::read(&image, Address(to_u64(at))).unwrap();
            prop_assert_eq!(read.name(0).unwrap(), b"");
            for (offset, name) in offsets.iter().zip(&names) {
                prop_assert_eq!(offset % 8, 0);
                prop_assert_eq!(read.name(*offset).unwrap(), name.as_bytes());
            }
            prop_assert!(read.name(len).unwrap_err().is_corrupt());
        }
    }

    #[test]
    fn a_name_ends_inside_the_segment() {
        let mut heap = LocalHeapBuilder::new(Sizes::default());
        let offset = heap.push(b"abcdefg");
        let mut bytes = heap.encode(Address(0)).unwrap();
        *bytes.last_mut().unwrap() = b'h';
        bytes.push(0);
        let image = Image::whole(Source::from(bytes));
        let heap = LocalHeap::read(&image, Address(0)).unwrap();
        assert!(heap.name(offset).unwrap_err().is_corrupt());
        assert!(heap.name(u64::MAX).unwrap_err().is_corrupt());
    }
}
