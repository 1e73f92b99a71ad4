//! Where values are not zero, which in the matrices of single cells few are.

use h5lite::Number;

/// Calls `visit` with each value that is not zero and its place, in order.
pub(super) fn each_nonzero<T: Number>(values: &[T], mut visit: impl FnMut(usize, T)) {
    /// So many values are compared at once, to a bit each: one jump for the group that is not
    /// foreseen, where comparing one by one has one for each value.
    const GROUP: usize = u32::BITS as usize;
    let mut first = 0;
    for group in values.chunks(GROUP) {
        let bits = (0..).zip(group);
        let mut left = bits.fold(0, |bits: u32, (bit, value)| {
            bits | u32::from(*value != T::default()) << bit
        });
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            visit(first + bit, group[bit]);
            left &= left - 1;
        }
        first += GROUP;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_that_a_comparison_finds(
            values in prop::collection::vec(prop_oneof![3 => Just(0.0), 1 => any::<f64>()], 0..200),
        ) {
            let mut found = Vec::new();
            each_nonzero(&values, |place, value| found.push((place, value.to_bits())));
            let one_by_one = values.iter().enumerate().filter(|(_, value)| **value != 0.0);
            let one_by_one = one_by_one.map(|(place, value)| (place, value.to_bits()));
            prop_assert_eq!(found, one_by_one.collect::<Vec<_>>());
        }
    }
}
