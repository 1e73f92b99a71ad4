//! The record of a commit, at the very end of the new file: what finishes the commit should it be
//! interrupted.
//!
//! Two things can be left half done. Superblock versions 2 and 3 carry a checksum, so a switch that
//! a disk tears leaves a superblock that nothing can read: the record holds the old one and the new
//! one. And where a large chunk index was copied along a path, nodes beside the path have to be told
//! of their new neighbours once the switch is durable: the record lists those fields.
//!
//! It is our own addition: to every other reader it is unreachable bytes. Other programs may have
//! written to the file since; so a record counts only where the superblock is the one it speaks of,
//! the file ends with it, and each field is only written where it still holds what it held.

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

const NAME: &str = "commit record";
const SIGNATURE: [u8; 8] = *b"h5litesw";
/// More than a record of two million fields. What claims to be longer is none.
const MAX_LEN: usize = 64 << 20;

/// A field that is written once a switch is durable. Readers never follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relink {
    /// Where its eight bytes stand, from the start of the file.
    pub(crate) at: u64,
    /// What it holds in the committed file.
    pub(crate) old: u64,
    /// What it is to hold.
    pub(crate) new: u64,
}

impl Relink {
    /// Whether the field, which holds `found`, is still to be written.
    ///
    /// A disk writes an aligned word whole or not at all; any other may be half written.
    fn is_due(&self, found: u64) -> bool {
        let bytes = [found, self.old, self.new].map(u64::to_le_bytes);
        let half = || (0..8).all(|i| bytes[0][i] == bytes[1][i] || bytes[0][i] == bytes[2][i]);
        found == self.old || (!self.at.is_multiple_of(8) && found != self.new && half())
    }
}

/// What stands at the end of a file whose commit takes more than one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitRecord {
    /// Where the superblock stands, from the start of the file.
    pub(crate) base: u64,
    /// The superblock before the switch.
    pub(crate) old: Vec<u8>,
    /// The superblock after it, of the same length.
    pub(crate) new: Vec<u8>,
    /// What is to be written behind the switch.
    pub(crate) relinks: Vec<Relink>,
}

impl CommitRecord {
    /// The record of the switch from `old` to `new`, whose file ends with it.
    pub(crate) fn new(old: &Committed, new: &Committed, relinks: &[Relink]) -> Self {
        Self {
            base: old.superblock.base,
            old: old.bytes.clone(),
            new: new.bytes.clone(),
            relinks: relinks.to_vec(),
        }
    }

    /// Bytes of a record with superblocks of this length and so many fields.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are too many fields.
    pub(crate) fn len(superblock: usize, relinks: usize) -> Result<usize> {
        let len = 8 + 8 + 4 + 4 + 2 * superblock + 24 * relinks + 4 + 4;
        if len > MAX_LEN {
            return Err(Error::unsupported(format_args!(
                "edit in place: it changes {relinks} places of a chunk index at once"
            )));
        }
        Ok(len)
    }

