//! Axes: from values to places, and the marks along them.

/// How values become distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// As they are.
    #[default]
    Linear,
    /// As the logarithm of one more than the value, which needs values of at least 0.
    Log1p,
}

impl Scale {
    pub(crate) fn to(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log1p => value.ln_1p(),
        }
    }

    pub(crate) fn back(self, place: f64) -> f64 {
        match self {
            Self::Linear => place,
            Self::Log1p => place.exp_m1(),
        }
    }
}

/// A stretch of values, laid along a stretch of the picture.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    scale: Scale,
    /// The ends, scaled.
    low: f64,
    high: f64,
    /// Where the ends are in the picture.
    start: f64,
    end: f64,
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Where it is in the picture.
    pub(crate) at: f64,
    pub(crate) label: String,
}

impl Axis {
    /// An axis from `low` to `high`, finite values.
    pub(crate) fn new((low, high): (f64, f64), scale: Scale) -> Self {
        Self::scaled((scale.to(low), scale.to(high)), scale)
    }

    /// An axis between two values that are already scaled. Values that are all the same, or differ by
    /// less than numbers of their size can tell, get some room around them.
    pub(crate) fn scaled((mut low, mut high): (f64, f64), scale: Scale) -> Self {
        let size = low.abs().max(high.abs());
        // Half of each: the difference of finite numbers may not be one.
        if high / 2.0 - low / 2.0 <= (size * 1e-12).max(1e-300) {
            let room = (size * 0.05).max(0.5);
            (low, high) = (low - room, high + room);
        }
        Self {
            scale,
            low,
            high,
            start: 0.0,
            end: 1.0,
        }
    }

    /// How far it is from one end to the other.
    pub(crate) fn span(&self) -> f64 {
        self.high - self.low
    }

    /// Longer at both ends, by these shares of its length.
    pub(crate) fn with_room(self, below: f64, above: f64) -> Self {
        let span = self.span();
        Self {
            low: self.low - span * below,
            high: self.high + span * above,
            ..self
        }
    }

    /// Laid from one place in the picture to another.
    pub(crate) fn laid(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// Where a value is in the picture.
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.at_scaled(self.scale.to(value))
    }

    /// Where a value that is already scaled is in the picture.
    pub(crate) fn at_scaled(&self, scaled: f64) -> f64 {
        let share = (scaled - self.low) / self.span();
        self.start + share * (self.end - self.start)
    }

    /// Marks at round values, about one for each `room` of the picture, at least two where there
    /// can be.
    pub(crate) fn ticks(&self, room: f64) -> Vec<Tick> {
        let most = ((self.end - self.start).abs() / room).clamp(2.0, 20.0);
        let (low, high) = (self.scale.back(self.low), self.scale.back(self.high));
        let values = match self.scale {
            // Up to there the logarithm hardly bends.
            Scale::Log1p if high > 4.0 => powers(low.max(0.0), high, most),
            _ => round(low, high, most),
        };
        let labels = labels(&values);
        let ticks = values.iter().zip(labels).map(|(&value, label)| Tick {
            at: self.at(value),
            label,
        });
        ticks.collect()
    }
}

/// Multiples of 1, 2 or 5 times a power of ten between two values, at most as many, but for one.
fn round(low: f64, high: f64, most: f64) -> Vec<f64> {
    let rough = (high - low) / most;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil();
    let multiples = (0..40).map(|n| first + f64::from(n));
    let inside = |multiple: &f64| *multiple <= high / step + 1e-9;
    // Adding 0 makes 0 of -0.
    let value = |multiple: f64| multiple * step + 0.0;
    multiples.take_while(inside).map(value).collect()
}

/// 0 and powers of ten, and with them their doubles and fives if there is room, between two values.
fn powers(low: f64, high: f64, most: f64) -> Vec<f64> {
    let of = |digits: &[f64]| {
        let mut values = vec![0.0];
        for power in 0..=308 {
            let power = 10_f64.powi(power);
            values.extend(digits.iter().map(|digit| digit * power));
        }
        values.retain(|value| *value >= low && *value <= high * (1.0 + 1e-9));
        values
    };
    let all = [of(&[1.0, 2.0, 5.0]), of(&[1.0, 3.0]), of(&[1.0])];
    let fits = |values: &&Vec<f64>| values.len() as f64 <= most + 1.0;
    let mut values = all.iter().find(fits).unwrap_or(&all[2]).clone();
    while values.len() as f64 > most + 1.0 {
        let mut keep = false;
        values.retain(|_| {
            keep = !keep;
            keep
        });
    }
    if values.len() < 2 {
        // Little more than a point.
        return round(low, high, most);
    }
    values
}

