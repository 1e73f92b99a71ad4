//! The rescue record: both superblocks of a switch, at the very end of the new file.
//!
//! Superblock versions 2 and 3 carry a checksum, so a switch that a disk tears leaves a superblock
//! that nothing can read. The record lets the next opening for writing finish the switch. It is our
//! own addition: to every other reader it is unreachable bytes.

use super::commit::Committed;
use crate::{
    error::{Error, Result},
    format::{
        field::{Encoder, Fields},
        superblock::Superblock,
    },
    image::{Address, Sizes},
    source::Source,
    store::{self, Store, write_all},
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

    /// The record of the switch from `old` to `new`, whose file ends with it.
    pub(crate) fn new(old: &Committed, new: &Committed) -> Option<Self> {
        Some(Self {
            base: old.superblock.base,
            old: old.bytes.as_slice().try_into().ok()?,
            new: new.bytes.as_slice().try_into().ok()?,
        })
    }

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

/// The record of a switch that was torn: the superblock is a mixture of the old and the new bytes,
/// and the file ends with the record. `read` fills a buffer from a position of the file.
fn torn_switch(
    len: u64,
    read: impl Fn(u64, &mut [u8]) -> Result<()>,
) -> Result<Option<RescueRecord>> {
    let Some(at) = len.checked_sub(RescueRecord::LEN as u64) else {
        return Ok(None);
    };
    let mut bytes = vec![0; RescueRecord::LEN];
    read(at, &mut bytes)?;
    let Ok(record) = RescueRecord::parse(&bytes) else {
        return Ok(None);
    };
    // The record may be older than the superblock, or somebody's idea of a joke.
    let Ok(new) = Superblock::parse(&record.new, record.base, len) else {
        return Ok(None);
    };
    if new.version < 2 || new.end_of_file != len {
        return Ok(None);
    }
    let mut found = [0; RescueRecord::SUPERBLOCK_LEN];
    read(record.base, &mut found)?;
    let mixed = |((found, old), new): ((&u8, &u8), &u8)| found == old || found == new;
    let torn = found.iter().zip(&record.old).zip(&record.new).all(mixed);
    let whole = found == record.old || found == record.new;
    Ok((torn && !whole).then_some(record))
}

/// Finishes a switch that was torn. Whether there was one to finish.
///
/// Everything the new superblock leads to was durable before the switch began, so it can always be
/// finished.
pub(crate) fn finish_torn_switch(store: &mut dyn Store) -> Result<bool> {
    let len = store::len(store)?;
    let torn = torn_switch(len, |at, buffer| {
        let read = store.read_at(at, buffer);
        read.map_err(|error| Error::io("read the rescue record", error))
    })?;
    let Some(record) = torn else {
        return Ok(false);
    };
    write_all(store, record.base, &record.new)?;
    store::sync(store)?;
    Ok(true)
}

/// Length of the record at the end of a file whose content ends at `end`; 0 where there is none.
pub(crate) fn record_len(source: &Source, end: u64) -> u64 {
    let len = RescueRecord::LEN as u64;
    let mut bytes = Vec::new();
    let start = end.checked_sub(len);
    let read = start.is_some_and(|at| source.read(at, RescueRecord::LEN, &mut bytes).is_ok());
    let record = read && RescueRecord::parse(&bytes).is_ok();
    if record { len } else { 0 }
}

/// Whether the file's superblock cannot be read because a switch was torn.
pub(crate) fn is_torn(source: &Source) -> bool {
    let torn = torn_switch(source.len(), |at, buffer| {
        let mut bytes = Vec::new();
        source.read(at, buffer.len(), &mut bytes)?;
        buffer.copy_from_slice(&bytes);
        Ok(())
    });
    matches!(torn, Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{format::superblock::BtreeK, store::Memory};

    /// A superblock for a file of `len` bytes.
    fn superblock(root: u64, len: u64) -> [u8; 48] {
        let superblock = Superblock {
            version: 3,
            sizes: Sizes::default(),
            base: 0,
            end_of_file: len,
            k: BtreeK::default(),
            consistency_flags: 0,
            extension: None,
            driver_information: None,
            root: Address(root),
        };
        superblock.encode().try_into().unwrap()
    }

    fn file(record: &RescueRecord, superblock: &[u8]) -> Memory {
        Memory([superblock, &[7; 100], &record.encode()].concat())
    }

    const LEN: u64 = 48 + 100 + RescueRecord::LEN as u64;

    fn record() -> RescueRecord {
        RescueRecord {
            base: 0,
            old: superblock(0x1122_3344_5566, 0x7788),
            new: superblock(0x2233_4455_6677, LEN),
        }
    }

    proptest! {
        #[test]
        fn comes_back(base: u64, old: [u8; 48], new: [u8; 48]) {
            let record = RescueRecord { base, old, new };
            prop_assert_eq!(RescueRecord::parse(&record.encode()).unwrap(), record);
        }

        #[test]
        fn a_torn_superblock_is_finished_however_it_tore(from_new: [bool; 48]) {
            let record = record();
            let torn: Vec<u8> = (0..48)
                .map(|i| if from_new[i] { record.new[i] } else { record.old[i] })
                .collect();
            let mut store = file(&record, &torn);
            let whole = torn == record.old || torn == record.new;
            prop_assert_eq!(is_torn(&Source::from(store.0.clone())), !whole);
            prop_assert_eq!(finish_torn_switch(&mut store).unwrap(), !whole);
            prop_assert_eq!(&store.0[..48], if whole { &torn[..] } else { &record.new[..] });
        }
    }

    #[test]
    fn other_superblocks_are_left_alone() {
        let good = record();
        let torn = [&good.new[..40], &good.old[40..]].concat();
        let left_alone = |record: &RescueRecord, superblock: &[u8]| {
            let mut store = file(record, superblock);
            assert!(!finish_torn_switch(&mut store).unwrap());
            assert_eq!(store.0[..48], *superblock);
        };
        left_alone(&good, &good.old);
        left_alone(&good, &good.new);
        left_alone(&good, &[3; 48]);
        let elsewhere = RescueRecord {
            base: u64::MAX - 3,
            ..good.clone()
        };
        left_alone(&elsewhere, &torn);
        let of_another_length = RescueRecord {
            new: superblock(1, LEN + 8),
            ..good.clone()
        };
        left_alone(&of_another_length, &torn);
        assert!(!finish_torn_switch(&mut Memory(vec![0; 500])).unwrap());
        let mut store = file(&good, &torn);
        store.0.push(0);
        assert!(
            !finish_torn_switch(&mut store).unwrap(),
            "the record is not at the end"
        );
    }
}
