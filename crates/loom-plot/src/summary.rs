//! What is drawn of many values: quantiles, bins, densities.

use crate::scale::Scale;

/// Bins a histogram has at least, of values that differ, and at most.
const BINS: (usize, usize) = (5, 120);

/// The quantile of sorted values at a share between 0 and 1, linear in between as
/// `numpy.quantile`; `NaN` of none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let below = index(place, sorted.len());
    match (sorted.get(below), sorted.get(below + 1)) {
        (Some(&low), Some(&high)) => low + (high - low) * (place - below as f64),
        (Some(&low), None) => low,
        _ => f64::NAN,
    }
}

/// A place as an index into so many things: its whole part, the last one at most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and the number of things"
)]
pub(crate) fn index(place: f64, things: usize) -> usize {
    (place.max(0.0) as usize).min(things.saturating_sub(1))
}

/// What stretch of the scale each value stands for. A whole number, where all are whole, stands for
/// everything from half below it to half above.
#[derive(Clone, Copy)]
struct Stretches {
    scale: Scale,
    reach: f64,
}

impl Stretches {
    fn of(sorted: &[f64], scale: Scale) -> Self {
        let small = sorted.iter().all(|value| value.abs() < 1e15);
        let whole = small && sorted.iter().all(|value| value.fract() == 0.0);
        let reach = if whole { 0.5 } else { 0.0 };
        Self { scale, reach }
    }

    fn at(self, value: f64) -> (f64, f64) {
        let Self { scale, reach } = self;
        (scale.to(value - reach), scale.to(value + reach))
    }

    /// Adds a weight to places of equal length, of which the first starts at `low`: shared among
    /// those that the stretch of the value reaches into.
    fn add(self, value: f64, weight: f64, (low, step): (f64, f64), places: &mut [f64]) {
        let (start, end) = self.at(value);
        let (start, end) = ((start - low) / step, (end - low) / step);
        let first = index(start, places.len());
        let last = index(end - 1e-9, places.len()).max(first);
        for (at, place) in places.iter_mut().enumerate().take(last + 1).skip(first) {
            let inside = end.min(at as f64 + 1.0) - start.max(at as f64);
            let share = match first == last {
                true => 1.0,
                false => inside / (end - start),
            };
            *place += weight * share;
        }
    }
}

/// The ends of what finite values, sorted, stand for, scaled.
pub(crate) fn ends(sorted: &[f64], scale: Scale) -> Option<(f64, f64)> {
    let stretches = Stretches::of(sorted, scale);
    let (low, high) = (sorted.first()?, sorted.last()?);
    Some((stretches.at(*low).0, stretches.at(*high).1))
}

/// How many values lie between edges that are equally far from each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bins {
    /// The edges, scaled: one more than there are counts.
    pub(crate) edges: Vec<f64>,
    pub(crate) counts: Vec<f64>,
}

impl Bins {
    /// Bins of finite values, sorted. Their width on the scale is Freedman and Diaconis', twice the
    /// distance of the quartiles divided by the cube root of the number; where half of the values
    /// are the same, Sturges'. There are 5 to 120 of them.
    ///
    /// A whole number stands for all from half below it to half above: bins are of whole width on a
    /// linear scale, and on another the number is shared among the bins it reaches into. Else bins
    /// that hold two of them would stand out beside those that hold one.
    pub(crate) fn new(sorted: &[f64], scale: Scale) -> Self {
        let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
            return Self {
                edges: Vec::new(),
                counts: Vec::new(),
            };
        };
        let stretches = Stretches::of(sorted, scale);
        let (mut low, mut high) = (stretches.at(low).0, stretches.at(high).1);
        if high - low <= high.abs().max(low.abs()) * 1e-12 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        let range = high - low;
        let count = sorted.len() as f64;
        let quartiles = scale.to(quantile(sorted, 0.75)) - scale.to(quantile(sorted, 0.25));
        let width = match quartiles > 0.0 {
            true => 2.0 * quartiles / count.cbrt(),
            false => range / (count.log2() + 1.0),
        };
        let mut width = width.clamp(range / BINS.1 as f64, range / BINS.0 as f64);
        if stretches.reach > 0.0 && scale == Scale::Linear {
            width = width.ceil();
            high = low + (range / width).ceil() * width;
        }
        let bins = index(((high - low) / width - 1e-9).ceil(), BINS.1 + 2).max(1);
        let step = (high - low) / bins as f64;
        let mut counts = vec![0.0; bins];
        for same in sorted.chunk_by(|a, b| a == b) {
            stretches.add(same[0], same.len() as f64, (low, step), &mut counts);
        }
        Self {
            edges: (0..=bins).map(|edge| low + step * edge as f64).collect(),
            counts,
        }
    }
}

/// A density along a grid.
#[derive(Clone, Debug)]
pub(crate) struct Density {
    /// The first place of the grid, the last, and how dense it is at each place in between.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) values: Vec<f64>,
}

/// Places at which a density is known.
const GRID: usize = 512;

