//! Superblock: where a file's content starts and ends (II.A).

use std::borrow::Cow;

use super::{
    checksum::lookup3,
    field::{Encoder, Fields},
    symbol_table::{Cache, Entry},
};
use crate::{
    error::{Error, Result},
    image::{Address, Image, Sizes},
};

const NAME: &str = "superblock";
const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// More than any version takes, with the widest fields.
const MAX_LEN: u64 = 128;

/// What is at the very start of a file, or behind a user block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superblock {
    /// 0 to 3.
    pub(crate) version: u8,
    /// Widths of offsets and lengths in the whole file.
    pub(crate) sizes: Sizes,
    /// What all other addresses are relative to: the start of the superblock.
    pub(crate) base: u64,
    /// One past the last byte in use, from the start of the file.
    pub(crate) end_of_file: u64,
    /// Node capacities of the version 1 B-trees.
    pub(crate) k: BtreeK,
    /// Version 2 and 3: whether a writer has the file open, or crashed.
    pub(crate) consistency_flags: u8,
    /// Version 2 and 3: the object header of the superblock extension.
    pub(crate) extension: Option<Address>,
    /// Versions 0 and 1: the driver information block.
    pub(crate) driver_information: Option<Address>,
    /// The object header of the root group.
    pub(crate) root: Address,
}

/// Half the number of entries in a node of each kind of version 1 B-tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BtreeK {
    /// Symbol table nodes.
    pub(crate) group_leaf: u16,
    /// B-tree nodes of groups.
    pub(crate) group_internal: u16,
    /// B-tree nodes of chunked datasets.
    pub(crate) chunk: u16,
}

impl Default for BtreeK {
    /// What the library takes where the file does not say.
    fn default() -> Self {
        Self {
            group_leaf: 4,
            group_internal: 16,
            chunk: 32,
        }
    }
}

impl Superblock {
    /// Finds the superblock at 0, 512, 1024, 2048, ... and reads it.
    ///
    /// # Errors
    /// [`Error::NotHdf5`] where there is none; [`Error::Corrupt`] where the file is shorter than
    /// the superblock says, or a checksum is wrong.
    pub(crate) fn find(image: &Image) -> Result<Self> {
        let (at, bytes) = Self::locate(image)?;
        Self::parse(&bytes, at, image.len())
    }

    /// The same of a file that is shorter than its superblock says, or whose superblock fails its
    /// checksum.
    ///
    /// # Errors
    /// [`Error::NotHdf5`]; [`Error::Corrupt`] where nothing can be made of its fields.
    pub(crate) fn find_damaged(image: &Image) -> Result<Self> {
        let (at, bytes) = Self::locate(image)?;
        Self::parse(&bytes, at, u64::MAX).or_else(|error| {
            let mut bytes = bytes.into_owned();
            let width = bytes.get(9).copied().map_or(8, usize::from);
            let covered = width.saturating_mul(4).saturating_add(12);
            let sum = bytes.get(..covered).map(lookup3);
            let stored = bytes.get_mut(covered..covered.saturating_add(4));
            match (sum, stored) {
                (Some(sum), Some(stored)) => stored.copy_from_slice(&sum.to_le_bytes()),
                _ => return Err(error),
            }
            Self::parse(&bytes, at, u64::MAX)
        })
    }

    /// Where the signature stands, and the bytes from there on.
    fn locate(image: &Image) -> Result<(u64, Cow<'_, [u8]>)> {
        let mut at = 0_u64;
        loop {
            let bytes =
                image
                    .bytes_up_to(NAME, Address(at), MAX_LEN)
                    .map_err(|error| match error {
                        Error::Corrupt { .. } => Error::NotHdf5,
                        other => other,
                    })?;
            if bytes.starts_with(SIGNATURE) {
                return Ok((at, bytes));
            }
            at = at.saturating_mul(2).max(512);
            if at >= image.len() {
                return Err(Error::NotHdf5);
            }
        }
    }

    /// Reads the superblock whose bytes stand at `at` of a file of `file_len` bytes.
    pub(crate) fn parse(bytes: &[u8], at: u64, file_len: u64) -> Result<Self> {
        let mut fields = Fields::new(NAME, Address(at), Sizes::default(), bytes);
        fields.skip(SIGNATURE.len())?;
        let version = fields.version(&[0, 1, 2, 3])?;
        let mut superblock = if version < 2 {
            Self::parse_0_1(&mut fields, version)?
        } else {
            Self::parse_2_3(&mut fields, version)?
        };
        // A user block that was put in front of the file, or taken away, moves everything.
        let len = superblock.end_of_file.checked_sub(superblock.base);
        superblock.end_of_file = len
            .and_then(|len| at.checked_add(len))
            .ok_or_else(|| fields.corrupt("it ends before it starts"))?;
        superblock.base = at;
        if superblock.end_of_file > file_len {
            return Err(fields.corrupt(format_args!(
                "truncated file: {file_len} bytes long, its content takes {}",
                superblock.end_of_file
            )));
        }
        Ok(superblock)
    }

