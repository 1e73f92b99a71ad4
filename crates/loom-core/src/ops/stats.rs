//! Sums, means and the like of every row or column, piece by piece and on all cores.

use h5lite::{Number, Selection};
use ndarray::Array1;

use super::{
    bands::{self, Band},
    pieces::{Piece, pieces},
};
use crate::{axis::Axis, error::Result, layers::Layer, numeric::with_number};

/// A statistic of the values of a row or column, computed in `f64`.
///
/// A value that is not a number makes every statistic but [`Nonzeros`](Stat::Nonzeros) `NaN`, as in
/// numpy. Of no values at all the sum and the count are 0, the others `NaN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stat {
    /// Their sum: `numpy.sum`.
    Sum,
    /// Their mean: `numpy.mean`.
    Mean,
    /// Their variance, with the number of values as the divisor: `numpy.var`.
    Variance,
    /// How many are not zero: `numpy.count_nonzero`.
    Nonzeros,
    /// The smallest: `numpy.min`.
    Min,
    /// The largest: `numpy.max`.
    Max,
}

impl Layer<'_> {
    /// The statistics of every row ([`Axis::Rows`]) or column ([`Axis::Cols`]): one vector for
    /// each of `stats`, as long as the axis. Only the values at the positions that `across` selects
    /// on the other axis count, repeated ones repeatedly.
    ///
    /// The result does not depend on the number of cores. A few megabytes are in memory at a
    /// time on each of them.
    ///
    /// # Errors
    /// As [`read`](Layer::read).
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, Stat, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let matrix = ds.layer("")?;
    /// let genes = matrix.stats(Axis::Rows, .., &[Stat::Mean, Stat::Variance])?;
    /// assert_eq!(genes[0].len(), ds.shape().0);
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn stats(
        &self,
        axis: Axis,
        across: impl Into<Selection>,
        stats: &[Stat],
    ) -> Result<Vec<Array1<f64>>> {
        let mut parts = self.stats_over(axis, &[across.into()], stats)?;
        Ok(parts.pop().unwrap_or_default())
    }

    /// As [`stats`](Self::stats), for each of several selections across the axis, in one pass over what
    /// any of them needs.
    pub(super) fn stats_over(
        &self,
        axis: Axis,
        across: &[Selection],
        stats: &[Stat],
    ) -> Result<Vec<Vec<Array1<f64>>>> {
        let length = self.length(axis);
        let mut width = 0;
        for selection in across {
            let count = selection.count(axis.other().index(), self.length(axis.other()))?;
            width = width.max(count);
        }
        self.afford(length, width)?;
        self.afford_results(&[length, across.len(), stats.len(), 2], size_of::<f64>())?;
        let (narrow, wide) = bands::piece(self, axis);
        self.afford_results(&[narrow.min(length), wide.min(width)], size_of::<f64>())?;
        let pieces = pieces(across, axis.other(), self, wide)?;
        let bands = bands::run_bands(&(0..length), narrow);
        let parts = with_number!(
            self.dtype(),
            T => self.parts::<T>(axis, bands, &pieces, (across.len(), stats)),
            text => Ok(Vec::new())
        )?;
        let mut results = vec![vec![Vec::with_capacity(length); stats.len()]; across.len()];
        for part in parts {
            for (result, values) in results.iter_mut().flatten().zip(part) {
                result.extend(values);
            }
        }
        let vectors = |of_one: Vec<Vec<f64>>| of_one.into_iter().map(Array1::from_vec).collect();
        Ok(results.into_iter().map(vectors).collect())
    }

    /// The statistics of bands of the axis, for each a vector of each of `stats` over each selection.
    /// Values stay in the type they are stored in until they are added up: there are more of them in
    /// the cache.
    fn parts<T: Number>(
        &self,
        axis: Axis,
        bands: Vec<Band>,
        pieces: &[Piece],
        (selections, stats): (usize, &[Stat]),
    ) -> Result<Vec<Vec<Vec<f64>>>> {
        self.each(
            bands,
            || Ok((self.reader()?, Vec::new(), Vec::new())),
            |(reader, block, chosen), band| {
                let of_one = || stats.iter().map(|&stat| Running::new(stat, band.len));
                let mut running: Vec<Vec<_>> =
                    (0..selections).map(|_| of_one().collect()).collect();
                for Piece { across, taken } in pieces {
                    block.resize(band.len * across.len, T::default());
                    let (rows, cols) = axis.pair(band.selection.clone(), across.selection.clone());
                    reader.read_into(&[rows, cols], block)?;
                    for (running, taken) in running.iter_mut().zip(taken) {
                        let (block, width) = taken.of(block, axis, across.len, band.len, chosen);
                        if width == 0 {
                            continue;
                        }
                        for stat in running {
                            match axis {
                                Axis::Rows => stat.add_lanes(block, width),
                                Axis::Cols => stat.add_across(block),
                            }
                        }
                    }
                }
                let running = running.into_iter().flatten();
                Ok(running.map(Running::finish).collect::<Vec<_>>())
            },
        )
    }
}

/// A statistic of some lanes (rows or columns) of which a part of the values has been seen.
struct Running {
    stat: Stat,
    /// How many values of each lane have been seen.
    seen: f64,
    /// For each lane the sum, count or extreme so far; for the variance, the mean.
    values: Vec<f64>,
    /// For the variance, the sum of squared distances from the mean, of each lane.
    squares: Vec<f64>,
}

impl Running {
    fn new(stat: Stat, lanes: usize) -> Self {
        let start = match stat {
            Stat::Min => f64::INFINITY,
            Stat::Max => f64::NEG_INFINITY,
            _ => 0.0,
        };
        Self {
            stat,
            seen: 0.0,
            values: vec![start; lanes],
            squares: match stat {
                Stat::Variance => vec![0.0; lanes],
                _ => Vec::new(),
            },
        }
    }

