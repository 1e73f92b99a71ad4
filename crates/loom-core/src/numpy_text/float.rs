//! Decimal digits of floating-point numbers, as numpy's Dragon4 gives them.

use std::fmt::Write;

use half::f16;

/// A floating-point type.
pub(super) trait Float: Copy {
    /// The same value, exactly.
    fn value(self) -> f64;

    /// The shortest digits that read back as this value, the nearest of them, the even one of two
    /// equally near: `12.5`, `1.25e-7`. The value is finite.
    fn shortest(self) -> String;

    /// The quotient, rounded to this type.
    fn quotient(self, divisor: Self) -> f64;
}

impl Float for f64 {
    fn value(self) -> f64 {
        self
    }

    fn shortest(self) -> String {
        zmij::Buffer::new().format_finite(self).to_owned()
    }

    fn quotient(self, divisor: Self) -> f64 {
        self / divisor
    }
}

impl Float for f32 {
    fn value(self) -> f64 {
        self.into()
    }

    fn shortest(self) -> String {
        zmij::Buffer::new().format_finite(self).to_owned()
    }

    fn quotient(self, divisor: Self) -> f64 {
        (self / divisor).into()
    }
}

impl Float for f16 {
    fn value(self) -> f64 {
        self.into()
    }

    fn shortest(self) -> String {
        // Five digits always suffice. The nearest number of so many digits is the candidate; at a
        // power of two, where the gap below is half the gap above, also the one above it.
        let value = self.value();
        let reads_back = |text: &String| text.parse().is_ok_and(|v| Self::from_f64(v) == self);
        (0..5_i32)
            .zip(0_usize..)
            .flat_map(|(digits, precision)| {
                let nearest = format!("{value:.precision$e}");
                let unit = 10_f64.powi(parts(&nearest).2 - digits);
                let away = value + unit.copysign(value) / 2.0;
                [nearest, format!("{away:.precision$e}")]
            })
            .find(reads_back)
            .unwrap_or_else(|| format!("{value:e}"))
    }

    fn quotient(self, divisor: Self) -> f64 {
        Self::from_f64(self.value() / divisor.value()).into()
    }
}

/// `str` of one number: positional from 0.0001 to below 1e16, scientific outside.
pub(super) fn push_scalar<T: Float>(number: T, out: &mut String) {
    let value = number.value();
    if value.is_nan() {
        out.push_str("nan");
    } else if value.is_infinite() {
        out.push_str(if value < 0.0 { "-inf" } else { "inf" });
    } else if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        let (whole, fraction) = positional(number, usize::MAX);
        let fraction = if fraction.is_empty() { "0" } else { &fraction };
        write!(out, "{whole}.{fraction}").expect("a String takes everything");
    } else {
        let (digits, fraction, exponent) = scientific(number, usize::MAX);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(
            out,
            "{digits}{point}{fraction}e{}",
            exponent_text(exponent, 2)
        )
        .expect("a String takes everything");
    }
}

/// `+05`: a sign and at least `width` digits.
pub(super) fn exponent_text(exponent: i32, width: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:0width$}", exponent.unsigned_abs())
}

/// The parts before and after the point, the second without trailing zeros and of at most
/// `precision` digits.
pub(super) fn positional<T: Float>(number: T, precision: usize) -> (String, String) {
    let (sign, digits, exponent) = parts(&number.shortest());
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let decimals = usize::try_from(count.saturating_sub(exponent).saturating_sub(1)).unwrap_or(0);
    let (whole, fraction) = if decimals > precision {
        let rounded = format!("{:.precision$}", number.value());
        match rounded.split_once('.') {
            Some((whole, fraction)) => (whole.to_owned(), fraction.to_owned()),
            None => (rounded, String::new()),
        }
    } else if exponent < 0 {
        let zeros = usize::try_from(-1 - exponent).unwrap_or(0);
        (format!("{sign}0"), format!("{}{digits}", "0".repeat(zeros)))
    } else {
        let before = usize::try_from(exponent).unwrap_or(0) + 1;
        let (whole, fraction) = digits.split_at(before.min(digits.len()));
        let zeros = "0".repeat(before.saturating_sub(digits.len()));
        (format!("{sign}{whole}{zeros}"), fraction.to_owned())
    };
    (whole, fraction.trim_end_matches('0').to_owned())
}

/// As [`positional`]; where the shortest text ends before the point, the digits up to it are not
/// zeros but those of the exact value, as numpy prints the elements of an array.
pub(super) fn exact_whole<T: Float>(number: T, precision: usize) -> (String, String) {
    let (whole, fraction) = positional(number, precision);
    if fraction.is_empty() {
        return (format!("{:.0}", number.value()), fraction);
    }
    (whole, fraction)
}

/// The first digit with its sign, the digits after the point, without trailing zeros and of at
/// most `precision`, and the exponent.
pub(super) fn scientific<T: Float>(number: T, precision: usize) -> (String, String, i32) {
    let mut text = number.shortest();
    if parts(&text).1.len() > precision.saturating_add(1) {
        text = format!("{:.precision$e}", number.value());
    }
    let (sign, digits, exponent) = parts(&text);
    let (first, rest) = digits.split_at(1.min(digits.len()));
    (
        format!("{sign}{first}"),
        rest.trim_end_matches('0').to_owned(),
        exponent,
    )
}

/// As [`scientific`], with exactly `precision` digits after the point. Where the shortest text has
/// fewer these are not zeros: numpy goes on with the digits of the exact value.
pub(super) fn padded<T: Float>(number: T, precision: usize) -> (String, String, i32) {
    let text = format!("{:.precision$e}", number.value());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (
        first.to_owned(),
        rest.to_owned(),
        exponent.parse().unwrap_or(0),
    )
}

/// Sign, significant digits, and exponent of the first of them, of `-1.25e-7` or `-12.50`.
fn parts(text: &str) -> (&'static str, String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let point = i32::try_from(whole.len()).unwrap_or(i32::MAX);
    let zeros = i32::try_from(digits.len() - significant.len()).unwrap_or(i32::MAX);
    match significant.trim_end_matches('0') {
        "" => (sign, "0".to_owned(), 0),
        significant => (
            sign,
            significant.to_owned(),
            exponent.parse::<i32>().unwrap_or(0) + point - 1 - zeros,
        ),
    }
}
