//! Positions on an axis as people write them: `0:100,5,-1`.

use std::{ops::Range, str::FromStr};

use loom_core::Selection;

use crate::error::{Cause, Result};

/// More positions than this are not listed one by one: a file can state any length.
const MAX_LISTED: usize = 1 << 26;

/// Positions and ranges, not yet held against the length of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Positions(Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    At(i64),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
}

/// Python's notation: `i` or `start:end` or `start:end:step`, several with commas between them.
impl FromStr for Positions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(Item::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Item {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| -> Result<Option<i64>, String> {
            match text.trim() {
                "" => Ok(None),
                text => (text.parse().map(Some))
                    .map_err(|_| format!("{text:?} is neither a position nor a range")),
            }
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            [at] => Ok(Self::At(number(at)?.ok_or("a position is missing")?)),
            [start, end] | [start, end, _] => Ok(Self::Slice {
                start: number(start)?,
                end: number(end)?,
                step: match parts.get(2).map(|step| number(step)).transpose()?.flatten() {
                    Some(0) => return Err("a range cannot have a step of 0".to_owned()),
                    step => step.unwrap_or(1),
                },
            }),
            _ => Err(format!("{text:?} has more than START:END:STEP")),
        }
    }

    /// The positions on an axis of `length`, as Python counts them: ranges are cut to the axis.
    fn resolve(&self, length: usize) -> Result<Picked> {
        let len = i64::try_from(length).unwrap_or(i64::MAX);
        let from_end = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
        match *self {
            Self::At(at) => match usize::try_from(from_end(at)) {
                Ok(position) if position < length => Ok(Picked::run(position..position + 1)),
                _ => Err(Cause::asked(format!(
                    "position {at} is out of range for an axis of length {length}"
                ))),
            },
            Self::Slice { start, end, step } => {
                let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
                let bound = |at: Option<i64>, default| match at {
                    Some(at) => from_end(at).clamp(low, high),
                    None => default,
                };
                let (first, last) = if step > 0 { (low, high) } else { (high, low) };
                let (start, end) = (bound(start, first), bound(end, last));
                let distance = if step > 0 { end - start } else { start - end };
                let count = u64::try_from(distance)
                    .unwrap_or(0)
                    .div_ceil(step.unsigned_abs());
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let start = usize::try_from(start).unwrap_or(0);
                let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
                Ok(if step > 0 {
                    Picked::Even {
                        start,
                        stride,
                        count,
                    }
                } else {
                    check_listed(count)?;
                    Picked::Listed((0..count).map(|i| start - i * stride).collect())
                })
            }
        }
    }
}

impl Positions {
    /// The positions these are on an axis of `length`.
    ///
    /// # Errors
    /// Where a single position is outside of the axis.
    pub(crate) fn resolve(&self, length: usize) -> Result<Picked> {
        if let [only] = &self.0[..] {
            return only.resolve(length);
        }
        let mut listed = Vec::new();
        for item in &self.0 {
            let picked = item.resolve(length)?;
            check_listed(picked.len().saturating_add(listed.len()))?;
            listed.extend(picked.iter());
        }
        Ok(Picked::Listed(listed))
    }
}

/// Refuses to go through more positions one by one than memory has room for.
fn check_listed(count: usize) -> Result<()> {
    if count <= MAX_LISTED {
        return Ok(());
    }
    Err(Cause::asked(format!(
        "{count} positions, of which only {MAX_LISTED} can be listed; take a single range"
    )))
}

/// Positions on an axis, all of them inside it, in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    /// `count` positions from `start`, `stride` apart.
    Even {
        start: usize,
        stride: usize,
        count: usize,
    },
    /// These.
    Listed(Vec<usize>),
}

impl Picked {
    /// Consecutive positions.
    pub(crate) fn run(range: Range<usize>) -> Self {
        Self::Even {
            start: range.start,
            stride: 1,
            count: range.len(),
        }
    }