    /// Adds lines of `width` values, one line for each lane.
    fn add_lanes<T: Number>(&mut self, block: &[T], width: usize) {
        let lines = block.chunks_exact(width.max(1));
        let count = real(width);
        for (lane, (value, line)) in self.values.iter_mut().zip(lines).enumerate() {
            match self.stat {
                Stat::Sum | Stat::Mean => *value += sum(line, |x| x),
                Stat::Nonzeros => *value += sum(line, nonzero),
                Stat::Min => *value = extreme(*value, line, smaller),
                Stat::Max => *value = extreme(*value, line, larger),
                Stat::Variance => {
                    let mean = sum(line, |x| x) / count;
                    let squares = sum(line, |x| (x - mean) * (x - mean));
                    let so_far = &mut self.squares[lane];
                    merge((self.seen, value, so_far), (count, mean, squares));
                }
            }
        }
        self.seen += count;
    }

    /// Adds lines that hold one value for each lane.
    fn add_across<T: Number>(&mut self, block: &[T]) {
        let lanes = self.values.len().max(1);
        let lines = || block.chunks_exact(lanes);
        let count = real(block.len() / lanes);
        match self.stat {
            Stat::Sum | Stat::Mean => fold(&mut self.values, lines(), |a, x| a + x),
            Stat::Nonzeros => {
                // As integers: no value has to become a floating-point number for that. No piece in memory
                // has 2^32 lines.
                let mut counts = vec![0_u32; lanes];
                for line in lines() {
                    for (count, &x) in counts.iter_mut().zip(line) {
                        *count = count.wrapping_add(u32::from(x != T::default()));
                    }
                }
                for (value, count) in self.values.iter_mut().zip(counts) {
                    *value += f64::from(count);
                }
            }
            Stat::Min => fold(&mut self.values, lines(), smaller),
            Stat::Max => fold(&mut self.values, lines(), larger),
            Stat::Variance => {
                let mut means = vec![0.0; lanes];
                fold(&mut means, lines(), |a, x| a + x);
                means.iter_mut().for_each(|mean| *mean /= count);
                let mut squares = vec![0.0; lanes];
                for line in lines() {
                    for ((square, mean), x) in squares.iter_mut().zip(&means).zip(line) {
                        let distance = x.to_f64() - mean;
                        *square += distance * distance;
                    }
                }
                for (lane, value) in self.values.iter_mut().enumerate() {
                    let so_far = &mut self.squares[lane];
                    merge(
                        (self.seen, value, so_far),
                        (count, means[lane], squares[lane]),
                    );
                }
            }
        }
        self.seen += count;
    }

    fn finish(self) -> Vec<f64> {
        let Self {
            stat,
            seen,
            values,
            squares,
        } = self;
        match stat {
            Stat::Sum | Stat::Nonzeros => values,
            Stat::Mean => values.into_iter().map(|sum| sum / seen).collect(),
            Stat::Variance => squares.into_iter().map(|sum| sum / seen).collect(),
            Stat::Min | Stat::Max if seen == 0.0 => vec![f64::NAN; values.len()],
            Stat::Min | Stat::Max => values,
        }
    }
}

/// Joins the moments (count, mean, sum of squared distances) of two parts of the values:
/// Chan, Golub and `LeVeque`'s update, which loses nothing to cancellation.
fn merge(
    (seen, mean, squares): (f64, &mut f64, &mut f64),
    (count, part_mean, part_squares): (f64, f64, f64),
) {
    if seen == 0.0 {
        (*mean, *squares) = (part_mean, part_squares);
        return;
    }
    let total = seen + count;
    let distance = part_mean - *mean;
    *mean += distance * count / total;
    *squares += part_squares + distance * distance * seen * count / total;
}

/// The sum of what `term` makes of the values, in eight lanes: faster than one after the other,
/// and more exact.
fn sum<T: Number>(values: &[T], term: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for eight in eights {
        for (lane, &value) in lanes.iter_mut().zip(eight) {
            *lane += term(value.to_f64());
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| term(value.to_f64())).sum::<f64>()
}

/// The extreme of what is known and the values, in eight lanes.
fn extreme<T: Number>(known: f64, values: &[T], step: impl Fn(f64, f64) -> f64) -> f64 {
    let (eights, rest) = values.as_chunks::<8>();
    let mut lanes = [known; 8];
    for eight in eights {
        for (lane, &value) in lanes.iter_mut().zip(eight) {
            *lane = step(*lane, value.to_f64());
        }
    }
    let rest = rest.iter().map(|value| value.to_f64());
    lanes.into_iter().chain(rest).fold(known, step)
}

/// Joins each line to the values so far, lane by lane.
fn fold<'a, T: Number>(
    values: &mut [f64],
    lines: impl Iterator<Item = &'a [T]>,
    step: impl Fn(f64, f64) -> f64,
) {
    for line in lines {
        for (value, &x) in values.iter_mut().zip(line) {
            *value = step(*value, x.to_f64());
        }
    }
}

/// 1 for what is not 0, `NaN` too: as a choice between two numbers it takes no jump and no conversion.
fn nonzero(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { 1.0 }
}

/// The smaller one; `NaN` where one of them is.
fn smaller(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

/// The larger one; `NaN` where one of them is.
fn larger(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// A count as a number to divide by.
#[allow(
    clippy::cast_precision_loss,
    reason = "no axis of a file has 2^53 positions"
)]
fn real(count: usize) -> f64 {
    count as f64
}
