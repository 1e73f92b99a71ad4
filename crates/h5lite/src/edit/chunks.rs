//! Values into chunks: what is covered is replaced, what is not is kept.

use std::ops::Range;

use ndarray::{Axis, Slice};

use super::{
    Context,
    dataset::{PendingData, Place},
    odometer::Odometer,
    values::{self, Incoming},
};
use crate::{
    error::{Error, Result},
    filter::{Decoder, Encoder},
    format::chunk_grid::StoredChunk,
    image::Address,
    read::{Band, bands},
    value::{Array, Selection},
    with_array,
};

/// Chunks are filled, filtered and appended in batches of about this many bytes; small ones in
/// tests, so that small datasets take several.
const BATCH: usize = if cfg!(test) { 256 } else { 32 << 20 };

/// A chunk that is to be written.
struct Job<'a> {
    coordinates: Vec<u64>,
    /// For each axis, which of its positions come from where.
    bands: Vec<&'a Band>,
    /// What is stored now, where some of it stays.
    before: Option<(Vec<u8>, u32)>,
}

/// Chunks that have been appended, by their place in the grid.
pub(super) type Written = Vec<(Vec<u64>, StoredChunk)>;

/// Writes values to the selected positions of a chunked dataset, of which there are `counts` on
/// each axis.
///
/// Where the values lie as the selection does, they are brought into their stored form slab by
/// slab, so that memory follows the batch and not the values.
pub(super) fn write(
    data: &mut PendingData,
    context: &mut Context<'_>,
    selections: &[&Selection],
    counts: &[usize],
    incoming: Incoming<'_>,
) -> Result<()> {
    let mut written = Written::new();
    let slabs = match (selections.first(), &data.place, incoming) {
        (Some(first), Place::Chunked(pending), Incoming::Values(values))
            if values.shape() == counts =>
        {
            let row = values.len() / counts[0] * data.element();
            slabs(first, counts[0], pending.chunk[0], row).map(|slabs| (slabs, values))
        }
        _ => None,
    };
    match slabs {
        None => {
            let stored = incoming.stored(context, &data.datatype)?;
            write_stored(data, context, selections, &stored, &mut written)?;
        }
        Some((slabs, values)) => {
            for (rows, selection) in slabs {
                let slab: Array = with_array!(values, a => {
                    a.slice_axis(Axis(0), Slice::from(rows)).to_owned().into()
                });
                let stored = values::stored(context, &slab, &data.datatype)?;
                let selections = [&[&selection], &selections[1..]].concat();
                write_stored(data, context, &selections, &stored, &mut written)?;
            }
        }
    }
    if let Place::Chunked(pending) = &mut data.place {
        pending.written.extend(written);
    }
    Ok(())
}

/// Cuts a range of `count` positions on the first axis where chunks end, into slabs of about a
/// batch: which rows of the values each covers, and their positions. `None` for a list of
/// positions, which may come back to a chunk.
fn slabs(
    selection: &Selection,
    count: usize,
    chunk: usize,
    row: usize,
) -> Option<Vec<(Range<usize>, Selection)>> {
    let (start, step) = match selection {
        Selection::All => (0, 1),
        Selection::Range { start, step, .. } => (*start, *step),
        Selection::Indices(_) => return None,
    };
    let mut slabs = Vec::new();
    let mut first = 0;
    while first < count {
        // Up to the end of the chunk in which a batch is full.
        let full = first.saturating_add(BATCH / row.max(1)).min(count - 1);
        let chunk_end = ((start + full * step) / chunk + 1).saturating_mul(chunk);
        let end = (chunk_end - start).div_ceil(step).min(count);
        let positions = Selection::Range {
            start: start + first * step,
            end: Some(start + (end - 1) * step + 1),
            step,
        };
        slabs.push((first..end, positions));
        first = end;
    }
    Some(slabs)
}

