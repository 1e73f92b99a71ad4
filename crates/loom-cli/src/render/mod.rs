//! Text for people: nothing that steers a terminal, columns that line up, readable sizes.

mod escape;
mod grid;
mod storage;

pub(crate) use escape::{escape, shorten, steers};
pub(crate) use grid::{Align, Grid};
pub(crate) use storage::{dtype, filter_names, filters, shape};

/// A number of things with their name: `1 row`, `2,000 rows`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number as u64),
        if number == 1 { one } else { many }
    )
}

/// A number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in the unit that suits it.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let exact = format!("{} bytes", grouped(number));
    let (mut whole, mut unit) = (u128::from(number) * 10, None);
    for name in UNITS {
        if whole < 10_240 {
            break;
        }
        (whole, unit) = (whole / 1024, Some(name));
    }
    match unit {
        Some(unit) => format!("{}.{} {unit} ({exact})", whole / 10, whole % 10),
        None => exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB (1,536 bytes)");
        assert!(bytes(u64::MAX).starts_with("16777215.9 TiB"));
        assert_eq!(
            (count(1, "row", "rows"), count(0, "row", "rows")),
            ("1 row".into(), "0 rows".into())
        );
    }
}
