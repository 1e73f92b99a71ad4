//! Chunks that are filled, filtered and appended.

use super::{
    Context,
    dataset::{PendingData, Place},
    odometer::Odometer,
};
use crate::{
    error::{Error, Result},
    filter::{Decoder, Encoder},
    format::chunk_grid::StoredChunk,
    image::Address,
    read::Band,
};

/// Chunks are appended in batches of about this many bytes, as long as they are not encoded; small
/// ones in tests, so that small datasets take several.
const BATCH: usize = if cfg!(test) { 256 } else { 32 << 20 };

/// So many bytes are a task of a thread.
const TASK: usize = if cfg!(test) { 64 } else { 1 << 19 };

/// A chunk that is to be written.
pub(super) struct Job<'a> {
    coordinates: Vec<u64>,
    /// For each axis, which of its positions come from where.
    pub(super) bands: Vec<&'a Band>,
    /// What is stored now, where some of it stays.
    before: Option<(Vec<u8>, u32)>,
}

/// Chunks that have been appended, by their place in the grid.
pub(super) type Written = Vec<(Vec<u64>, StoredChunk)>;

/// Puts into a chunk, which holds what it held so far or fill values, what is to be written, and
/// returns whether to write it. It is behind a pointer so that a program has the work around it
/// once, and not for each type of number.
pub(super) type Fill<'a, E> = Box<dyn FnMut(&Job<'_>, &mut Vec<u8>) -> Result<bool, E> + 'a>;

/// Makes a thread its [`Fill`].
pub(super) type MakeFill<'a, E> = dyn Fn() -> Fill<'a, E> + Sync + 'a;

/// What a thread keeps from chunk to chunk.
struct Worker<'a, E> {
    decoder: Decoder<'a>,
    encoder: Encoder<'a>,
    chunk: Vec<u8>,
    fill: Fill<'a, E>,
}

/// Chunks as they are stored, one after another.
#[derive(Default)]
struct Encoded {
    bytes: Vec<u8>,
    /// Where each ends, and its filter mask; `None` for one that is not written.
    ends: Vec<Option<(usize, u32)>>,
}

/// Writes all chunks that the bands of the axes meet in.
///
/// # Errors
/// What a [`Fill`] returns. What was appended until then is in `written`.
pub(super) fn write_bands<E: From<Error> + Send>(
    data: &PendingData,
    context: &mut Context<'_>,
    axes: &[Vec<Band>],
    written: &mut Written,
    fill: &MakeFill<'_, E>,
) -> Result<(), E> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    let batch = (BATCH / data.chunk_len().max(1)).max(1);
    let mut odometer = Odometer::new(axes.iter().map(Vec::len).collect());
    while !odometer.done {
        let mut jobs = Vec::new();
        while !odometer.done && jobs.len() < batch {
            let at = odometer.at.iter().zip(axes);
            let bands: Vec<&Band> = at.map(|(&at, axis)| &axis[at]).collect();
            let coordinates: Vec<u64> = bands.iter().map(|band| band.chunk).collect();
            let before = match is_covered(&bands, &data.shape, &pending.chunk) {
                true => None,
                false => pending.stored(context, &coordinates)?,
            };
            jobs.push(Job {
                coordinates,
                bands,
                before,
            });
            odometer.step();
        }
        run(data, context, jobs, written, fill)?;
    }
    Ok(())
}

/// Calls `change` with each of these chunks as it is, which returns whether to write it.
pub(super) fn rewrite(
    data: &PendingData,
    context: &mut Context<'_>,
    chunks: &[Vec<u64>],
    written: &mut Written,
    change: &(dyn Fn(&mut [u8]) + Sync),
) -> Result<()> {
    let Place::Chunked(pending) = &data.place else {
        return Ok(());
    };
    for batch in chunks.chunks((BATCH / data.chunk_len().max(1)).max(1)) {
        let jobs = batch.iter().map(|coordinates| {
            Ok(Job {
                coordinates: coordinates.clone(),
                bands: Vec::new(),
                before: pending.stored(context, coordinates)?,
            })
        });
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        run::<Error>(data, context, jobs, written, &|| {
            Box::new(|_, chunk| {
                change(chunk);
                Ok(true)
            })
        })?;
    }
    Ok(())
}

/// Fills, filters and appends chunks: filling and filtering on all threads, appending in order.
fn run<E: From<Error> + Send>(
    data: &PendingData,
    context: &mut Context<'_>,
    jobs: Vec<Job<'_>>,
    written: &mut Written,
    fill: &MakeFill<'_, E>,
) -> Result<(), E> {
    let chunk_len = data.chunk_len();
    let empty = data.fill_bytes(chunk_len / data.element().max(1));
    let filters = &data.filters;
    let worker = || {
        Ok::<_, E>(Worker {
            decoder: Decoder::new(filters)?,
            encoder: Encoder::new(filters)?,
            chunk: Vec::new(),
            fill: fill(),
        })
    };
    let encode = |worker: &mut Worker<'_, E>, jobs: &[Job<'_>]| {
        let mut encoded = Encoded::default();
        for job in jobs {
            worker.chunk.clear();
            match &job.before {
                None => worker.chunk.extend_from_slice(&empty),
                Some((bytes, mask)) => {
                    let whole = (worker.decoder).decode(bytes, *mask, chunk_len, Address(0))?;
                    let whole = whole.get(..chunk_len).unwrap_or_default();
                    worker.chunk.extend_from_slice(whole);
                }
            }
            if !(worker.fill)(job, &mut worker.chunk)? {
                encoded.ends.push(None);
                continue;
            }
            let (stored, mask) = worker.encoder.encode(&worker.chunk)?;
            encoded.bytes.extend_from_slice(stored);
            encoded.ends.push(Some((encoded.bytes.len(), mask)));
        }
        Ok(encoded)
    };
    let tasks: Vec<_> = jobs.chunks((TASK / chunk_len.max(1)).max(1)).collect();
    let encoded = context.file.threads().each(tasks, worker, encode)?;
    let mut jobs = jobs.into_iter();
    for Encoded { bytes, ends } in encoded {
        let mut start = 0;
        for (end, job) in ends.into_iter().zip(&mut jobs) {
            let Some((end, filter_mask)) = end else {
                continue;
            };
            let stored = bytes.get(start..end).unwrap_or_default();
            start = end;
            let stored = StoredChunk {
                address: context.append(stored)?,
                size: Some(stored.len() as u64),
                filter_mask,
            };
            written.push((job.coordinates, stored));
        }
    }
    Ok(())
}

/// Whether the bands replace everything of a chunk that lies inside the dataset.
fn is_covered(bands: &[&Band], shape: &[usize], chunk: &[usize]) -> bool {
    let inside = bands
        .iter()
        .zip(shape)
        .zip(chunk)
        .map(|((band, shape), &chunk)| {
            let start = usize::try_from(band.chunk)
                .unwrap_or(usize::MAX)
                .saturating_mul(chunk);
            shape.saturating_sub(start).min(chunk)
        });
    replaces(bands, inside)
}

/// Whether the bands replace the first `lengths` positions of a chunk, and no others, in their own
/// order.
pub(super) fn replaces(bands: &[&Band], lengths: impl Iterator<Item = usize>) -> bool {
    (bands.iter().zip(lengths)).all(|(band, length)| {
        matches!(band.pieces[..], [piece] if piece.from == 0 && piece.len == length)
    })
}
