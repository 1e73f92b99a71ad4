//! What an edit does to the data of a dataset.

use std::collections::BTreeMap;

use super::{Context, chunks, preconditions::btree_k, values::Incoming};
use crate::{
    error::{Error, Result},
    filter::Encoder,
    format::{
        btree_v1::{BulkLoad, ChunkEntries},
        chunk_grid::{AxisChunks, ChunkGrid, StoredChunk},
        message::{ChunkIndex, DataLayout, Dataspace, Datatype, Filter},
        object_header::RawMessage,
    },
    image::Address,
    read::{Storage, Values, checked},
    value::Selection,
};

/// The data of a dataset that is being written.
#[derive(Debug)]
pub(crate) struct PendingData {
    pub(super) shape: Vec<usize>,
    pub(super) max_shape: Option<Vec<Option<u64>>>,
    pub(super) datatype: Datatype,
    pub(super) filters: Vec<Filter>,
    /// One element as stored.
    pub(super) fill: Option<Vec<u8>>,
    pub(super) place: Place,
}

/// Where the data goes.
#[derive(Debug)]
pub(super) enum Place {
    /// One run of bytes, once they have been written.
    Contiguous(Option<Address>),
    /// In the object header: all of its bytes, once something was written.
    Compact(Option<Vec<u8>>),
    /// In chunks.
    Chunked(Box<PendingChunks>),
}

/// The chunks of a dataset that is being written.
#[derive(Debug)]
pub(super) struct PendingChunks {
    /// Shape of a chunk.
    pub(super) chunk: Vec<usize>,
    /// The committed chunks, as far as they are kept.
    pub(super) committed: Option<Storage>,
    /// Committed chunks count up to this coordinate of each axis: the dataset was smaller once.
    pub(super) kept: Vec<u64>,
    /// Chunks written by this edit.
    pub(super) written: BTreeMap<Vec<u64>, StoredChunk>,
}

impl PendingData {
    /// The data of a committed dataset.
    pub(crate) fn of(
        values: &Values<'_>,
        max_shape: Option<&[Option<u64>]>,
        filters: &[Filter],
    ) -> Self {
        let place = match values.storage.chunk_shape() {
            Some(chunk) => Place::Chunked(Box::new(PendingChunks {
                chunk: chunk.to_vec(),
                committed: Some(values.storage.clone()),
                kept: chunk_counts(&values.shape, chunk),
                written: BTreeMap::new(),
            })),
            None if values.storage.memory().is_some() => Place::Compact(None),
            None => Place::Contiguous(None),
        };
        Self {
            shape: values.shape.clone(),
            max_shape: max_shape.map(<[_]>::to_vec),
            datatype: values.datatype.clone(),
            filters: filters.to_vec(),
            fill: values.fill.clone(),
            place,
        }
    }

    /// The same data in chunks of another shape, of which none is written yet.
    pub(super) fn chunked_as(&mut self, chunk: &[usize]) {
        self.place = Place::Chunked(Box::new(PendingChunks {
            chunk: chunk.to_vec(),
            committed: None,
            kept: vec![0; chunk.len()],
            written: BTreeMap::new(),
        }));
    }

    /// Bytes of an element.
    pub(super) fn element(&self) -> usize {
        self.datatype.size as usize
    }

    /// Writes values to the selected positions. Where that fails, the data is what it was.
    pub(super) fn write(
        &mut self,
        context: &mut Context<'_>,
        committed: Option<&Values<'_>>,
        selections: &[Selection],
        incoming: Incoming<'_>,
    ) -> Result<()> {
        let checked = checked(selections, &self.shape)?;
        let axes = checked.iter().zip(&self.shape).enumerate();
        let counts: Vec<usize> = axes
            .map(|(axis, (selection, &length))| selection.count(axis, length))
            .collect::<Result<_>>()?;
        let wanted = counts.iter().product::<usize>();
        let given = incoming.len(self.element());
        if given != wanted {
            return Err(Error::Mismatch {
                expected: format!("{wanted} values for a selection of {counts:?}"),
                found: format!("{given} values"),
            });
        }
        incoming.check(&self.datatype)?;
        if wanted == 0 {
            return Ok(());
        }
        if let Place::Chunked(_) = self.place {
            return chunks::write(self, context, &checked, &counts, incoming);
        }
        let count = self.shape.iter().product::<usize>();
        if checked
            .iter()
            .all(|selection| **selection == Selection::All)
        {
            self.place = match self.place {
                Place::Compact(_) => {
                    Place::Compact(Some(incoming.stored(context, &self.datatype)?.into_owned()))
                }
                _ => Place::Contiguous(Some(incoming.append(context, &self.datatype)?)),
            };
            return Ok(());
        }
        // Such data is small, or it would be in chunks: it is written anew as a whole.
        let mut bytes = match (&self.place, committed) {
            (Place::Compact(Some(written)), _) => written.clone(),
            (Place::Contiguous(Some(written)), _) => {
                let total = count * self.element();
                context.tail.read(context.store, *written, total)?
            }
            (_, Some(values)) => values.bytes(&[])?,
            _ => self.fill_bytes(count),
        };
        let stored = incoming.stored(context, &self.datatype)?;
        chunks::patch(&self.shape, self.element(), &checked, &stored, &mut bytes)?;
        self.place = match self.place {
            Place::Compact(_) => Place::Compact(Some(bytes)),
            _ => Place::Contiguous(Some(context.append(&bytes)?)),
        };
        Ok(())
    }

