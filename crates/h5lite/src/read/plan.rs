//! A selection laid over the chunk grid: which part of which chunk goes where in the result.

use crate::{
    error::{Error, Result},
    value::Selection,
};

/// A run of consecutive positions of one axis that stays together in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// First position inside the chunk.
    pub(crate) from: usize,
    /// First position in the result.
    pub(crate) to: usize,
    /// How many positions.
    pub(crate) len: usize,
}

/// What one row (or column, ...) of the chunk grid gives to the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// The chunk's coordinate on this axis.
    pub(crate) chunk: u64,
    /// Its positions that are wanted, by place in the result.
    pub(crate) pieces: Vec<Piece>,
}

/// A run of the result's first axis that comes out of one band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The band, with places counted from the segment's start.
    pub(super) band: Band,
    /// How many positions of the result it covers.
    pub(super) len: usize,
}

/// The pieces of a selection in the order of the result, cut where a chunk ends.
///
/// Work and memory follow the number of positions for an index list, and the number of chunks for a
/// range without steps.
fn pieces(
    selection: &Selection,
    axis: usize,
    length: usize,
    chunk: usize,
) -> Result<Vec<(u64, Piece)>> {
    let mut pieces: Vec<(u64, Piece)> = Vec::new();
    let mut add = |position: usize, to: usize, len: usize| {
        let at = (position / chunk) as u64;
        let from = position % chunk;
        match pieces.last_mut() {
            Some((last, piece)) if *last == at && piece.from + piece.len == from => {
                piece.len += len;
            }
            _ => pieces.push((at, Piece { from, to, len })),
        }
    };
    let count = selection.count(axis, length)?;
    let (start, step) = match selection {
        Selection::All => (0, 1),
        Selection::Range { start, step, .. } => (*start, *step),
        Selection::Indices(indices) => {
            indices
                .iter()
                .enumerate()
                .for_each(|(to, &position)| add(position, to, 1));
            return Ok(pieces);
        }
    };
    if step > 1 {
        (0..count).for_each(|to| add(start + to * step, to, 1));
        return Ok(pieces);
    }
    let mut to = 0;
    while to < count {
        let position = start + to;
        let len = (chunk - position % chunk).min(count - to);
        add(position, to, len);
        to += len;
    }
    Ok(pieces)
}

/// How many chunks of an axis a selection may touch, without looking at each. At most
/// [`usize::MAX`].
pub(super) fn touched(
    selection: &Selection,
    axis: usize,
    length: usize,
    chunk: usize,
) -> Result<usize> {
    let count = selection.count(axis, length)?;
    let (start, step) = match selection {
        Selection::All => (0, 1),
        Selection::Range { start, step, .. } => (*start, *step),
        Selection::Indices(_) => return Ok(count.min(length.div_ceil(chunk))),
    };
    let Some(last) = count.checked_sub(1) else {
        return Ok(0);
    };
    // The last position lies on the axis, so none of this overflows.
    let (first, last) = (start / chunk, (start + last * step) / chunk);
    Ok(count.min(last - first + 1))
}

/// The bands a selection touches, in the order of the grid.
pub(crate) fn bands(
    selection: &Selection,
    axis: usize,
    length: usize,
    chunk: usize,
) -> Result<Vec<Band>> {
    let mut pieces = pieces(selection, axis, length, chunk)?;
    pieces.sort_by_key(|(chunk, _)| *chunk);
    let bands = pieces.chunk_by(|a, b| a.0 == b.0).map(|group| Band {
        chunk: group.first().map_or(0, |piece| piece.0),
        pieces: group.iter().map(|piece| piece.1).collect(),
    });
    Ok(bands.collect())
}

/// The result's first axis cut into runs that come out of one band each.
pub(super) fn segments(
    selection: &Selection,
    axis: usize,
    length: usize,
    chunk: usize,
) -> Result<Vec<Segment>> {
    let pieces = pieces(selection, axis, length, chunk)?;
    let segments = pieces.chunk_by(|a, b| a.0 == b.0).map(|group| {
        let start = group.first().map_or(0, |(_, piece)| piece.to);
        let shifted = |&(_, piece): &(u64, Piece)| Piece {
            to: piece.to - start,
            ..piece
        };
        Segment {
            len: group.iter().map(|(_, piece)| piece.len).sum(),
            band: Band {
                chunk: group.first().map_or(0, |piece| piece.0),
                pieces: group.iter().map(shifted).collect(),
            },
        }
    });
    Ok(segments.collect())
}

/// One selection an axis; none at all means everything.
pub(crate) fn checked<'a>(
    selections: &'a [Selection],
    shape: &[usize],
) -> Result<Vec<&'a Selection>> {
    if selections.is_empty() {
        return Ok(vec![&Selection::All; shape.len()]);
    }
    if selections.len() != shape.len() {
        return Err(Error::Mismatch {
            expected: format!("a selection for each of {} axes", shape.len()),
            found: format!("{} selections", selections.len()),
        });
    }
    Ok(selections.iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const LENGTH: usize = 50;

    fn selection() -> impl Strategy<Value = Selection> {
        prop_oneof![
            Just(Selection::All),
            (0..LENGTH, 0..=LENGTH, 1_usize..9).prop_map(|(a, b, step)| Selection::Range {
                start: a.min(b),
                end: Some(a.max(b)),
                step
            }),
            vec(0..LENGTH, 0..80).prop_map(Selection::Indices),
        ]
    }

    proptest! {
        #[test]
        fn every_position_lands_in_its_place(selection in selection(), chunk in 1_usize..60) {
            let positions = selection.positions(0, LENGTH).unwrap();
            let mut from_bands = vec![None; positions.len()];
            for band in bands(&selection, 0, LENGTH, chunk).unwrap() {
                for piece in band.pieces {
                    for i in 0..piece.len {
                        prop_assert!(piece.from + i < chunk);
                        let position = usize::try_from(band.chunk).unwrap() * chunk + piece.from + i;
                        prop_assert_eq!(from_bands[piece.to + i].replace(position), None);
                    }
                }
            }
            prop_assert_eq!(from_bands.into_iter().flatten().collect::<Vec<_>>(), &positions[..]);
            let mut from_segments = Vec::new();
            for segment in segments(&selection, 0, LENGTH, chunk).unwrap() {
                let mut part = vec![None; segment.len];
                for piece in segment.band.pieces {
                    for i in 0..piece.len {
                        let at = usize::try_from(segment.band.chunk).unwrap();
                        part[piece.to + i] = Some(at * chunk + piece.from + i);
                    }
                }
                from_segments.extend(part.into_iter().flatten());
            }
            prop_assert_eq!(from_segments, positions);
        }

        #[test]
        fn chunks_are_counted_before_they_are_listed(selection in selection(), chunk in 1_usize..60) {
            let bands = bands(&selection, 0, LENGTH, chunk).unwrap().len();
            let touched = touched(&selection, 0, LENGTH, chunk).unwrap();
            let contiguous = matches!(selection, Selection::All | Selection::Range { step: 1, .. });
            let right = if contiguous { touched == bands } else { touched >= bands };
            prop_assert!(right, "{} for {} bands", touched, bands);
            prop_assert!(touched <= LENGTH.div_ceil(chunk));
        }
    }

    #[test]
    fn a_range_costs_by_chunks_not_positions() {
        let segments = segments(&Selection::All, 0, 1 << 30, 1 << 28).unwrap();
        assert_eq!(segments.len(), 4);
    }
}
