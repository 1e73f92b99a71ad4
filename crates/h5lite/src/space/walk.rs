//! From the superblock to everything it leads to.

use std::{cell::Cell, collections::HashSet};

use crate::{
    edit::{btree_k, record_len},
    error::{Error, InObject, Result},
    file::File,
    filter::Decoder,
    format::{
        btree_v1,
        btree_v2::BTreeV2,
        fractal_heap::FractalHeap,
        free_space,
        global_heap::GlobalHeap,
        local_heap::LocalHeap,
        message::{
            AttributeInfo, DataLayout, Datatype, ExternalFiles, FileSpaceInfo, LinkInfo, LinkTarget,
        },
        object_header::ObjectHeader,
        superblock::BtreeK,
        symbol_table::{self, SymbolTableNode},
    },
    image::{Address, Extent},
    object::{Dataset, Object, Place, Worklist},
    read::{HeapId, Pointer, each_pointer, leads_elsewhere, tiles},
};

/// Indexes of links, by name and by order of creation.
const LINK_INDEXES: [u8; 2] = [5, 6];
/// The same of attributes.
const ATTRIBUTE_INDEXES: [u8; 2] = [8, 9];
/// Values are read in pieces of about this many bytes.
const PIECE: usize = 16 << 20;

/// A walk over a file that takes down what it meets.
pub(crate) struct Walk<'f> {
    original: &'f File,
    /// The same file, whose image takes down what is read.
    file: File,
    k: BtreeK,
    /// Structures that several objects may lead to, as far as they were visited.
    shared: HashSet<Address>,
    /// How many bytes the chunks of all datasets may still have.
    left: Cell<u64>,
}

/// What is done with an extent of the object at a place and a path.
type Visit<'a> = &'a mut dyn FnMut((&Place, &str), &Extent) -> Result<()>;
/// What is done with an error in the object at a path.
type Failed<'a> = &'a mut dyn FnMut(&str, Error) -> Result<()>;

/// What the nodes of an object's version 1 B-trees index.
type Nodes = btree_v1::Kind;

impl<'f> Walk<'f> {
    pub(crate) fn new(original: &'f File) -> Result<Self> {
        let file = original.with_claims();
        Ok(Self {
            original,
            k: btree_k(original)?,
            file,
            shared: HashSet::new(),
            left: Cell::new(original.image().len()),
        })
    }

    /// Visits everything. What cannot be followed goes to `failed`, which says whether to go on.
    pub(crate) fn run(mut self, visit: Visit<'_>, failed: Failed<'_>) -> Result<()> {
        let mut worklist = Worklist::new(self.original);
        self.whole_file().or_else(|error| failed("/", error))?;
        while let Some((place, address)) = worklist.next() {
            let path = place.path();
            // What was read of the file as a whole is there already when the root is.
            let mut link = |name: &str, target| worklist.push(&place, name, target).map(drop);
            let nodes = self.object(&path, address, &mut link, failed)?;
            self.hand_over((&place, &path), nodes, visit)?;
        }
        Ok(())
    }

    /// What was read since the last time goes to `visit`, each extent once.
    fn hand_over(&mut self, owner: (&Place, &str), nodes: Nodes, visit: Visit<'_>) -> Result<()> {
        let sizes = self.file.image().sizes();
        let node_k = match nodes {
            Nodes::Group => self.k.group_internal,
            Nodes::Chunk { .. } => self.k.chunk,
        };
        let mut extents = self.file.image().take_claims();
        for extent in &mut extents {
            // Nodes have the same length whatever is in them.
            let len = match extent.structure {
                btree_v1::NAME => btree_v1::node_len(nodes, sizes, usize::from(node_k) * 2),
                symbol_table::NAME => {
                    SymbolTableNode::len(sizes, usize::from(self.k.group_leaf) * 2)
                }
                _ => 0,
            };
            extent.len = extent.len.max(len);
        }
        extents.sort_unstable_by_key(|extent| (extent.address, extent.structure, extent.len));
        extents.dedup();
        for extent in &extents {
            let shared = extent.structure == GlobalHeap::NAME
                || extent.structure.starts_with("object header");
            if !shared || self.shared.insert(extent.address) {
                visit(owner, extent)?;
            }
        }
        Ok(())
    }

