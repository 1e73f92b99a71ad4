//! Values into chunks: what is covered is replaced, what is not is kept.

use std::ops::Range;

use super::{
    Context,
    chunk_jobs::{Job, Written, replaces, rewrite, write_bands},
    dataset::{PendingData, Place},
    filling::{Failed, MakeFilling},
    values::{self, Incoming},
};
use crate::{
    error::{Error, Result},
    image::Address,
    read::{Band, Piece, bands},
    value::{DType, Selection},
    with_array,
};

/// Writes values to the selected positions of a chunked dataset.
///
/// Numbers are brought into their stored form where they go into a chunk, so that memory does not
/// follow how many there are.
pub(super) fn write(
    data: &mut PendingData,
    context: &mut Context<'_>,
    selections: &[&Selection],
    incoming: Incoming<'_>,
) -> Result<()> {
    let mut written = Written::new();
    let datatype = &data.datatype;
    match incoming {
        Incoming::Values(array) if array.dtype() != DType::Str => with_array!(array, a => {
            let a = a.as_standard_layout();
            let numbers = a.as_slice().unwrap_or_default();
            write_runs(data, context, selections, &mut written, &|run, out| {
                let numbers = numbers.get(run).ok_or_else(short)?;
                values::numbers(numbers, datatype, out)
            })
        }),
        _ => {
            let stored = incoming.stored(context, datatype)?;
            write_stored(data, context, selections, &stored, &mut written)
        }
    }?;
    if let Place::Chunked(pending) = &mut data.place {
        pending.written.extend(written);
    }
    Ok(())
}

/// Writes stored elements to the selected positions.
pub(super) fn write_stored(
    data: &PendingData,
    context: &mut Context<'_>,
    selections: &[&Selection],
    stored: &[u8],
    written: &mut Written,
) -> Result<()> {
    let element = data.element();
    write_runs(data, context, selections, written, &|run, out| {
        let bytes = stored.get(run.start * element..run.end * element);
        out.extend_from_slice(bytes.ok_or_else(short)?);
        Ok(())
    })
}

/// Writes to the selected positions what `put` appends of the elements that are written, in C
/// order: those in a range.
fn write_runs(
    data: &PendingData,
    context: &mut Context<'_>,
    selections: &[&Selection],
    written: &mut Written,
    put: &(dyn Fn(Range<usize>, &mut Vec<u8>) -> Result<()> + Sync),
) -> Result<()> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let (axes, counts) = laid_over(selections, &data.shape, &pending.chunk)?;
    let (from, to) = (strides(&counts), strides(&pending.chunk));
    let (strides, element) = ((&from[..], &to[..]), data.element());
    let shape = &pending.chunk;
    write_bands(data, context, &axes, written, &|| {
        let mut run = Vec::new();
        Box::new(move |job, chunk| {
            if replaces(&job.bands, shape.iter().copied()) {
                // The runs come one behind the other.
                chunk.clear();
                copy(&job.bands, strides, (0, 0), &mut |source, _, len| {
                    put(source..source + len, chunk)
                })?;
                return Ok(true);
            }
            copy(&job.bands, strides, (0, 0), &mut |source, target, len| {
                run.clear();
                put(source..source + len, &mut run)?;
                put_elements(chunk, target, &run, element)
            })?;
            Ok(true)
        })
    })
}

/// Writes to a box of the dataset. `fill` appends the stored elements of the parts of it that lie
/// in a chunk each, and returns whether there are any.
pub(super) fn write_with<E: Send>(
    data: &mut PendingData,
    context: &mut Context<'_>,
    within: &[Range<usize>],
    fill: &MakeFilling<'_, E>,
) -> Result<(), Failed<E>> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let selections: Vec<Selection> = within.iter().cloned().map(Selection::from).collect();
    let selections: Vec<&Selection> = selections.iter().collect();
    let (axes, _) = laid_over(&selections, &data.shape, &pending.chunk)?;
    let (to, element) = (&strides(&pending.chunk)[..], data.element());
    let (datatype, shape) = (&data.datatype, &pending.chunk);
    let mut written = Written::new();
    write_bands(data, context, &axes, &mut written, &|| {
        let (mut fill, mut stored) = (fill(), Vec::new());
        Box::new(move |job, chunk| {
            let place = part(job, within);
            if replaces(&job.bands, shape.iter().copied()) {
                chunk.clear();
                return fill(&place, datatype, chunk);
            }
            stored.clear();
            if !fill(&place, datatype, &mut stored)? {
                return Ok(false);
            }
            let counts: Vec<usize> = place.iter().map(Range::len).collect();
            let from = strides(&counts);
            let before: usize = (first_pieces(job).zip(&from))
                .map(|(piece, stride)| piece.to * stride)
                .sum();
            let strides = (&from[..], to);
            copy(&job.bands, strides, (0, 0), &mut |source, target, len| {
                let run = (source - before) * element..(source - before + len) * element;
                put_elements(chunk, target, stored.get(run).ok_or_else(short)?, element)
            })?;
            Ok(true)
        })
    })?;
    if let Place::Chunked(pending) = &mut data.place {
        pending.written.extend(written);
    }
    Ok(())
}

