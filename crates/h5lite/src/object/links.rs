//! The links of a group, however they are stored: as a symbol table, as messages in the header, or
//! densely in a fractal heap.

use super::Link;
use crate::{
    error::{Error, Result},
    format::{
        btree_v1::walk_group,
        btree_v2::BTreeV2,
        field::{Fields, text},
        fractal_heap::FractalHeap,
        local_heap::LocalHeap,
        message::{LinkInfo, LinkMessage, LinkTarget, Message, SymbolTableMessage},
        object_header::ObjectHeader,
        symbol_table::{Cache, SymbolTableNode},
    },
    image::{Address, Image},
    limits::Limits,
};

/// Record type of the index of links by name.
const LINK_NAME: u8 = 5;

/// All links of the group with this header, in the order h5py lists them.
pub(super) fn all(image: &Image, header: &ObjectHeader, limits: &Limits) -> Result<Vec<Link>> {
    let links = messages(image, header, limits)?;
    Ok(links
        .into_iter()
        .map(|link| Link {
            name: link.name,
            target: link.target,
        })
        .collect())
}

/// The same, with their order of creation where the group tracks it.
pub(crate) fn messages(
    image: &Image,
    header: &ObjectHeader,
    limits: &Limits,
) -> Result<Vec<LinkMessage>> {
    let mut links = Vec::new();
    collect(image, header, limits, &mut links)?;
    Ok(links)
}

/// The links that can be read, and why the others cannot.
pub(super) fn readable(
    image: &Image,
    header: &ObjectHeader,
    limits: &Limits,
) -> (Vec<Link>, Option<Error>) {
    let mut links = Vec::new();
    let error = collect(image, header, limits, &mut links).err();
    let link = |LinkMessage { name, target, .. }| Link { name, target };
    (links.into_iter().map(link).collect(), error)
}

/// Adds the links in order; where it fails, those that come before.
fn collect(
    image: &Image,
    header: &ObjectHeader,
    limits: &Limits,
    links: &mut Vec<LinkMessage>,
) -> Result<()> {
    // Where a header has both, the library, too, goes by the link info message.
    let info = header.get::<LinkInfo>(image)?;
    if info.is_none()
        && let Some(table) = header.get::<SymbolTableMessage>(image)?
    {
        return symbol_table(image, &table, limits, links);
    }
    let info = info.unwrap_or_default();
    for link in header.all::<LinkMessage>(image) {
        links.push(link?);
        check_count(links.len(), limits)?;
    }
    if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
        dense(image, heap, index, limits, links)?;
    }
    if info.max_creation_index.is_some() {
        links.sort_by_key(|link| link.creation_order);
    } else {
        links.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(())
}

/// The bytes of things that share none: together no more than the file has.
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new(image: &Image) -> Self {
        Self { left: image.len() }
    }

    /// Fails where these bytes cannot be others than those before, or not all of them.
    pub(super) fn spend(&mut self, heap: &'static str, at: Address, bytes: &[u8]) -> Result<()> {
        let left = self.left.checked_sub(bytes.len() as u64);
        let overlap = || Error::corrupt(heap, at, "its objects overlap");
        self.left = left.ok_or_else(overlap)?;
        Ok(())
    }
}

/// Fails where there are too many links.
fn check_count(count: usize, limits: &Limits) -> Result<()> {
    Limits::check("links of a group", count as u64, limits.entries, "entries")
}

/// A symbol table is sorted by name already.
fn symbol_table(
    image: &Image,
    table: &SymbolTableMessage,
    limits: &Limits,
    links: &mut Vec<LinkMessage>,
) -> Result<()> {
    let heap = LocalHeap::read(image, table.heap)?;
    let mut names = Budget::new(image);
    walk_group(image, table.btree, &mut |node| {
        for entry in SymbolTableNode::read(image, node)?.entries {
            let name = heap.name(entry.name)?;
            names.spend("local heap", table.heap, name)?;
            let target = match (entry.cache, entry.header) {
                (Cache::SoftLink { target }, _) => {
                    let target = heap.name(u64::from(target))?;
                    names.spend("local heap", table.heap, target)?;
                    LinkTarget::Soft(text(target).into_owned())
                }
                (_, Some(header)) => LinkTarget::Hard(header),
                (_, None) => {
                    let reason = "a link to an undefined address";
                    return Err(Error::corrupt("symbol table node", node, reason));
                }
            };
            let name = text(name).into_owned();
            links.push(LinkMessage {
                name,
                target,
                creation_order: None,
            });
        }
        check_count(links.len(), limits)
    })
}

/// Links whose messages are in a fractal heap, found through the index of their names.
fn dense(
    image: &Image,
    heap: Address,
    index: Address,
    limits: &Limits,
    links: &mut Vec<LinkMessage>,
) -> Result<()> {
    let mut messages = Budget::new(image);
    let mut heap = FractalHeap::read(image, heap)?;
    BTreeV2::read(image, index, &[LINK_NAME])?.walk(&mut |record| {
        // The hash of the name, then the heap's id for the message.
        let id = record.get(4..).unwrap_or_default();
        let body = heap.object(id, limits)?;
        messages.spend("fractal heap", index, &body)?;
        let mut fields = Fields::new(LinkMessage::NAME, index, image.sizes(), &body);
        links.push(LinkMessage::parse(&mut fields)?);
        check_count(links.len(), limits)
    })
}
