//! Reads the chunks a selection touches and puts their elements where they belong.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    error::{Error, Result},
    format::chunk_grid::{AxisChunks, ChunkGrid},
    image::{Address, Image},
    limits::Limits,
    read::{
        grid_plan::Plan,
        index::ChunkEntry,
        items::{Projection, StoredNumber, pack_numbers},
        storage::Storage,
        targets::{Target, Targets, Typed},
        worker::Worker,
    },
    threads::Threads,
    value::Selection,
};

/// A result of so many bytes is not in the cache while it is written.
const FAR: usize = if cfg!(any(test, feature = "testing")) {
    256 // so that both ways are taken
} else {
    4 << 20
};
/// So many bytes of chunks are, and are placed together.
const TOGETHER: usize = 128 << 10;
const MOST_TOGETHER: usize = 8;

/// What is read of a dataset.
pub(super) struct Gather<'a> {
    pub(super) image: &'a Image,
    pub(super) storage: &'a Storage,
    pub(super) limits: &'a Limits,
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

/// A read under way, which all threads share.
pub(super) struct Call<'a> {
    pub(super) gather: &'a Gather<'a>,
    pub(super) plan: Plan,
    /// Bytes of all chunks read so far: no more than the file has, unless they overlap.
    read: AtomicU64,
    /// Bytes of the chunk index gone through so far.
    index_read: AtomicU64,
    /// The fill value, packed; `None` where zeros are there.
    fill: Option<Vec<u8>>,
    /// As many fill values as the longest run of the last axis, once they are needed.
    fill_row: OnceLock<Vec<u8>>,
    /// How many chunks are placed together.
    pub(super) together: usize,
}

impl<'a> Gather<'a> {
    /// Fills `out`, which has room for exactly the selected items: on the threads of the file, or
    /// with a worker on the caller's.
    pub(super) fn run<O: Send>(
        &'a self,
        selections: &[&Selection],
        out: &mut [O],
        output: &'a Output<O>,
        worker: Option<&mut Worker<'_>>,
    ) -> Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let call = Call {
            gather: self,
            plan: Plan::new(self.storage, selections)?,
            read: AtomicU64::new(0),
            index_read: AtomicU64::new(0),
            fill: self.fill_item(output.zeroed),
            fill_row: OnceLock::new(),
            together: self.together(size_of_val(out)),
        };
        let rows = call.plan.rows(out, output.per_item);
        if let Some(worker) = worker {
            return rows
                .into_iter()
                .try_for_each(|row| call.band(worker, output, row));
        }
        let worker = || Worker::new(self.image, self.storage);
        let done = self
            .threads
            .each(rows, worker, |worker, row| call.band(worker, output, row));
        if !call.is_over() {
            return done.map(drop);
        }
        // Which row of chunks met the bound was a matter of time. One after the other, the same one
        // meets it every time.
        call.read.store(0, Ordering::Relaxed);
        call.index_read.store(0, Ordering::Relaxed);
        let rows = call.plan.rows(out, output.per_item);
        let mut worker = worker()?;
        rows.into_iter()
            .try_for_each(|row| call.band(&mut worker, output, row))
    }

    /// How many chunks are placed together in a result of so many bytes: several where that is faster,
    /// and nothing is left to be done to their elements.
    fn together(&self, result: usize) -> usize {
        let plain = self.projection.is_whole()
            && (self.number.as_ref()).is_none_or(StoredNumber::is_packed);
        let is_matrix = self.storage.shape.len() == 2;
        if result < FAR || !is_matrix || !plain || self.storage.filters.is_empty() {
            return 1;
        }
        (TOGETHER / self.storage.chunk_len().max(1)).clamp(1, MOST_TOGETHER)
    }

    /// The fill value, packed; `None` where it is zero and zeros are there already.
    fn fill_item(&self, zeroed: bool) -> Option<Vec<u8>> {
        let zeros = vec![0; self.storage.element];
        let element = self.fill.unwrap_or(&zeros);
        if zeroed && element.iter().all(|&byte| byte == 0) {
            return None;
        }
        Some(
            self.items(element, &mut Vec::new(), &mut Vec::new())
                .to_vec(),
        )
    }

    /// What is wanted of stored elements, packed.
    pub(super) fn items<'b>(
        &self,
        elements: &'b [u8],
        cut: &'b mut Vec<u8>,
        packed: &'b mut Vec<u8>,
    ) -> &'b [u8] {
        let wanted = self.projection.cut(elements, cut);
        match &self.number {
            Some(number) => pack_numbers(number, wanted, packed),
            None => wanted,
        }
    }

    /// Bytes of an item once it is packed.
    pub(super) fn packed_len(&self) -> usize {
        match &self.number {
            Some(number) => self.projection.size / number.size * number.dtype.size().unwrap_or(0),
            None => self.projection.size,
        }
    }
}