/// The part of a box that lies in the chunk of a job.
fn part(job: &Job<'_>, within: &[Range<usize>]) -> Vec<Range<usize>> {
    (first_pieces(job).zip(within))
        .map(|(piece, within)| within.start + piece.to..within.start + piece.to + piece.len)
        .collect()
}

/// For each axis, the piece of a range that lies in the chunk: there is one.
fn first_pieces<'a>(job: &'a Job<'_>) -> impl Iterator<Item = &'a Piece> {
    job.bands.iter().filter_map(|band| band.pieces.first())
}

/// Puts stored elements into the selected positions of a whole dataset in memory.
pub(super) fn patch(
    shape: &[usize],
    element: usize,
    selections: &[&Selection],
    stored: &[u8],
    whole: &mut [u8],
) -> Result<()> {
    let one: Vec<usize> = shape.iter().map(|&length| length.max(1)).collect();
    let (axes, counts) = laid_over(selections, shape, &one)?;
    let bands: Vec<&Band> = axes.iter().filter_map(|bands| bands.first()).collect();
    let strides = (&strides(&counts)[..], &strides(shape)[..]);
    copy(&bands, strides, (0, 0), &mut |source, target, len| {
        let run = stored.get(source * element..(source + len) * element);
        put_elements(whole, target, run.ok_or_else(short)?, element)
    })
}

/// Sets the positions of an axis from `edge` on to the fill value, in these chunks.
pub(super) fn clear_behind(
    data: &mut PendingData,
    context: &mut Context<'_>,
    chunks: &[Vec<u64>],
    axis: usize,
    edge: usize,
) -> Result<()> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let (length, stride) = (pending.chunk[axis], strides(&pending.chunk)[axis]);
    let fill = data.fill_bytes(1);
    let mut written = Written::new();
    rewrite(data, context, chunks, &mut written, &|chunk| {
        for (position, bytes) in chunk.chunks_exact_mut(fill.len()).enumerate() {
            if position / stride % length >= edge {
                bytes.copy_from_slice(&fill);
            }
        }
    })?;
    if let Place::Chunked(pending) = &mut data.place {
        pending.written.extend(written);
    }
    Ok(())
}

/// The bands of selections in a grid of chunks, and how many positions they select.
fn laid_over(
    selections: &[&Selection],
    shape: &[usize],
    chunk: &[usize],
) -> Result<(Vec<Vec<Band>>, Vec<usize>)> {
    let (mut axes, mut counts) = (Vec::new(), Vec::new());
    for (axis, selection) in selections.iter().enumerate() {
        axes.push(bands(selection, axis, shape[axis], chunk[axis])?);
        counts.push(selection.count(axis, shape[axis])?);
    }
    Ok((axes, counts))
}

/// Calls `each` with the runs of elements that the bands join: where one starts among those that
/// are written and among those of the chunk, and how long it is.
fn copy(
    bands: &[&Band],
    strides: (&[usize], &[usize]),
    at: (usize, usize),
    each: &mut impl FnMut(usize, usize, usize) -> Result<()>,
) -> Result<()> {
    let Some((band, rest)) = bands.split_first() else {
        return Ok(());
    };
    for piece in &band.pieces {
        // Places in the result of a read are places in the values of a write.
        if rest.is_empty() {
            each(at.0 + piece.to, at.1 + piece.from, piece.len)?;
            continue;
        }
        for i in 0..piece.len {
            let source = at.0 + (piece.to + i) * strides.0[0];
            let target = at.1 + (piece.from + i) * strides.1[0];
            copy(
                rest,
                (&strides.0[1..], &strides.1[1..]),
                (source, target),
                each,
            )?;
        }
    }
    Ok(())
}

/// Puts stored elements to where position `target` is.
fn put_elements(to: &mut [u8], target: usize, stored: &[u8], element: usize) -> Result<()> {
    let start = target * element;
    let place = to.get_mut(start..start + stored.len());
    place.ok_or_else(short)?.copy_from_slice(stored);
    Ok(())
}

fn short() -> Error {
    Error::corrupt("raw data", Address(0), "fewer values than positions")
}

/// Elements between neighbours on each axis, in C order.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}
