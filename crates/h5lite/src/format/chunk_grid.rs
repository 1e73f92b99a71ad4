//! Which chunks of a dataset are wanted, and what an index knows about each that is stored.
//!
//! Every chunk index is asked the same question, and a selection on each axis makes the wanted
//! chunks a product of per-axis lists. So the product is never spelled out: an index asks for the
//! smallest wanted chunk at or behind a position, and skips what lies between.

use std::ops::Range;

use crate::{error::Result, image::Address};

/// Where a chunk is stored, as its index says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredChunk {
    /// Where its bytes start.
    pub(crate) address: Address,
    /// Its size in the file in bytes. `None`: the index leaves it out, because every chunk has the
    /// size of the unfiltered one.
    pub(crate) size: Option<u64>,
    /// Bit i set: the i-th filter of the pipeline was not applied to this chunk.
    pub(crate) filter_mask: u32,
}

/// The wanted chunk coordinates on one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AxisChunks {
    /// All from `start` up to `end`, exclusive.
    Range(Range<u64>),
    /// These.
    List(Vec<u64>),
}

impl AxisChunks {
    fn at_or_after(&self, at: u64) -> Option<u64> {
        match self {
            Self::Range(range) => Some(at.max(range.start)).filter(|at| *at < range.end),
            Self::List(list) => {
                let index = list.partition_point(|&chunk| chunk < at);
                list.get(index).copied()
            }
        }
    }
}

/// The wanted chunks: every combination of the wanted coordinates of each axis, in row-major
/// order.
///
/// A coordinate counts chunks, not elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkGrid {
    // Invariant: lists are sorted and without repeats.
    axes: Vec<AxisChunks>,
}

impl ChunkGrid {
    /// The product of `axes`. Lists may be in any order and hold repeats.
    pub(crate) fn new(mut axes: Vec<AxisChunks>) -> Self {
        for axis in &mut axes {
            if let AxisChunks::List(list) = axis {
                list.sort_unstable();
                list.dedup();
            }
        }
        Self { axes }
    }

    /// Number of axes.
    pub(crate) fn rank(&self) -> usize {
        self.axes.len()
    }

    /// The same chunks with their axes in another order.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let axes = order.iter().filter_map(|&axis| self.axes.get(axis));
        Self {
            axes: axes.cloned().collect(),
        }
    }

    /// The first wanted chunk.
    pub(crate) fn first(&self) -> Option<Vec<u64>> {
        let mut at = vec![0; self.rank()];
        self.seek(&mut at).then_some(at)
    }

    /// Moves `at` to the smallest wanted chunk that is not before it. `false`: there is none, and
    /// `at` means nothing any more.
    pub(crate) fn seek(&self, at: &mut [u64]) -> bool {
        let Some(axis) = self.mismatch(at) else {
            return true;
        };
        let next = at.get(axis).and_then(|&at| self.at_or_after(axis, at));
        match next {
            Some(next) => self.place(at, axis, next),
            None => self.carry(at, axis),
        }
    }

    /// Moves `at` to the smallest wanted chunk behind it. `false`: there is none, and `at` means
    /// nothing any more.
    pub(crate) fn step(&self, at: &mut [u64]) -> bool {
        self.carry(at, self.rank())
    }

    /// The first axis on which `at` is not wanted.
    fn mismatch(&self, at: &[u64]) -> Option<usize> {
        let mut axes = self.axes.iter().zip(at);
        axes.position(|(axis, &at)| axis.at_or_after(at) != Some(at))
    }

    fn at_or_after(&self, axis: usize, at: u64) -> Option<u64> {
        self.axes.get(axis)?.at_or_after(at)
    }

    /// Advances one of the first `axes` coordinates, the last that can be, and starts those behind
    /// it afresh.
    fn carry(&self, at: &mut [u64], axes: usize) -> bool {
        for axis in (0..axes).rev() {
            let behind = at.get(axis).and_then(|at| at.checked_add(1));
            if let Some(next) = behind.and_then(|behind| self.at_or_after(axis, behind)) {
                return self.place(at, axis, next);
            }
        }
        false
    }

    /// Sets one coordinate and starts those behind it afresh.
    fn place(&self, at: &mut [u64], axis: usize, value: u64) -> bool {
        let mut pairs = at.iter_mut().zip(&self.axes).skip(axis);
        if let Some((at, _)) = pairs.next() {
            *at = value;
        }
        for (at, axis) in pairs {
            match axis.at_or_after(0) {
                Some(first) => *at = first,
                None => return false,
            }
        }
        true
    }
}

/// The wanted chunk that a walk through an index looks for: all before are found or missing.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'g> {
    grid: &'g ChunkGrid,
    at: Option<Vec<u64>>,
}