    fn parse_0_1(fields: &mut Fields<'_>, version: u8) -> Result<Self> {
        // Versions of the free-space storage, the root group, and the shared header messages.
        fields.skip(4)?;
        let sizes = parse_sizes(fields)?;
        fields.skip(1)?;
        let mut k = BtreeK {
            group_leaf: fields.u16()?,
            group_internal: fields.u16()?,
            chunk: 32,
        };
        fields.skip(4)?;
        if version == 1 {
            k.chunk = fields.u16()?;
            fields.skip(2)?;
        }
        if k.group_leaf == 0 || k.group_internal == 0 || k.chunk == 0 {
            return Err(fields.corrupt("B-tree nodes without entries"));
        }
        let mut fields = fields.with_sizes(sizes);
        let base = fields.address_of("the base")?.0;
        fields.offset()?;
        let end_of_file = fields.address_of("the end of the file")?.0;
        let driver_information = fields.offset()?;
        let root = Entry::parse(&mut fields)?.header;
        let root =
            root.ok_or_else(|| fields.corrupt("the address of the root group is undefined"))?;
        Ok(Self {
            version,
            sizes,
            base,
            end_of_file,
            k,
            consistency_flags: 0,
            extension: None,
            driver_information,
            root,
        })
    }

    fn parse_2_3(fields: &mut Fields<'_>, version: u8) -> Result<Self> {
        let sizes = parse_sizes(fields)?;
        let consistency_flags = fields.u8()?;
        let mut fields = fields.with_sizes(sizes);
        let base = fields.address_of("the base")?.0;
        let extension = fields.offset()?;
        let end_of_file = fields.address_of("the end of the file")?.0;
        let root = fields.address_of("the root group")?;
        fields.checksum()?;
        Ok(Self {
            version,
            sizes,
            base,
            end_of_file,
            k: BtreeK::default(),
            consistency_flags,
            extension,
            driver_information: None,
            root,
        })
    }

    /// Writes the version it has. The root entry's cached addresses are left out: they are a hint
    /// that no reader needs.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(self.sizes);
        out.put(SIGNATURE);
        out.u8(self.version);
        if self.version < 2 {
            out.zeros(4);
            out.put(&[self.sizes.offset, self.sizes.length, 0]);
            out.u16(self.k.group_leaf);
            out.u16(self.k.group_internal);
            out.u32(0);
            if self.version == 1 {
                out.u16(self.k.chunk);
                out.u16(0);
            }
            out.offset(Some(Address(self.base)));
            out.offset(None);
            out.offset(Some(Address(self.end_of_file)));
            out.offset(self.driver_information);
            Entry {
                name: 0,
                header: Some(self.root),
                cache: Cache::None,
            }
            .encode(&mut out);
        } else {
            out.put(&[self.sizes.offset, self.sizes.length, self.consistency_flags]);
            out.offset(Some(Address(self.base)));
            out.offset(self.extension);
            out.offset(Some(Address(self.end_of_file)));
            out.offset(Some(self.root));
            out.checksum();
        }
        out.finish()
    }
}

fn parse_sizes(fields: &mut Fields<'_>) -> Result<Sizes> {
    let (offset, length) = (fields.u8()?, fields.u8()?);
    match (offset, length) {
        (2 | 4 | 8, 2 | 4 | 8) => Ok(Sizes { offset, length }),
        (16 | 32, _) | (_, 16 | 32) => Err(Error::unsupported(format_args!(
            "offsets of {offset} and lengths of {length} bytes"
        ))),
        _ => Err(fields.corrupt(format_args!(
            "offsets of {offset}, lengths of {length} bytes"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option::of, prelude::*};

    use super::*;
    use crate::source::Source;

    fn find(bytes: Vec<u8>) -> Result<Superblock> {
        Superblock::find(&Image::whole(Source::from(bytes)))
    }

    fn superblock() -> impl Strategy<Value = Superblock> {
        let width = prop::sample::select(vec![4_u8, 8]);
        let k = (1_u16.., 1_u16.., 1_u16..);
        (
            0_u8..4,
            width,
            k,
            of(0_u64..1 << 20),
            0_u64..1 << 20,
            any::<u8>(),
        )
            .prop_map(
                |(version, width, (group_leaf, group_internal, chunk), other, root, flags)| {
                    let old = version < 2;
                    Superblock {
                        version,
                        sizes: Sizes {
                            offset: width,
                            length: width,
                        },
                        base: 0,
                        end_of_file: 200,
                        k: match version {
                            0 => BtreeK {
                                group_leaf,
                                group_internal,
                                chunk: 32,
                            },
                            1 => BtreeK {
                                group_leaf,
                                group_internal,
                                chunk,
                            },
                            _ => BtreeK::default(),
                        },
                        consistency_flags: if old { 0 } else { flags },
                        extension: if old { None } else { other.map(Address) },
                        driver_information: if old { other.map(Address) } else { None },
                        root: Address(root),
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn comes_back(superblock in superblock()) {
            let mut bytes = superblock.encode();
            bytes.resize(200, 0);
            prop_assert_eq!(find(bytes).unwrap(), superblock);
        }

        #[test]
        fn a_user_block_moves_it(superblock in superblock(), double in 0_u32..4) {
            let at = 512_usize << double;
            let mut bytes = vec![0; at];
            bytes.extend(superblock.encode());
            bytes.resize(at + 200, 0);
            // As written before the user block was put in front of it.
            let found = find(bytes).unwrap();
            prop_assert_eq!((found.base, found.end_of_file), (at as u64, at as u64 + 200));
        }

        #[test]
        fn a_truncated_file_says_so(superblock in superblock(), cut in 100_usize..200) {
            let mut bytes = superblock.encode();
            bytes.resize(cut, 0);
            prop_assert!(find(bytes).unwrap_err().to_string().contains("truncated file"));
        }
    }

    #[test]
    fn other_files_are_not_hdf5() {
        for bytes in [
            vec![],
            vec![0; 5],
            vec![0; 5000],
            b"\x89HDF\r\n\x1a".to_vec(),
        ] {
            assert!(matches!(find(bytes), Err(Error::NotHdf5)));
        }
    }
}
