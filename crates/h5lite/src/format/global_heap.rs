//! Global heap collection: variable-length values.
//! Specification III.E, "Disk Format: Level 1E - Global Heap".

use std::{borrow::Cow, ops::Range};

use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields, to_u64},
    image::{Address, Image, Sizes},
};

const NAME: &str = "global heap collection";
const SIGNATURE: [u8; 4] = *b"GCOL";
const VERSION: u8 = 1;
/// Headers and objects start at multiples of this, counted from the collection's start.
const ALIGNMENT: usize = 8;
/// No library writes a smaller collection, so one read gets most of them.
const MIN_LEN: usize = 4096;
/// The object that is the free space, always the last.
const FREE_SPACE: u16 = 0;

/// A collection, its objects found but not copied.
#[derive(Clone, Debug)]
pub(crate) struct GlobalHeap<'a> {
    address: Address,
    bytes: Cow<'a, [u8]>,
    /// Sorted by index.
    objects: Vec<(u16, Range<usize>)>,
}

impl<'a> GlobalHeap<'a> {
    /// Name of the structure.
    pub(crate) const NAME: &'static str = NAME;

    /// Reads the collection at `address`.
    pub(crate) fn read(image: &'a Image, address: Address) -> Result<Self> {
        let sizes = image.sizes();
        let start = image.bytes_up_to(NAME, address, to_u64(MIN_LEN))?;
        let mut fields = Fields::new(NAME, address, sizes, &start);
        fields.signature(SIGNATURE)?;
        fields.version(&[VERSION])?;
        fields.skip(3)?;
        let len = fields.length()?;
        let bytes = image.bytes(NAME, address, len)?;
        image.claim(NAME, address, len);
        let objects = objects(Fields::new(NAME, address, sizes, &bytes))?;
        Ok(Self {
            address,
            bytes,
            objects,
        })
    }

    /// Length of the collection in bytes.
    pub(crate) fn len(&self) -> u64 {
        to_u64(self.bytes.len())
    }

    /// The object numbered `index`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the collection has none.
    pub(crate) fn object(&self, index: u32) -> Result<&[u8]> {
        let range = u16::try_from(index).ok().and_then(|index| {
            // Objects are numbered from 1, mostly without gaps.
            let likely = self.objects.get(usize::from(index).checked_sub(1)?);
            if let Some((found, range)) = likely
                && *found == index
            {
                return Some(range);
            }
            let at = self
                .objects
                .binary_search_by_key(&index, |(found, _)| *found);
            at.ok()
                .and_then(|at| self.objects.get(at))
                .map(|(_, range)| range)
        });
        range
            .and_then(|range| self.bytes.get(range.clone()))
            .ok_or_else(|| Error::corrupt(NAME, self.address, format_args!("no object {index}")))
    }
}

/// Where the objects of a collection are.
fn objects(mut fields: Fields<'_>) -> Result<Vec<(u16, Range<usize>)>> {
    let header_len = header_len(fields.sizes());
    fields.skip(header_len)?;
    let mut objects = Vec::new();
    // Room too small for a header is free space that says so by being there.
    while fields.remaining() >= header_len {
        let index = fields.u16()?;
        let _references = fields.u16()?;
        fields.skip(4)?;
        let len = fields.length()?;
        fields.align(ALIGNMENT);
        if index == FREE_SPACE {
            break;
        }
        let start = fields.position();
        fields.take_long(len)?;
        objects.push((index, start..fields.position()));
        fields.align(ALIGNMENT);
    }
    if !objects.is_sorted_by_key(|(index, _)| *index) {
        objects.sort_unstable_by_key(|(index, _)| *index);
    }
    let mut pairs = objects.iter().zip(objects.iter().skip(1));
    match pairs.find(|(one, next)| one.0 == next.0) {
        Some((twice, _)) => Err(fields.corrupt(format_args!("two objects {}", twice.0))),
        None => Ok(objects),
    }
}

/// A collection to be written.
#[derive(Clone, Debug)]
pub(crate) struct GlobalHeapBuilder {
    /// Objects with their headers.
    objects: Encoder,
    count: u16,
}

impl GlobalHeapBuilder {
    /// An empty collection.
    pub(crate) fn new(sizes: Sizes) -> Self {
        let objects = Encoder::new(sizes);
        Self { objects, count: 0 }
    }

    /// Adds an object and returns its index, or `None` where the collection can number no more.
    pub(crate) fn push(&mut self, object: &[u8]) -> Option<u16> {
        self.count = self.count.checked_add(1)?;
        self.objects.u16(self.count);
        self.objects.u16(1);
        self.objects.zeros(4);
        self.objects.length(to_u64(object.len()));
        self.objects.align(ALIGNMENT);
        self.objects.put(object);
        self.objects.align(ALIGNMENT);
        Some(self.count)
    }

    /// Whether there is no object in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether it can number no more objects.
    pub(crate) fn is_full(&self) -> bool {
        self.count == u16::MAX
    }

