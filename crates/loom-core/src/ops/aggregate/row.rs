//! What one row makes of its groups.

use h5lite::Number;

use super::{super::nonzeros::each_nonzero, func::Func, groups::Groups};

/// The function's value for each group of one row, which has a value for each column.
pub(super) fn aggregate<T: Cell>(function: Func, row: &[T], groups: &Groups) -> Vec<f64> {
    let (plain, skips) = function.plain();
    if skips && row.iter().any(|value| value.is_nan()) {
        let kept = row
            .iter()
            .zip(groups.of())
            .filter(|(value, _)| !value.is_nan());
        let (values, of): (Vec<T>, Vec<usize>) = kept.unzip();
        let mut counts = vec![0; groups.len()];
        of.iter().for_each(|&group| counts[group] += 1);
        Row {
            values: &values,
            of: &of,
            counts: &counts,
        }
        .results(plain)
    } else {
        Row {
            values: row,
            of: groups.of(),
            counts: groups.counts(),
        }
        .results(plain)
    }
}

/// The values of a row that count, each with its group.
struct Row<'a, T> {
    values: &'a [T],
    of: &'a [usize],
    /// How many each group has.
    counts: &'a [usize],
}

impl<T: Cell> Row<'_, T> {
    /// For each group what `step` makes of its values in order, and `finish` of that; 0 for a
    /// group without values.
    fn fold<A: Clone>(
        &self,
        start: A,
        step: impl Fn(&mut A, T, usize),
        finish: impl Fn(A, f64) -> f64,
    ) -> Vec<f64> {
        let mut groups = vec![start; self.counts.len()];
        for (&value, &group) in self.values.iter().zip(self.of) {
            if let Some(so_far) = groups.get_mut(group) {
                step(so_far, value, group);
            }
        }
        self.finished(groups, finish)
    }

    /// The sum of the values of each group, after `finish`; 0 for a group without values.
    fn sums(&self, finish: impl Fn(T::Sum, f64) -> f64) -> Vec<f64> {
        let mut groups = vec![T::Sum::default(); self.counts.len()];
        each_nonzero(self.values, |place, value| {
            let group = self.of.get(place);
            if let Some(sum) = group.and_then(|&group| groups.get_mut(group)) {
                T::add(sum, value);
            }
        });
        self.finished(groups, finish)
    }

    fn finished<A>(&self, groups: Vec<A>, finish: impl Fn(A, f64) -> f64) -> Vec<f64> {
        let groups = groups.into_iter().zip(self.counts);
        let result = |(so_far, &count)| match count {
            0 => 0.0,
            count => finish(so_far, real(count)),
        };
        groups.map(result).collect()
    }

    fn results(&self, function: Func) -> Vec<f64> {
        let boolean = |truth: bool, _| f64::from(u8::from(truth));
        let number = |value: Option<T>, _| value.map_or(0.0, Number::to_f64);
        match function {
            Func::Prod => self.fold(1.0, |a, x, _| *a = T::times(*a, x), |a, _| a),
            Func::Mean => self.sums(|a, n| T::rounded(T::total(a) / n)),
            Func::Var => self.variances(T::rounded),
            Func::Std => self.variances(|variance| T::rounded(variance.sqrt())),
            Func::Min => self.fold(
                None,
                |a, x, _| *a = Some(better(*a, x, |a, b| a < b)),
                number,
            ),
            Func::Max => self.fold(
                None,
                |a, x, _| *a = Some(better(*a, x, |a, b| a > b)),
                number,
            ),
            Func::First => self.fold(None, |a, x, _| *a = a.or(Some(x)), number),
            Func::Last => self.fold(None, |a, x, _| *a = Some(x), number),
            Func::Median => self.medians(),
            Func::All => self.fold(true, |a, x, _| *a &= x != T::default(), boolean),
            Func::Any => self.fold(false, |a, x, _| *a |= x != T::default(), boolean),
            Func::Len => self.fold((), |(), _, _| (), |(), count| count),
            _ => self.sums(|a, _| T::rounded(T::total(a))),
        }
    }

    fn variances(&self, finish: impl Fn(f64) -> f64) -> Vec<f64> {
        let means = self.sums(|a, n| T::total(a) / n);
        let square = |squares: &mut f64, value: T, group: usize| {
            let distance = value.to_f64() - means.get(group).copied().unwrap_or(0.0);
            *squares += distance * distance;
        };
        self.fold(0.0, square, |squares, count| finish(squares / count))
    }

    fn medians(&self) -> Vec<f64> {
        let mut members = vec![Vec::new(); self.counts.len()];
        for (&value, &group) in self.values.iter().zip(self.of) {
            if let Some(members) = members.get_mut(group) {
                members.push(value);
            }
        }
        // Which of several zeros is in the middle is chance: the result is never -0.
        members
            .iter_mut()
            .map(|members| median(members) + 0.0)
            .collect()
    }
}

