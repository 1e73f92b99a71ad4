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
};

/// Record type of the index of links by name.
const LINK_NAME: u8 = 5;

/// All links of the group with this header, at most `limit`, in the order h5py lists them.
pub(super) fn all(image: &Image, header: &ObjectHeader, limit: u64) -> Result<Vec<Link>> {
    let links = messages(image, header, limit)?;
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
    limit: u64,
) -> Result<Vec<LinkMessage>> {
    if let Some(table) = header.get::<SymbolTableMessage>(image)? {
        return symbol_table(image, &table, limit);
    }
    let info = header.get::<LinkInfo>(image)?.unwrap_or_default();
    let mut links = header
        .all::<LinkMessage>(image)
        .collect::<Result<Vec<_>>>()?;
    if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
        dense(image, heap, index, limit, &mut links)?;
    }
    if info.max_creation_index.is_some() {
        links.sort_by_key(|link| link.creation_order);
    } else {
        links.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(links)
}

/// Fails where `count` is over the limit.
fn check_count(count: usize, limit: u64) -> Result<()> {
    let wanted = count as u64;
    if wanted > limit {
        let (what, setting) = ("links of a group", "entries");
        return Err(Error::Limit {
            what,
            wanted,
            limit,
            setting,
        });
    }
    Ok(())
}

/// A symbol table is sorted by name already.
fn symbol_table(image: &Image, table: &SymbolTableMessage, limit: u64) -> Result<Vec<LinkMessage>> {
    let heap = LocalHeap::read(image, table.heap)?;
    let mut links = Vec::new();
    walk_group(image, table.btree, &mut |node| {
        for entry in SymbolTableNode::read(image, node)?.entries {
            let target = match (entry.cache, entry.header) {
                (Cache::SoftLink { target }, _) => {
                    LinkTarget::Soft(text(heap.name(u64::from(target))?).into_owned())
                }
                (_, Some(header)) => LinkTarget::Hard(header),
                (_, None) => {
                    let reason = "a link to an undefined address";
                    return Err(Error::corrupt("symbol table node", node, reason));
                }
            };
            let name = text(heap.name(entry.name)?).into_owned();
            links.push(LinkMessage {
                name,
                target,
                creation_order: None,
            });
        }
        check_count(links.len(), limit)
    })?;
    Ok(links)
}

/// Links whose messages are in a fractal heap, found through the index of their names.
fn dense(
    image: &Image,
    heap: Address,
    index: Address,
    limit: u64,
    links: &mut Vec<LinkMessage>,
) -> Result<()> {
    let mut heap = FractalHeap::read(image, heap)?;
    BTreeV2::read(image, index, &[LINK_NAME])?.walk(&mut |record| {
        // The hash of the name, then the heap's id for the message.
        let id = record.get(4..).unwrap_or_default();
        let body = heap.object(id)?;
        let mut fields = Fields::new(LinkMessage::NAME, index, image.sizes(), &body);
        links.push(LinkMessage::parse(&mut fields)?);
        check_count(links.len(), limit)
    })
}