impl Density {
    /// The density of finite values, sorted, on the scale, from the lowest to the highest of them: a
    /// sum of Gaussians of Silverman's width, 0.9 times the smaller of the standard deviation and the
    /// distance of the quartiles divided by 1.34, times the number to the power of -1/5. Whole
    /// numbers stand for what is between them, else there would be a hill at each of them. None, if
    /// the values do not differ and are not whole.
    pub(crate) fn new(sorted: &[f64], scale: Scale) -> Option<Self> {
        let stretches = Stretches::of(sorted, scale);
        let (low, high) = ends(sorted, scale)?;
        let count = sorted.len() as f64;
        let scaled = || sorted.iter().map(|value| scale.to(*value));
        let mean = scaled().sum::<f64>() / count;
        let squares = scaled().map(|value| (value - mean) * (value - mean));
        let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
        let quartile = |share| scale.to(quantile(sorted, share));
        let quartiles = (quartile(0.75) - quartile(0.25)) / 1.34;
        let spread = match quartiles > 0.0 {
            true => deviation.min(quartiles),
            false => deviation,
        };
        let step = (high - low) / (GRID - 1) as f64;
        if (high - low) <= high.abs() * 1e-12 {
            return None;
        }
        // A grid finer than the Gaussians loses nothing: values share between its two places.
        let bandwidth = match deviation > 0.0 {
            true => (0.9 * spread * count.powf(-0.2)).max(step),
            false => step,
        };
        let mut weights = vec![0.0; GRID];
        if stretches.reach > 0.0 {
            for same in sorted.chunk_by(|a, b| a == b) {
                let first = low - step / 2.0;
                stretches.add(same[0], same.len() as f64, (first, step), &mut weights);
            }
        } else {
            for value in scaled() {
                let place = (value - low) / step;
                let below = index(place, GRID);
                let share = place - below as f64;
                weights[below] += 1.0 - share;
                if let Some(above) = weights.get_mut(below + 1) {
                    *above += share;
                }
            }
        }
        let norm = 1.0 / (count * bandwidth * (2.0 * std::f64::consts::PI).sqrt());
        let kernel: Vec<f64> = (0..GRID)
            .map(|distance| distance as f64 * step / bandwidth)
            .map(|distance| norm * (-0.5 * distance * distance).exp())
            .collect();
        let values = (0..GRID).map(|at| {
            let terms = weights.iter().enumerate();
            terms
                .map(|(from, weight)| weight * kernel[at.abs_diff(from)])
                .sum()
        });
        Some(Self {
            low,
            high,
            values: values.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Skewed values without a generator: the same in Python.
    fn values(count: usize) -> Vec<f64> {
        let mut values: Vec<f64> = (0..count)
            .map(|at| ((at * 7919) % 1009) as f64 / 100.0)
            .map(|x| x * x / 10.0 + x.sin())
            .collect();
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.25, 0.5, 0.75, 1])
        let shares = [0.0, 0.25, 0.5, 0.75, 1.0];
        let ours = shares.map(|share| quantile(&[1.0, 2.0, 4.0, 8.0], share));
        assert_eq!(ours, [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[3.0], 0.75), 3.0);
    }

    #[test]
    fn bins_are_those_of_freedman_and_diaconis() {
        // numpy.histogram(values(500), bins="fd")
        let bins = Bins::new(&values(500), Scale::Linear);
        assert_eq!(bins.counts, [240.0, 44.0, 31.0, 29.0, 35.0, 50.0, 71.0]);
        assert!((bins.edges[7] - 9.527_003_742_767_825).abs() < 1e-12);
        // Half and more of them the same: numpy.histogram(..., bins="sturges")
        let mut zeros = [vec![0.0; 400], values(100)].concat();
        zeros.sort_by(f64::total_cmp);
        let bins = Bins::new(&zeros, Scale::Linear);
        assert_eq!(
            bins.counts,
            [422.0, 30.0, 5.0, 4.0, 4.0, 5.0, 4.0, 6.0, 8.0, 12.0]
        );
    }

    #[test]
    fn bins_of_odd_values() {
        assert!(Bins::new(&[], Scale::Linear).counts.is_empty());
        let same = Bins::new(&[2.5; 9], Scale::Linear);
        assert_eq!(same.counts.iter().sum::<f64>(), 9.0);
        let whole = Bins::new(&[0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0], Scale::Linear);
        assert_eq!(whole.edges[0], -0.5);
        assert_eq!(whole.counts, [1.0, 2.0, 3.0, 1.0]);
        // Equally many of each number: on a logarithmic scale bars rise evenly, and nothing is lost.
        let even: Vec<f64> = (20..420).map(|n| f64::from(n / 2)).collect();
        let even = Bins::new(&even, Scale::Log1p).counts;
        assert!(
            even.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9),
            "{even:?}"
        );
        assert!((even.iter().sum::<f64>() - 400.0).abs() < 1e-6);
        let far: Vec<f64> = (0..1000).map(f64::from).chain([1e12]).collect();
        assert!(Bins::new(&far, Scale::Linear).counts.len() <= BINS.1 + 1);
    }

    #[test]
    fn densities_are_scipys() {
        // scipy.stats.gaussian_kde(values(500), bw_method=silverman / values.std(ddof=1)) at
        // numpy.linspace(low, high, 512)
        let density = Density::new(&values(500), Scale::Linear).unwrap();
        for (at, scipy) in [
            (0, 0.121_198_319_794_f64),
            (50, 0.241_656_460_693),
            (100, 0.174_705_978_908),
            (200, 0.047_105_710_641),
            (300, 0.048_240_375_015),
            (400, 0.074_309_095_078),
            (511, 0.050_851_577_449),
        ] {
            let ours = density.values[at];
            assert!((ours - scipy).abs() < 2e-4, "{at}: {ours} for {scipy}");
        }
        assert!(Density::new(&[1.5; 5], Scale::Log1p).is_none());
        assert!(Density::new(&[1.5], Scale::Linear).is_none());
        // Nearly as many of each number as of the next: one hill, and none at each of them.
        let falling: Vec<f64> = (0..5000).map(|n| f64::from(n * n / 1_000_000)).collect();
        let density = Density::new(&falling, Scale::Linear).unwrap();
        let rises = density
            .values
            .windows(2)
            .filter(|pair| pair[0] < pair[1] - 1e-9);
        assert!(rises.count() < GRID / 8, "{:?}", density.values);
    }
}
