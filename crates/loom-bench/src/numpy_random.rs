//! numpy's random numbers: `numpy.random.default_rng(seed)`, so that both sides of a benchmark
//! select the same rows and columns.
//!
//! The methods are those of `numpy.random.Generator`, for one axis and ranges of up to 32 bits.

#![allow(
    clippy::cast_possible_truncation,
    reason = "the generators cut numbers in two"
)]

use std::collections::HashSet;

use rand_core::RngCore;
use rand_pcg::Lcg128Xsl64;

/// `numpy.random.Generator` on `PCG64`.
#[derive(Debug)]
pub(crate) struct Generator {
    pcg: Lcg128Xsl64,
    /// The upper half of the last 64 bits, of which only the lower were asked for.
    upper: Option<u32>,
}

impl Generator {
    /// `numpy.random.default_rng(seed)`.
    pub(crate) fn new(seed: u64) -> Self {
        let words = SeedSequence::new(seed).state();
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        Self {
            pcg: Lcg128Xsl64::new(wide(words[0], words[1]), wide(words[2], words[3])),
            upper: None,
        }
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(upper) = self.upper.take() {
            return upper;
        }
        let both = self.pcg.next_u64();
        self.upper = Some((both >> 32) as u32);
        both as u32
    }

    /// `random()`: from 0 up to 1, exclusive.
    pub(crate) fn random(&mut self) -> f64 {
        (self.pcg.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `integers(0, end)`: Lemire's method.
    pub(crate) fn integers(&mut self, end: usize) -> usize {
        let end = u32::try_from(end).expect("a range of 32 bits");
        // numpy draws nothing where there is nothing to choose.
        if end == 1 {
            return 0;
        }
        let threshold = end.wrapping_neg() % end;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(end);
            if product as u32 >= threshold {
                return (product >> 32) as usize;
            }
        }
    }

    /// `permutation(length)`.
    pub(crate) fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut order = (0..length).collect::<Vec<_>>();
        for i in (1..length).rev() {
            order.swap(i, self.up_to(i));
        }
        order
    }

    /// From 0 up to `last`: numbers of its width until one is not beyond it, as only
    /// `permutation` draws them.
    fn up_to(&mut self, last: usize) -> usize {
        let mask = u32::MAX >> u32::try_from(last).map_or(0, u32::leading_zeros);
        loop {
            let candidate = (self.next_u32() & mask) as usize;
            if candidate <= last {
                return candidate;
            }
        }
    }

    /// `choice(length, size=count, replace=False)`.
    pub(crate) fn choice(&mut self, length: usize, count: usize) -> Vec<usize> {
        if length > 10_000 && count > length / 50 {
            let mut all = (0..length).collect::<Vec<_>>();
            self.shuffle(&mut all, (length - count).max(1));
            return all.split_off(length - count);
        }
        // Floyd's algorithm.
        let mut chosen = HashSet::with_capacity(count);
        let mut order = Vec::with_capacity(count);
        for last in length - count..length {
            let candidate = self.integers(last + 1);
            let new = if chosen.insert(candidate) {
                candidate
            } else {
                last
            };
            chosen.insert(new);
            order.push(new);
        }
        self.shuffle(&mut order, 1);
        order
    }

    /// Fisher and Yates' shuffle from the end down to `first`, as `choice` does it.
    fn shuffle(&mut self, values: &mut [usize], first: usize) {
        for i in (first..values.len()).rev() {
            values.swap(i, self.integers(i + 1));
        }
    }
}

/// `numpy.random.SeedSequence(seed)` with its pool of four words.
struct SeedSequence([u32; 4]);

