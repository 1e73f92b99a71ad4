//! Data layout message: where a dataset's raw data is (IV.A.2.i).

use super::Message;
use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields, to_u64},
    image::Address,
};

/// The specification's bound on the dimensionality of a layout: 32 axes and the element size.
const MAX_DIMENSIONALITY: u8 = 33;
/// Chunk flag: partial chunks at the upper edges are stored without filters.
const PLAIN_PARTIAL_CHUNKS: u8 = 1;
/// Chunk flag: the single chunk is filtered, its size and filter mask follow.
const SINGLE_FILTERED: u8 = 2;

/// How raw data is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataLayout {
    /// Inside the object header.
    Compact(Vec<u8>),
    /// In one run of bytes.
    Contiguous {
        /// Where; `None` while nothing has been written.
        address: Option<Address>,
        /// How many bytes; `None` in versions 1 and 2, which leave it to the dataspace.
        size: Option<u64>,
    },
    /// In chunks of equal shape.
    Chunked {
        /// Shape of a chunk, in elements.
        shape: Vec<u64>,
        /// Bytes of an element.
        element_size: u64,
        /// How a chunk is found.
        index: ChunkIndex,
        /// Whether partial chunks at the upper edges are stored without filters.
        plain_partial_chunks: bool,
    },
    /// In other datasets: a virtual dataset, which is not read.
    Virtual {
        /// The global heap collection that lists them.
        heap: Option<Address>,
        /// The object of the collection.
        index: u32,
    },
}

/// The structure that finds a chunk. Its address is `None` while no chunk has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkIndex {
    /// Version 1 B-tree, the only index of layout versions 1 to 3.
    BtreeV1(Option<Address>),
    /// There is only one chunk; with filters, its stored size and filter mask.
    Single {
        /// The chunk itself.
        address: Option<Address>,
        /// Stored size and filter mask, where the dataset has filters.
        filtered: Option<(u64, u32)>,
    },
    /// All chunks one after another, without an index.
    Implicit(Option<Address>),
    /// Fixed array.
    FixedArray(Option<Address>),
    /// Extensible array.
    ExtensibleArray(Option<Address>),
    /// Version 2 B-tree.
    BtreeV2(Option<Address>),
}

impl ChunkIndex {
    /// Where it starts.
    pub(crate) fn address(&self) -> Option<Address> {
        match *self {
            Self::BtreeV1(address)
            | Self::Single { address, .. }
            | Self::Implicit(address)
            | Self::FixedArray(address)
            | Self::ExtensibleArray(address)
            | Self::BtreeV2(address) => address,
        }
    }
}

impl Message for DataLayout {
    const KIND: u16 = 0x08;
    const NAME: &'static str = "data layout message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[1, 2, 3, 4, 5])?;
        if version < 3 {
            return parse_old(fields);
        }
        match (fields.u8()?, version) {
            (0, _) => {
                let size = usize::from(fields.u16()?);
                Ok(Self::Compact(fields.take(size)?.to_vec()))
            }
            (1, _) => Ok(Self::Contiguous {
                address: fields.offset()?,
                size: Some(fields.length()?),
            }),
            (2, 3) => {
                let dimensionality = dimensionality(fields)?;
                let index = ChunkIndex::BtreeV1(fields.offset()?);
                chunked(fields, dimensionality, 4, false, |_| Ok(index))
            }
            (2, _) => {
                let flags = fields.u8()?;
                let dimensionality = dimensionality(fields)?;
                let width = fields.u8()?;
                let plain = flags & PLAIN_PARTIAL_CHUNKS != 0;
                chunked(fields, dimensionality, width, plain, |fields| {
                    parse_index(fields, flags)
                })
            }
            (3, _) => Ok(Self::Virtual {
                heap: fields.offset()?,
                index: fields.u32()?,
            }),
            (class, _) => Err(fields.corrupt(format_args!("unknown layout class {class}"))),
        }
    }

    /// Version 3, or version 4 for a virtual dataset. Only what version 3 can express is ever encoded
    /// otherwise: compact, contiguous, and chunks in a version 1 B-tree.
    fn encode(&self, out: &mut Encoder) {
        match self {
            Self::Compact(data) => {
                out.put(&[3, 0]);
                out.uint(2, to_u64(data.len()));
                out.put(data);
            }
            Self::Contiguous { address, size } => {
                out.put(&[3, 1]);
                out.offset(*address);
                out.length(size.unwrap_or(0));
            }
            Self::Chunked {
                shape,
                element_size,
                index,
                ..
            } => {
                let address = match index {
                    ChunkIndex::BtreeV1(address) => *address,
                    _ => None,
                };
                out.put(&[3, 2]);
                out.uint(1, to_u64(shape.len()).saturating_add(1));
                out.offset(address);
                for &dim in shape.iter().chain([element_size]) {
                    out.uint(4, dim);
                }
            }
            Self::Virtual { heap, index } => {
                out.put(&[4, 3]);
                out.offset(*heap);
                out.u32(*index);
            }
        }
    }
}