    /// The record as it is stored: its length and its checksum come last, so that it is found from
    /// the end of the file.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let len = Self::len(self.new.len(), self.relinks.len())?;
        let mut out = Encoder::new(Sizes::default());
        out.put(&SIGNATURE);
        out.u64(self.base);
        out.uint(4, self.new.len() as u64);
        out.uint(4, self.relinks.len() as u64);
        out.put(&self.old);
        out.put(&self.new);
        for relink in &self.relinks {
            out.u64(relink.at);
            out.u64(relink.old);
            out.u64(relink.new);
        }
        out.uint(4, len as u64);
        out.checksum();
        Ok(out.finish())
    }

    /// Reads a record.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::new(NAME, Address(0), Sizes::default(), bytes);
        if fields.take(8)? != SIGNATURE {
            return Err(fields.corrupt("no signature"));
        }
        let base = fields.u64()?;
        let (superblock, count) = (u64::from(fields.u32()?), fields.u32()?);
        let old = fields.take_long(superblock)?.to_vec();
        let new = fields.take_long(superblock)?.to_vec();
        let mut relinks = Vec::new();
        for _ in 0..count {
            let (at, old, new) = (fields.u64()?, fields.u64()?, fields.u64()?);
            relinks.push(Relink { at, old, new });
        }
        fields.skip(4)?;
        fields.checksum()?;
        Ok(Self {
            base,
            old,
            new,
            relinks,
        })
    }

    /// The record that ends at `len`, where its file ends, and its length. `read` fills a buffer
    /// from a position.
    fn find(len: u64, read: &impl Fn(u64, &mut [u8]) -> Result<()>) -> Result<Option<(u64, Self)>> {
        let mut end = [0; 8];
        let Some(at) = len.checked_sub(end.len() as u64) else {
            return Ok(None);
        };
        read(at, &mut end)?;
        let [a, b, c, d, ..] = end;
        let record_len = u32::from_le_bytes([a, b, c, d]) as usize;
        let Some(at) = len.checked_sub(record_len as u64) else {
            return Ok(None);
        };
        if record_len > MAX_LEN || record_len < SIGNATURE.len() {
            return Ok(None);
        }
        let mut signature = [0; SIGNATURE.len()];
        read(at, &mut signature)?;
        if signature != SIGNATURE {
            return Ok(None);
        }
        let mut bytes = vec![0; record_len];
        read(at, &mut bytes)?;
        let Ok(record) = Self::parse(&bytes) else {
            return Ok(None);
        };
        // The file may have become longer and shorter again since, or be somebody's idea of a joke.
        let ends_here = Superblock::parse(&record.new, record.base, len)
            .is_ok_and(|new| new.end_of_file == len);
        Ok(ends_here.then_some((bytes.len() as u64, record)))
    }

    /// What became of the switch, now that the superblock's bytes are `found`.
    fn state(&self, found: &[u8], len: u64) -> Switch {
        let parse = |bytes| Superblock::parse(bytes, self.base, len).ok();
        let new = parse(&self.new);
        // The cached addresses behind the root of version 0 may be refilled: they mean nothing.
        if new.is_some() && parse(found) == new {
            return Switch::Done;
        }
        let mixed = |((found, old), new): ((&u8, &u8), &u8)| found == old || found == new;
        let torn = found.iter().zip(&self.old).zip(&self.new).all(mixed);
        if new.is_some_and(|new| new.version >= 2) && torn && found != self.old {
            return Switch::Torn;
        }
        Switch::Other
    }
}

/// What became of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Switch {
    Done,
    /// The superblock is a mixture of the old and the new bytes.
    Torn,
    /// It has not begun, or something else happened since.
    Other,
}

/// The record at the end of a file and what became of its switch.
fn look(
    len: u64,
    read: impl Fn(u64, &mut [u8]) -> Result<()>,
) -> Result<Option<(CommitRecord, Switch)>> {
    let Some((_, record)) = CommitRecord::find(len, &read)? else {
        return Ok(None);
    };
    let mut found = vec![0; record.new.len()];
    read(record.base, &mut found)?;
    let state = record.state(&found, len);
    Ok(Some((record, state)))
}

/// Finishes a commit that was interrupted. Whether there was something to finish.
///
/// Everything the new superblock leads to was durable before the switch began, so it can always be
/// finished; fields beside a copied path are written only behind it.
pub(crate) fn finish_interrupted(store: &mut dyn Store) -> Result<bool> {
    let read = |store: &dyn Store, at, buffer: &mut [u8]| {
        let read = store.read_at(at, buffer);
        read.map_err(|error| Error::io("read the commit record", error))
    };
    let len = store::len(store)?;
    let found = look(len, |at, buffer| read(store, at, buffer))?;
    let Some((record, state @ (Switch::Done | Switch::Torn))) = found else {
        return Ok(false);
    };
    if state == Switch::Torn {
        write_all(store, record.base, &record.new)?;
        store::sync(store)?;
    }
    let mut due = Vec::new();
    for relink in record.relinks {
        let mut field = [0; 8];
        if relink.at > len.saturating_sub(8) {
            continue;
        }
        read(store, relink.at, &mut field)?;
        if relink.is_due(u64::from_le_bytes(field)) {
            due.push(relink);
        }
    }
    if !due.is_empty() {
        relink(store, &due)?;
        store::sync(store)?;
    }
    Ok(state == Switch::Torn || !due.is_empty())
}

/// Writes the fields.
pub(crate) fn relink(store: &mut dyn Store, relinks: &[Relink]) -> Result<()> {
    for relink in relinks {
        write_all(store, relink.at, &relink.new.to_le_bytes())?;
    }
    Ok(())
}

