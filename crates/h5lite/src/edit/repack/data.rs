//! The data of a dataset: copied as it is stored where it can be, chunk by chunk or tile by tile
//! where it cannot.

use super::{
    Repack,
    plan::{Plan, rewrite_fill},
};
use crate::{
    edit::{
        Context,
        chunk_jobs::Written,
        chunks,
        dataset::{PendingData, replace},
    },
    error::{Error, Result},
    filter::{Decoder, Encoder},
    format::{
        btree_v1::{BulkLoad, ChunkEntries},
        chunk_grid::{AxisChunks, ChunkGrid, StoredChunk},
        local_heap::{LocalHeap, LocalHeapBuilder},
        message::{ChunkIndex, DataLayout, Datatype, ExternalFiles, Message},
        object_header::RawMessage,
        superblock::BtreeK,
    },
    image::Address,
    object::Dataset,
    read::{ChunkEntry, HeapId, leads_elsewhere, tiles},
    value::Selection,
};

/// Data is copied in pieces of about this many bytes.
const PIECE: usize = if cfg!(test) { 512 } else { 32 << 20 };

impl Repack<'_> {
    /// Copies a dataset's data and puts its place into the messages.
    pub(super) fn data(
        &mut self,
        dataset: &Dataset<'_>,
        plan: Plan,
        messages: &mut Vec<RawMessage>,
    ) -> Result<()> {
        let sizes = self.source.image().sizes();
        let datatype = dataset.datatype().clone();
        if leads_elsewhere(&datatype) {
            for raw in messages.iter_mut() {
                rewrite_fill(raw, sizes, &mut |value| self.values(&datatype, value))?;
            }
        }
        let layout = match plan.layout {
            DataLayout::Compact(mut data) => {
                self.values(&datatype, &mut data)?;
                DataLayout::Compact(data)
            }
            DataLayout::Virtual {
                heap: Some(collection),
                index,
            } => {
                let sources = self.heap.read(HeapId { collection, index })?;
                let HeapId { collection, index } = self.push(&sources)?;
                DataLayout::Virtual {
                    heap: Some(collection),
                    index,
                }
            }
            DataLayout::Virtual { heap: None, .. } => plan.layout,
            DataLayout::Contiguous { address: None, .. } => return self.external(messages),
            DataLayout::Contiguous {
                address: Some(address),
                ..
            } => {
                let element = u64::from(datatype.size);
                let shape = dataset.shape().iter();
                let len = shape.fold(element, |len, &dim| len.saturating_mul(dim as u64));
                DataLayout::Contiguous {
                    address: self.run(&datatype, address, len)?,
                    size: Some(len),
                }
            }
            DataLayout::Chunked { .. } => {
                let chunk = plan.chunk.clone().unwrap_or_default();
                DataLayout::Chunked {
                    index: ChunkIndex::BtreeV1(self.chunks(dataset, &plan, &chunk)?),
                    shape: chunk.iter().map(|&dim| dim as u64).collect(),
                    element_size: datatype.size.into(),
                    plain_partial_chunks: false,
                }
            }
        };
        replace(messages, RawMessage::new(&layout, sizes));
        Ok(())
    }

    /// The names of the files that hold the raw data, if other files do.
    fn external(&mut self, messages: &mut [RawMessage]) -> Result<()> {
        let image = self.source.image();
        let sizes = image.sizes();
        for raw in messages
            .iter_mut()
            .filter(|raw| raw.kind == ExternalFiles::KIND)
        {
            let mut external: ExternalFiles = raw.parse(sizes)?;
            let old = LocalHeap::read(image, external.heap)?;
            let mut new = LocalHeapBuilder::new(sizes);
            for slot in &mut external.slots {
                slot.name = new.push(old.name(slot.name)?);
            }
            external.heap = self.context.tail.next();
            self.context.append(&new.encode(external.heap)?)?;
            *raw = RawMessage::new(&external, sizes);
        }
        Ok(())
    }

    /// Copies a run of elements. `None`: there are none.
    fn run(&mut self, datatype: &Datatype, from: Address, len: u64) -> Result<Option<Address>> {
        let element = u64::from(datatype.size);
        // A multiple of 8 elements, so that pieces follow each other without gaps.
        let piece = (PIECE as u64 / (8 * element))
            .max(1)
            .saturating_mul(8 * element);
        self.spend("raw data", from, len)?;
        // What is copied to the heap would stand between the pieces.
        let room = match leads_elsewhere(datatype) && len > 0 {
            true => Some(self.set_aside(len)?),
            false => None,
        };
        let (mut start, mut at) = (room, 0);
        while at < len {
            let size = piece.min(len - at);
            let place = from.plus("raw data", at)?;
            let bytes = self.source.image().bytes("raw data", place, size)?;
            match room {
                Some(room) => {
                    let mut bytes = bytes.into_owned();
                    self.values(datatype, &mut bytes)?;
                    let Context { store, tail, .. } = &mut self.context;
                    tail.overwrite(*store, room.plus("raw data", at)?, &bytes)?;
                }
                None => {
                    let place = self.context.append(&bytes)?;
                    start.get_or_insert(place);
                }
            }
            at += size;
        }
        Ok(start)
    }

    /// Room of `len` bytes, to be filled later.
    fn set_aside(&mut self, len: u64) -> Result<Address> {
        let start = self.context.tail.next();
        let mut left = len;
        while left > 0 {
            let piece = left.min(1 << 20);
            let zeros = vec![0; usize::try_from(piece).unwrap_or(1 << 20)];
            self.context.append(&zeros)?;
            left -= piece;
        }
        Ok(start)
    }

    /// Copies the chunks of a dataset and writes their index. `None`: there are none.
    fn chunks(
        &mut self,
        dataset: &Dataset<'_>,
        plan: &Plan,
        chunk: &[usize],
    ) -> Result<Option<Address>> {
        let mut index = Index::default();
        if plan.raw || dataset.chunk_shape() == Some(chunk) {
            self.chunk_by_chunk(dataset, plan, &mut index)?;
        } else {
            self.tile_by_tile(dataset, plan, chunk, &mut index)?;
        }
        if index.stored.is_empty() {
            return Ok(None);
        }
        index.sort(chunk.len());
        let chunk: Vec<u64> = chunk.iter().map(|&dim| dim as u64).collect();
        let entries = ChunkEntries {
            chunk: &chunk,
            element_size: dataset.datatype().size.into(),
            coordinates: &index.coordinates,
            stored: &index.stored,
        };
        let sizes = self.source.image().sizes();
        let tree = BulkLoad::new(&entries, sizes, BtreeK::default().chunk)?;
        let base = self.context.tail.next();
        tree.write(base, &mut |node| self.context.append(node).map(drop))
            .map(Some)
    }

    /// Chunks of the same shape: as they are stored, or through the filters.
    fn chunk_by_chunk(
        &mut self,
        dataset: &Dataset<'_>,
        plan: &Plan,
        index: &mut Index,
    ) -> Result<()> {
        let image = self.source.image();
        let used = Encoder::mask_of_all(plan.filters.len());
        let storage = &dataset.values().storage;
        if !plan.raw {
            storage.check_readable(self.source.limits())?;
        }
        let chunk_len = storage.chunk_len();
        let batch = (PIECE / chunk_len.max(1)).max(1);
        storage.each_batch(image, &mut image.len(), &mut |entries| {
            for entries in entries.chunks(batch) {
                for entry in entries {
                    self.spend("chunk", entry.address, entry.size)?;
                }
                if plan.raw {
                    for entry in entries {
                        let bytes = image.bytes("chunk", entry.address, entry.size)?;
                        let address = self.context.append(&bytes)?;
                        index.push(entry, address, bytes.len(), entry.filter_mask & used);
                    }
                    continue;
                }
                let old = dataset.filters();
                let threads = self.source.threads();
                let decoded = threads.each(
                    entries.iter().collect(),
                    || Decoder::new(old),
                    |decoder, entry: &ChunkEntry| {
                        let bytes = image.bytes("chunk", entry.address, entry.size)?;
                        let whole =
                            decoder.decode(&bytes, entry.filter_mask, chunk_len, entry.address)?;
                        Ok(whole.get(..chunk_len).unwrap_or_default().to_vec())
                    },
                );
                let mut decoded = decoded?;
                if leads_elsewhere(dataset.datatype()) {
                    for (entry, elements) in entries.iter().zip(&mut decoded) {
                        storage.clear_outside(&entry.coordinates, elements);
                        self.values(dataset.datatype(), elements)?;
                    }
                }
                let encoder = || Encoder::new(&plan.filters);
                let encoded = threads.each(decoded, encoder, |encoder, elements| {
                    let (bytes, mask) = encoder.encode(&elements)?;
                    Ok::<_, Error>((bytes.to_vec(), mask))
                });
                for (entry, (bytes, mask)) in entries.iter().zip(encoded?) {
                    let address = self.context.append(&bytes)?;
                    index.push(entry, address, bytes.len(), mask);
                }
            }
            Ok(())
        })
    }

    /// Chunks of another shape: made of what was read of the old ones.
    fn tile_by_tile(
        &mut self,
        dataset: &Dataset<'_>,
        plan: &Plan,
        chunk: &[usize],
        index: &mut Index,
    ) -> Result<()> {
        let image = self.source.image();
        let values = dataset.values();
        values.check_all_readable()?;
        let old = dataset.chunk_shape().unwrap_or(chunk);
        let axes = chunk.iter().zip(old);
        let unit: Vec<usize> = axes.map(|(new, old)| old.div_ceil(*new) * new).collect();
        let element = dataset.datatype().size as usize;
        let mut data = PendingData::of(values, dataset.max_shape(), &plan.filters);
        data.chunked_as(chunk);
        // Where much was never written, large tiles would write it.
        let grid = dataset.shape().iter().zip(old);
        let grid = grid.map(|(dim, chunk)| dim.div_ceil(*chunk));
        let mut missing = grid.product::<usize>();
        let mut left = image.len();
        values
            .storage
            .each_batch(image, &mut left, &mut |entries| {
                missing = missing.saturating_sub(entries.len());
                Ok(())
            })?;
        let piece = if missing == 0 { PIECE } else { 1 };
        for tile in tiles(dataset.shape(), &unit, element, piece) {
            let covered = tile
                .iter()
                .zip(old)
                .map(|(selection, old)| match selection {
                    Selection::Range {
                        start,
                        end: Some(end),
                        ..
                    } => AxisChunks::Range((start / old) as u64..end.div_ceil(*old) as u64),
                    _ => AxisChunks::Range(0..0),
                });
            let grid = ChunkGrid::new(covered.collect());
            // What was never written stays so.
            if values.storage.entries(image, &grid)?.is_empty() {
                continue;
            }
            let mut elements = values.bytes(&tile)?;
            self.values(dataset.datatype(), &mut elements)?;
            let selections: Vec<&Selection> = tile.iter().collect();
            let mut written = Written::new();
            chunks::write_stored(
                &data,
                &mut self.context,
                &selections,
                &elements,
                &mut written,
            )?;
            for (coordinates, stored) in written {
                index.coordinates.extend(coordinates);
                index.stored.push(stored);
            }
        }
        Ok(())
    }
}

/// The chunks written so far: coordinates one after another, and where each is stored.
#[derive(Debug, Default)]
struct Index {
    coordinates: Vec<u64>,
    stored: Vec<StoredChunk>,
}

impl Index {
    fn push(&mut self, entry: &ChunkEntry, address: Address, len: usize, filter_mask: u32) {
        self.coordinates.extend(&entry.coordinates);
        self.stored.push(StoredChunk {
            address,
            size: Some(len as u64),
            filter_mask,
        });
    }

    /// Puts them into row-major order.
    fn sort(&mut self, rank: usize) {
        let rows: Vec<&[u64]> = self.coordinates.chunks_exact(rank).collect();
        if rows.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by_key(|&at| rows[at]);
        let coordinates = order.iter().flat_map(|&at| rows[at]).copied().collect();
        self.stored = order.iter().map(|&at| self.stored[at]).collect();
        self.coordinates = coordinates;
    }
}
