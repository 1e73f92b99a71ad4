//! The chunks of a dataset that is being written, and their index.

use super::{
    Context,
    chunk_changes::{Changes, ChunkMap},
    path_copy::{SiblingLinks, path_copy},
    preconditions::btree_k,
};
use crate::{
    error::Result,
    file::File,
    filter::Encoder,
    format::{
        btree_v1::{BulkLoad, ChunkEntries, ChunkNodes},
        chunk_grid::{AxisChunks, ChunkGrid, StoredChunk},
        message::{ChunkIndex, DataLayout, Filter},
    },
    image::{Address, Image},
    read::Storage,
};

/// When an index is changed in which way.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndexLimits {
    /// An index that may hold more chunks than this is copied along the paths to what changes;
    /// others are written anew as a whole, which leaves no hole and nothing to do behind the switch.
    pub(super) copied_above: u64,
    /// When an edit has written so many chunks of a dataset, they go into an index of its own.
    pub(super) held: usize,
}

impl Default for IndexLimits {
    fn default() -> Self {
        Self {
            copied_above: 500_000,
            held: 1 << 18,
        }
    }
}

/// What a dataset says of its chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    /// Shape of the dataset.
    pub(super) shape: &'a [usize],
    /// Bytes of an element.
    pub(super) element: usize,
    /// What every chunk goes through.
    pub(super) filters: &'a [Filter],
}

/// The chunks of a dataset that is being written.
#[derive(Debug)]
pub(super) struct PendingChunks {
    /// Shape of a chunk.
    pub(super) chunk: Vec<usize>,
    /// The chunks that are in an index, as far as they are kept: in the committed one, or in one
    /// that this edit has appended.
    indexed: Option<Storage>,
    /// Shows that index, where it is not the committed one.
    appended: Option<Image>,
    /// What neighbours of its nodes have to be told.
    links: SiblingLinks,
    /// How many chunks each axis had when that index was written.
    counts: Vec<u64>,
    /// Chunks in the index count up to this coordinate of each axis: the dataset was smaller once.
    pub(super) kept: Vec<u64>,
    /// Chunks written since.
    pub(super) written: ChunkMap,
}

impl PendingChunks {
    /// Chunks of this shape, some of which may be in an index.
    pub(super) fn new(chunk: &[usize], indexed: Option<Storage>, shape: &[usize]) -> Self {
        let counts = chunk_counts(shape, chunk);
        Self {
            chunk: chunk.to_vec(),
            indexed,
            appended: None,
            links: SiblingLinks::default(),
            kept: counts.clone(),
            counts,
            written: ChunkMap::new(),
        }
    }