    /// The superblock, its extension, and what free space the file keeps.
    fn whole_file(&self) -> Result<()> {
        let (image, superblock) = (self.file.image(), self.file.superblock());
        let len = superblock.encode().len() as u64;
        image.claim("superblock", Address(0), len);
        let record = record_len(image.source(), superblock.end_of_file);
        if record > 0 {
            image.claim("commit record", Address(image.len() - record), record);
        }
        if let Some(block) = superblock.driver_information {
            let start = image.bytes("driver information block", block, 8)?;
            let len = start.get(4..).and_then(|len| len.try_into().ok());
            let len = u32::from_le_bytes(len.unwrap_or_default());
            image.claim("driver information block", block, 16 + u64::from(len));
        }
        let Some(extension) = superblock.extension else {
            return Ok(());
        };
        let header = ObjectHeader::read(image, extension)?;
        if let Some(info) = header.get::<FileSpaceInfo>(image)? {
            for manager in info.managers {
                free_space::walk(image, manager)?;
            }
        }
        Ok(())
    }

    /// Reads an object whole, but for values that lead nowhere. Links go to `link`, and each part
    /// that cannot be read to `failed`.
    fn object(
        &self,
        path: &str,
        address: Address,
        link: &mut dyn FnMut(&str, Address) -> Result<()>,
        failed: Failed<'_>,
    ) -> Result<Nodes> {
        let object = match Object::open(&self.file, path, address) {
            Ok(object) => object,
            Err(error) => return failed(path, error).map(|()| Nodes::Group),
        };
        let mut attempt = |outcome: Result<()>| match outcome.in_object(path) {
            Err(error) => failed(path, error),
            Ok(()) => Ok(()),
        };
        let header = &object.node().header;
        attempt(self.dense_attributes(header))?;
        attempt(self.attributes(&object))?;
        match &object {
            Object::Group(group) => {
                attempt(self.dense_links(header))?;
                attempt(group.known_links().and_then(|links| {
                    links.iter().try_for_each(|found| match found.target {
                        LinkTarget::Hard(target) => link(&found.name, target),
                        _ => Ok(()),
                    })
                }))?;
                Ok(Nodes::Group)
            }
            Object::Dataset(dataset) => {
                attempt(self.dataset(dataset, header))?;
                Ok(Nodes::Chunk {
                    rank: dataset.shape().len(),
                })
            }
            Object::Datatype(_) => Ok(Nodes::Group),
        }
    }

    fn dense_attributes(&self, header: &ObjectHeader) -> Result<()> {
        let Some(info) = header.get::<AttributeInfo>(self.file.image())? else {
            return Ok(());
        };
        let indexes = [info.name_index, info.creation_order_index.flatten()];
        self.dense(info.fractal_heap, indexes, &ATTRIBUTE_INDEXES)
    }

    fn dense_links(&self, header: &ObjectHeader) -> Result<()> {
        let Some(info) = header.get::<LinkInfo>(self.file.image())? else {
            return Ok(());
        };
        let indexes = [info.name_index, info.creation_order_index.flatten()];
        self.dense(info.fractal_heap, indexes, &LINK_INDEXES)
    }

    fn attributes(&self, object: &Object<'_>) -> Result<()> {
        for attribute in object.attributes()? {
            if leads_elsewhere(attribute.datatype()) {
                self.values(attribute.datatype(), attribute.read_bytes()?)?;
            }
        }
        Ok(())
    }

