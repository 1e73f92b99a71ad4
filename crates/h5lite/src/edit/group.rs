//! A group as it is written: a symbol table, or link messages where a table cannot hold the links.

use super::tree::{Content, Id, Kind, Links, Target};
use crate::{
    error::Result,
    format::{
        btree_v1::{BulkLoad, GroupEntries},
        local_heap::LocalHeapBuilder,
        message::{LinkInfo, LinkMessage, LinkTarget, SymbolTableMessage},
        object_header::{ObjectHeader, RawMessage},
        superblock::{BtreeK, Superblock},
        symbol_table::{Cache, Entry, SymbolTableNode},
    },
    image::{Address, Sizes},
};

/// Where the objects will stand that links lead to.
pub(super) type Resolve<'a> = &'a dyn Fn(Id) -> Address;

/// Whether a symbol table can hold the links: it knows neither external links nor an order of
/// creation.
pub(super) fn fits_symbol_table(links: &Links) -> bool {
    let known = |(target, _): &(Target, Option<u64>)| {
        matches!(
            target,
            Target::Object(_) | Target::Elsewhere(LinkTarget::Soft(_))
        )
    };
    links.next_order.is_none() && links.by_name.values().all(known)
}

/// The header of an object. Its length does not depend on the addresses in it.
pub(super) fn header(
    content: &Content,
    table: SymbolTableMessage,
    resolve: Resolve<'_>,
    sizes: Sizes,
) -> ObjectHeader {
    let mut messages = Vec::new();
    match &content.kind {
        Kind::Group(links) if fits_symbol_table(links) => {
            messages.push(RawMessage::new(&table, sizes));
        }
        Kind::Group(links) => {
            let info = LinkInfo {
                max_creation_index: links.next_order,
                creation_order_index: links.order_indexed.then_some(None),
                ..LinkInfo::default()
            };
            messages.push(RawMessage::new(&info, sizes));
            for (name, (target, creation_order)) in &links.by_name {
                let target = match target {
                    Target::Object(id) => LinkTarget::Hard(resolve(*id)),
                    Target::Elsewhere(target) => target.clone(),
                };
                let creation_order = *creation_order;
                let link = LinkMessage {
                    name: name.clone(),
                    target,
                    creation_order,
                };
                messages.push(RawMessage::new(&link, sizes));
            }
        }
        Kind::Dataset(_) | Kind::Other => {}
    }
    messages.extend(content.messages.iter().cloned());
    messages.extend(content.attributes.messages().cloned());
    let reference_count = content.reference_count;
    ObjectHeader {
        address: Address(0),
        version: 1,
        reference_count,
        messages,
    }
}

/// The smallest file: a superblock of version 0 and a root group without links.
pub(crate) fn empty_file() -> Result<Vec<u8>> {
    empty_file_of(0, BtreeK::default())
}

/// The same with another version of the superblock, of which only 1 holds all node capacities.
pub(super) fn empty_file_of(version: u8, k: BtreeK) -> Result<Vec<u8>> {
    let sizes = Sizes::default();
    let mut superblock = Superblock {
        version,
        sizes,
        base: 0,
        end_of_file: 0,
        k,
        consistency_flags: 0,
        extension: None,
        driver_information: None,
        root: Address(0),
    };
    superblock.root = Address(superblock.encode().len() as u64);
    let root = Content::new(Kind::Group(Links::default()), Vec::new());
    let nowhere: Resolve<'_> = &|_| Address(0);
    let unplaced = SymbolTableMessage {
        btree: Address(0),
        heap: Address(0),
    };
    let len = header(&root, unplaced, nowhere, sizes).encode(sizes).len() as u64;
    let start = superblock.root.plus("symbol table", len)?;
    let (table, message) = symbol_table(&Links::default(), start, k, sizes, nowhere)?;
    superblock.end_of_file = start.0 + table.len() as u64;
    let header = header(&root, message, nowhere, sizes).encode(sizes);
    Ok([superblock.encode(), header, table].concat())
}

/// A symbol table as it stands from `start` on: heap, nodes, tree.
pub(super) fn symbol_table(
    links: &Links,
    start: Address,
    k: BtreeK,
    sizes: Sizes,
    resolve: Resolve<'_>,
) -> Result<(Vec<u8>, SymbolTableMessage)> {
    const NAME: &str = "symbol table";
    let mut heap = LocalHeapBuilder::new(sizes);
    let entry = |(name, (target, _)): (&String, &(Target, Option<u64>))| {
        let name = heap.push(name.as_bytes());
        let (header, cache) = match target {
            Target::Object(id) => (Some(resolve(*id)), Cache::None),
            Target::Elsewhere(LinkTarget::Soft(path)) => {
                let target = heap.push(path.as_bytes());
                (
                    None,
                    Cache::SoftLink {
                        target: u32::try_from(target).unwrap_or(u32::MAX),
                    },
                )
            }
            Target::Elsewhere(_) => (None, Cache::None),
        };
        Entry {
            name,
            header,
            cache,
        }
    };
    let entries: Vec<Entry> = links.by_name.iter().map(entry).collect();
    let mut bytes = heap.encode(start)?;
    let capacity = usize::from(k.group_leaf) * 2;
    let mut nodes = Vec::new();
    for entries in entries.chunks(capacity) {
        let address = start.plus(NAME, bytes.len() as u64)?;
        let last_name = entries.last().map_or(0, |entry| entry.name);
        bytes.extend(
            SymbolTableNode {
                entries: entries.to_vec(),
            }
            .encode(sizes, capacity)?,
        );
        nodes.push((address, last_name));
    }
    let tree = GroupEntries(&nodes);
    let tree = BulkLoad::new(&tree, sizes, k.group_internal)?;
    let btree = tree.write(start.plus(NAME, bytes.len() as u64)?, &mut |node| {
        bytes.extend_from_slice(node);
        Ok(())
    })?;
    Ok((bytes, SymbolTableMessage { btree, heap: start }))
}
