//! A file in memory that remembers what was done to it, and says what a crash could have left.
//!
//! What is assumed of a disk is what `edit::commit` assumes, and no more: what was written before a
//! sync that succeeded is there; of later writes any part may be, in any order; a change of the
//! file's length is a write of its own; bytes that were not written do not change; an aligned word
//! of eight bytes is there as a whole or not at all. For superblocks with a checksum not even the
//! last is assumed. A sync that failed promises nothing, and a later one does not make up for it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Memory, Store};
use crate::{error::Result, source::Source};

/// Writes up to this long are fields of a superblock.
const FIELD: usize = 64;
/// Longer writes reach a disk in pieces of this length.
const SECTOR: usize = 512;
/// A long write is cut in so many places.
const CUTS: usize = 64;
/// What stands where a file became longer and nothing was written.
const FILLERS: [u8; 2] = [0, 0xa5];

/// What was done to the file.
#[derive(Clone, Debug)]
enum Op {
    Write { at: usize, bytes: Vec<u8> },
    SetLen,
    Sync,
    FailedSync,
}

#[derive(Debug)]
struct Recording {
    base: Vec<u8>,
    now: Memory,
    /// What was done, and the length of the file after it.
    ops: Vec<(Op, usize)>,
}

/// The store. Clones are the same file.
#[derive(Clone, Debug)]
pub(crate) struct CrashStore(Arc<Mutex<Recording>>);

/// A state that a crash could leave.
#[derive(Debug)]
pub(crate) struct CrashState {
    /// The whole file.
    pub(crate) bytes: Vec<u8>,
    /// Whether everything had been done when it happened.
    pub(crate) finished: bool,
    /// What happened, for messages.
    pub(crate) story: String,
}

impl CrashStore {
    /// A file with these bytes, all of them durable.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let now = Memory(bytes.clone());
        let ops = Vec::new();
        Self(Arc::new(Mutex::new(Recording {
            base: bytes,
            now,
            ops,
        })))
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file as a running system sees it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.recording().now.0.clone()
    }

    /// Forgets what was done so far, as if it were all durable.
    pub(crate) fn forget(&self) {
        let Recording { base, now, ops } = &mut *self.recording();
        base.clone_from(&now.0);
        ops.clear();
    }

    /// Puts other bytes in the place of the file's, as another program would.
    pub(crate) fn replace(&self, bytes: Vec<u8>) {
        self.recording().now = Memory(bytes);
    }

    /// A sync that the system reports as failed.
    pub(crate) fn fail_sync(&self) {
        let mut recording = self.recording();
        let len = recording.now.0.len();
        recording.ops.push((Op::FailedSync, len));
    }

    /// How many bytes were written over those in front of `end`.
    pub(crate) fn overwritten(&self, end: usize) -> usize {
        let over = |(op, _): &(Op, usize)| match op {
            Op::Write { at, bytes } => end.saturating_sub(*at).min(bytes.len()),
            _ => 0,
        };
        self.recording().ops.iter().map(over).sum()
    }

    /// What a killed process leaves: everything up to some moment, writes cut in some places.
    pub(crate) fn kills(&self, tear: Tear, found: &mut dyn FnMut(CrashState)) {
        let recording = self.recording();
        let mut now = recording.base.clone();
        found(state(now.clone(), recording.ops.is_empty(), "no call"));
        for (number, (op, len)) in recording.ops.iter().enumerate() {
            let last = number + 1 == recording.ops.len();
            match op {
                Op::Write { at, bytes } => {
                    let pieces = pieces(*at, bytes, tear);
                    let count = pieces.len();
                    for (done, (at, bytes)) in pieces.into_iter().enumerate() {
                        let end = at + bytes.len();
                        now.resize(now.len().max(end), 0);
                        now[at..end].copy_from_slice(&bytes);
                        if done + 1 < count && done % count.div_ceil(CUTS) != 0 {
                            continue;
                        }
                        let story =
                            format!("killed after {} of {count} of call {number}", done + 1);
                        found(state(now.clone(), last && done + 1 == count, story));
                    }
                }
                Op::SetLen => {
                    now.resize(*len, 0);
                    found(state(
                        now.clone(),
                        last,
                        format!("killed after call {number}"),
                    ));
                }
                Op::Sync | Op::FailedSync if last => {
                    found(state(now.clone(), true, "killed after the end"));
                }
                Op::Sync | Op::FailedSync => {}
            }
        }
    }

    /// What a power failure leaves: between two syncs, all combinations of what was written where
    /// they are few, else the awkward ones and so many drawn at random (the same ones every time).
    pub(crate) fn power_losses(&self, tear: Tear, draws: usize, found: &mut dyn FnMut(CrashState)) {
        let recording = self.recording();
        let mut durable = recording.base.clone();
        let mut pending: Vec<Piece> = Vec::new();
        let mut lengths = vec![durable.len()];
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for (number, (op, len)) in recording.ops.iter().enumerate() {
            match op {
                Op::Write { at, bytes } => {
                    let pieces = pieces(*at, bytes, tear).into_iter();
                    pending.extend(pieces.map(|(at, bytes)| Piece {
                        at,
                        bytes,
                        promise: Promise::Next,
                    }));
                }
                Op::SetLen => {}
                Op::FailedSync => {
                    for piece in &mut pending {
                        if piece.promise == Promise::Next {
                            piece.promise = Promise::Never;
                        }
                    }
                }
                Op::Sync => {
                    let epoch = Epoch {
                        durable: &durable,
                        pending: &pending,
                        lengths: &lengths,
                        finished: false,
                    };
                    epoch.states(draws, &mut random, number, found);
                    for piece in &mut pending {
                        if piece.promise == Promise::Next {
                            piece.promise = Promise::Kept;
                        }
                    }
                    lengths.clear();
                    if pending.iter().all(|piece| piece.promise == Promise::Kept) {
                        durable.resize(*len, 0);
                        let chosen = vec![true; pending.len()];
                        durable = apply(&durable, &pending, &chosen, *len, 0);
                        pending.clear();
                    }
                }
            }
            lengths.push(*len);
            lengths.dedup();
        }
        let epoch = Epoch {
            durable: &durable,
            pending: &pending,
            lengths: &lengths,
            finished: true,
        };
        epoch.states(draws, &mut random, recording.ops.len(), found);
    }
}