    /// A fractal heap and the trees that index it.
    fn dense(
        &self,
        heap: Option<Address>,
        indexes: [Option<Address>; 2],
        types: &[u8],
    ) -> Result<()> {
        let image = self.file.image();
        if let Some(heap) = heap {
            FractalHeap::read(image, heap)?.walk()?;
        }
        for index in indexes.into_iter().flatten() {
            BTreeV2::read(image, index, types)?.walk(&mut |_| Ok(()))?;
        }
        Ok(())
    }

    fn dataset(&self, dataset: &Dataset<'_>, header: &ObjectHeader) -> Result<()> {
        let image = self.file.image();
        let values = dataset.values();
        if dataset.chunk_shape().is_some() {
            values.storage.check_readable(values.limits)?;
        }
        let mut left = self.left.get();
        let claimed = values.storage.claim(image, &mut left);
        self.left.set(left);
        claimed?;
        if let Some(DataLayout::Virtual {
            heap: Some(heap), ..
        }) = header.get(image)?
        {
            GlobalHeap::read(image, heap)?;
        }
        if let Some(external) = header.get::<ExternalFiles>(image)? {
            LocalHeap::read(image, external.heap)?;
        }
        let datatype = dataset.datatype();
        if !leads_elsewhere(datatype) {
            return Ok(());
        }
        if let Some(fill) = &values.fill {
            self.values(datatype, fill.clone())?;
        }
        // Read without taking anything down: the chunks are known.
        let image = self.original.image();
        if dataset.chunk_shape().is_none() {
            values.check_all_readable()?;
            let original = Object::open(self.original, dataset.path(), dataset.address())?;
            let original = original.into_dataset()?;
            let ones = vec![1; dataset.shape().len()];
            let element = datatype.size as usize;
            for tile in tiles(dataset.shape(), &ones, element, PIECE) {
                self.values(datatype, original.read_bytes(&tile)?)?;
            }
            return Ok(());
        }
        let (storage, filters) = (&values.storage, dataset.filters());
        let mut decoder = Decoder::new(filters)?;
        storage.check_readable(self.original.limits())?;
        let len = storage.chunk_len();
        let mut left = image.len();
        storage.each_batch(image, &mut left, &mut |entries| {
            for entry in entries {
                let bytes = image.bytes("chunk", entry.address, entry.size)?;
                let whole = decoder.decode(&bytes, entry.filter_mask, len, entry.address)?;
                let mut elements = whole.get(..len).unwrap_or_default().to_vec();
                storage.clear_outside(&entry.coordinates, &mut elements);
                self.values(datatype, elements)?;
            }
            Ok(())
        })
    }

    /// Follows stored elements into the global heap.
    fn values(&self, datatype: &Datatype, mut elements: Vec<u8>) -> Result<()> {
        let image = self.file.image();
        let sizes = image.sizes();
        let mut last = None;
        let mut nested = Vec::new();
        each_pointer(datatype, &mut elements, &mut |pointer, element| {
            let (id, base) = match pointer {
                Pointer::Sequence(base) => match HeapId::of_sequence(element, sizes)? {
                    Some((_, id)) => (id, leads_elsewhere(base).then(|| base.clone())),
                    None => return Ok(()),
                },
                Pointer::Region => match HeapId::of_region(element, sizes)? {
                    Some(id) => (id, None),
                    None => return Ok(()),
                },
                Pointer::Object | Pointer::Unknown => return Ok(()),
            };
            if base.is_none() && last == Some(id.collection) {
                return Ok(());
            }
            last = Some(id.collection);
            if base.is_none() && self.shared.contains(&id.collection) {
                return Ok(());
            }
            let heap = GlobalHeap::read(image, id.collection)?;
            if let Some(base) = base {
                nested.push((base, heap.object(id.index)?.to_vec()));
            }
            Ok(())
        })?;
        nested
            .into_iter()
            .try_for_each(|(base, elements)| self.values(&base, elements))
    }
}
