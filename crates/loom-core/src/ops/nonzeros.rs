//! Where values are not zero, which in the matrices of single cells few are.

use h5lite::Number;

/// So many values are compared at once, to a bit each: one jump for the group that is not foreseen,
/// where comparing one by one has one for each value.
const GROUP: usize = u64::BITS as usize;

/// Calls `visit` with each value that is not zero and its place, in order.
pub(super) fn each_nonzero<T: Number>(values: &[T], mut visit: impl FnMut(usize, T)) {
    let (groups, rest) = values.as_chunks();
    let mut first = 0;
    for group in groups {
        let mut left = nonzeros(group);
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            visit(first + bit, group[bit]);
            left &= left - 1;
        }
        first += GROUP;
    }
    for (place, &value) in (first..).zip(rest) {
        if value != T::default() {
            visit(place, value);
        }
    }
}

/// A bit for each value that is not zero.
#[inline(never)] // there is one for each type, and not one for each use
fn nonzeros<T: Number>(values: &[T; GROUP]) -> u64 {
    /// Moves the lowest bits of eight bytes into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    // A byte for each, since the processor compares a row of values to a row of bytes.
    let mut flags = [0; GROUP];
    for (flag, value) in flags.iter_mut().zip(values) {
        *flag = u8::from(*value != T::default());
    }
    let (eights, _) = flags.as_chunks();
    eights.iter().rev().fold(0, |bits, &eight| {
        bits << 8 | u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Places and values, by the group and one by one.
    fn both<T: Number>(values: &[T]) -> [Vec<(usize, f64)>; 2] {
        let mut found = Vec::new();
        each_nonzero(values, |place, value| found.push((place, value.to_f64())));
        let one_by_one = values
            .iter()
            .enumerate()
            .filter(|(_, value)| **value != T::default());
        [
            found,
            one_by_one
                .map(|(place, value)| (place, value.to_f64()))
                .collect(),
        ]
    }

    proptest! {
        #[test]
        fn they_are_those_that_a_comparison_finds(
            values in prop::collection::vec(prop_oneof![3 => Just(0_i16), 1 => any::<i16>()], 0..200),
            doubles in prop::collection::vec(prop_oneof![3 => Just(0.0), 1 => any::<f64>()], 0..200),
        ) {
            let [found, expected] = both(&values);
            prop_assert_eq!(found, expected);
            let floats: Vec<f32> = values.iter().map(|&value| f32::from(value)).collect();
            let [found, expected] = both(&floats);
            prop_assert_eq!(found, expected);
            let doubles: Vec<f64> = doubles.into_iter().chain(floats.iter().map(|&x| x.into())).collect();
            let mut found = Vec::new();
            each_nonzero(&doubles, |place, value| found.push((place, value.to_bits())));
            let one_by_one = doubles.iter().enumerate().filter(|(_, value)| **value != 0.0);
            let one_by_one = one_by_one.map(|(place, value)| (place, value.to_bits()));
            prop_assert_eq!(found, one_by_one.collect::<Vec<_>>());
            let bytes: Vec<u8> = values.iter().map(|value| value.to_le_bytes()[0]).collect();
            let [found, expected] = both(&bytes);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_zero() {
        let mut values = [0.0_f64; 130];
        (values[0], values[64], values[129], values[5]) = (f64::NAN, f64::MIN_POSITIVE, -1.0, -0.0);
        let mut places = Vec::new();
        each_nonzero(&values, |place, _| places.push(place));
        assert_eq!(places, [0, 64, 129]);
    }
}
