//! How much memory a conversion may take.

use std::ops::Range;

use loom_core::{Error, Result};

/// What the program takes beside the values it converts.
const BASE: u64 = 48 << 20;
/// What bands of values take where nothing is said.
const USUAL: u64 = 64 << 20;
/// Positions in a band, so that whoever waits hears of it often.
const LONGEST: usize = 4096;

/// The memory that a conversion may take: bands of the matrix are made to fit.
///
/// Attributes of genes and cells that have to be in memory as a whole count among what is always
/// taken, as far as they are no larger than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    limit: Option<u64>,
}

impl Memory {
    /// So many bytes, for the whole of the process.
    #[must_use]
    pub fn bytes(limit: u64) -> Self {
        Self { limit: Some(limit) }
    }

    /// What is left for bands where so much is needed beside them.
    #[cfg(feature = "tables")]
    pub(crate) fn without(self, bytes: u64) -> Self {
        Self {
            limit: self.limit.map(|limit| limit.saturating_sub(bytes)),
        }
    }

    /// Whether there is a limit.
    pub(crate) fn is_limited(self) -> bool {
        self.limit.is_some()
    }

    /// How many positions of an axis of `length` are worked on at a time, if each takes so many
    /// bytes: whole chunks of so many positions where there is room.
    ///
    /// # Errors
    /// [`Error::Misuse`] with the least that is needed.
    pub(crate) fn band(self, each: usize, chunk: usize, length: usize) -> Result<usize> {
        let each = (each as u64).max(1);
        let room = usize::try_from(self.room(each)? / each).unwrap_or(usize::MAX);
        let room = room.min(length.max(1).next_multiple_of(chunk.max(1)));
        Ok(match room / chunk.max(1) {
            0 => room,
            chunks => chunks * chunk.max(1),
        })
    }

    /// Ranges of positions that are worked on together, if each takes so many bytes: they end where
    /// chunks of so many positions do, as far as there is room.
    ///
    /// # Errors
    /// As [`band`](Self::band).
    pub(crate) fn bands(self, sizes: &[u64], chunk: usize) -> Result<Vec<Range<usize>>> {
        let room = self.room(sizes.iter().copied().max().unwrap_or(0))?;
        let mut bands: Vec<Range<usize>> = Vec::new();
        let mut taken = 0;
        let mut add = |part: Range<usize>, size: u64| match bands.last_mut() {
            Some(last) if size <= room - taken && part.end - last.start <= LONGEST.max(chunk) => {
                last.end = part.end;
                taken += size;
            }
            _ => {
                bands.push(part);
                taken = size;
            }
        };
        for start in (0..sizes.len()).step_by(chunk.max(1)) {
            let end = sizes.len().min(start + chunk.max(1));
            let sum = |sizes: &[u64]| {
                sizes
                    .iter()
                    .fold(0, |sum: u64, &size| sum.saturating_add(size))
            };
            match sum(&sizes[start..end]) {
                size if size <= room => add(start..end, size),
                _ => (start..end).for_each(|at| add(at..at + 1, sizes[at])),
            }
        }
        Ok(bands)
    }

    /// The bytes that bands may take, of which so many have to be there.
    fn room(self, least: u64) -> Result<u64> {
        match self.limit {
            None => Ok(USUAL.max(least)),
            Some(limit) if limit >= BASE.saturating_add(least) => Ok(limit - BASE),
            Some(limit) => {
                let mib = |bytes: u64| bytes.div_ceil(1 << 20);
                Err(Error::Misuse(format!(
                    "that is too little memory: {} MiB more are needed here",
                    mib(BASE.saturating_add(least) - limit)
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_whole_chunks_that_fit() {
        let usual = Memory::default();
        assert_eq!(usual.band(1 << 16, 64, 20_000).unwrap(), 1024);
        assert_eq!(usual.band(1 << 16, 64, 100).unwrap(), 128);
        assert_eq!(usual.band(1 << 16, 5_000, 20_000).unwrap(), 1024);
        assert_eq!(usual.band(1 << 40, 64, 20_000).unwrap(), 1);
        let small = Memory::bytes(BASE + (1 << 20));
        assert_eq!(small.band(1 << 14, 64, 20_000).unwrap(), 64);
        assert_eq!(small.band(1 << 20, 64, 20_000).unwrap(), 1);
        let error = small.band((1 << 20) + 1, 64, 20_000).unwrap_err();
        assert!(error.to_string().contains("1 MiB more"), "{error}");
    }

    #[test]
    fn bands_hold_what_fits() {
        let memory = Memory::bytes(BASE + 10);
        assert_eq!(memory.bands(&[1, 2, 3, 4, 1], 2).unwrap(), [0..4, 4..5]);
        assert_eq!(memory.bands(&[9, 2, 3, 9], 2).unwrap(), [0..1, 1..3, 3..4]);
        assert_eq!(memory.bands(&[], 2).unwrap(), []);
        assert!(memory.bands(&[1, 11], 2).is_err());
        let all = Memory::default().bands(&vec![0; 10_000], 64).unwrap();
        assert_eq!(all, [0..4096, 4096..8192, 8192..10_000]);
    }
}