/// Versions 1 and 2.
fn parse_old(fields: &mut Fields<'_>) -> Result<DataLayout> {
    let dimensionality = fields.u8()?;
    let class = fields.u8()?;
    fields.skip(5)?;
    match class {
        0 => {
            fields.skip(usize::from(dimensionality).saturating_mul(4))?;
            let size = u64::from(fields.u32()?);
            Ok(DataLayout::Compact(fields.take_long(size)?.to_vec()))
        }
        1 => {
            let address = fields.offset()?;
            fields.skip(usize::from(dimensionality).saturating_mul(4))?;
            Ok(DataLayout::Contiguous {
                address,
                size: None,
            })
        }
        2 => {
            let dimensionality = checked_dimensionality(fields, dimensionality)?;
            let index = ChunkIndex::BtreeV1(fields.offset()?);
            chunked(fields, dimensionality, 4, false, |_| Ok(index))
        }
        _ => Err(fields.corrupt(format_args!("unknown layout class {class}"))),
    }
}

fn dimensionality(fields: &mut Fields<'_>) -> Result<u8> {
    let dimensionality = fields.u8()?;
    checked_dimensionality(fields, dimensionality)
}

/// One more than the dataset's rank: the element size counts as the last dimension.
fn checked_dimensionality(fields: &Fields<'_>, dimensionality: u8) -> Result<u8> {
    if (2..=MAX_DIMENSIONALITY).contains(&dimensionality) {
        return Ok(dimensionality);
    }
    Err(fields.corrupt(format_args!("chunks of dimensionality {dimensionality}")))
}

/// Chunk dimensions of `width` bytes each, then the index.
fn chunked<'a>(
    fields: &mut Fields<'a>,
    dimensionality: u8,
    width: u8,
    plain_partial_chunks: bool,
    index: impl FnOnce(&mut Fields<'a>) -> Result<ChunkIndex>,
) -> Result<DataLayout> {
    let mut shape = (0..dimensionality)
        .map(|_| fields.uint(width))
        .collect::<Result<Vec<u64>>>()?;
    if shape.contains(&0) {
        return Err(fields.corrupt(format_args!("a chunk of shape {shape:?}")));
    }
    let element_size = shape.pop().unwrap_or(0);
    Ok(DataLayout::Chunked {
        shape,
        element_size,
        index: index(fields)?,
        plain_partial_chunks,
    })
}

