//! Sums over several selections, against plain loops over the whole matrix.

use h5lite::Selection;
use proptest::{collection::vec, prelude::*};

use super::open;
use crate::{Axis, LoomConnection, Summary};

/// What a plain loop sums up to.
fn plain(ds: &LoomConnection, axis: Axis, lane: usize, positions: &[usize]) -> (f64, usize, f64) {
    let (row, col) = axis.pair(Selection::from(lane), Selection::from(positions));
    let layer = ds.layer("").unwrap();
    let values: Vec<f64> = layer.read_lossy(row, col).unwrap().into_iter().collect();
    let (total, count) = (values.iter().sum::<f64>(), values.len() as f64);
    let distance = |value: &f64| (value - total / count) * (value - total / count);
    let variance = values.iter().map(distance).sum::<f64>() / count;
    let detected = values.iter().filter(|&&value| value != 0.0).count();
    (total, detected, variance)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(1.0) || (a.is_nan() && b.is_nan())
}

fn same(found: &Summary, (total, detected, variance): (f64, usize, f64)) -> bool {
    close(found.total, total) && found.detected == detected && close(found.variance(), variance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Selections overlap, are empty, repeat positions; one may be everything.
    #[test]
    fn selections_are_summed_up_at_once(
        rows in any::<bool>(),
        lists in vec(prop_oneof![vec(0_usize..100, 0..40), Just((0..100).collect())], 0..4),
        all in any::<bool>(),
        lane in 0_usize..100,
    ) {
        let ds = open("loompy3.loom");
        let axis = if rows { Axis::Rows } else { Axis::Cols };
        let (length, width) = (axis.of(ds.shape()), axis.other().of(ds.shape()));
        let lane = lane % length;
        let mut lists: Vec<Vec<usize>> = lists;
        lists.iter_mut().for_each(|list| list.retain(|&position| position < width));
        let mut across: Vec<Selection> = lists.iter().map(|list| list.as_slice().into()).collect();
        if all {
            across.push(Selection::All);
            lists.push((0..width).collect());
        }
        let found = ds.layer("").unwrap().summaries(axis, &across).unwrap();
        prop_assert_eq!(found.len(), lists.len());
        for (summaries, list) in found.iter().zip(&lists) {
            prop_assert_eq!(summaries.len(), length);
            let one = &summaries[lane];
            prop_assert_eq!(one.values, list.len());
            prop_assert!(same(one, plain(&ds, axis, lane, list)), "{:?} {:?}", one, list);
        }
    }

    /// Parts in any number, taken together, are the whole.
    #[test]
    fn parts_add_up(cuts in vec(0_usize..90, 0..6), lane in 0_usize..90) {
        let ds = open("loompy3.loom");
        let (lane, width) = (lane % ds.shape().0, ds.shape().1);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(width)).collect();
        cuts.extend([0, width]);
        cuts.sort_unstable();
        let parts: Vec<Selection> = cuts.windows(2).map(|ends| (ends[0]..ends[1]).into()).collect();
        let found = ds.layer("").unwrap().summaries(Axis::Rows, &parts).unwrap();
        let sum = found.iter().fold(Summary::default(), |sum, part| sum.with(&part[lane]));
        let all: Vec<usize> = (0..width).collect();
        prop_assert!(same(&sum, plain(&ds, Axis::Rows, lane, &all)), "{:?}", sum);
    }
}

#[test]
fn no_selection_no_summary() {
    let ds = open("loompy3.loom");
    assert!(
        ds.layer("")
            .unwrap()
            .summaries(Axis::Rows, &[])
            .unwrap()
            .is_empty()
    );
    let clusters = ds.ca().categories("None").unwrap_err();
    assert!(clusters.is_not_found());
}
