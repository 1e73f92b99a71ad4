//! The links of a group, however they are stored: as a symbol table, as messages in the header, or
//! densely in a fractal heap.

use super::Link;
use crate::{
    error::{Error, Result},
    format::{
        btree_v1::walk_group,
        field::{Fields, text},
        local_heap::LocalHeap,
        message::{LinkInfo, LinkMessage, LinkTarget, Message, SymbolTableMessage},
        object_header::ObjectHeader,
        symbol_table::{Cache, SymbolTableNode},
    },
    image::{Address, Image},
};

/// All links of the group with this header, at most `limit`.
pub(super) fn all(image: &Image, header: &ObjectHeader, limit: u64) -> Result<Vec<Link>> {
    if let Some(table) = header.get::<SymbolTableMessage>(image)? {
        return symbol_table(image, &table, limit);
    }
    let info = header.get::<LinkInfo>(image)?.unwrap_or_default();
    let mut messages = header
        .all::<LinkMessage>(image)
        .collect::<Result<Vec<_>>>()?;
    if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
        let _ = (heap, index);
        return Err(Error::unsupported("dense links"));
    }
    if info.max_creation_index.is_some() {
        messages.sort_by_key(|link| link.creation_order);
    } else {
        messages.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(messages
        .into_iter()
        .map(|m| Link {
            name: m.name,
            target: m.target,
        })
        .collect())
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
fn symbol_table(image: &Image, table: &SymbolTableMessage, limit: u64) -> Result<Vec<Link>> {
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
            links.push(Link { name, target });
        }
        check_count(links.len(), limit)
    })?;
    Ok(links)
}