/// Writes stored elements to the selected positions.
pub(super) fn write_stored(
    data: &PendingData,
    context: &mut Context<'_>,
    selections: &[&Selection],
    stored: &[u8],
    written: &mut Written,
) -> Result<()> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let mut axes = Vec::new();
    let mut counts = Vec::new();
    for (axis, selection) in selections.iter().enumerate() {
        axes.push(bands(
            selection,
            axis,
            data.shape[axis],
            pending.chunk[axis],
        )?);
        counts.push(selection.count(axis, data.shape[axis])?);
    }
    let element = data.element();
    let chunk_len = pending.chunk.iter().product::<usize>() * element;
    let batch = (BATCH / chunk_len.max(1)).max(1);
    let mut odometer = Odometer::new(axes.iter().map(Vec::len).collect());
    while !odometer.done {
        let mut jobs = Vec::new();
        while !odometer.done && jobs.len() < batch {
            let bands: Vec<&Band> = odometer
                .at
                .iter()
                .zip(&axes)
                .map(|(&at, axis)| &axis[at])
                .collect();
            let coordinates: Vec<u64> = bands.iter().map(|band| band.chunk).collect();
            let before = if is_covered(&bands, &data.shape, &pending.chunk) {
                None
            } else {
                pending.stored(context, &coordinates)?
            };
            jobs.push(Job {
                coordinates,
                bands,
                before,
            });
            odometer.step();
        }
        let strides = strides(&counts);
        let strides = &strides;
        run(data, context, jobs, written, |job, chunk, shape| {
            let from = Elements {
                bytes: stored,
                strides,
            };
            let chunk_strides = self::strides(shape);
            copy(&job.bands, &from, chunk, &chunk_strides, (0, 0), element)
        })?;
    }
    Ok(())
}

/// Fills, filters and appends chunks: filling and filtering on all cores, appending in order.
fn run(
    data: &PendingData,
    context: &mut Context<'_>,
    jobs: Vec<Job<'_>>,
    written: &mut Written,
    fill: impl Fn(&Job<'_>, &mut [u8], &[usize]) -> Option<()> + Sync,
) -> Result<()> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let shape = pending.chunk.clone();
    let chunk_len = shape.iter().product::<usize>() * data.element();
    let empty = data.fill_bytes(chunk_len / data.element().max(1));
    let filters = &data.filters;
    let worker = || Ok((Decoder::new(filters)?, Encoder::new(filters)?));
    let encode = |worker: &mut Result<(Decoder<'_>, Encoder<'_>)>, job: &Job<'_>| {
        let (decoder, encoder) = match worker {
            Ok(worker) => (&mut worker.0, &mut worker.1),
            Err(error) => return Err(Error::unsupported(error)),
        };
        let mut chunk = match &job.before {
            None => empty.clone(),
            Some((bytes, mask)) => {
                let whole = decoder.decode(bytes, *mask, chunk_len, Address(0))?;
                whole.get(..chunk_len).unwrap_or_default().to_vec()
            }
        };
        let short = || Error::corrupt("chunk", Address(0), "fewer values than positions");
        fill(job, &mut chunk, &shape).ok_or_else(short)?;
        encoder.encode(chunk)
    };
    #[cfg(feature = "rayon")]
    let encoded: Vec<_> = {
        use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
        jobs.par_iter()
            .map_init(worker, encode)
            .collect::<Result<_>>()?
    };
    #[cfg(not(feature = "rayon"))]
    let encoded: Vec<_> = {
        let mut worker = worker();
        jobs.iter()
            .map(|job| encode(&mut worker, job))
            .collect::<Result<_>>()?
    };
    for (job, (bytes, filter_mask)) in jobs.into_iter().zip(encoded) {
        let address = context.append(&bytes)?;
        let stored = StoredChunk {
            address,
            size: Some(bytes.len() as u64),
            filter_mask,
        };
        written.push((job.coordinates, stored));
    }
    Ok(())
}

