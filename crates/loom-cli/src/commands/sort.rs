//! `loom sort`: rows or columns in the order of an attribute.

use std::cmp::Ordering;

use loom_core::{Array, h5lite::with_array};

use super::permute::permute;
use crate::{
    args,
    error::{Cause, Result},
    open,
    output::Output,
};

/// Sorts them.
pub(super) fn run(args: &args::Sort, out: &mut Output) -> Result<()> {
    let ds = open::loom(&args.file)?;
    let attrs = ds.axis_attrs(args.axis);
    let values = match attrs.get_any(&args.by) {
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            return Err(Cause::asked(format!("{error}{others}")));
        }
        other => other?,
    };
    if values.ndim() != 1 {
        let reason = format!("{} has several values for each position", args.by);
        return Err(Cause::asked(reason));
    }
    drop(ds);
    let order = order(&values, args.descending);
    permute(&args.file, args.axis, &order, &args.place, out)
}

/// The positions in the order of their values. What is not a number stays at the end.
fn order(values: &Array, descending: bool) -> Vec<usize> {
    with_array!(values, values => {
        let values: Vec<_> = values.iter().collect();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (values[a], values[b]);
            match a.partial_cmp(b) {
                Some(ordering) if descending => ordering.reverse(),
                Some(ordering) => ordering,
                None => is_nan(a).cmp(&is_nan(b)),
            }
        });
        order
    })
}

/// Whether a value differs from itself.
fn is_nan<T: PartialOrd>(value: &T) -> bool {
    value.partial_cmp(value) != Some(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_keep_their_order_and_nan_is_last() {
        let values = Array::from(vec![2.0, f64::NAN, 1.0, 2.0, -0.5]);
        assert_eq!(order(&values, false), [4, 2, 0, 3, 1]);
        assert_eq!(order(&values, true), [0, 3, 2, 4, 1]);
        let text = Array::from(vec!["b".to_owned(), "A".to_owned(), "a".to_owned()]);
        assert_eq!(order(&text, false), [1, 2, 0]);
    }
}