    /// So many fill values.
    pub(super) fn fill_bytes(&self, count: usize) -> Vec<u8> {
        match &self.fill {
            Some(fill) => fill.repeat(count),
            None => vec![0; count * self.element()],
        }
    }

    /// Changes the length of the axes.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where an axis would be longer than it may become, or there are more or
    /// fewer of them, or the dataset is not stored in chunks.
    pub(super) fn resize(&mut self, context: &mut Context<'_>, shape: &[usize]) -> Result<()> {
        let max = |axis: usize| match &self.max_shape {
            Some(max) => max[axis],
            None => Some(self.shape[axis] as u64),
        };
        let fits = shape.len() == self.shape.len()
            && (0..shape.len()).all(|axis| max(axis).is_none_or(|max| shape[axis] as u64 <= max));
        if !fits {
            let max: Vec<_> = (0..self.shape.len()).map(max).collect();
            return Err(Error::Mismatch {
                expected: format!("a shape within {max:?} (None: any length)"),
                found: format!("{shape:?}"),
            });
        }
        if !matches!(self.place, Place::Chunked(_)) && shape != self.shape {
            return Err(Error::unsupported(
                "resizing of a dataset that is not stored in chunks",
            ));
        }
        let before = match &self.place {
            Place::Chunked(pending) => Some((pending.kept.clone(), pending.written.clone())),
            _ => None,
        };
        let shrunk = chunks::shrink(self, context, shape);
        match (&shrunk, before, &mut self.place) {
            (Ok(()), ..) => self.shape = shape.to_vec(),
            (Err(_), Some((kept, written)), Place::Chunked(pending)) => {
                (pending.kept, pending.written) = (kept, written);
            }
            (Err(_), ..) => {}
        }
        shrunk
    }

    /// Writes the index and puts the messages about shape and layout into the header.
    pub(super) fn finish(
        self,
        context: &mut Context<'_>,
        messages: &mut Vec<RawMessage>,
    ) -> Result<()> {
        let sizes = context.file.image().sizes();
        let dims: Vec<u64> = self.shape.iter().map(|&dim| dim as u64).collect();
        let element_size = self.element() as u64;
        let layout = match &self.place {
            // Only the header changed.
            Place::Contiguous(None) | Place::Compact(None) => None,
            Place::Compact(Some(bytes)) => Some(DataLayout::Compact(bytes.clone())),
            Place::Contiguous(address) => {
                let size = Some(dims.iter().product::<u64>() * element_size);
                Some(DataLayout::Contiguous {
                    address: *address,
                    size,
                })
            }
            Place::Chunked(pending) => Some(DataLayout::Chunked {
                shape: pending.chunk.iter().map(|&dim| dim as u64).collect(),
                element_size,
                index: ChunkIndex::BtreeV1(pending.write_index(
                    &dims,
                    element_size,
                    &self,
                    context,
                )?),
                plain_partial_chunks: false,
            }),
        };
        if let Some(layout) = layout {
            replace(messages, RawMessage::new(&layout, sizes));
        }
        if matches!(self.place, Place::Chunked(_)) {
            let space = Dataspace::Simple {
                dims,
                max_dims: self.max_shape,
            };
            replace(messages, RawMessage::new(&space, sizes));
        }
        Ok(())
    }
}

