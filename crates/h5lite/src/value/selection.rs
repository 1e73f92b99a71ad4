//! Which positions of one axis are wanted.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use crate::error::{Error, Result};

/// Positions on one axis, in the order the result shall have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The whole axis.
    All,
    /// Every `step`-th position from `start` up to, not including, `end` (`None`: the axis' end).
    Range {
        /// First position.
        start: usize,
        /// One past the last position.
        end: Option<usize>,
        /// Distance between positions, at least 1.
        step: usize,
    },
    /// These positions, in any order, repeats allowed.
    Indices(Vec<usize>),
}

impl Selection {
    /// How many positions it selects on an axis of `length`.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] where a position is outside the axis, [`Error::Mismatch`] for a step
    /// of 0 or a range that runs backwards.
    pub fn count(&self, axis: usize, length: usize) -> Result<usize> {
        self.check(axis, length)?;
        Ok(match self {
            Self::All => length,
            Self::Range { start, end, step } => {
                end.unwrap_or(length).saturating_sub(*start).div_ceil(*step)
            }
            Self::Indices(indices) => indices.len(),
        })
    }

    /// The positions themselves, for an axis of `length`.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn positions(&self, axis: usize, length: usize) -> Result<Vec<usize>> {
        self.check(axis, length)?;
        Ok(match self {
            Self::All => (0..length).collect(),
            Self::Range { start, end, step } => {
                (*start..end.unwrap_or(length)).step_by(*step).collect()
            }
            Self::Indices(indices) => indices.clone(),
        })
    }

    fn check(&self, axis: usize, length: usize) -> Result<()> {
        let outside = |index| {
            Err(Error::OutOfBounds {
                axis,
                index,
                length,
            })
        };
        let misused = |found: String| {
            Err(Error::Mismatch {
                expected: "a range that runs forward".to_owned(),
                found,
            })
        };
        match self {
            Self::All => Ok(()),
            Self::Range { step: 0, .. } => misused("a step of 0".to_owned()),
            Self::Range {
                start,
                end: Some(end),
                ..
            } if start > end => misused(format!("{start}..{end}")),
            Self::Range { end: Some(end), .. } if *end > length => outside(end - 1),
            Self::Range { start, .. } if *start > length => outside(*start),
            Self::Range { .. } => Ok(()),
            Self::Indices(indices) => match indices.iter().find(|&&index| index >= length) {
                Some(&index) => outside(index),
                None => Ok(()),
            },
        }
    }
}

impl From<RangeFull> for Selection {
    fn from(_: RangeFull) -> Self {
        Self::All
    }
}

impl From<Range<usize>> for Selection {
    fn from(range: Range<usize>) -> Self {
        Self::Range {
            start: range.start,
            end: Some(range.end),
            step: 1,
        }
    }
}

impl From<RangeFrom<usize>> for Selection {
    fn from(range: RangeFrom<usize>) -> Self {
        Self::Range {
            start: range.start,
            end: None,
            step: 1,
        }
    }
}

impl From<RangeTo<usize>> for Selection {
    fn from(range: RangeTo<usize>) -> Self {
        Self::from(0..range.end)
    }
}

/// One position. The axis stays in the result, with length 1.
impl From<usize> for Selection {
    fn from(index: usize) -> Self {
        Self::Indices(vec![index])
    }
}

impl From<Vec<usize>> for Selection {
    fn from(indices: Vec<usize>) -> Self {
        Self::Indices(indices)
    }
}

impl From<&[usize]> for Selection {
    fn from(indices: &[usize]) -> Self {
        Self::Indices(indices.to_vec())
    }
}

/// The positions where the mask is true. A mask longer than the axis is out of range only where it
/// is true beyond the end.
impl From<&[bool]> for Selection {
    fn from(mask: &[bool]) -> Self {
        Self::Indices(
            mask.iter()
                .enumerate()
                .filter_map(|(i, &keep)| keep.then_some(i))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_count_agree() {
        let cases: [(Selection, &[usize]); 7] = [
            ((..).into(), &[0, 1, 2, 3, 4]),
            ((1..4).into(), &[1, 2, 3]),
            ((3..).into(), &[3, 4]),
            (
                Selection::Range {
                    start: 0,
                    end: None,
                    step: 3,
                },
                &[0, 3],
            ),
            (vec![4, 0, 4].into(), &[4, 0, 4]),
            ([false, true, false, true].as_slice().into(), &[1, 3]),
            ((5..5).into(), &[]),
        ];
        for (selection, expected) in cases {
            assert_eq!(
                selection.positions(0, 5).unwrap(),
                expected,
                "{selection:?}"
            );
            assert_eq!(
                selection.count(0, 5).unwrap(),
                expected.len(),
                "{selection:?}"
            );
        }
    }

    #[test]
    fn out_of_range_names_index_and_length() {
        for (selection, bad) in [
            ((2..7).into(), 6),
            (vec![0, 9, 1].into(), 9),
            (5.into(), 5),
            ((6..).into(), 6),
        ] {
            let selection: Selection = selection;
            match selection.count(1, 5) {
                Err(Error::OutOfBounds {
                    axis: 1,
                    index,
                    length: 5,
                }) => assert_eq!(index, bad),
                other => panic!("{selection:?}: {other:?}"),
            }
        }
    }
}
