//! Reads the chunks a selection touches and puts their elements where they belong.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    error::{Error, Result},
    filter::Decoder,
    format::chunk_grid::{AxisChunks, ChunkGrid},
    image::{Address, Image},
    read::{
        index::ChunkEntry,
        items::{Projection, StoredNumber, pack_numbers},
        plan::{self, Band, Piece, Segment},
        storage::Storage,
    },
    threads::Threads,
    value::Selection,
};

/// What is read of a dataset.
pub(super) struct Gather<'a> {
    pub(super) image: &'a Image,
    pub(super) storage: &'a Storage,
    pub(super) threads: &'a Threads,
    /// What of each element is wanted.
    pub(super) projection: &'a Projection,
    /// How to make numbers of it; `None` leaves the bytes as they are stored.
    pub(super) number: Option<StoredNumber>,
    /// One whole element as stored, for chunks that were never written.
    pub(super) fill: Option<&'a [u8]>,
}

/// How one item of the result is made.
pub(super) struct Output<O> {
    /// Values an item takes in the result.
    pub(super) per_item: usize,
    /// Makes values of packed items.
    pub(super) convert: fn(&[u8], &mut [O]),
    /// Whether the result holds zeros already, so that zeros need not be written again.
    pub(super) zeroed: bool,
}

/// The selection of a read, laid over the chunk grid.
struct Plan {
    /// What of the first axis comes out of which chunks.
    segments: Vec<Segment>,
    /// The same for the other axes.
    bands: Vec<Vec<Band>>,
    /// Items from one position of an axis of the result to the next.
    strides: Vec<usize>,
    /// Bytes of all chunks read so far: no more than the file has, unless they overlap.
    read: AtomicU64,
}

/// A run of the result's first axis and what of a chunk goes into it.
type Target<'o, O> = (Vec<Piece>, &'o mut [O]);

impl Gather<'_> {
    /// Fills `out`, which has room for exactly the selected items.
    pub(super) fn run<O: Send>(
        &self,
        selections: &[&Selection],
        out: &mut [O],
        output: &Output<O>,
    ) -> Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let plan = Plan::new(self, selections)?;
        let rows = plan.rows(out, output.per_item);
        let longest_run = plan.longest_run();
        let worker = || Worker::new(self, output, longest_run);
        let done = (self.threads).each(rows, worker, |worker, (chunk, targets)| {
            worker.band(&plan, chunk, targets)
        });
        if plan.read.load(Ordering::Relaxed) <= self.image.len() {
            return done.map(drop);
        }
        // Which row of chunks met the bound was a matter of time. One after the other, the same one
        // meets it every time.
        plan.read.store(0, Ordering::Relaxed);
        let rows = plan.rows(out, output.per_item);
        let band =
            |worker: &mut Worker<'_, O>, (chunk, targets)| worker.band(&plan, chunk, targets);
        Threads::ONE.each(rows, worker, band).map(drop)
    }

    /// Bytes of an item once it is packed.
    fn packed_len(&self) -> usize {
        match &self.number {
            Some(number) => self.projection.size / number.size * number.dtype.size().unwrap_or(0),
            None => self.projection.size,
        }
    }
}

impl Plan {
    fn new(gather: &Gather<'_>, selections: &[&Selection]) -> Result<Self> {
        let Storage { shape, chunk, .. } = gather.storage;
        // A scalar is stored as one axis of length 1.
        let selections = if selections.is_empty() {
            &[&Selection::All][..]
        } else {
            selections
        };
        let mut strides = vec![1; shape.len()];
        let mut bands = Vec::new();
        for axis in (1..shape.len()).rev() {
            let selection = selections[axis];
            strides[axis - 1] = strides[axis] * selection.count(axis, shape[axis])?;
            bands.push(plan::bands(selection, axis, shape[axis], chunk[axis])?);
        }
        bands.reverse();
        let segments = plan::segments(selections[0], 0, shape[0], chunk[0])?;
        Ok(Self {
            segments,
            bands,
            strides,
            read: AtomicU64::new(0),
        })
    }