/// The chunk index of layout versions 4 and 5. The parameters of the array and tree indexes are
/// repeated in the header of each, which is where they are read.
fn parse_index(fields: &mut Fields<'_>, flags: u8) -> Result<ChunkIndex> {
    let kind = fields.u8()?;
    match kind {
        1 => {
            let filtered = if flags & SINGLE_FILTERED == 0 {
                None
            } else {
                Some((fields.length()?, fields.u32()?))
            };
            Ok(ChunkIndex::Single {
                address: fields.offset()?,
                filtered,
            })
        }
        2 => Ok(ChunkIndex::Implicit(fields.offset()?)),
        3 => {
            fields.skip(1)?;
            Ok(ChunkIndex::FixedArray(fields.offset()?))
        }
        4 => {
            fields.skip(5)?;
            Ok(ChunkIndex::ExtensibleArray(fields.offset()?))
        }
        5 => {
            fields.skip(6)?;
            Ok(ChunkIndex::BtreeV2(fields.offset()?))
        }
        _ => Err(Error::unsupported(format_args!("chunk index type {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option::of, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    proptest! {
        #[test]
        fn comes_back(data in vec(any::<u8>(), 0..50), index: u32, at in of(0_u64..u64::MAX), size: u64, shape in vec(1_u64..1 << 32, 1..5), element_size in 1_u64..100) {
            let address = at.map(Address);
            for layout in [
                DataLayout::Compact(data),
                DataLayout::Virtual { heap: address, index },
                DataLayout::Contiguous { address, size: Some(size) },
                DataLayout::Chunked { shape, element_size, index: ChunkIndex::BtreeV1(address), plain_partial_chunks: false },
            ] {
                prop_assert_eq!(round_trip(&layout), layout);
            }
        }
    }

    #[test]
    fn version_4_names_its_index() {
        // Chunks of 4 x 3 elements of 8 bytes, one byte a dimension.
        let layout = |flags: u8, index: &[u8]| {
            let mut body = vec![4, 2, flags, 3, 1, 4, 3, 8];
            body.extend_from_slice(index);
            parsed::<DataLayout>(&body).unwrap()
        };
        let chunked = |index, plain_partial_chunks| DataLayout::Chunked {
            shape: vec![4, 3],
            element_size: 8,
            index,
            plain_partial_chunks,
        };
        let at = [0x10, 0, 0, 0, 0, 0, 0, 0];
        let with = |head: &[u8]| [head, &at].concat();
        let address = Some(Address(0x10));
        assert_eq!(
            layout(0, &with(&[2])),
            chunked(ChunkIndex::Implicit(address), false)
        );
        assert_eq!(
            layout(1, &with(&[3, 10])),
            chunked(ChunkIndex::FixedArray(address), true)
        );
        let extensible = with(&[4, 32, 4, 4, 16, 10]);
        assert_eq!(
            layout(0, &extensible),
            chunked(ChunkIndex::ExtensibleArray(address), false)
        );
        let tree = with(&[5, 0, 8, 0, 0, 100, 40]);
        assert_eq!(
            layout(0, &tree),
            chunked(ChunkIndex::BtreeV2(address), false)
        );
        let single = with(&[1, 99, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        let index = ChunkIndex::Single {
            address,
            filtered: Some((99, 1)),
        };
        assert_eq!(layout(2, &single), chunked(index, false));
    }

    /// Versions 1 and 2 (IV.A.2.i): dimensionality, class, five bytes; an address unless compact;
    /// dimensions of four bytes.
    #[test]
    fn versions_1_and_2_list_dimensions() {
        let layout = |version: u8, dimensionality: u8, class: u8, rest: &[&[u8]]| {
            let head = [version, dimensionality, class, 0, 0, 0, 0, 0];
            parsed::<DataLayout>(&[&head[..], &rest.concat()].concat())
        };
        let at = 0x1122_u64.to_le_bytes();
        let address = Some(Address(0x1122));
        let dims = [4_u32, 3, 8].map(u32::to_le_bytes).concat();
        for version in [1, 2] {
            let compact = layout(version, 3, 0, &[&dims, &[2, 0, 0, 0], b"ab"]).unwrap();
            assert_eq!(compact, DataLayout::Compact(b"ab".to_vec()));
            let contiguous = layout(version, 3, 1, &[&at, &dims]).unwrap();
            let size = None;
            assert_eq!(contiguous, DataLayout::Contiguous { address, size });
            // The last dimension of chunks is the size of an element.
            let chunked = layout(version, 3, 2, &[&at, &dims]).unwrap();
            let expected = DataLayout::Chunked {
                shape: vec![4, 3],
                element_size: 8,
                index: ChunkIndex::BtreeV1(address),
                plain_partial_chunks: false,
            };
            assert_eq!(chunked, expected);
            for class in 1..4 {
                let cut = layout(version, 3, class, &[&at, &dims[..11]]);
                assert!(cut.unwrap_err().is_corrupt(), "class {class}");
            }
            let cut = layout(version, 3, 0, &[&dims, &[2, 0, 0, 0], b"a"]);
            assert!(cut.unwrap_err().is_corrupt());
        }
        let unknown = parsed::<DataLayout>(&[4, 2, 0, 3, 1, 4, 3, 8, 6]);
        assert!(unknown.unwrap_err().is_unsupported());
    }

    #[test]
    fn a_chunk_without_elements_is_corrupt() {
        assert!(
            parsed::<DataLayout>(&[4, 2, 0, 3, 1, 0, 3, 8])
                .unwrap_err()
                .is_corrupt()
        );
        assert!(
            parsed::<DataLayout>(&[4, 2, 0, 1, 1, 8])
                .unwrap_err()
                .is_corrupt()
        );
    }
}
