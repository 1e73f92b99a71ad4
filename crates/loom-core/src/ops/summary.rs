//! What the values of each row or column sum up to, also part by part.

use h5lite::Selection;

use super::stats::Stat;
use crate::{axis::Axis, error::Result, layers::Layer};

/// What some values sum up to, computed in `f64`.
///
/// A value that is not a number makes all but [`values`](Self::values) and
/// [`detected`](Self::detected) `NaN`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many values there are.
    pub values: usize,
    /// Their sum.
    pub total: f64,
    /// How many are not 0.
    pub detected: usize,
    /// The sum of their squared distances from the mean.
    squares: f64,
}

impl Summary {
    /// Their mean; `NaN` of no values.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / real(self.values)
    }

    /// Their variance as a population, with the number of values as the divisor: `numpy.var`. `NaN`
    /// of no values.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.squares / real(self.values)
    }

    /// The summary of the values of both. Of several, the order matters within rounding.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut squares = self.squares + other.squares;
        if self.values > 0 && other.values > 0 {
            let distance = other.mean() - self.mean();
            let values = self.values + other.values;
            squares += distance * distance * real(self.values) / real(values) * real(other.values);
        }
        Self {
            values: self.values + other.values,
            total: self.total + other.total,
            detected: self.detected + other.detected,
            squares,
        }
    }
}

impl Layer<'_> {
    /// Sums up every row ([`Axis::Rows`]) or column ([`Axis::Cols`]), in one pass over the file: for
    /// each of `across` a summary of each row or column, over the values at the positions that it
    /// selects on the other axis.
    ///
    /// As with [`stats`](Self::stats), the result does not depend on the number of cores, and a few
    /// megabytes are in memory at a time on each of them.
    ///
    /// # Errors
    /// As [`read`](Layer::read).
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Axis, Mode, Selection, connect};
    ///
    /// let ds = connect("../../fixtures/demo.loom", Mode::Read)?;
    /// let clusters = ds.ca().categories("Clusters")?;
    /// let cells: Vec<Selection> = clusters.members().map(Into::into).collect();
    /// let genes = ds.layer("")?.summaries(Axis::Rows, &cells)?;
    /// println!("mean of the first gene in the first cluster: {}", genes[0][0].mean());
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn summaries(&self, axis: Axis, across: &[Selection]) -> Result<Vec<Vec<Summary>>> {
        let other = axis.other();
        let stats = [Stat::Sum, Stat::Nonzeros, Stat::Variance];
        let parts = self.stats_over(axis, across, &stats)?;
        (across.iter().zip(parts))
            .map(|(selection, part)| {
                let values = selection.count(other.index(), self.length(other))?;
                let [total, detected, variance] = &part[..] else {
                    return Ok(Vec::new());
                };
                let summaries = total.iter().zip(detected).zip(variance);
                Ok(summaries
                    .map(|((&total, &detected), &variance)| Summary {
                        values,
                        total,
                        detected: whole(detected),
                        squares: if values == 0 {
                            0.0
                        } else {
                            variance * real(values)
                        },
                    })
                    .collect())
            })
            .collect()
    }
}

/// A count as a number to divide by.
fn real(count: usize) -> f64 {
    count as f64
}

/// A count that was added up as a number.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no axis of a file has 2^53 positions"
)]
fn whole(count: f64) -> usize {
    count as usize
}
