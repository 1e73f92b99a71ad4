//! A file written anew, without the bytes that nothing leads to.
//!
//! Headers and symbol tables come first, data behind them. Their lengths follow from what is in
//! them, so every object's new address is known before anything is written, and whatever holds an
//! address (links, references, uses of committed datatypes) is written with the new one at once.

mod data;
mod heap;
mod messages;
mod options;
mod plan;

use std::collections::HashMap;

pub use self::options::RepackOptions;
use self::{heap::HeapWriter, plan::Plan};
use super::{
    Context,
    group::{fits_symbol_table, symbol_table},
    path_copy::SiblingLinks,
    pending_chunks::IndexLimits,
    tail::Tail,
    tree::{Content, Id, Kind, Target, Tree},
    write::{UNPLACED, encoded},
};
use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::superblock::{BtreeK, Superblock},
    image::{Address, Sizes},
    object::Object,
    store::{self, Store, write_all},
    watch::Steps,
};

/// Links of a group that asks for their order of creation: more do not fit into a header, and are
/// put into a symbol table, which has no such order.
const MAX_ORDERED: usize = 60_000;
/// The user block is copied in pieces of this size.
const PIECE: usize = 1 << 20;

/// Writes all that `source` holds into an empty store, and makes it durable.
///
/// # Errors
/// [`Error::Unsupported`], with the path of the object, for what cannot be written anew.
pub(crate) fn repack(source: &File, options: &RepackOptions, store: &mut dyn Store) -> Result<()> {
    let base = source.user_block_len();
    copy_user_block(source, store)?;
    let mut superblock = Superblock {
        version: 0,
        sizes: source.image().sizes(),
        base,
        end_of_file: 0,
        k: BtreeK::default(),
        consistency_flags: 0,
        extension: None,
        driver_information: None,
        root: Address(0),
    };
    let place = superblock.encode();
    write_all(store, base, &vec![0; place.len()])?;
    let mut tail = Tail::new(base, base + place.len() as u64);
    let mut links = SiblingLinks::default();
    let context = Context {
        file: source,
        store,
        tail: &mut tail,
        links: &mut links,
        index_limits: IndexLimits::default(),
    };
    superblock.root = Repack::new(source, options, context)?.write()?;
    tail.flush(store)?;
    superblock.end_of_file = tail.end();
    if superblock.sizes.offset < 8 && tail.end() >> (superblock.sizes.offset * 8) != 0 {
        let width = superblock.sizes.offset;
        let what = format_args!("file of {} bytes with addresses of {width}", tail.end());
        return Err(Error::unsupported(what));
    }
    write_all(store, base, &superblock.encode())?;
    store::sync(store)
}

fn copy_user_block(source: &File, store: &mut dyn Store) -> Result<()> {
    let (mut at, mut bytes) = (0, Vec::new());
    while at < source.user_block_len() {
        let len = (source.user_block_len() - at).min(PIECE as u64);
        let piece = usize::try_from(len).unwrap_or(PIECE);
        source.image().source().read(at, piece, &mut bytes)?;
        write_all(store, at, &bytes)?;
        at += len;
    }
    Ok(())
}

/// A file on its way into another.
struct Repack<'a> {
    source: &'a File,
    options: &'a RepackOptions,
    context: Context<'a>,
    tree: Tree,
    /// A path of each object.
    paths: Vec<String>,
    /// Where each object will stand, by where it stands now.
    moved: HashMap<Address, Address>,
    heap: HeapWriter<'a>,
    /// How many bytes of data may still be copied: those of a sound file do not overlap.
    left: u64,
    steps: Steps,
}

impl<'a> Repack<'a> {
    /// Reads all there is to know but the data.
    fn new(source: &'a File, options: &'a RepackOptions, context: Context<'a>) -> Result<Self> {
        let mut repack = Self {
            source,
            options,
            context,
            tree: Tree::new(source.superblock().root),
            paths: Vec::new(),
            moved: HashMap::new(),
            heap: HeapWriter::new(source.image()),
            left: source.image().len(),
            steps: options.watch.begin(source.image().len())?,
        };
        repack.read_all()?;
        Ok(repack)
    }

    /// Reads every object that a link leads to, and committed datatypes that only their users know.
    fn read_all(&mut self) -> Result<()> {
        let mut id = Tree::ROOT;
        self.paths.push("/".to_owned());
        while id < self.tree.ids().end {
            let path = self.paths[id].clone();
            let content = self.tree.change(self.source, id).in_object(&path)?;
            let sizes = self.source.image().sizes();
            messages::older_datatypes(content, sizes).in_object(&path)?;
            let uses = messages::committed_datatypes(content, sizes);
            for address in uses.in_object(&path)? {
                self.tree.committed(address);
            }
            if let Kind::Group(links) = &mut self.tree.content(self.source, id)?.kind {
                if let Some(why) = links.frozen {
                    return Err(Error::unsupported(format_args!("copy of {why}"))).in_object(&path);
                }
                if links.by_name.len() > MAX_ORDERED {
                    links.next_order = None;
                    links
                        .by_name
                        .values_mut()
                        .for_each(|(_, order)| *order = None);
                }
                let end = self.tree.ids().end;
                self.paths.resize(end, String::new());
                let Kind::Group(links) = &self.tree.content(self.source, id)?.kind else {
                    continue;
                };
                for (name, (target, _)) in &links.by_name {
                    if let Target::Object(child) = target
                        && self.paths[*child].is_empty()
                    {
                        self.paths[*child] = format!("{}/{name}", path.trim_end_matches('/'));
                    }
                }
            }
            let end = self.tree.ids().end;
            self.paths.resize(end, String::new());
            id += 1;
        }
        Ok(())
    }