    fn image<'a>(&'a self, file: &'a File) -> &'a Image {
        self.appended.as_ref().unwrap_or(file.image())
    }

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
        let (Some(storage), true) = (&self.indexed, kept) else {
            return Ok(None);
        };
        let axes = coordinates.iter().map(|&at| AxisChunks::Range(at..at + 1));
        let image = self.image(context.file);
        let entries = storage.entries(image, &ChunkGrid::new(axes.collect()))?;
        let Some(entry) = entries.first() else {
            return Ok(None);
        };
        let bytes = image
            .bytes("chunk", entry.address, entry.size)?
            .into_owned();
        Ok(Some((bytes, entry.filter_mask)))
    }

    /// All chunks there are in a part of the grid: those in the index that are kept, those written.
    pub(super) fn in_grid(
        &self,
        context: &Context<'_>,
        within: &[std::ops::Range<u64>],
    ) -> Result<ChunkMap> {
        let mut all = ChunkMap::new();
        if let Some(storage) = &self.indexed {
            let axes = within.iter().zip(&self.kept);
            let axes = axes.map(|(axis, &kept)| AxisChunks::Range(axis.start..axis.end.min(kept)));
            for entry in
                storage.entries(self.image(context.file), &ChunkGrid::new(axes.collect()))?
            {
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

    /// Where many chunks have been written, puts them into an index behind the end of the file, so
    /// that memory does not grow with the dataset. Nothing leads to that index yet.
    ///
    /// # Errors
    /// Nothing has changed then but the length of the file.
    pub(super) fn spill(&mut self, context: &mut Context<'_>, form: Form<'_>) -> Result<()> {
        // A tree of two children a node does not stay balanced.
        if self.written.len() < context.index_limits.held || btree_k(context.file)?.chunk < 2 {
            return Ok(());
        }
        let (root, links) = self.write_index(context, form)?;
        context.tail.flush(context.store)?;
        let layout = DataLayout::Chunked {
            shape: self.chunk.iter().map(|&dim| dim as u64).collect(),
            element_size: form.element as u64,
            index: ChunkIndex::BtreeV1(root),
            plain_partial_chunks: false,
        };
        let filters = form.filters.to_vec();
        let shape = (form.shape, None);
        let indexed = Storage::new(Address(0), layout, filters, shape, form.element)?;
        // By position: a mapping would keep the file from being cut back.
        let image = Image::whole(context.store.source(false)?);
        let superblock = context.file.superblock();
        let end = context.tail.end();
        self.appended = Some(image.narrowed(superblock.base, end, superblock.sizes));
        self.indexed = Some(indexed);
        self.counts = chunk_counts(form.shape, &self.chunk);
        self.kept.clone_from(&self.counts);
        self.written.clear();
        self.links = links;
        Ok(())
    }

    /// Writes the index of all chunks, and says what its root is; `None` where there is no chunk.
    pub(super) fn finish(
        &self,
        context: &mut Context<'_>,
        form: Form<'_>,
    ) -> Result<Option<Address>> {
        let (root, links) = self.write_index(context, form)?;
        context.links.extend(links);
        Ok(root)
    }

    fn write_index(
        &self,
        context: &mut Context<'_>,
        form: Form<'_>,
    ) -> Result<(Option<Address>, SiblingLinks)> {
        let chunk: Vec<u64> = self.chunk.iter().map(|&dim| dim as u64).collect();
        let image = self.image(context.file);
        let nodes = ChunkNodes {
            sizes: image.sizes(),
            chunk: &chunk,
            element_size: form.element as u64,
            k: btree_k(context.file)?.chunk,
        };
        let tree = match self.indexed.as_ref().and_then(Storage::chunk_index) {
            Some(ChunkIndex::BtreeV1(root)) => root,
            _ => None,
        };
        let changes = Changes::new(&self.written, &self.kept, &self.counts);
        if tree.is_some() && changes.is_empty() {
            return Ok((tree, self.links.clone()));
        }
        let is_copied = |root| {
            let large = nodes.most_chunks(image, root)? > context.index_limits.copied_above;
            Ok(nodes.k > 1 && (large || self.appended.is_some()))
        };
        if let Some(root) = tree
            && is_copied(root)?
        {
            let mut links = self.links.clone();
            let root = path_copy(image, nodes, root, &changes, context, &mut links)?;
            return Ok((root, links));
        }
        let root = self.write_whole_index(context, nodes, form)?;
        Ok((root, SiblingLinks::default()))
    }

    fn write_whole_index(
        &self,
        context: &mut Context<'_>,
        nodes: ChunkNodes<'_>,
        form: Form<'_>,
    ) -> Result<Option<Address>> {
        let counts = chunk_counts(form.shape, &self.chunk);
        let within = counts.into_iter().map(|n| 0..n);
        let all = self.in_grid(context, &within.collect::<Vec<_>>())?;
        if all.is_empty() {
            return Ok(None);
        }
        let coordinates: Vec<u64> = all.keys().flatten().copied().collect();
        let used_mask = Encoder::mask_of_all(form.filters.len());
        let stored = all.into_values().map(|stored| StoredChunk {
            filter_mask: stored.filter_mask & used_mask,
            ..stored
        });
        let stored: Vec<StoredChunk> = stored.collect();
        debug_assert_eq!(coordinates.len(), stored.len() * form.shape.len());
        let entries = ChunkEntries {
            chunk: nodes.chunk,
            element_size: nodes.element_size,
            coordinates: &coordinates,
            stored: &stored,
        };
        let tree = BulkLoad::new(&entries, nodes.sizes, nodes.k)?;
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