/// The better one of two; a value that is not a number is the best of all.
fn better<T: Cell>(so_far: Option<T>, value: T, is_better: impl Fn(T, T) -> bool) -> T {
    match so_far {
        Some(best) if best.is_nan() || is_better(best, value) => best,
        _ => value,
    }
}

/// A number as the functions take it.
pub(super) trait Cell: Number {
    /// A sum of such numbers, exact for integers.
    type Sum: Copy + Default;

    /// Whether it is not a number.
    fn is_nan(self) -> bool;

    /// Adds a number to a sum.
    fn add(sum: &mut Self::Sum, value: Self);

    /// The value of a sum.
    fn total(sum: Self::Sum) -> f64;

    /// A product times a number, in the type that numpy multiplies in; of integers in `f64`.
    fn times(product: f64, value: Self) -> f64;

    /// Half of the sum of two numbers, in the type that numpy takes it in.
    fn middle(a: Self, b: Self) -> f64;

    /// A result of floating-point numbers as their own type holds it.
    fn rounded(value: f64) -> f64;
}

macro_rules! integers {
    ($($type:ty, $sum:ty;)*) => {$(
        impl Cell for $type {
            type Sum = $sum;

            fn is_nan(self) -> bool {
                false
            }

            fn add(sum: &mut $sum, value: Self) {
                *sum += <$sum>::from(value);
            }

            #[allow(clippy::cast_precision_loss, reason = "the result is a float")]
            fn total(sum: $sum) -> f64 {
                sum as f64
            }

            fn times(product: f64, value: Self) -> f64 {
                product * value.to_f64()
            }

            fn middle(a: Self, b: Self) -> f64 {
                f64::midpoint(a.to_f64(), b.to_f64())
            }

            fn rounded(value: f64) -> f64 {
                value
            }
        }
    )*};
}

// A row has fewer than 2^32 values in memory, so that no sum overflows.
integers! {
    i8, i64;
    i16, i64;
    i32, i64;
    i64, i128;
    u8, i64;
    u16, i64;
    u32, i64;
    u64, i128;
}

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            type Sum = f64;

            fn is_nan(self) -> bool {
                self.is_nan()
            }

            fn add(sum: &mut f64, value: Self) {
                *sum += value.to_f64();
            }

            fn total(sum: f64) -> f64 {
                sum
            }

            fn times(product: f64, value: Self) -> f64 {
                (Self::from_f64(product) * value).to_f64()
            }

            fn middle(a: Self, b: Self) -> f64 {
                ((a + b) / 2.0).to_f64()
            }

            fn rounded(value: f64) -> f64 {
                Self::from_f64(value).to_f64()
            }
        }
    )*};
}

floats!(f32 f64);

/// The middle of some values, which are put in another order; 0 of none.
fn median<T: Cell>(values: &mut [T]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let is_odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, order);
    if is_odd {
        return upper.to_f64();
    }
    let lower = below
        .iter()
        .copied()
        .reduce(|a, b| if b > a { b } else { a });
    T::middle(lower.unwrap_or(upper), upper)
}

/// A count as a number.
#[allow(clippy::cast_precision_loss, reason = "no group has 2^53 columns")]
fn real(count: usize) -> f64 {
    count as f64
}