    /// Writes everything and returns the root's address.
    fn write(mut self) -> Result<Address> {
        let mut plans = Vec::new();
        for id in self.tree.ids() {
            let path = self.paths[id].clone();
            plans.push(self.plan(id).in_object(&path)?);
        }
        let sizes = self.source.image().sizes();
        let start = self.context.tail.next();
        let places = self.places(start, sizes)?;
        for (id, place) in places.iter().enumerate() {
            let committed = self.tree.node(id).committed.unwrap_or_default();
            self.moved.insert(committed, *place);
        }
        let len = self.metadata(&places, start, sizes)?.len();
        self.context.append(&vec![0; len])?;
        for (id, plan) in plans.into_iter().enumerate() {
            let path = self.paths[id].clone();
            self.object(id, plan).in_object(&path)?;
        }
        let metadata = self.metadata(&places, start, sizes)?;
        if metadata.len() != len {
            let reason = format_args!("{} bytes of headers where {len} are due", metadata.len());
            return Err(Error::corrupt("object header", start, reason));
        }
        let Self { heap, context, .. } = self;
        let Context { store, tail, .. } = context;
        heap.finish(store, tail)?;
        tail.overwrite(store, start, &metadata)?;
        Ok(places[Tree::ROOT])
    }

    /// Counts bytes of data that are copied as they are stored.
    fn spend(&mut self, structure: &'static str, at: Address, len: u64) -> Result<()> {
        let overlap = || Error::corrupt(structure, at, "it overlaps other data");
        self.left = self.left.checked_sub(len).ok_or_else(overlap)?;
        self.steps.advance(len)
    }

    /// Where the headers stand, one after another.
    fn places(&self, start: Address, sizes: Sizes) -> Result<Vec<Address>> {
        let mut next = start;
        let mut places = Vec::new();
        for id in self.tree.ids() {
            let header = encoded(self.tree.node(id), UNPLACED, &|_| Address(0), sizes);
            let len = header.in_object(&self.paths[id])?.len() as u64;
            places.push(next);
            next = next.plus("object header", len.next_multiple_of(8))?;
        }
        Ok(places)
    }

    /// All headers and symbol tables, as they stand from `start` on.
    fn metadata(&self, places: &[Address], start: Address, sizes: Sizes) -> Result<Vec<u8>> {
        let resolve = |id: Id| places.get(id).copied().unwrap_or_default();
        let headers_len = |id: Id| {
            let header = encoded(self.tree.node(id), UNPLACED, &|_| Address(0), sizes);
            header.map(|bytes| bytes.len().next_multiple_of(8) as u64)
        };
        let last = places.len().saturating_sub(1);
        let tables_at = resolve(last).plus("symbol table", headers_len(last)?)?;
        let (mut headers, mut tables) = (Vec::new(), Vec::new());
        for id in self.tree.ids() {
            let mut table = UNPLACED;
            if let Some(Content {
                kind: Kind::Group(links),
                ..
            }) = &self.tree.node(id).content
                && fits_symbol_table(links)
            {
                let at = tables_at.plus("symbol table", tables.len() as u64)?;
                let (bytes, message) = symbol_table(links, at, BtreeK::default(), sizes, &resolve)?;
                tables.extend(bytes);
                tables.resize(tables.len().next_multiple_of(8), 0);
                table = message;
            }
            headers.extend(encoded(self.tree.node(id), table, &resolve, sizes)?);
            headers.resize(headers.len().next_multiple_of(8), 0);
        }
        debug_assert_eq!(start.0 + headers.len() as u64, tables_at.0);
        headers.extend(tables);
        Ok(headers)
    }

    /// What becomes of an object's data. Its messages get the lengths they will have.
    fn plan(&mut self, id: Id) -> Result<Option<Plan>> {
        let content = self.tree.content(self.source, id)?;
        if !matches!(content.kind, Kind::Dataset(_)) {
            return Ok(None);
        }
        let address = self.tree.node(id).committed.unwrap_or_default();
        let dataset = Object::open(self.source, &self.paths[id], address)?.into_dataset()?;
        let content = self.tree.content(self.source, id)?;
        let sizes = self.source.image().sizes();
        Plan::new(&dataset, &mut content.messages, self.options, sizes).map(Some)
    }

    /// Writes an object's data and puts what leads there into its messages.
    fn object(&mut self, id: Id, plan: Option<Plan>) -> Result<()> {
        let mut content = std::mem::take(&mut self.tree.content(self.source, id)?.attributes);
        for raw in content.messages_mut() {
            self.attribute(raw)?;
        }
        self.tree.content(self.source, id)?.attributes = content;
        let mut messages = std::mem::take(&mut self.tree.content(self.source, id)?.messages);
        for raw in &mut messages {
            self.shared(raw)?;
        }
        if let Some(plan) = plan {
            let address = self.tree.node(id).committed.unwrap_or_default();
            let dataset = Object::open(self.source, &self.paths[id], address)?.into_dataset()?;
            self.data(&dataset, plan, &mut messages)?;
        }
        self.tree.content(self.source, id)?.messages = messages;
        Ok(())
    }
}