impl SeedSequence {
    fn new(seed: u64) -> Self {
        let mut hash = Hash(0x43b0_d7e5, 0x931e_8875);
        let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.mix(word));
        for from in 0..pool.len() {
            for to in (0..pool.len()).filter(|&to| to != from) {
                let mixed = (pool[to].wrapping_mul(0xca01_f9dd))
                    .wrapping_sub(hash.mix(pool[from]).wrapping_mul(0x4973_f715));
                pool[to] = mixed ^ mixed >> 16;
            }
        }
        Self(pool)
    }

    /// `generate_state(4, numpy.uint64)`.
    fn state(&self) -> [u64; 4] {
        let mut hash = Hash(0x8b51_f9dd, 0x58f3_8ded);
        let mut words = self.0.iter().cycle().map(|&word| hash.mix(word));
        let mut word = || u64::from(words.next().expect("an endless cycle"));
        [(); 4].map(|()| word() | word() << 32)
    }
}

/// A hash whose constant changes with each word.
struct Hash(u32, u32);

impl Hash {
    fn mix(&mut self, word: u32) -> u32 {
        let word = word ^ self.0;
        self.0 = self.0.wrapping_mul(self.1);
        let word = word.wrapping_mul(self.0);
        word ^ word >> 16
    }
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "as numpy prints them")]
mod tests {
    use super::*;

    const SEEDS: [u64; 3] = [7, 1, (1 << 40) + 5];

    /// The expectations of this module are what numpy 1.26.4 printed.
    #[test]
    fn raw_numbers() {
        let expected = [
            [
                11530976094092348043,
                16550673365885938325,
                14308875409591826786,
            ],
            [
                9441442522235856127,
                17532960557476522086,
                2659275481604167885,
            ],
            [87427594128977387, 6872972437549564694, 10832470946844950135],
        ];
        for (seed, expected) in SEEDS.into_iter().zip(expected) {
            let mut generator = Generator::new(seed);
            assert_eq!([(); 3].map(|()| generator.pcg.next_u64()), expected);
        }
    }

    #[test]
    fn integers_and_floats_mixed() {
        let expected = [
            (
                [47, 625],
                [0.8972138009695755, 0.7756856902451935],
                [41, 11, 2],
            ),
            (
                [23, 511],
                [0.9504636963259353, 0.14415961271963373],
                [41, 47, 12],
            ),
            ([0, 4], [0.3725845824112115, 0.5872294266977701], [44, 7, 0]),
        ];
        for (seed, (first, floats, last)) in SEEDS.into_iter().zip(expected) {
            let mut generator = Generator::new(seed);
            assert_eq!([50, 1000].map(|end| generator.integers(end)), first);
            assert_eq!([(); 2].map(|()| generator.random()), floats);
            assert_eq!([50; 3].map(|end| generator.integers(end)), last);
        }
    }

    #[test]
    fn choices_and_permutations() {
        let expected = [
            ([16, 19, 24, 17, 26], [3, 2, 5, 6, 7, 0, 4, 1]),
            ([13, 1, 21, 27, 12], [1, 6, 2, 3, 4, 5, 7, 0]),
            ([26, 27, 0, 10, 12], [0, 2, 7, 3, 4, 1, 5, 6]),
        ];
        for (seed, (choice, permutation)) in SEEDS.into_iter().zip(expected) {
            let mut generator = Generator::new(seed);
            assert_eq!(generator.choice(30, 5), choice);
            assert_eq!(generator.permutation(8), permutation);
        }
    }

    #[test]
    fn few_or_many_of_a_long_axis() {
        let expected = [
            (
                [13617, 235, 19359, 1829, 19997],
                122_892,
                [3649, 7788, 18918, 3025, 3204],
                630_898,
            ),
            (
                [14461, 12448, 2469, 2671, 8149],
                725_293,
                [17325, 13920, 15584, 18880, 337],
                628_508,
            ),
            (
                [11412, 11278, 3175, 8955, 1422],
                336_658,
                [18836, 18774, 19923, 7322, 7417],
                749_699,
            ),
        ];
        for (seed, (few, behind_few, many, behind_many)) in SEEDS.into_iter().zip(expected) {
            let mut generator = Generator::new(seed);
            assert_eq!(generator.choice(20_000, 100)[..5], few);
            assert_eq!(generator.integers(1_000_000), behind_few);
            let mut generator = Generator::new(seed);
            assert_eq!(generator.choice(20_000, 2_000)[..5], many);
            assert_eq!(generator.integers(1_000_000), behind_many);
        }
    }
}