    /// What `positions` are on an axis of `length`; the whole axis where there are none.
    pub(crate) fn new(positions: Option<&Positions>, length: usize) -> Result<Self> {
        match positions {
            Some(positions) => positions.resolve(length),
            None => Ok(Self::run(0..length)),
        }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Even { count, .. } => *count,
            Self::Listed(positions) => positions.len(),
        }
    }

    /// The positions.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Even {
                start,
                stride,
                count,
            } => Box::new((0..*count).map(move |i| start + i * stride)),
            Self::Listed(positions) => Box::new(positions.iter().copied()),
        }
    }

    /// Those with these numbers among the picked.
    pub(crate) fn within(&self, part: Range<usize>) -> Self {
        match self {
            Self::Even { start, stride, .. } => Self::Even {
                start: start + part.start * stride,
                stride: *stride,
                count: part.len(),
            },
            Self::Listed(positions) => {
                Self::Listed(positions.get(part).unwrap_or_default().to_vec())
            }
        }
    }

    /// All of them, to read at once.
    pub(crate) fn all(&self) -> Selection {
        match self {
            Self::Even {
                start,
                stride,
                count,
            } => Selection::Range {
                start: *start,
                end: Some(
                    count
                        .checked_sub(1)
                        .map_or(*start, |last| start + last * stride + 1),
                ),
                step: *stride,
            },
            Self::Listed(positions) => positions.as_slice().into(),
        }
    }

    /// Those with these numbers among the picked, to read at once.
    pub(crate) fn part(&self, part: Range<usize>) -> Selection {
        self.within(part).all()
    }

    /// Numbers of the picked in groups of about `size`, at least 1; where the positions are
    /// consecutive, groups end where a multiple of `size` does, so that no chunk is decoded twice.
    pub(crate) fn bands(&self, size: usize) -> Bands {
        let size = size.max(1);
        let offset = match self {
            Self::Even {
                start, stride: 1, ..
            } => start % size,
            _ => 0,
        };
        Bands {
            next: 0,
            first: size - offset,
            size,
            len: self.len(),
        }
    }
}

/// Ranges of numbers that follow each other; never all in memory, as a file can state any length.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    next: usize,
    /// Length of the first range.
    first: usize,
    /// Length of the others, but for the last.
    size: usize,
    /// Where the last one ends.
    len: usize,
}

impl Bands {
    /// A single band.
    pub(crate) fn one(len: usize) -> Self {
        Self {
            next: 0,
            first: len,
            size: len,
            len,
        }
    }
}

impl Iterator for Bands {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.next;
        let wide = if start == 0 { self.first } else { self.size };
        self.next = start.saturating_add(wide).min(self.len);
        (start < self.len).then_some(start..self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, length: usize) -> Vec<usize> {
        let positions: Positions = text.parse().unwrap();
        positions.resolve(length).unwrap().iter().collect()
    }

    /// The expected lists are Python's `list(range(10))[...]`.
    #[test]
    fn ranges_mean_what_they_mean_in_python() {
        for (text, expected) in [
            ("2:5", &[2, 3, 4][..]),
            (":3", &[0, 1, 2]),
            ("7:", &[7, 8, 9]),
            (":", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            ("-3:", &[7, 8, 9]),
            (":-8", &[0, 1]),
            ("8:100", &[8, 9]),
            ("100:", &[]),
            ("5:2", &[]),
            ("-100:2", &[0, 1]),
            ("::4", &[0, 4, 8]),
            ("1:8:3", &[1, 4, 7]),
            ("::-4", &[9, 5, 1]),
            ("3::-1", &[3, 2, 1, 0]),
            ("100:7:-1", &[9, 8]),
            ("2:7:-1", &[]),
            ("-1", &[9]),
            ("3, 0:2, 3", &[3, 0, 1, 3]),
        ] {
            assert_eq!(resolved(text, 10), expected, "{text}");
        }
        assert_eq!(resolved("::-1", 0), [0; 0]);
        assert_eq!(resolved(":9223372036854775807:9223372036854775807", 3), [0]);
        assert_eq!(resolved("-9223372036854775808:2", 3), [0, 1]);
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for bad in [
            "",
            ",",
            "1,",
            "a",
            "1:2:0",
            "1:2:3:4",
            "1.5",
            "99999999999999999999",
        ] {
            assert!(bad.parse::<Positions>().is_err(), "{bad:?}");
        }
        for bad in ["10", "-11", "0:3,10"] {
            let positions: Positions = bad.parse().unwrap();
            assert!(positions.resolve(10).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        for text in ["3:23", "::3", "9,8,1:7", "4:4", "::-2"] {
            let positions: Positions = text.parse().unwrap();
            let picked = positions.resolve(25).unwrap();
            let parts: Vec<usize> = (picked.bands(4))
                .flat_map(|band| picked.part(band).positions(0, 25).unwrap())
                .collect();
            assert_eq!(parts, picked.iter().collect::<Vec<_>>(), "{text}");
            assert_eq!(picked.all().positions(0, 25).unwrap(), parts, "{text}");
        }
        let hostile: Positions = "::-1".parse().unwrap();
        assert!(hostile.resolve(1 << 60).is_err());
        assert_eq!(Picked::run(0..1 << 60).bands(8).nth(2), Some(16..24));
        let aligned: Vec<_> = Picked::run(3..23).bands(8).collect();
        assert_eq!(aligned, [0..5, 5..13, 13..20]);
    }
}