/// Puts stored elements into the selected positions of a whole dataset in memory.
pub(super) fn patch(
    shape: &[usize],
    element: usize,
    selections: &[&Selection],
    stored: &[u8],
    whole: &mut [u8],
) -> Result<()> {
    let mut axes = Vec::new();
    let mut counts = Vec::new();
    for (axis, selection) in selections.iter().enumerate() {
        axes.push(bands(selection, axis, shape[axis], shape[axis].max(1))?);
        counts.push(selection.count(axis, shape[axis])?);
    }
    let bands: Vec<&Band> = axes.iter().filter_map(|bands| bands.first()).collect();
    let (from_strides, to_strides) = (strides(&counts), strides(shape));
    let from = Elements {
        bytes: stored,
        strides: &from_strides,
    };
    let short = || Error::corrupt("raw data", Address(0), "fewer values than positions");
    copy(&bands, &from, whole, &to_strides, (0, 0), element).ok_or_else(short)
}

/// Sets the positions of an axis from `edge` on to the fill value, in these chunks.
pub(super) fn clear_behind(
    data: &mut PendingData,
    context: &mut Context<'_>,
    chunks: &[Vec<u64>],
    axis: usize,
    edge: usize,
) -> Result<()> {
    let element = data.element();
    let fill = data.fill_bytes(1);
    let chunk_len = match &data.place {
        Place::Chunked(pending) => pending.chunk.iter().product::<usize>() * element,
        Place::Contiguous(_) | Place::Compact(_) => return Ok(()),
    };
    for batch in chunks.chunks((BATCH / chunk_len.max(1)).max(1)) {
        let mut jobs = Vec::new();
        for coordinates in batch {
            let Place::Chunked(pending) = &data.place else {
                return Ok(());
            };
            let before = pending.stored(context, coordinates)?;
            jobs.push(Job {
                coordinates: coordinates.clone(),
                bands: Vec::new(),
                before,
            });
        }
        let mut written = Written::new();
        run(data, context, jobs, &mut written, |_, chunk, shape| {
            let stride = strides(shape)[axis];
            for (position, bytes) in chunk.chunks_exact_mut(element).enumerate() {
                if position / stride % shape[axis] >= edge {
                    bytes.copy_from_slice(&fill);
                }
            }
            Some(())
        })?;
        if let Place::Chunked(pending) = &mut data.place {
            pending.written.extend(written);
        }
    }
    Ok(())
}

/// Whether the bands replace everything of a chunk that lies inside the dataset.
fn is_covered(bands: &[&Band], shape: &[usize], chunk: &[usize]) -> bool {
    bands.iter().enumerate().all(|(axis, band)| {
        let start = usize::try_from(band.chunk)
            .unwrap_or(usize::MAX)
            .saturating_mul(chunk[axis]);
        let inside = shape[axis].saturating_sub(start).min(chunk[axis]);
        matches!(band.pieces[..], [piece] if piece.from == 0 && piece.len == inside)
    })
}

/// Elements in C order, and how many lie between neighbours on each axis.
struct Elements<'a> {
    bytes: &'a [u8],
    strides: &'a [usize],
}

/// Copies what the bands say. `None`: out of range.
fn copy(
    bands: &[&Band],
    from: &Elements<'_>,
    to: &mut [u8],
    to_strides: &[usize],
    (from_at, to_at): (usize, usize),
    element: usize,
) -> Option<()> {
    let axis = to_strides.len() - bands.len();
    let (band, rest) = bands.split_first()?;
    for piece in &band.pieces {
        // Places in the result of a read are places in the values of a write.
        if rest.is_empty() {
            let len = piece.len * element;
            let source = (from_at + piece.to) * element;
            let target = (to_at + piece.from) * element;
            let bytes = from.bytes.get(source..source + len)?;
            to.get_mut(target..target + len)?.copy_from_slice(bytes);
            continue;
        }
        for i in 0..piece.len {
            let source = from_at + (piece.to + i) * from.strides[axis];
            let target = to_at + (piece.from + i) * to_strides[axis];
            copy(rest, from, to, to_strides, (source, target), element)?;
        }
    }
    Some(())
}

/// Elements between neighbours on each axis, in C order.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}
