//! A set of positions, kept as runs.

use std::ops::Range;

/// Gaps shorter than this are left by alignment.
const ALIGNMENT: u64 = 8;
/// How many runs are collected before they are joined.
const PENDING: usize = 1 << 16;

/// A union of ranges, added in any order.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    runs: Vec<Range<u64>>,
    /// How many of them are sorted, apart from each other, and joined.
    joined: usize,
}

impl Ranges {
    /// Adds a range.
    pub(crate) fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        match self.runs.last_mut() {
            // Chunks mostly follow each other.
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.runs.push(range),
        }
        if self.runs.len() > self.joined.saturating_mul(2).max(PENDING) {
            self.join();
        }
    }

    fn join(&mut self) {
        self.runs.sort_unstable_by_key(|run| run.start);
        self.runs.dedup_by(|next, run| {
            let touches = next.start <= run.end;
            if touches {
                run.end = run.end.max(next.end);
            }
            touches
        });
        self.joined = self.runs.len();
    }

    /// The runs of positions below `end` that are in no range, short ones left out.
    pub(crate) fn gaps(mut self, end: u64) -> impl Iterator<Item = Range<u64>> {
        self.join();
        let mut at = 0;
        let runs = self.runs.into_iter().chain(std::iter::once(end..end));
        runs.filter_map(move |run| {
            let gap = at..run.start;
            at = at.max(run.end);
            (gap.start.saturating_add(ALIGNMENT) <= gap.end).then_some(gap)
        })
    }

    /// How many positions that is.
    pub(crate) fn unused(self, end: u64) -> u64 {
        self.gaps(end).map(|gap| gap.end - gap.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn gaps_are_what_no_range_covers(ranges in vec((0_u64..400, 0_u64..40), 0..30)) {
            let mut covered = [false; 500];
            let mut set = Ranges::default();
            for (start, len) in ranges {
                set.add(start..start + len);
                (start..start + len).for_each(|at| covered[usize::try_from(at).unwrap()] = true);
            }
            let runs = covered.chunk_by(|a, b| a == b);
            let gaps = runs.filter(|run| !run[0] && run.len() >= 8).map(<[_]>::len).sum::<usize>();
            prop_assert_eq!(set.unused(500), gaps as u64);
        }
    }
}