impl<'g> Cursor<'g> {
    /// Starts at the first wanted chunk.
    pub(crate) fn new(grid: &'g ChunkGrid) -> Self {
        let at = grid.first();
        Self { grid, at }
    }

    /// The coordinates looked for, or `None` behind the last wanted chunk.
    pub(crate) fn at(&self) -> Option<&[u64]> {
        self.at.as_deref()
    }

    /// Goes on to the next wanted chunk.
    pub(crate) fn step(&mut self) {
        self.at = self
            .at
            .take()
            .and_then(|mut at| self.grid.step(&mut at).then_some(at));
    }

    /// Gives up all wanted chunks before `to`, or all where that is `None`.
    pub(crate) fn seek(&mut self, to: Option<Vec<u64>>) {
        self.at = to.and_then(|mut at| self.grid.seek(&mut at).then_some(at));
    }
}

/// The first of `count` positions for which `behind` holds, given that it does not before `from`,
/// or `count`. Once it holds, it holds for all that follow.
///
/// Looks near `from` first: what a walk looks for next is often next to what it found.
///
/// # Errors
/// What `behind` returns.
pub(crate) fn first_behind(
    from: usize,
    count: usize,
    mut behind: impl FnMut(usize) -> Result<bool>,
) -> Result<usize> {
    let (mut low, mut high) = (from, count);
    let mut stride: usize = 1;
    while low < high {
        let near = low.saturating_add(stride).saturating_sub(1);
        // Doubling strides until the answer is enclosed, halving ones from then on.
        let probe = if high == count {
            near
        } else {
            low.midpoint(high)
        };
        let probe = if probe < high {
            probe
        } else {
            low.midpoint(high)
        };
        if behind(probe)? {
            high = probe;
        } else {
            low = probe.saturating_add(1);
            stride = stride.saturating_mul(2);
        }
    }
    Ok(low)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    impl ChunkGrid {
        /// Whether the chunk at `at` is wanted.
        pub(crate) fn contains(&self, at: &[u64]) -> bool {
            self.mismatch(at).is_none()
        }
    }

    fn axis() -> impl Strategy<Value = AxisChunks> {
        let near = prop_oneof![0_u64..6, (u64::MAX - 3)..=u64::MAX];
        prop_oneof![
            (0_u64..5, 0_u64..6).prop_map(|(start, end)| AxisChunks::Range(start..end)),
            prop::collection::vec(near, 0..5).prop_map(AxisChunks::List),
        ]
    }

    /// Any grid of this rank, empty ones among them.
    pub(crate) fn grid(rank: usize) -> impl Strategy<Value = ChunkGrid> {
        prop::collection::vec(axis(), rank).prop_map(ChunkGrid::new)
    }

    /// Every wanted chunk, by brute force.
    pub(crate) fn spelled_out(grid: &ChunkGrid) -> Vec<Vec<u64>> {
        let mut all = vec![vec![]];
        for axis in &grid.axes {
            let values: Vec<u64> = match axis {
                AxisChunks::Range(range) => range.clone().collect(),
                AxisChunks::List(list) => list.clone(),
            };
            let longer = |head: &Vec<u64>| {
                let head = head.clone();
                values
                    .iter()
                    .map(move |&v| [&head[..], &[v]].concat())
                    .collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }

    proptest! {
        #[test]
        fn the_first_behind_is_found_near_or_far(count in 0_usize..70, at in 0_usize..70, from in 0_usize..70) {
            let (at, from) = (at.min(count), from.min(at).min(count));
            let mut looks = 0;
            let found = first_behind(from, count, |i| { looks += 1; Ok(i >= at) }).unwrap();
            prop_assert_eq!(found, at);
            prop_assert!(looks <= 2 * (at - from + 2).ilog2() + 2, "{} looks", looks);
        }

        #[test]
        fn the_product_is_walked_in_row_major_order(grid in (0_usize..4).prop_flat_map(grid)) {
            let expected = spelled_out(&grid);
            let mut seen = Vec::new();
            let mut at = grid.first();
            while let Some(mut here) = at {
                seen.push(here.clone());
                at = grid.step(&mut here).then_some(here);
            }
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn seeking_finds_the_smallest_wanted_chunk_not_before(
            (grid, mut at) in (1_usize..4).prop_flat_map(|rank| (grid(rank), prop::collection::vec(prop_oneof![0_u64..8, Just(u64::MAX)], rank)))
        ) {
            let all = spelled_out(&grid);
            prop_assert_eq!(grid.contains(&at), all.contains(&at));
            let expected = all.into_iter().find(|chunk| *chunk >= at);
            let found = grid.seek(&mut at).then_some(at);
            prop_assert_eq!(found, expected);
        }
    }
}
