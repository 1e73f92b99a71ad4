//! What a repacked file may have otherwise than its original.

use crate::{
    format::message::{Filter, FilterId},
    object::Dataset,
    watch::Watch,
};

/// What a repacked file has otherwise than its original: nothing, unless asked for.
///
/// Only datasets in chunks are concerned, and only those whose filters are known: others stay as
/// they are, with the very bytes of their chunks.
#[derive(Clone, Debug, Default)]
pub struct RepackOptions {
    deflate: Option<u32>,
    shuffle: Option<bool>,
    chunk: Option<Vec<usize>>,
    pub(super) watch: Watch,
}

impl RepackOptions {
    /// Nothing changes but what is left out.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Chunks are compressed with DEFLATE at this level, 0 to 9, in the place of whatever
    /// compressed them.
    #[must_use]
    pub fn deflate(mut self, level: u32) -> Self {
        self.deflate = Some(level.min(9));
        self
    }

    /// Whether bytes of equal significance are put side by side before they are compressed.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = Some(shuffle);
        self
    }

    /// The shape of the chunks of datasets with as many axes; shorter where an axis is.
    #[must_use]
    pub fn chunk(mut self, chunk: &[usize]) -> Self {
        self.chunk = Some(chunk.to_vec());
        self
    }

    /// Who follows the call; its steps are the bytes of the original.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// The filters that a dataset shall have.
    pub(super) fn filters(&self, dataset: &Dataset<'_>) -> Vec<Filter> {
        let old = dataset.filters();
        if dataset.chunk_shape().is_none() || dataset.check_filters().is_err() {
            return old.to_vec();
        }
        let filter = |id: FilterId, parameters| Filter {
            id,
            optional: true,
            parameters,
            name: id.name().map(str::to_owned),
        };
        let mut new = old.to_vec();
        if let Some(shuffle) = self.shuffle {
            new.retain(|filter| filter.id != FilterId::SHUFFLE);
            if shuffle {
                new.insert(0, filter(FilterId::SHUFFLE, vec![dataset.datatype().size]));
            }
        }
        if let Some(level) = self.deflate {
            let compresses =
                |filter: &Filter| [FilterId::DEFLATE, FilterId::LZF].contains(&filter.id);
            let deflate = filter(FilterId::DEFLATE, vec![level]);
            match new.iter().position(compresses) {
                Some(at) => new[at] = deflate,
                None => {
                    // A checksum stays last.
                    let summed = |filter: &Filter| filter.id == FilterId::FLETCHER32;
                    let at = new.iter().position(summed).unwrap_or(new.len());
                    new.insert(at, deflate);
                }
            }
        }
        new
    }

    /// The shape that a dataset's chunks shall have, if it is in chunks.
    pub(super) fn chunk_of(&self, dataset: &Dataset<'_>) -> Option<Vec<usize>> {
        let old = dataset.chunk_shape()?;
        match &self.chunk {
            Some(new) if new.len() == old.len() && dataset.check_filters().is_ok() => {
                let axes = new.iter().zip(dataset.shape());
                let clipped = |(&new, &dim): (&usize, &usize)| match dim {
                    0 => new.max(1),
                    dim => new.clamp(1, dim),
                };
                Some(axes.map(clipped).collect())
            }
            _ => Some(old.to_vec()),
        }
    }
}