impl Call<'_> {
    /// Has one row of chunks read.
    fn band<O>(
        &self,
        worker: &mut Worker<'_>,
        output: &Output<O>,
        (chunk, parts): (u64, Vec<Target<'_, O>>),
    ) -> Result<()> {
        worker.band(self, chunk, &mut Typed { output, parts })
    }

    /// The wanted chunks of one row of chunks.
    pub(super) fn grid(&self, chunk: u64) -> ChunkGrid {
        let others =
            (self.plan.bands.iter()).map(|bands| bands.iter().map(|band| band.chunk).collect());
        let axes = std::iter::once(vec![chunk]).chain(others);
        ChunkGrid::new(axes.map(AxisChunks::List).collect())
    }

    /// Whether a bound on the whole call was met.
    fn is_over(&self) -> bool {
        let Gather { image, limits, .. } = self.gather;
        self.read.load(Ordering::Relaxed) > image.len()
            || self.index_read.load(Ordering::Relaxed) > limits.bytes_of_an_index(image.len())
    }

    /// Counts bytes of the chunk index that were gone through.
    pub(super) fn count_index(&self, bytes: u64) -> Result<()> {
        let before = self.index_read.fetch_add(bytes, Ordering::Relaxed);
        let Gather { image, limits, .. } = self.gather;
        Limits::check(
            "bytes of a chunk index",
            before.saturating_add(bytes),
            limits.bytes_of_an_index(image.len()),
            "index_bytes",
        )
    }

    /// Counts the bytes of a stored chunk.
    ///
    /// Chunks share no bytes, so that all a call reads are in the file side by side. What claims
    /// otherwise would make a small file inflate to any size.
    pub(super) fn count(&self, entry: &ChunkEntry) -> Result<()> {
        let file_len = self.gather.image.len();
        let size = entry.size.min(file_len);
        if self.gather.storage.chunk_shape().is_some() {
            let limit = self.gather.limits.chunk_bytes;
            Limits::check("bytes of a stored chunk", size, limit, "chunk_bytes")?;
        }
        let before = self.read.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > file_len {
            let index = self.gather.storage.index_address();
            return Err(Error::corrupt("chunk index", index, "its chunks overlap"));
        }
        Ok(())
    }

    /// Whether chunks that were never written leave something to do.
    pub(super) fn fills(&self) -> bool {
        self.fill.is_some() || self.gather.storage.memory().is_some()
    }

    /// Puts fill values where a chunk that was never written would go.
    pub(super) fn scatter_fill(
        &self,
        coordinates: &[u64],
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let row = self.fill_row.get_or_init(|| {
            let item = self.fill.as_deref().unwrap_or_default();
            item.repeat(self.plan.longest_run())
        });
        // Every position sees the same row of fill values.
        let strides = vec![0; self.plan.strides.len()];
        self.scatter_items(coordinates, Address(0), (row, &strides), targets)
    }

    /// Puts the packed items of a chunk where they belong.
    pub(super) fn scatter(
        &self,
        coordinates: &[u64],
        address: Address,
        items: &[u8],
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let items = (items, &self.plan.item_strides[..]);
        self.scatter_items(coordinates, address, items, targets)
    }

    /// The same for several chunks of one row of chunks.
    pub(super) fn scatter_together(
        &self,
        chunks: &[(&ChunkEntry, Vec<u8>)],
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let runs = self.plan.runs(chunks);
        if runs.is_some_and(|runs| targets.place_runs(self, &runs).is_some()) {
            return Ok(());
        }
        // Chunk by chunk it can be done, or it is known which one cannot.
        for (entry, items) in chunks {
            self.scatter(&entry.coordinates, entry.address, items, targets)?;
        }
        Ok(())
    }

    fn scatter_items(
        &self,
        coordinates: &[u64],
        address: Address,
        (items, item_strides): (&[u8], &[usize]),
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let placed = targets.place(self, (coordinates, items), item_strides);
        placed.ok_or_else(|| {
            let reason = format!("it holds {} bytes, fewer than its shape", items.len());
            Error::corrupt("chunk", address, reason)
        })
    }
}
