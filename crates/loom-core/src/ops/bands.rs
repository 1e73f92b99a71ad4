//! Walking a matrix piece by piece, so that memory does not follow its size and every chunk is
//! decoded once.

use std::ops::Range;

use h5lite::Selection;

use crate::{axis::Axis, coo::Places, error::Result, layers::Layer};

/// Values in a piece: enough to make up for the cost of a read, and few enough to stay in the
/// processor's cache.
const PIECE: usize = 1 << 18;

/// How much of a layer is read at a time: positions along `axis`, and across it. Both are whole
/// chunks; along the axis there are few of them, so that there are many pieces to share out.
pub(crate) fn piece(layer: &Layer<'_>, axis: Axis) -> (usize, usize) {
    /// So many pieces are enough to share out. Not more for more threads: in its last digits a variance
    /// depends on how the columns' values are cut.
    const MANY: usize = 32;
    /// So many columns of chunks are read together.
    const TOGETHER: usize = 16;
    let unit = axis.of(layer.chunk());
    let along = match axis {
        Axis::Rows => unit,
        // The index has the chunks of a row of chunks side by side: those of a column of chunks are all
        // over it, and for each column it is read again.
        Axis::Cols => unit.saturating_mul((layer.length(axis) / unit / MANY).clamp(1, TOGETHER)),
    };
    let across = axis.other().of(layer.chunk());
    let along = along.min(layer.length(axis)).max(1);
    let across = grown(across, PIECE / along, layer.length(axis.other()));
    (band(layer, axis, across), across)
}

/// How much of a layer is read at a time along `axis`, when `across` positions across it are.
pub(crate) fn band(layer: &Layer<'_>, axis: Axis, across: usize) -> usize {
    grown(
        axis.of(layer.chunk()),
        PIECE / across.max(1),
        layer.length(axis),
    )
}

/// The largest multiple of `unit` up to `target`, but no larger than covers `length`, and at least
/// one.
fn grown(unit: usize, target: usize, length: usize) -> usize {
    unit.saturating_mul((target / unit).clamp(1, length.div_ceil(unit).max(1)))
}

/// What a selection needs of an axis: each position once, in the file's order, and where it goes
/// in the result.
pub(crate) enum Wanted {
    /// Consecutive positions, in order.
    Run(Range<usize>),
    /// Increasing positions; the places of the `k`-th are those of `k`.
    Listed {
        positions: Vec<usize>,
        places: Places,
        /// Whether the result has them in this order too, each once.
        in_order: bool,
    },
}

/// Some positions that are read together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Band {
    /// Number of the first, among the positions wanted.
    pub(crate) first: usize,
    /// How many they are.
    pub(crate) len: usize,
    /// Where they are on the axis.
    pub(crate) selection: Selection,
}

impl Wanted {
    /// What `selection` needs of an axis of `length`, which fits 32 bits.
    pub(crate) fn new(selection: &Selection, axis: Axis, length: usize) -> Result<Self> {
        let count = selection.count(axis.index(), length)?;
        match selection {
            Selection::All => return Ok(Self::Run(0..length)),
            Selection::Range { start, step: 1, .. } => {
                return Ok(Self::Run(*start..start + count));
            }
            _ => {}
        }
        let asked = selection.positions(axis.index(), length)?;
        let in_order = asked.is_sorted_by(|a, b| a < b);
        let mut positions = asked.clone();
        positions.sort_unstable();
        positions.dedup();
        let numbers = asked
            .iter()
            .filter_map(|position| positions.binary_search(position).ok())
            .collect::<Vec<_>>();
        Ok(Self::Listed {
            places: Places::new(&numbers, positions.len())?,
            positions,
            in_order,
        })
    }

    /// Whether the result has them in the file's order, each once.
    pub(crate) fn in_order(&self) -> bool {
        match self {
            Self::Run(_) => true,
            Self::Listed { in_order, .. } => *in_order,
        }
    }

    /// Where position number `k` goes in the result.
    pub(crate) fn places(&self, k: u32) -> impl Iterator<Item = u32> + '_ {
        let (itself, listed) = match self {
            Self::Run(_) => (Some(k), &[][..]),
            Self::Listed { places, .. } => (None, places.of(k)),
        };
        itself.into_iter().chain(listed.iter().copied())
    }

    /// The positions in groups that share a window of `width` positions of the axis.
    pub(crate) fn bands(&self, width: usize) -> Vec<Band> {
        match self {
            Self::Run(range) => run_bands(range, width),
            Self::Listed { positions, .. } => list_bands(positions, width),
        }
    }
}

/// Consecutive positions in groups that share a window of `width` positions of the axis.
pub(crate) fn run_bands(range: &Range<usize>, width: usize) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let end = (start - start % width).saturating_add(width).min(range.end);
        bands.push(Band {
            first: start - range.start,
            len: end - start,
            selection: (start..end).into(),
        });
        start = end;
    }
    bands
}

/// Sorted positions in groups that share a window of `width` positions of the axis.
pub(crate) fn list_bands(positions: &[usize], width: usize) -> Vec<Band> {
    let mut first = 0;
    (positions.chunk_by(|a, b| a / width == b / width))
        .map(|group| {
            let band = Band {
                first,
                len: group.len(),
                selection: together(group),
            };
            first += group.len();
            band
        })
        .collect()
}

/// Positions as a range where they are consecutive, which is cheaper to read.
pub(crate) fn together(positions: &[usize]) -> Selection {
    match *positions {
        [first, .., last] if positions.is_sorted_by(|a, b| a + 1 == *b) => (first..last + 1).into(),
        _ => positions.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selections(wanted: &Wanted, width: usize) -> Vec<(usize, Selection)> {
        (wanted.bands(width).into_iter())
            .map(|band| {
                assert_eq!(band.selection.count(0, 1000).unwrap(), band.len);
                (band.first, band.selection)
            })
            .collect()
    }

    #[test]
    fn bands_end_where_chunks_do() {
        let wanted = Wanted::new(&(5..17).into(), Axis::Rows, 20).unwrap();
        assert_eq!(
            selections(&wanted, 8),
            [
                (0, (5..8).into()),
                (3, (8..16).into()),
                (11, (16..17).into())
            ]
        );
        let wanted = Wanted::new(&vec![9, 2, 3, 9, 17].into(), Axis::Cols, 20).unwrap();
        assert_eq!(
            selections(&wanted, 8),
            [(0, (2..4).into()), (2, 9.into()), (3, 17.into())]
        );
        assert!(!wanted.in_order());
        let places: Vec<Vec<u32>> = (0..4).map(|k| wanted.places(k).collect()).collect();
        assert_eq!(places, [vec![1], vec![2], vec![0, 3], vec![4]]);
        assert_eq!(selections(&Wanted::Run(0..0), 8), []);
    }

    #[test]
    fn pieces_are_whole_chunks() {
        assert_eq!(grown(64, 4096, 20_000), 4096);
        assert_eq!(grown(64, 4096, 100), 128);
        assert_eq!(grown(5_000, 4096, 20_000), 5_000);
        assert_eq!(grown(64, 100, 0), 64);
    }
}