    /// The most items of the last axis that stand next to each other in a chunk and in the result.
    fn longest_run(&self) -> usize {
        let len = |piece: &Piece| piece.len;
        let longest = match self.bands.last() {
            Some(bands) => bands.iter().flat_map(|band| &band.pieces).map(len).max(),
            None => {
                let bands = self.segments.iter().map(|segment| &segment.band);
                bands.flat_map(|band| &band.pieces).map(len).max()
            }
        };
        longest.unwrap_or(0)
    }

    /// Counts the bytes of a stored chunk.
    ///
    /// Chunks share no bytes, so that all a call reads are in the file side by side. What claims
    /// otherwise would make a small file inflate to any size.
    fn count(&self, entry: &ChunkEntry, gather: &Gather<'_>) -> Result<()> {
        let file_len = gather.image.len();
        let size = entry.size.min(file_len);
        let before = self.read.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > file_len {
            let index = gather.storage.index_address();
            return Err(Error::corrupt("chunk index", index, "its chunks overlap"));
        }
        Ok(())
    }

    /// The result cut at the borders of the first axis' chunks, all parts of one row of chunks
    /// together: rows of chunks can then be read independently.
    fn rows<'o, O>(&self, out: &'o mut [O], per_item: usize) -> Vec<(u64, Vec<Target<'o, O>>)> {
        let mut rest = out;
        let mut parts: Vec<(u64, Target<'o, O>)> = Vec::with_capacity(self.segments.len());
        for Segment { band, len } in &self.segments {
            let len = (len * self.strides[0] * per_item).min(rest.len());
            let (part, more) = rest.split_at_mut(len);
            parts.push((band.chunk, (band.pieces.clone(), part)));
            rest = more;
        }
        parts.sort_by_key(|(chunk, _)| *chunk);
        let mut rows: Vec<(u64, Vec<Target<'o, O>>)> = Vec::new();
        for (chunk, target) in parts {
            match rows.last_mut() {
                Some((last, targets)) if *last == chunk => targets.push(target),
                _ => rows.push((chunk, vec![target])),
            }
        }
        rows
    }
}

/// What one thread needs to read chunks, kept from one row of chunks to the next.
struct Worker<'a, O> {
    gather: &'a Gather<'a>,
    output: &'a Output<O>,
    decoder: Decoder<'a>,
    /// The fill value, packed; `None` where zeros are there.
    fill: Option<Vec<u8>>,
    /// As many fill values as the longest run of the last axis, once they are needed.
    fill_row: Vec<u8>,
    longest_run: usize,
    stored: Vec<u8>,
    cut: Vec<u8>,
    packed: Vec<u8>,
}

impl<'a, O> Worker<'a, O> {
    fn new(gather: &'a Gather<'a>, output: &'a Output<O>, longest_run: usize) -> Result<Self> {
        let decoder = Decoder::new(&gather.storage.filters)?;
        let (mut cut, mut packed) = (Vec::new(), Vec::new());
        let zeros = vec![0; gather.storage.element];
        let element = gather.fill.unwrap_or(&zeros);
        let fill = if output.zeroed && element.iter().all(|&byte| byte == 0) {
            None
        } else {
            let element = gather.projection.cut(element, &mut cut);
            let item = match &gather.number {
                Some(number) => pack_numbers(number, element, &mut packed),
                None => element,
            };
            Some(item.to_vec())
        };
        let stored = Vec::new();
        Ok(Self {
            gather,
            output,
            decoder,
            fill,
            fill_row: Vec::new(),
            longest_run,
            stored,
            cut,
            packed,
        })
    }

    /// Reads one row of chunks into all parts of the result that come out of it.
    fn band(&mut self, plan: &Plan, chunk: u64, mut targets: Vec<Target<'_, O>>) -> Result<()> {
        let others = plan
            .bands
            .iter()
            .map(|bands| bands.iter().map(|band| band.chunk).collect());
        let axes = std::iter::once(vec![chunk])
            .chain(others)
            .map(AxisChunks::List);
        let grid = ChunkGrid::new(axes.collect());
        let storage = self.gather.storage;
        let mut entries = storage
            .entries(self.gather.image, &grid)?
            .into_iter()
            .peekable();
        let mut pieces: Vec<&[Piece]> = vec![&[]; storage.shape.len()];
        let mut next = grid.first();
        while let Some(mut coordinates) = next {
            let entry = entries.next_if(|entry| entry.coordinates == coordinates);
            for (axis, bands) in plan.bands.iter().enumerate() {
                let at = bands.binary_search_by_key(&coordinates[axis + 1], |band| band.chunk);
                pieces[axis + 1] = at.map_or(&[], |at| &bands[at].pieces);
            }
            self.chunk(
                plan,
                &coordinates,
                entry.as_ref(),
                &mut pieces,
                &mut targets,
            )?;
            next = grid.step(&mut coordinates).then_some(coordinates);
        }
        Ok(())
    }

