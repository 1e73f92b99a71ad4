//! What several selections take of an axis, read once.

use h5lite::{Number, Selection};

use super::bands::{self, Band};
use crate::{axis::Axis, error::Result, layers::Layer};

/// What is read at once of each lane, and what each selection takes of it.
pub(super) struct Piece {
    pub(super) across: Band,
    pub(super) taken: Vec<Taken>,
}

/// What a selection takes of a piece.
pub(super) enum Taken {
    All,
    /// Values with these numbers, in increasing order, some perhaps repeatedly.
    Some(Vec<usize>),
}

/// Pieces of everything that the selections need of each lane, in the file's order.
pub(super) fn pieces(
    across: &[Selection],
    axis: Axis,
    layer: &Layer<'_>,
    wide: usize,
) -> Result<Vec<Piece>> {
    let length = layer.length(axis);
    let mut wanted = Vec::new();
    for selection in across {
        wanted.push(match selection {
            Selection::All => None,
            some => {
                let mut positions = some.positions(axis.index(), length)?;
                positions.sort_unstable();
                Some(positions)
            }
        });
    }
    // What is read: the positions of each band, or all.
    let (bands, listed) = match &wanted[..] {
        // Repeated positions are read repeatedly.
        [Some(one)] => {
            let whole = |across| (across, vec![Taken::All]);
            let bands = bands::list_bands(one, wide).into_iter().map(whole);
            return Ok(bands
                .map(|(across, taken)| Piece { across, taken })
                .collect());
        }
        wanted if wanted.iter().any(Option::is_none) => {
            (bands::run_bands(&(0..length), wide), None)
        }
        wanted => {
            let mut union: Vec<usize> = wanted.iter().flatten().flatten().copied().collect();
            union.sort_unstable();
            union.dedup();
            (bands::list_bands(&union, wide), Some(union))
        }
    };
    let pieces = bands.into_iter().map(|across| {
        let numbers = across.first..across.first + across.len;
        let place = |position: usize| match &listed {
            None => Some(position - numbers.start),
            Some(listed) => listed.get(numbers.clone())?.binary_search(&position).ok(),
        };
        let (first, end) = match listed
            .as_ref()
            .and_then(|listed| listed.get(numbers.clone()))
        {
            Some([first, .., last]) => (*first, last + 1),
            Some([only]) => (*only, only + 1),
            _ => (numbers.start, numbers.end),
        };
        let taken = (wanted.iter())
            .map(|positions| match positions {
                None => Taken::All,
                Some(positions) => {
                    let from = positions.partition_point(|&position| position < first);
                    let to = positions.partition_point(|&position| position < end);
                    let places = positions[from..to].iter();
                    Taken::Some(places.filter_map(|&position| place(position)).collect())
                }
            })
            .collect();
        Piece { across, taken }
    });
    Ok(pieces.collect())
}

impl Taken {
    /// What it takes of a piece that is `across` wide and has `lanes`, rows or columns by `axis`: in
    /// the same order, and how many values of each lane. `chosen` is memory for it.
    pub(super) fn of<'a, T: Number>(
        &self,
        piece: &'a [T],
        axis: Axis,
        across: usize,
        lanes: usize,
        chosen: &'a mut Vec<T>,
    ) -> (&'a [T], usize) {
        let places = match self {
            Self::All => return (piece, across),
            Self::Some(places) => places,
        };
        chosen.clear();
        match axis {
            Axis::Rows => {
                for line in piece.chunks_exact(across.max(1)) {
                    chosen.extend(places.iter().filter_map(|&place| line.get(place)));
                }
            }
            Axis::Cols => {
                for &place in places {
                    let line = piece.get(place * lanes..(place + 1) * lanes);
                    chosen.extend_from_slice(line.unwrap_or_default());
                }
            }
        }
        (chosen, places.len())
    }
}
