//! The layers of the result, put together tile by tile.

use h5lite::{DType, Number, Steps};
use ndarray::{Array2, Axis as ArrayAxis, Slice};

use super::{Input, Join, align::Alignment, kind::common};
use crate::{
    axis::Axis,
    edit::{NewFile, tiles},
    error::{Error, Result},
    layers::{Layer, WHAT},
    numeric::with_number,
    ops::bands,
};

/// A layer of the result.
pub(super) struct Joined<'i> {
    name: String,
    dtype: DType,
    /// The layer in each file; `None` for zeros.
    sources: Vec<Option<Layer<'i>>>,
}

impl<'i> Joined<'i> {
    /// The layers of the first file, which the others have too; in an outer join those of all.
    pub(super) fn all(inputs: &'i [Input<'_>], join: Join) -> Result<Vec<Self>> {
        let mut names: Vec<String> = vec![String::new()];
        for input in inputs {
            for name in input.ds.layers().keys()? {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            if join != Join::Outer {
                break;
            }
        }
        names
            .into_iter()
            .map(|name| Self::new(name, inputs, join))
            .collect()
    }

    fn new(name: String, inputs: &'i [Input<'_>], join: Join) -> Result<Self> {
        let mut dtype: Option<(DType, &Input<'_>)> = None;
        let mut sources = Vec::with_capacity(inputs.len());
        for input in inputs {
            let ds = &input.ds;
            if !ds.layers().contains(&name)? && !name.is_empty() {
                if join == Join::Outer {
                    sources.push(None);
                    continue;
                }
                let (file, first) = (&input.name, &inputs[0].name);
                let reason = format!("{file} has no {WHAT} {name:?}, which {first} has");
                return Err(Error::Misuse(reason));
            }
            let layer = ds.layer(&name)?;
            layer.check_shape(ds.shape())?;
            let (rows, cols) = layer.shape();
            layer.afford(rows, cols)?;
            dtype = Some(match dtype {
                None => (layer.dtype(), input),
                Some((before, first)) => {
                    let what = format!("{WHAT} {name:?}");
                    let both = common(&what, (before, first), (layer.dtype(), input))?;
                    (both, first)
                }
            });
            sources.push(Some(layer));
        }
        Ok(Self {
            name,
            dtype: dtype.map_or(DType::F64, |(dtype, _)| dtype),
            sources,
        })
    }

    /// Writes the layer, `batch` positions of `axis` at a time at most.
    pub(super) fn write(
        &self,
        file: &mut NewFile<'_, '_>,
        axis: Axis,
        batch: usize,
        (inputs, rows): (&[Input<'_>], &Alignment),
        steps: &mut Steps,
    ) -> Result<()> {
        let along = inputs.iter().map(|input| input.positions.len()).sum();
        let (height, width) = axis.pair(along, rows.len);
        file.layer(&self.name, self.dtype, (height, width))?;
        let size = self.dtype.size().unwrap_or(8);
        for tile in tiles((height, width), size, axis.other(), batch) {
            let (along, across) = (axis.of(tile.clone()), axis.other().of(tile.clone()));
            let values = (along.len() * across.len()) as u64;
            with_number!(self.dtype, T => {
                let part = self.tile::<T>(axis, (along, across), inputs, rows)?;
                file.tile(&self.name, tile, &part.into())?;
            }, text => return Err(Error::Misuse(format!("{WHAT} {:?} holds text", self.name))));
            steps.advance(values)?;
        }
        Ok(())
    }

    /// A part of the layer.
    fn tile<T: Number>(
        &self,
        axis: Axis,
        (along, across): (std::ops::Range<usize>, std::ops::Range<usize>),
        inputs: &[Input<'_>],
        rows: &Alignment,
    ) -> Result<Array2<T>> {
        let zeros = || Array2::<T>::default(axis.pair(along.len(), across.len()));
        let mut tile = None;
        let mut start = 0;
        for ((input, source), places) in inputs.iter().zip(&self.sources).zip(&rows.files) {
            let end = start + input.positions.len();
            let (from, to) = (along.start.max(start), along.end.min(end));
            let offset = std::mem::replace(&mut start, end);
            let Some(source) = source.as_ref().filter(|_| from < to) else {
                continue;
            };
            // Where each position across goes, and where it is in the file.
            let present = places[across.clone()].iter().enumerate();
            let (slots, positions): (Vec<usize>, Vec<usize>) = present
                .filter_map(|(slot, place)| place.map(|place| (slot, place)))
                .unzip();
            let here = bands::together(&input.positions[from - offset..to - offset]);
            let (of_rows, of_cols) = axis.pair(here, bands::together(&positions));
            let values = source.read::<T>(of_rows, of_cols)?;
            if slots.len() == across.len() && to - from == along.len() {
                return Ok(values);
            }
            let tile = tile.get_or_insert_with(zeros);
            let slice = Slice::from(from - along.start..to - along.start);
            let mut target = tile.slice_axis_mut(ArrayAxis(axis.index()), slice);
            if slots.len() == across.len() {
                target.assign(&values);
                continue;
            }
            let other = ArrayAxis(axis.other().index());
            for (number, &slot) in slots.iter().enumerate() {
                let line = values.index_axis(other, number);
                target.index_axis_mut(other, slot).assign(&line);
            }
        }
        Ok(tile.unwrap_or_else(zeros))
    }
}
