//! What becomes of a dataset, decided before anything is written.

use super::RepackOptions;
use crate::{
    edit::dataset::replace,
    error::{Error, Result},
    format::{
        message::{
            ChunkIndex, DataLayout, ExternalFiles, FillValue, Filter, FilterPipeline, Message,
            OldFillValue,
        },
        object_header::RawMessage,
    },
    image::Sizes,
    object::Dataset,
    read::leads_elsewhere,
};

/// What becomes of a dataset's data.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) layout: DataLayout,
    pub(super) filters: Vec<Filter>,
    /// In chunks: their shape.
    pub(super) chunk: Option<Vec<usize>>,
    /// Whether each chunk can be copied as it is stored.
    pub(super) raw: bool,
}

impl Plan {
    /// What becomes of this dataset. Its messages get the form and length they will have.
    pub(super) fn new(
        dataset: &Dataset<'_>,
        messages: &mut Vec<RawMessage>,
        options: &RepackOptions,
        sizes: Sizes,
    ) -> Result<Self> {
        let stored = messages.iter().find(|raw| raw.kind == DataLayout::KIND);
        let missing = || Error::corrupt("object header", dataset.address(), "no data layout");
        let layout: DataLayout = stored.ok_or_else(missing)?.parse(sizes)?;
        let element = u64::from(dataset.datatype().size);
        let filters = options.filters(dataset);
        let chunk = options.chunk_of(dataset);
        let copied = match (&layout, &chunk) {
            (DataLayout::Chunked { .. }, Some(chunk)) => DataLayout::Chunked {
                shape: chunk.iter().map(|&dim| dim as u64).collect(),
                element_size: element,
                index: ChunkIndex::BtreeV1(None),
                plain_partial_chunks: false,
            },
            (DataLayout::Contiguous { address, size }, _) => DataLayout::Contiguous {
                address: *address,
                size: Some(match size {
                    Some(size) if messages.iter().any(|raw| raw.kind == ExternalFiles::KIND) => {
                        *size
                    }
                    _ => dataset
                        .shape()
                        .iter()
                        .fold(element, |len, &dim| len.saturating_mul(dim as u64)),
                }),
            },
            (other, _) => other.clone(),
        };
        replace(messages, RawMessage::new(&copied, sizes));
        if filters != dataset.filters() {
            let pipeline = FilterPipeline {
                filters: filters.clone(),
            };
            messages.retain(|raw| raw.kind != FilterPipeline::KIND);
            if !filters.is_empty() {
                messages.push(RawMessage::new(&pipeline, sizes));
            }
        }
        for raw in messages
            .iter_mut()
            .filter(|raw| raw.kind == ExternalFiles::KIND)
        {
            // Without the room for more files that it may have.
            let external: ExternalFiles = raw.parse(sizes)?;
            *raw = RawMessage::new(&external, sizes);
        }
        if leads_elsewhere(dataset.datatype()) {
            for raw in messages.iter_mut() {
                rewrite_fill(raw, sizes, &mut |_| Ok(()))?;
            }
        }
        let raw = filters == dataset.filters()
            && chunk.as_deref() == dataset.chunk_shape()
            && !leads_elsewhere(dataset.datatype());
        if !raw && chunk.is_some() {
            dataset.check_filters()?;
        }
        Ok(Self {
            layout,
            filters,
            chunk,
            raw,
        })
    }
}

/// Calls `change` with the value in a fill value message, which is written anew.
pub(super) fn rewrite_fill(
    raw: &mut RawMessage,
    sizes: Sizes,
    change: &mut dyn FnMut(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let flags = raw.flags;
    if raw.kind == FillValue::KIND {
        let mut fill: FillValue = raw.parse(sizes)?;
        if let Some(value) = &mut fill.value {
            change(value)?;
            *raw = RawMessage::new(&fill, sizes);
        }
    } else if raw.kind == OldFillValue::KIND {
        let mut fill: OldFillValue = raw.parse(sizes)?;
        if let Some(value) = &mut fill.value {
            change(value)?;
            *raw = RawMessage::new(&fill, sizes);
        }
    }
    raw.flags = flags;
    Ok(())
}