/// How small the pieces are in which a field of a superblock reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tear {
    /// Aligned words of eight bytes.
    Words,
    /// Single bytes.
    Bytes,
}

/// Whether a piece of a write is there for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// From the next sync on.
    Next,
    /// Since the last sync.
    Kept,
    /// The sync that should have made it so failed.
    Never,
}

#[derive(Debug)]
struct Piece {
    at: usize,
    bytes: Vec<u8>,
    promise: Promise,
}

/// What was done between two syncs.
struct Epoch<'a> {
    durable: &'a [u8],
    pending: &'a [Piece],
    lengths: &'a [usize],
    finished: bool,
}

impl Epoch<'_> {
    fn states(
        &self,
        draws: usize,
        random: &mut Random,
        number: usize,
        found: &mut dyn FnMut(CrashState),
    ) {
        let open: Vec<usize> = (0..self.pending.len())
            .filter(|&i| self.pending[i].promise != Promise::Kept)
            .collect();
        let count = open.len();
        let mut choices: Vec<(Vec<bool>, Option<usize>)> = Vec::new();
        if count <= 6 {
            for bits in 0..1_usize << count {
                let chosen: Vec<bool> = (0..count).map(|i| bits >> i & 1 == 1).collect();
                for &len in self.lengths {
                    choices.push((chosen.clone(), Some(len)));
                }
            }
        } else {
            for cut in (0..=count).step_by(count.div_ceil(CUTS)) {
                choices.push(((0..count).map(|i| i < cut).collect(), None));
                choices.push(((0..count).map(|i| i >= count - cut).collect(), None));
                choices.push(((0..count).map(|i| i == cut).collect(), None));
                choices.push(((0..count).map(|i| i != cut).collect(), None));
            }
            for _ in 0..draws {
                let likely = [20, 50, 80, 95][random.below(4)];
                choices.push((
                    (0..count).map(|_| random.below(100) < likely).collect(),
                    None,
                ));
            }
        }
        for (chosen_open, len) in choices {
            let mut chosen = vec![true; self.pending.len()];
            for (&i, &there) in open.iter().zip(&chosen_open) {
                chosen[i] = there;
            }
            // The length the file had last is as likely as all others together.
            let last = self.lengths.len() - 1;
            let len = len.unwrap_or_else(|| {
                self.lengths[last - random.below(2 * self.lengths.len()).min(last)]
            });
            let filler = FILLERS[random.below(2)];
            let bytes = apply(self.durable, self.pending, &chosen, len, filler);
            let story = format!(
                "power lost before call {number}: {len} bytes, pieces {}",
                chosen_open
                    .iter()
                    .map(|&there| if there { '1' } else { '0' })
                    .collect::<String>()
            );
            found(state(bytes, self.finished, story));
        }
    }
}

fn state(bytes: Vec<u8>, finished: bool, story: impl Into<String>) -> CrashState {
    let story = story.into();
    CrashState {
        bytes,
        finished,
        story,
    }
}

/// The pieces in which a write reaches the disk.
fn pieces(mut at: usize, mut bytes: &[u8], tear: Tear) -> Vec<(usize, Vec<u8>)> {
    let unit = match tear {
        _ if bytes.len() > FIELD => SECTOR,
        // What is no longer than a word is a field of its own.
        Tear::Bytes if bytes.len() > 8 => 1,
        _ => 8,
    };
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at((unit - at % unit).min(bytes.len()));
        pieces.push((at, piece.to_vec()));
        at += piece.len();
        bytes = rest;
    }
    pieces
}

fn apply(durable: &[u8], pieces: &[Piece], chosen: &[bool], len: usize, filler: u8) -> Vec<u8> {
    let mut bytes = durable.to_vec();
    bytes.resize(len, filler);
    for (piece, _) in pieces.iter().zip(chosen).filter(|(_, chosen)| **chosen) {
        let end = (piece.at + piece.bytes.len()).min(len);
        if piece.at < end {
            bytes[piece.at..end].copy_from_slice(&piece.bytes[..end - piece.at]);
        }
    }
    bytes
}

/// Numbers that look random and are the same every time (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % bound
    }
}

impl Store for CrashStore {
    fn len(&self) -> io::Result<u64> {
        self.recording().now.len()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.recording().now.read_at(at, buffer)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut recording = self.recording();
        let written = recording.now.write_at(at, bytes)?;
        let len = recording.now.0.len();
        let op = Op::Write {
            at: usize::try_from(at).unwrap_or(usize::MAX),
            bytes: bytes[..written].to_vec(),
        };
        recording.ops.push((op, len));
        Ok(written)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut recording = self.recording();
        let len = recording.now.0.len();
        recording.ops.push((Op::Sync, len));
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let mut recording = self.recording();
        recording.now.set_len(len)?;
        let len = recording.now.0.len();
        recording.ops.push((Op::SetLen, len));
        Ok(())
    }

    fn source(&self, mapped: bool) -> Result<Source> {
        self.recording().now.source(mapped)
    }
}
