//! Numbers that a caller makes while they are written, on any number of threads.

use std::ops::Range;

use ndarray::{Array2, s};
use proptest::prelude::*;

use super::{DatasetOptions, numbers};
use crate::{Array, Error, File, Threads};

/// A value for each place, with runs of zeros.
fn value(row: usize, col: usize) -> i32 {
    i32::try_from((row * 31 + col * 7) % 11).unwrap() - 5
}

/// Returns whether a part of a box is written: some are left as they are.
fn fill(place: &[Range<usize>], out: &mut [i32]) -> bool {
    assert!(out.iter().all(|&value| value == 0));
    let places = (place[0].clone()).flat_map(|row| place[1].clone().map(move |col| (row, col)));
    for (out, (row, col)) in out.iter_mut().zip(places) {
        *out = value(row, col);
    }
    (place[0].start + place[1].start) % 3 != 1
}

fn filter(options: DatasetOptions) -> DatasetOptions {
    options.shuffle().deflate(2).fletcher32()
}

proptest! {
    #[test]
    fn boxes_are_filled_chunk_by_chunk(
        shape in (1_usize..30, 1_usize..30),
        chunk in (1_usize..12, 1_usize..12),
        corners in [0_usize..30, 0..30, 0..30, 0..30],
    ) {
        let [top, bottom, left, right] = corners;
        let (rows, cols) = shape;
        let within = [top.min(rows)..bottom.min(rows).max(top.min(rows)),
            left.min(cols)..right.min(cols).max(left.min(cols))];
        let mut expected = Array2::from_elem(shape, 100_i32);
        for row in within[0].clone() {
            for col in within[1].clone() {
                let start = |at: usize, chunk: usize, from: usize| (at / chunk * chunk).max(from);
                let of_chunk = start(row, chunk.0, within[0].start) + start(col, chunk.1, within[1].start);
                if of_chunk % 3 != 1 {
                    expected[(row, col)] = value(row, col);
                }
            }
        }
        let mut files = Vec::new();
        for threads in [1, 2, 8] {
            let options = File::options().threads(Threads::new(threads).unwrap());
            let mut empty = File::create_in_memory().unwrap();
            empty.edit().unwrap().commit().unwrap();
            let mut file = options.from_bytes_rw(empty.into_bytes().unwrap()).unwrap();
            let mut edit = file.edit().unwrap();
            let before = Array::from(Array2::from_elem(shape, 100_i32));
            let options = filter(DatasetOptions::chunked(&[chunk.0, chunk.1]));
            edit.write("/a", &before, &options).unwrap();
            edit.write_with("/a", &within, |place, out| Ok::<_, Error>(fill(place, out))).unwrap();
            edit.commit().unwrap();
            let read = file.dataset("/a").unwrap().read::<i32>(&[]).unwrap();
            prop_assert_eq!(read, expected.clone().into_dyn());
            files.push(file.into_bytes().unwrap());
        }
        prop_assert!(files.iter().all(|bytes| *bytes == files[0]));
    }
}

#[test]
fn what_is_not_in_chunks_is_filled_at_once() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous();
    edit.write("/a", &numbers(&[5, 4]), &options).unwrap();
    let nothing = |_: &[Range<usize>], _: &mut [f32]| Ok::<_, Error>(false);
    edit.write_with("/a", &[0..5, 0..4], nothing).unwrap();
    let ones = |place: &[Range<usize>], out: &mut [f32]| {
        assert_eq!(place, [1..3, 2..4]);
        out.fill(1.0);
        Ok::<_, Error>(true)
    };
    edit.write_with("/a", &[1..3, 2..4], ones).unwrap();
    edit.commit().unwrap();
    let mut expected: Array2<f32> = numbers(&[5, 4])
        .into_typed()
        .unwrap()
        .into_dimensionality()
        .unwrap();
    expected.slice_mut(s![1..3, 2..4]).fill(1.0);
    assert_eq!(
        file.dataset("/a").unwrap().read::<f32>(&[]).unwrap(),
        expected.into_dyn()
    );
}

#[test]
fn what_cannot_be_filled_stays() {
    #[derive(Debug)]
    enum Failure {
        Own,
        Other(Error),
    }
    impl From<Error> for Failure {
        fn from(error: Error) -> Self {
            Self::Other(error)
        }
    }
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let options = filter(DatasetOptions::chunked(&[2, 2]));
    edit.write("/a", &numbers(&[5, 4]), &options).unwrap();
    let refused = edit.write_with("/a", &[0..5, 0..4], |place, out: &mut [f32]| {
        out.fill(1.0);
        match place[0].start {
            4 => Err(Failure::Own),
            _ => Ok(true),
        }
    });
    assert!(matches!(refused, Err(Failure::Own)));
    let refused = |edit: &mut crate::Edit<'_>, within: [Range<usize>; 2]| {
        let fill = |_: &[Range<usize>], _: &mut [f64]| Ok::<_, Failure>(true);
        match edit.write_with("/a", &within, fill) {
            Err(Failure::Other(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    // Doubles are not safe in floats; nine rows there are not.
    for within in [[0..5, 0..4], [0..9, 0..4]] {
        let error = refused(&mut edit, within);
        assert!(error.contains("/a"), "{error}");
    }
    edit.commit().unwrap();
    assert_eq!(
        file.dataset("/a").unwrap().read_any(&[]).unwrap(),
        numbers(&[5, 4])
    );
}
