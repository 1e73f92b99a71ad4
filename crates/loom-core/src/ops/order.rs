//! The order of values.

use std::cmp::Ordering;

use h5lite::{Array, with_array};

use crate::error::{Error, Result};

/// The positions of a list in the order in which its values increase, or decrease: numpy's `argsort`
/// with `kind="stable"`.
///
/// Equal values keep their order, and what does not compare, NaN, is last either way. `name` is what
/// an error calls the list.
///
/// # Errors
/// [`Error::Shape`] for values of more than one axis.
pub fn argsort(name: &str, values: &Array, descending: bool) -> Result<Vec<usize>> {
    fn compare<T: PartialOrd>(a: &T, b: &T, descending: bool) -> Ordering {
        let unordered = |x: &T| x.partial_cmp(x).is_none();
        match a.partial_cmp(b) {
            Some(ordering) if descending => ordering.reverse(),
            Some(ordering) => ordering,
            None => unordered(a).cmp(&unordered(b)),
        }
    }
    if values.ndim() != 1 {
        return Err(Error::Shape {
            what: name.to_owned(),
            expected: "a single axis".to_owned(),
            found: values.shape().to_vec(),
        });
    }
    Ok(with_array!(values, values => {
        let compare = |a, b| compare(&values[a], &values[b], descending);
        sorted(values.len(), &compare)
    }))
}

/// So many positions, sorted; once for all types.
fn sorted(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| compare(a, b));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_keep_their_order_and_nan_is_last() {
        let order = |values: &Array, descending| argsort("values", values, descending).unwrap();
        let values = Array::from(vec![2.0, f64::NAN, 1.0, 2.0, -0.5]);
        assert_eq!(order(&values, false), [4, 2, 0, 3, 1]);
        assert_eq!(order(&values, true), [0, 3, 2, 4, 1]);
        let text = Array::from(vec!["b".to_owned(), "A".to_owned(), "a".to_owned()]);
        assert_eq!(order(&text, false), [1, 2, 0]);
    }
}