    /// Reads one chunk, or the fill value in its place.
    fn chunk<'p>(
        &mut self,
        plan: &'p Plan,
        coordinates: &[u64],
        entry: Option<&ChunkEntry>,
        pieces: &mut [&'p [Piece]],
        targets: &mut [Target<'_, O>],
    ) -> Result<()> {
        let Self {
            gather,
            output,
            decoder,
            fill,
            fill_row,
            longest_run,
            stored,
            cut,
            packed,
        } = self;
        let storage = gather.storage;
        let len = storage.len_at(coordinates);
        let mut strides = row_major_strides(&storage.chunk);
        let address = entry.map_or(Address(0), |entry| entry.address);
        let decoded = match (entry, storage.memory(), &fill) {
            (Some(entry), ..) => {
                plan.count(entry, gather)?;
                let bytes = gather.image.window("chunk", address, entry.size, stored)?;
                Some(decoder.decode(bytes, entry.filter_mask, len, address)?)
            }
            (None, Some(memory), _) => Some(memory),
            (None, None, Some(_)) => None,
            (None, None, None) => return Ok(()),
        };
        let items = match (decoded, fill) {
            (Some(decoded), _) => {
                let wanted = gather.projection.cut(decoded, cut);
                match &gather.number {
                    Some(number) => pack_numbers(number, wanted, packed),
                    None => wanted,
                }
            }
            (None, fill) => {
                // Every position sees the same row of fill values.
                strides.fill(0);
                if fill_row.is_empty() {
                    *fill_row = fill.as_deref().unwrap_or_default().repeat(*longest_run);
                }
                fill_row
            }
        };
        let scatter = Scatter {
            items,
            item_len: gather.packed_len(),
            item_strides: &strides,
            strides: &plan.strides,
            output,
        };
        for (first, out) in targets {
            let mut pieces_of: Vec<&[Piece]> = pieces.to_vec();
            pieces_of[0] = first;
            if scatter.axis(&pieces_of, 0, 0, out).is_none() {
                let reason = format!("it holds {} bytes, fewer than its shape", items.len());
                return Err(Error::corrupt("chunk", address, reason));
            }
        }
        Ok(())
    }
}

/// Copies items of one chunk into the result.
struct Scatter<'a, O> {
    /// The chunk's items, packed.
    items: &'a [u8],
    /// Bytes of an item.
    item_len: usize,
    /// Items from one position of an axis of the chunk to the next.
    item_strides: &'a [usize],
    /// Items from one position of an axis of the result to the next.
    strides: &'a [usize],
    output: &'a Output<O>,
}

impl<O> Scatter<'_, O> {
    /// Copies what the pieces of this axis and those after it select. `None`: out of range.
    fn axis(&self, pieces: &[&[Piece]], from: usize, to: usize, out: &mut [O]) -> Option<()> {
        let axis = self.strides.len() - pieces.len();
        let (here, rest) = pieces.split_first()?;
        for piece in *here {
            if rest.is_empty() {
                let from = (from + piece.from * self.item_strides[axis]) * self.item_len;
                let to = (to + piece.to) * self.output.per_item;
                let items = self.items.get(from..from + piece.len * self.item_len)?;
                let values = out.get_mut(to..to + piece.len * self.output.per_item)?;
                (self.output.convert)(items, values);
                continue;
            }
            for i in 0..piece.len {
                let from = from + (piece.from + i) * self.item_strides[axis];
                let to = to + (piece.to + i) * self.strides[axis];
                self.axis(rest, from, to, out)?;
            }
        }
        Some(())
    }
}

/// Items from one position of each axis to the next.
fn row_major_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}