/// Puts a message in the place of the one of its kind, or behind all others.
pub(super) fn replace(messages: &mut Vec<RawMessage>, message: RawMessage) {
    match messages.iter_mut().find(|raw| raw.kind == message.kind) {
        Some(raw) => *raw = message,
        None => messages.push(message),
    }
}

impl PendingChunks {
    /// The chunk at this place as it is stored now, and its filter mask.
    pub(super) fn stored(
        &self,
        context: &Context<'_>,
        coordinates: &[u64],
    ) -> Result<Option<(Vec<u8>, u32)>> {
        if let Some(chunk) = self.written.get(coordinates) {
            let len = usize::try_from(chunk.size.unwrap_or(0)).unwrap_or(usize::MAX);
            let bytes = context.tail.read(context.store, chunk.address, len)?;
            return Ok(Some((bytes, chunk.filter_mask)));
        }
        let kept = coordinates
            .iter()
            .zip(&self.kept)
            .all(|(at, kept)| at < kept);
        let (Some(storage), true) = (&self.committed, kept) else {
            return Ok(None);
        };
        let axes = coordinates.iter().map(|&at| AxisChunks::Range(at..at + 1));
        let image = context.file.image();
        let entries = storage.entries(image, &ChunkGrid::new(axes.collect()))?;
        let Some(entry) = entries.first() else {
            return Ok(None);
        };
        let bytes = image
            .bytes("chunk", entry.address, entry.size)?
            .into_owned();
        Ok(Some((bytes, entry.filter_mask)))
    }

    /// All chunks there are in a part of the grid: those committed that are kept, those written.
    pub(super) fn in_grid(
        &self,
        context: &Context<'_>,
        within: &[std::ops::Range<u64>],
    ) -> Result<BTreeMap<Vec<u64>, StoredChunk>> {
        let mut all = BTreeMap::new();
        if let Some(storage) = &self.committed {
            let axes = within.iter().zip(&self.kept);
            let axes = axes.map(|(axis, &kept)| AxisChunks::Range(axis.start..axis.end.min(kept)));
            for entry in storage.entries(context.file.image(), &ChunkGrid::new(axes.collect()))? {
                let (address, filter_mask) = (entry.address, entry.filter_mask);
                let stored = StoredChunk {
                    address,
                    size: Some(entry.size),
                    filter_mask,
                };
                all.insert(entry.coordinates, stored);
            }
        }
        let inside = |(at, _): &(&Vec<u64>, &StoredChunk)| {
            at.iter().zip(within).all(|(at, axis)| axis.contains(at))
        };
        all.extend(
            self.written
                .iter()
                .filter(inside)
                .map(|(at, chunk)| (at.clone(), *chunk)),
        );
        Ok(all)
    }

    /// Writes the tree of all chunks; `None` where there is no chunk.
    fn write_index(
        &self,
        dims: &[u64],
        element_size: u64,
        data: &PendingData,
        context: &mut Context<'_>,
    ) -> Result<Option<Address>> {
        let shape: Vec<usize> = data.shape.clone();
        let within: Vec<_> = chunk_counts(&shape, &self.chunk)
            .into_iter()
            .map(|n| 0..n)
            .collect();
        let all = self.in_grid(context, &within)?;
        if all.is_empty() {
            return Ok(None);
        }
        let used_mask = Encoder::mask_of_all(data.filters.len());
        let chunk: Vec<u64> = self.chunk.iter().map(|&dim| dim as u64).collect();
        let coordinates: Vec<u64> = all.keys().flatten().copied().collect();
        let stored: Vec<StoredChunk> = all
            .values()
            .map(|stored| StoredChunk {
                filter_mask: stored.filter_mask & used_mask,
                ..*stored
            })
            .collect();
        debug_assert_eq!(coordinates.len(), stored.len() * dims.len());
        let entries = ChunkEntries {
            chunk: &chunk,
            element_size,
            coordinates: &coordinates,
            stored: &stored,
        };
        let sizes = context.file.image().sizes();
        let tree = BulkLoad::new(&entries, sizes, btree_k(context.file)?.chunk)?;
        let base = context.tail.next();
        tree.write(base, &mut |node| context.append(node).map(drop))
            .map(Some)
    }
}

/// How many chunks each axis has.
pub(super) fn chunk_counts(shape: &[usize], chunk: &[usize]) -> Vec<u64> {
    shape
        .iter()
        .zip(chunk)
        .map(|(&length, &chunk)| length.div_ceil(chunk) as u64)
        .collect()
}