/// Labels that tell values apart: with as many decimals as the finest of them needs.
pub(crate) fn labels(values: &[f64]) -> Vec<String> {
    let largest = values
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    let finest = (values.windows(2))
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(largest, f64::min);
    if largest >= 1e6 || (largest > 0.0 && largest < 1e-3) {
        return values.iter().map(|&value| scientific(value)).collect();
    }
    let decimals = (0..9).find(|&decimals| {
        let scaled = finest * 10_f64.powi(decimals);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-3)
    });
    let decimals = usize::try_from(decimals.unwrap_or(9)).unwrap_or(0);
    values.iter().map(|&value| plain(value, decimals)).collect()
}

/// A number with these decimals, its thousands apart, and a minus that is as long as a plus.
pub(crate) fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    if value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        grouped.push('\u{2212}');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// A number as it is read in a sentence: whole, if it is or is large, else with three digits.
pub(crate) fn brief(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1e6 || (size > 0.0 && size < 1e-3) => scientific(value),
        _ if value.fract() == 0.0 || size >= 100.0 => plain(value, 0),
        _ if size >= 10.0 => plain(value, 1),
        _ if size >= 1.0 => plain(value, 2),
        _ => plain(value, 3),
    }
}

/// A number as 2.5e6.
fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.2e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}e{power}").replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticks(range: (f64, f64), scale: Scale, length: f64) -> Vec<String> {
        let axis = Axis::new(range, scale).laid(0.0, length);
        axis.ticks(50.0)
            .into_iter()
            .map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn marks_are_round() {
        let minus = |text: &str| text.replace('-', "\u{2212}");
        assert_eq!(
            ticks((0.0, 1.0), Scale::Linear, 300.0).join(" "),
            "0.0 0.2 0.4 0.6 0.8 1.0"
        );
        assert_eq!(
            ticks((-7.3, 12.0), Scale::Linear, 300.0).join(" "),
            minus("-5 0 5 10")
        );
        assert_eq!(
            ticks((0.0, 24_000.0), Scale::Linear, 300.0).join(" "),
            "0 5,000 10,000 15,000 20,000"
        );
        assert_eq!(
            ticks((0.0, 3e7), Scale::Linear, 200.0).join(" "),
            "0 1e7 2e7 3e7"
        );
        assert_eq!(
            ticks((0.0, 4e-5), Scale::Linear, 200.0).join(" "),
            minus("0 1e-5 2e-5 3e-5 4e-5")
        );
        assert_eq!(
            ticks((0.0, 2000.0), Scale::Log1p, 300.0).join(" "),
            "0 1 10 100 1,000"
        );
        assert_eq!(
            ticks((0.0, 30.0), Scale::Log1p, 300.0).join(" "),
            "0 1 2 5 10 20"
        );
        assert_eq!(
            ticks((0.0, 1.0), Scale::Log1p, 120.0).join(" "),
            "0.0 0.5 1.0"
        );
        assert_eq!(
            ticks((3.0, 3.0), Scale::Linear, 100.0).join(" "),
            "2.5 3.0 3.5"
        );
    }

    #[test]
    fn places_follow_values() {
        let axis = Axis::new((0.0, 10.0), Scale::Linear).laid(100.0, 0.0);
        assert_eq!(
            (axis.at(0.0), axis.at(5.0), axis.at(10.0)),
            (100.0, 50.0, 0.0)
        );
        let axis = Axis::new((0.0, 99.0), Scale::Log1p).laid(0.0, 100.0);
        assert!((axis.at(9.0) - 50.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn any_finite_range_has_an_axis(
            a in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO,
            b in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO,
            log in any::<bool>(),
        ) {
            let (a, b) = (a / 1e10, b / 1e10);
            let (scale, a, b) = match log {
                true => (Scale::Log1p, a.abs(), b.abs()),
                false => (Scale::Linear, a, b),
            };
            let (low, high) = (a.min(b), a.max(b));
            let axis = Axis::new((low, high), scale).with_room(0.05, 0.05).laid(0.0, 300.0);
            for value in [low, high] {
                let at = axis.at(value);
                prop_assert!((0.0..=300.0).contains(&at), "{at}");
            }
            let ticks = axis.ticks(50.0);
            prop_assert!(ticks.len() <= 21);
            for tick in ticks {
                prop_assert!((-0.01..=300.01).contains(&tick.at), "{tick:?}");
            }
        }
    }
}
