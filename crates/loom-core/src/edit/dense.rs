//! Dense values into a layer.

use std::ops::Range;

use h5lite::{Array, Number};
use ndarray::{ArrayView2, Ix2, s};

use super::Change;
use crate::{
    error::{Error, Result},
    layers,
    numeric::with_numbers,
};

impl Change<'_, '_> {
    /// Writes the columns of a matrix from `first` on to a part of a layer.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub(crate) fn write_dense(
        &mut self,
        name: &str,
        place: (Range<usize>, Range<usize>),
        values: &Array,
        first: usize,
    ) -> Result<()> {
        with_numbers!(
            values,
            values => {
                let shape = values.shape().to_vec();
                let Ok(values) = values.view().into_dimensionality::<Ix2>() else {
                    return Err(Error::Shape {
                        what: format!("{} {name:?}", layers::WHAT),
                        expected: "two axes".to_owned(),
                        found: shape,
                    });
                };
                let values = values.slice(s![.., first..first + place.1.len()]);
                self.write_view(name, place, &values)
            },
            text => Ok(self.edit.write_at(&layers::path(name), &[place.0.into(), place.1.into()], values)?)
        )
    }

    fn write_view<T: Number>(
        &mut self,
        name: &str,
        (rows, cols): (Range<usize>, Range<usize>),
        values: &ArrayView2<'_, T>,
    ) -> Result<()> {
        let within = [rows.clone(), cols.clone()];
        let fill = |place: &[Range<usize>], out: &mut [T]| {
            let [row, col] = [place[0].start, place[1].start];
            let width = place[1].len();
            let part = (col - cols.start)..(col - cols.start + width);
            let lines = values.slice(s![row - rows.start..place[0].end - rows.start, part]);
            for (line, out) in lines.rows().into_iter().zip(out.chunks_exact_mut(width)) {
                match line.as_slice() {
                    Some(line) => out.copy_from_slice(line),
                    None => out
                        .iter_mut()
                        .zip(line)
                        .for_each(|(out, &value)| *out = value),
                }
            }
            match not_finite(out) {
                Some((at, value)) => Err(Error::NotFinite {
                    layer: name.to_owned(),
                    row: row + at / width,
                    col: col + at % width,
                    value,
                }),
                None => Ok(true),
            }
        };
        self.edit.write_with(&layers::path(name), &within, fill)
    }
}

/// Refuses NaN and infinity. `place` says where in the layer a value will be.
pub(super) fn check_finite(
    layer: &str,
    values: &Array,
    place: impl Fn(usize, usize) -> (usize, usize),
) -> Result<()> {
    let found = with_numbers!(
        values,
        values => not_finite(values.as_standard_layout().as_slice().unwrap_or_default()),
        text => None
    );
    let Some((index, value)) = found else {
        return Ok(());
    };
    let width = values.shape().get(1).copied().unwrap_or(1).max(1);
    let (row, col) = place(index / width, index % width);
    Err(Error::NotFinite {
        layer: layer.to_owned(),
        row,
        col,
        value,
    })
}

/// The first number that is not finite, and its place.
pub(super) fn not_finite<T: Number>(values: &[T]) -> Option<(usize, f64)> {
    /// So many are looked at together, which is faster than one by one.
    const BLOCK: usize = 256;
    if !T::DTYPE.is_float() {
        return None;
    }
    let all_finite = |block: &[T]| {
        block
            .iter()
            .fold(true, |all, value| all & value.is_finite())
    };
    let block = values.chunks(BLOCK).position(|block| !all_finite(block))?;
    let rest = values.get(block * BLOCK..)?;
    let at = rest.iter().position(|value| !value.is_finite())?;
    Some((block * BLOCK + at, rest[at].to_f64()))
}
