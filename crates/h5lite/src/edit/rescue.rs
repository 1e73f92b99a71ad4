//! The rescue record: both superblocks of a switch, at the very end of the new file.
//!
//! Superblock versions 2 and 3 carry a checksum, so a switch that a disk tears leaves a superblock
//! that nothing can read. The record lets the next opening for writing finish the switch. It is our
//! own addition: to every other reader it is unreachable bytes.

use crate::{
    error::{Error, Result},
    format::{
        field::{Encoder, Fields},
        superblock::Superblock,
    },
    image::{Address, Sizes},
    store::{Store, write_all},
};

const NAME: &str = "rescue record";
const SIGNATURE: [u8; 8] = *b"h5litesw";

/// What stands at the end of a file whose superblock has a checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RescueRecord {
    /// Where the superblock stands, from the start of the file.
    pub(crate) base: u64,
    /// The superblock before the switch.
    pub(crate) old: [u8; Self::SUPERBLOCK_LEN],
    /// The superblock after it.
    pub(crate) new: [u8; Self::SUPERBLOCK_LEN],
}

impl RescueRecord {
    /// Bytes of a superblock of version 2 or 3 with offsets of eight bytes.
    pub(crate) const SUPERBLOCK_LEN: usize = 48;
    /// Bytes of the record.
    pub(crate) const LEN: usize = 8 + 8 + 2 * Self::SUPERBLOCK_LEN + 4;

    /// The record as it is stored.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Sizes::default());
        out.put(&SIGNATURE);
        out.u64(self.base);
        out.put(&self.old);
        out.put(&self.new);
        out.checksum();
        out.finish()
    }

    /// Reads a record.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(NAME, Address(0), Sizes::default(), bytes);
        if fields.take(8)? != SIGNATURE {
            return Err(fields.corrupt("no signature"));
        }
        let base = fields.u64()?;
        let mut superblock = || -> Result<[u8; Self::SUPERBLOCK_LEN]> {
            let bytes = fields.take(Self::SUPERBLOCK_LEN)?;
            bytes
                .try_into()
                .map_err(|_| Error::corrupt(NAME, Address(0), "short"))
        };
        let (old, new) = (superblock()?, superblock()?);
        fields.checksum()?;
        Ok(Self { base, old, new })
    }
}

/// Finishes a switch that was torn: the superblock cannot be read, and the file ends with the
/// record of the switch. Whether there was one to finish.
///
/// Only a superblock that is a mixture of the old and the new bytes is touched.
pub(crate) fn finish_torn_switch(store: &mut dyn Store) -> Result<bool> {
    let len = store
        .len()
        .map_err(|error| Error::io("ask for the length", error))?;
    let Some(at) = len.checked_sub(RescueRecord::LEN as u64) else {
        return Ok(false);
    };
    let mut bytes = vec![0; RescueRecord::LEN];
    store
        .read_at(at, &mut bytes)
        .map_err(|error| Error::io("read the rescue record", error))?;
    let Ok(record) = RescueRecord::parse(&bytes) else {
        return Ok(false);
    };
    let mut found = [0; RescueRecord::SUPERBLOCK_LEN];
    store
        .read_at(record.base, &mut found)
        .map_err(|error| Error::io("read the superblock", error))?;
    let mixed = |((found, old), new): ((&u8, &u8), &u8)| found == old || found == new;
    let torn = found.iter().zip(&record.old).zip(&record.new).all(mixed);
    if !torn || found == record.old || found == record.new {
        return Ok(false);
    }
    write_all(store, record.base, &record.new)?;
    store
        .sync()
        .map_err(|error| Error::io("make the file durable", error))?;
    Ok(true)
}

/// The record of the switch from `old` to `new`, whose file ends with it.
pub(crate) fn record(old: &Superblock, new: &Superblock) -> Option<RescueRecord> {
    Some(RescueRecord {
        base: old.base,
        old: old.encode().try_into().ok()?,
        new: new.encode().try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::Memory;

    fn file(record: &RescueRecord, superblock: &[u8]) -> Memory {
        Memory([superblock, &[7; 100], &record.encode()].concat())
    }

    proptest! {
        #[test]
        fn comes_back(base: u64, old: [u8; 48], new: [u8; 48]) {
            let record = RescueRecord { base, old, new };
            prop_assert_eq!(RescueRecord::parse(&record.encode()).unwrap(), record);
        }

        #[test]
        fn a_torn_superblock_is_finished_wherever_it_tore(cut in 1_usize..48, forward: bool) {
            let (old, new) = ([1; 48], std::array::from_fn(|i| u8::try_from(i).unwrap() + 50));
            let record = RescueRecord { base: 0, old, new };
            let torn = if forward { [&new[..cut], &old[cut..]] } else { [&old[..cut], &new[cut..]] };
            let mut store = file(&record, &torn.concat());
            prop_assert!(finish_torn_switch(&mut store).unwrap());
            prop_assert_eq!(&store.0[..48], &new);
        }
    }

    #[test]
    fn other_superblocks_are_left_alone() {
        let record = RescueRecord {
            base: 0,
            old: [1; 48],
            new: [2; 48],
        };
        for superblock in [[1; 48], [2; 48], [3; 48]] {
            let mut store = file(&record, &superblock);
            assert!(!finish_torn_switch(&mut store).unwrap());
            assert_eq!(store.0[..48], superblock);
        }
        assert!(!finish_torn_switch(&mut Memory(vec![0; 500])).unwrap());
    }
}
