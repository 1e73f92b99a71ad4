//! What an edit does to the data of a dataset.

use std::ops::Range;

use super::{
    Context, chunks,
    filling::{Failed, MakeFilling},
    pending_chunks::{Form, PendingChunks, chunk_counts},
    values::Incoming,
};
use crate::{
    error::{Error, Result},
    format::{
        message::{ChunkIndex, DataLayout, Dataspace, Datatype, Filter},
        object_header::RawMessage,
    },
    image::Address,
    read::{Values, checked, total_bytes},
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

impl PendingData {
    /// The data of a committed dataset.
    pub(crate) fn of(
        values: &Values<'_>,
        max_shape: Option<&[Option<u64>]>,
        filters: &[Filter],
    ) -> Self {
        let place = match values.storage.chunk_shape() {
            Some(chunk) => {
                let storage = Some(values.storage.clone());
                Place::Chunked(Box::new(PendingChunks::new(chunk, storage, &values.shape)))
            }
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
        let nothing = vec![0; chunk.len()];
        self.place = Place::Chunked(Box::new(PendingChunks::new(chunk, None, &nothing)));
    }

    /// Shape of a chunk, if the data is in chunks.
    pub(super) fn chunk_shape(&self) -> Option<&[usize]> {
        match &self.place {
            Place::Chunked(pending) => Some(&pending.chunk),
            Place::Contiguous(_) | Place::Compact(_) => None,
        }
    }

    /// Bytes of a chunk; 0 where the data is in none.
    pub(super) fn chunk_len(&self) -> usize {
        let shape = self.chunk_shape();
        shape.map_or(0, |shape| shape.iter().product::<usize>() * self.element())
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
        let form = Form {
            shape: &self.shape,
            element: self.element(),
            filters: &self.filters,
        };
        if let Place::Chunked(pending) = &mut self.place {
            pending.spill(context, form)?;
            return chunks::write(self, context, &checked, incoming);
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

    /// Writes what `fill` makes to a box of the dataset: chunk by chunk where it is stored so, else
    /// all at once. Where that fails, the data is what it was.
    pub(super) fn write_with<E: Send>(
        &mut self,
        context: &mut Context<'_>,
        committed: Option<&Values<'_>>,
        within: &[Range<usize>],
        fill: &MakeFilling<'_, E>,
    ) -> Result<(), Failed<E>> {
        let selections: Vec<Selection> = within.iter().cloned().map(Selection::from).collect();
        checked(&selections, &self.shape)?;
        if within.iter().any(Range::is_empty) {
            return Ok(());
        }
        let form = Form {
            shape: &self.shape,
            element: self.element(),
            filters: &self.filters,
        };
        if let Place::Chunked(pending) = &mut self.place {
            pending.spill(context, form)?;
            return chunks::write_with(self, context, within, fill);
        }
        let mut stored = Vec::new();
        if fill()(within, &self.datatype, &mut stored)? {
            self.write(context, committed, &selections, Incoming::Stored(&stored))?;
        }
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
        total_bytes(shape, self.element())?;
        shrink(self, context, shape)?;
        self.shape = shape.to_vec();
        Ok(())
    }

    /// Writes the index and puts the messages about shape and layout into the header.
    pub(super) fn finish(
        self,
        context: &mut Context<'_>,
        messages: &mut Vec<RawMessage>,
    ) -> Result<()> {
        let sizes = context.file.image().sizes();
        let dims: Vec<u64> = self.shape.iter().map(|&dim| dim as u64).collect();
        let form = Form {
            shape: &self.shape,
            element: self.element(),
            filters: &self.filters,
        };
        let element_size = form.element as u64;
        let is_chunked = matches!(self.place, Place::Chunked(_));
        let layout = match self.place {
            // Only the header changed.
            Place::Contiguous(None) | Place::Compact(None) => None,
            Place::Compact(Some(bytes)) => Some(DataLayout::Compact(bytes)),
            Place::Contiguous(address) => {
                let size = Some(dims.iter().product::<u64>() * element_size);
                Some(DataLayout::Contiguous { address, size })
            }
            Place::Chunked(pending) => Some(DataLayout::Chunked {
                shape: pending.chunk.iter().map(|&dim| dim as u64).collect(),
                element_size,
                index: ChunkIndex::BtreeV1(pending.finish(context, form)?),
                plain_partial_chunks: false,
            }),
        };
        if let Some(layout) = layout {
            replace(messages, RawMessage::new(&layout, sizes));
        }
        if is_chunked {
            let space = Dataspace::Simple {
                dims,
                max_dims: self.max_shape,
            };
            replace(messages, RawMessage::new(&space, sizes));
        }
        Ok(())
    }
}

/// Forgets what lies outside `shape`, so that it is the fill value should the dataset grow again.
/// Where that fails, nothing is forgotten.
fn shrink(data: &mut PendingData, context: &mut Context<'_>, shape: &[usize]) -> Result<()> {
    let shortened = (0..shape.len()).filter(|&axis| shape[axis] < data.shape[axis]);
    let shortened: Vec<usize> = shortened.collect();
    let before = match &data.place {
        Place::Chunked(pending) if !shortened.is_empty() => {
            (pending.kept.clone(), pending.written.clone())
        }
        _ => return Ok(()),
    };
    let shrunk = shortened
        .into_iter()
        .try_for_each(|axis| shorten(data, context, axis, shape[axis]));
    if let (Err(_), Place::Chunked(pending)) = (&shrunk, &mut data.place) {
        (pending.kept, pending.written) = before;
    }
    shrunk
}

/// Forgets what lies behind the first `len` positions of an axis.
fn shorten(
    data: &mut PendingData,
    context: &mut Context<'_>,
    axis: usize,
    len: usize,
) -> Result<()> {
    let Place::Chunked(pending) = &mut data.place else {
        return Ok(());
    };
    let chunk = pending.chunk[axis];
    let kept = len.div_ceil(chunk) as u64;
    pending.kept[axis] = pending.kept[axis].min(kept);
    pending.written.retain(|at, _| at[axis] < kept);
    let edge = len % chunk;
    if edge == 0 {
        return Ok(());
    }
    let counts = chunk_counts(&data.shape, &pending.chunk);
    let mut within: Vec<_> = counts.into_iter().map(|n| 0..n).collect();
    within[axis] = kept - 1..kept;
    let at_edge: Vec<Vec<u64>> = pending.in_grid(context, &within)?.into_keys().collect();
    chunks::clear_behind(data, context, &at_edge, axis, edge)
}

/// Puts a message in the place of the one of its kind, or behind all others.
pub(super) fn replace(messages: &mut Vec<RawMessage>, message: RawMessage) {
    match messages.iter_mut().find(|raw| raw.kind == message.kind) {
        Some(raw) => *raw = message,
        None => messages.push(message),
    }
}