    /// Bytes of a collection that holds one object of this length.
    pub(crate) fn len_with(sizes: Sizes, object: usize) -> usize {
        Self::new(sizes).len_after(object)
    }

    /// Bytes of the collection once an object of this length was added.
    pub(crate) fn len_after(&self, object: usize) -> usize {
        let header = header_len(self.objects.sizes());
        let object = object.checked_next_multiple_of(ALIGNMENT);
        let object = object.unwrap_or(usize::MAX).saturating_add(header);
        let used = self.used().saturating_add(object).saturating_add(header);
        used.max(MIN_LEN)
    }

    /// Bytes its objects take, headers included.
    pub(crate) fn used(&self) -> usize {
        self.objects.len()
    }

    /// Bytes of the collection as it is.
    pub(crate) fn len(&self) -> usize {
        let used = self
            .objects
            .len()
            .saturating_add(header_len(self.objects.sizes()));
        used.max(MIN_LEN)
    }

    /// The finished collection.
    pub(crate) fn encode(self) -> Vec<u8> {
        let len = self.len();
        self.encode_in(len)
    }

    /// The finished collection in `len` bytes, which are at least what it needs.
    pub(crate) fn encode_in(self, len: usize) -> Vec<u8> {
        let sizes = self.objects.sizes();
        let mut out = Encoder::new(sizes);
        out.put(&SIGNATURE);
        out.u8(VERSION);
        out.zeros(3);
        out.length(to_u64(len));
        out.align(ALIGNMENT);
        out.put(&self.objects.finish());
        let free = len.saturating_sub(out.len());
        if free >= header_len(sizes) {
            out.u16(FREE_SPACE);
            out.zeros(6);
            out.length(to_u64(free));
        }
        out.zeros(len.saturating_sub(out.len()));
        out.finish()
    }
}

/// Length of a collection's header, and of an object's: both are 8 bytes and a length, padded.
fn header_len(sizes: Sizes) -> usize {
    let len = usize::from(sizes.length).saturating_add(8);
    len.checked_next_multiple_of(ALIGNMENT).unwrap_or(len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Source;

    proptest! {
        #[test]
        fn objects_come_back(
            objects in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..20),
            width in prop::sample::select(vec![2_u8, 4, 8]),
        ) {
            let sizes = Sizes { offset: width, length: width };
            let mut heap = GlobalHeapBuilder::new(sizes);
            for (object, index) in objects.iter().zip(1..) {
                prop_assert_eq!(heap.push(object), Some(index));
            }
            let bytes = heap.encode();
            let len = bytes.len();
            prop_assert!(len >= 4096 && len.is_multiple_of(8));
            let image = Image::whole(Source::from([bytes, vec![0xff; 100]].concat()));
            let image = image.narrowed(0, to_u64(len) + 100, sizes);
            let heap = GlobalHeap::read(&image, Address(0)).unwrap();
            for (object, index) in objects.iter().zip(1..) {
                prop_assert_eq!(heap.object(index).unwrap(), object);
            }
            for index in [0, u32::try_from(objects.len()).unwrap() + 1, 65_536] {
                prop_assert!(heap.object(index).unwrap_err().is_corrupt());
            }
        }
    }

    #[test]
    fn objects_in_any_order_are_found_and_two_of_a_number_refused() {
        let mut heap = GlobalHeapBuilder::new(Sizes::default());
        for object in [b"one", b"two", b"six"] {
            heap.push(object);
        }
        let mut bytes = heap.encode();
        bytes[16] = 9;
        bytes[64] = 1;
        let image = Image::whole(Source::from(bytes.clone()));
        let heap = GlobalHeap::read(&image, Address(0)).unwrap();
        assert_eq!(heap.object(9).unwrap(), b"one");
        assert_eq!(heap.object(2).unwrap(), b"two");
        assert_eq!(heap.object(1).unwrap(), b"six");
        bytes[64] = 2;
        let image = Image::whole(Source::from(bytes));
        assert!(
            GlobalHeap::read(&image, Address(0))
                .unwrap_err()
                .is_corrupt()
        );
    }

    #[test]
    fn a_collection_and_its_objects_end_inside_the_file() {
        let mut heap = GlobalHeapBuilder::new(Sizes::default());
        heap.push(b"value");
        let bytes = heap.encode();
        for (field, value) in [
            (8, 4104_u64),
            (8, 20),
            (8, u64::MAX),
            (24, 4096),
            (24, u64::MAX),
        ] {
            let mut bytes = bytes.clone();
            bytes[field..field + 8].copy_from_slice(&value.to_le_bytes());
            let image = Image::whole(Source::from(bytes));
            let read = GlobalHeap::read(&image, Address(0));
            let heap = read.map(|heap| heap.object(1).map(<[u8]>::to_vec));
            assert!(!matches!(heap, Ok(Ok(_))), "{field} {value}");
        }
    }
}