/// Length of the record at the end of a file whose content ends at `end`; 0 where there is none.
pub(crate) fn record_len(source: &Source, end: u64) -> u64 {
    let read = |at, buffer: &mut [u8]| read_source(source, at, buffer);
    match CommitRecord::find(end, &read) {
        Ok(Some((len, _))) => len,
        _ => 0,
    }
}

fn read_source(source: &Source, at: u64, buffer: &mut [u8]) -> Result<()> {
    let mut bytes = Vec::new();
    source.read(at, buffer.len(), &mut bytes)?;
    buffer.copy_from_slice(&bytes);
    Ok(())
}

/// Whether the file's superblock cannot be read because a switch was torn.
pub(crate) fn is_torn(source: &Source) -> bool {
    let found = look(source.len(), |at, buffer| read_source(source, at, buffer));
    matches!(found, Ok(Some((_, Switch::Torn))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{format::superblock::BtreeK, store::Memory};

    /// A superblock for a file of `len` bytes.
    fn superblock(version: u8, root: u64, len: u64) -> Vec<u8> {
        let superblock = Superblock {
            version,
            sizes: Sizes::default(),
            base: 0,
            end_of_file: len,
            k: BtreeK::default(),
            consistency_flags: 0,
            extension: None,
            driver_information: None,
            root: Address(root),
        };
        superblock.encode()
    }

    const CONTENT: usize = 100;

    /// A record of two fields in the content, for a file that [`file`] makes.
    fn record(version: u8) -> CommitRecord {
        let superblock_len = superblock(version, 0, 0).len();
        let len = superblock_len + CONTENT + CommitRecord::len(superblock_len, 2).unwrap();
        let len = len as u64;
        let at = (superblock_len as u64).next_multiple_of(8);
        CommitRecord {
            base: 0,
            old: superblock(version, 0x1122_3344_5566, 0x7788),
            new: superblock(version, 0x2233_4455_6677, len),
            relinks: [
                (at, 0x0707_0707_0707_0707, 5),
                (at + 9, 0x0707_0707_0707_0707, u64::MAX),
            ]
            .map(|(at, old, new)| Relink { at, old, new })
            .to_vec(),
        }
    }

    fn file(record: &CommitRecord, superblock: &[u8]) -> Memory {
        let content = [7; CONTENT];
        Memory([superblock, &content, &record.encode().unwrap()].concat())
    }

    fn place(relink: &Relink) -> usize {
        usize::try_from(relink.at).unwrap()
    }

    /// What the two fields hold.
    fn fields(record: &CommitRecord, store: &Memory) -> Vec<u64> {
        let at = record.relinks.iter().map(place);
        at.map(|at| u64::from_le_bytes(store.0[at..at + 8].try_into().unwrap()))
            .collect()
    }

    fn relink() -> impl Strategy<Value = Relink> {
        any::<[u64; 3]>().prop_map(|[at, old, new]| Relink { at, old, new })
    }

    proptest! {
        #[test]
        fn comes_back(
            base: u64,
            (old, new) in (0_usize..130).prop_flat_map(|len| {
                let bytes = || prop::collection::vec(any::<u8>(), len);
                (bytes(), bytes())
            }),
            relinks in prop::collection::vec(relink(), 0..9),
        ) {
            let record = CommitRecord { base, old, new, relinks };
            let bytes = record.encode().unwrap();
            prop_assert_eq!(bytes.len(), CommitRecord::len(record.new.len(), record.relinks.len()).unwrap());
            prop_assert_eq!(CommitRecord::parse(&bytes).unwrap(), record);
        }

        #[test]
        fn a_torn_superblock_is_finished_however_it_tore(from_new: [bool; 48]) {
            let record = record(3);
            let torn: Vec<u8> = (0..48)
                .map(|i| if from_new[i] { record.new[i] } else { record.old[i] })
                .collect();
            let mut store = file(&record, &torn);
            let whole = torn == record.old || torn == record.new;
            prop_assert_eq!(is_torn(&Source::from(store.0.clone())), !whole);
            let finished = finish_interrupted(&mut store).unwrap();
            prop_assert_eq!(finished, torn != record.old);
            let (superblock, links): (_, fn(&Relink) -> u64) = if finished {
                (&record.new[..], |relink| relink.new)
            } else {
                (&torn[..], |relink| relink.old)
            };
            prop_assert_eq!(&store.0[..48], superblock);
            let expected: Vec<u64> = record.relinks.iter().map(links).collect();
            prop_assert_eq!(fields(&record, &store), expected);
            prop_assert!(!finish_interrupted(&mut store).unwrap());
        }
    }

    #[test]
    fn fields_are_written_behind_the_switch_and_never_before() {
        for version in 0..4 {
            let record = record(version);
            let mut store = file(&record, &record.old);
            assert!(!finish_interrupted(&mut store).unwrap());
            assert!(store.0 == file(&record, &record.old).0, "version {version}");
            let mut store = file(&record, &record.new);
            assert!(!is_torn(&Source::from(store.0.clone())));
            assert!(finish_interrupted(&mut store).unwrap());
            assert_eq!(fields(&record, &store), [5, u64::MAX]);
        }
    }

    #[test]
    fn a_field_that_somebody_else_has_written_is_left_alone() {
        let record = record(0);
        let mut store = file(&record, &record.new);
        let [first, second] = [0, 1].map(|i| place(&record.relinks[i]));
        // An aligned word is never half written, any other may be.
        store.0[first] = 5;
        store.0[second] = 0xff;
        assert!(finish_interrupted(&mut store).unwrap());
        assert_eq!(fields(&record, &store), [0x0707_0707_0707_0705, u64::MAX]);
        store.0[second] = 0xfe;
        assert!(!finish_interrupted(&mut store).unwrap());
    }

    #[test]
    fn what_is_no_record_is_left_alone() {
        let good = record(0);
        let whole = file(&good, &good.new).0;
        assert!(finish_interrupted(&mut Memory(whole.clone())).unwrap());
        for at in whole.len() - good.encode().unwrap().len()..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            let mut store = Memory(bytes.clone());
            assert!(!finish_interrupted(&mut store).unwrap(), "byte {at}");
            assert!(store.0 == bytes);
        }
        for len in 0..8 {
            assert!(!finish_interrupted(&mut Memory(vec![0; len])).unwrap());
        }
        let error = CommitRecord::parse(&whole).unwrap_err();
        assert!(error.is_corrupt(), "{error}");
    }

    #[test]
    fn fields_outside_of_the_file_are_left_out() {
        let mut record = record(0);
        record.relinks[1].at = u64::MAX;
        let mut store = file(&record, &record.new);
        assert!(finish_interrupted(&mut store).unwrap());
        record.relinks.pop();
        assert_eq!(fields(&record, &store), [5]);
    }

    #[test]
    fn a_record_of_too_many_fields_is_not_written() {
        let error = CommitRecord::len(96, 3_000_000).unwrap_err();
        assert!(error.is_unsupported(), "{error}");
        assert!(error.to_string().contains("3000000 places"), "{error}");
    }

    #[test]
    fn other_superblocks_are_left_alone() {
        let good = record(3);
        let torn = [&good.new[..40], &good.old[40..]].concat();
        let left_alone = |record: &CommitRecord, superblock: &[u8]| {
            let mut store = file(record, superblock);
            let before = store.0.clone();
            assert!(!finish_interrupted(&mut store).unwrap());
            assert!(store.0 == before);
        };
        left_alone(&good, &good.old);
        left_alone(&good, &[3; 48]);
        let elsewhere = CommitRecord {
            base: u64::MAX - 3,
            ..good.clone()
        };
        left_alone(&elsewhere, &torn);
        let of_another_length = CommitRecord {
            new: superblock(3, 1, good.new.len() as u64 + 8),
            ..good.clone()
        };
        left_alone(&of_another_length, &torn);
        assert!(!finish_interrupted(&mut Memory(vec![0; 500])).unwrap());
        for superblock in [&torn, &good.new] {
            let mut store = file(&good, superblock);
            store.0.push(0);
            assert!(
                !finish_interrupted(&mut store).unwrap(),
                "the record is not at the end"
            );
        }
    }

    #[test]
    fn the_root_of_version_0_may_be_cached_again() {
        let record = record(0);
        let mut refilled = record.new.clone();
        // Cache type 1 with its two addresses, as libhdf5 puts them there.
        refilled[72] = 1;
        refilled[80..96].fill(9);
        assert!(finish_interrupted(&mut file(&record, &refilled)).unwrap());
    }
}
