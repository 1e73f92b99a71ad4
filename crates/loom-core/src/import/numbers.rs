//! Numbers in text, and the types that hold them.

use h5lite::{Array, DType};

use crate::{edit::fit, numeric::with_number};

/// What the values are like.
pub(super) struct Found {
    pub(super) dtype: DType,
    /// Whether all of them are integers.
    pub(super) integers: bool,
    /// The smallest and the largest, where they have been looked at.
    pub(super) range: Option<(f64, f64)>,
}

/// What text numbers are like, so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    integers: bool,
    low: f64,
    high: f64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            integers: true,
            low: 0.0,
            high: 0.0,
        }
    }
}

impl Numbers {
    pub(super) fn see(&mut self, value: f64) {
        self.integers &= value.fract() == 0.0;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    pub(super) fn found(self) -> Found {
        let ends = vec![self.low, self.high].into();
        let holds = |dtype| self.integers && fit(&ends, dtype, &|_| String::new()).is_ok();
        let dtype = [DType::I32, DType::I64]
            .into_iter()
            .find(|&dtype| holds(dtype));
        Found {
            dtype: dtype.unwrap_or(DType::F64),
            integers: self.integers,
            range: Some((self.low, self.high)),
        }
    }
}

/// A number that a matrix can hold, of text.
///
/// # Errors
/// Why it is none.
pub(super) fn number(text: &[u8]) -> Result<f64, String> {
    /// From here on, `f64` leaves integers out.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let text = String::from_utf8_lossy(text);
    let value: f64 = (text.trim().parse()).map_err(|_| format!("{text:?} is no number"))?;
    if !value.is_finite() {
        return Err(format!("{text:?}, where a finite number is needed"));
    }
    // That number itself is also what the next one becomes.
    let digits = text.trim().trim_start_matches(['+', '-']);
    let beyond = value.abs() >= EXACT && digits != "9007199254740992";
    if beyond && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} is an integer beyond 2^53"));
    }
    Ok(value)
}

/// Numbers as an array of another type. What that cannot hold has been refused before.
pub(super) fn array_of(values: impl Iterator<Item = f64>, dtype: DType) -> Array {
    with_number!(dtype, T => {
        use h5lite::Number;
        values.map(T::from_f64).collect::<Vec<T>>().into()
    }, text => Vec::<u8>::new().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_what_they_say() {
        for text in [
            "9007199254740991",
            "-9007199254740992",
            "+9007199254740992",
            "1e300",
            "1E300",
        ] {
            assert_eq!(number(text.as_bytes()), Ok(text.parse().unwrap()));
        }
        for text in [
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551615",
        ] {
            assert!(number(text.as_bytes()).unwrap_err().contains("beyond 2^53"));
        }
    }
}
