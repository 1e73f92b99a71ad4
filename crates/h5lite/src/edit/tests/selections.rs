//! Selections of deflated chunks against the values themselves: chunks of a matrix that are placed together,
//! and all that is placed alone.

use ndarray::{ArrayD, Axis, IxDyn};
use proptest::{collection::vec, prelude::*};

use super::super::DatasetOptions;
use crate::{File, Selection};

/// A dataset, and what is read of it.
#[derive(Clone, Debug)]
struct Case {
    shape: Vec<usize>,
    chunk: Vec<usize>,
    /// How much of the first axis is written; the rest is the fill value.
    written: usize,
    selections: Vec<Selection>,
}

fn selection(length: usize) -> impl Strategy<Value = Selection> {
    let run = (0..=length, 0..=length).prop_map(|(a, b)| (a.min(b)..a.max(b)).into());
    let stepped = (1..5_usize).prop_map(move |step| Selection::Range {
        start: 0,
        end: Some(length),
        step,
    });
    prop_oneof![
        2 => Just(Selection::All),
        2 => run,
        1 => stepped,
        1 => vec(0..length, 0..2 * length).prop_map(Selection::from),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let axis = |most: usize| {
        (1..most).prop_flat_map(|length| (Just(length), 1..6_usize, selection(length)))
    };
    let shapes = prop_oneof![
        6 => vec(axis(70), 2),
        1 => vec(axis(12), 3),
        1 => vec(axis(300), 1),
    ];
    (shapes, any::<prop::sample::Index>()).prop_map(|(axes, written)| Case {
        shape: axes.iter().map(|axis| axis.0).collect(),
        chunk: axes.iter().map(|axis| axis.1).collect(),
        written: written.index(axes[0].0 + 1),
        selections: axes.into_iter().map(|axis| axis.2).collect(),
    })
}

proptest! {
    #[test]
    fn a_selection_is_that_of_the_values(case in case(), shuffled in any::<bool>()) {
        let Case { shape, chunk, written, selections } = case;
        let count = i32::try_from(shape.iter().product::<usize>()).unwrap();
        let mut values = ArrayD::from_shape_vec(IxDyn(&shape), (0..count).collect()).unwrap();
        let mut options = DatasetOptions::chunked(&chunk).deflate(1).fill(ndarray::arr0(-7_i32).into_dyn().into());
        if shuffled {
            options = options.shuffle();
        }
        let mut file = File::create_in_memory().unwrap();
        let mut edit = file.edit().unwrap();
        edit.create("/data", crate::DType::I32, &shape, &options).unwrap();
        let part = values.slice_axis(Axis(0), (..written).into()).to_owned();
        let mut place = vec![Selection::All; shape.len()];
        place[0] = (..written).into();
        edit.write_at("/data", &place, &part.into()).unwrap();
        edit.commit().unwrap();
        values.slice_axis_mut(Axis(0), (written..).into()).fill(-7);
        for (axis, selection) in selections.iter().enumerate() {
            let positions = selection.positions(axis, shape[axis]).unwrap();
            values = values.select(Axis(axis), &positions);
        }
        let dataset = file.dataset("/data").unwrap();
        prop_assert_eq!(&dataset.read::<i32>(&selections).unwrap(), &values);
        // A reader keeps its memory from one read to the next, and a buffer has something else in it.
        let mut reader = dataset.reader().unwrap();
        let mut buffer = vec![1_i32; values.len()];
        for _ in 0..2 {
            reader.read_into(&selections, &mut buffer).unwrap();
            prop_assert_eq!(&buffer, &values.iter().copied().collect::<Vec<_>>());
        }
    }
}
