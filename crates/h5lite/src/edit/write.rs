//! Writes everything an edit changed behind the end of the file.

use std::collections::HashMap;

use super::{
    Context,
    group::{fits_symbol_table, header, symbol_table},
    preconditions::btree_k,
    tree::{Content, Id, Kind, Links, Node, Target, Tree},
};
use crate::{
    error::{Error, Result},
    format::{message::SymbolTableMessage, object_header::LAST_KIND},
    image::{Address, Sizes},
};

/// A symbol table whose place is not known yet.
pub(super) const UNPLACED: SymbolTableMessage = SymbolTableMessage {
    btree: Address(0),
    heap: Address(0),
};

/// Writes all changed objects that the root leads to, and returns the new root's address.
///
/// Headers come first, so that links may lead anywhere, even back to where they came from: where a
/// header will stand is known from the lengths of those before it, which no address changes.
pub(super) fn objects(tree: &mut Tree, context: &mut Context<'_>) -> Result<Address> {
    let sizes = context.file.image().sizes();
    let k = btree_k(context.file)?;
    let ids = reachable(tree);
    for &id in &ids {
        if let Content {
            kind: Kind::Dataset(data),
            messages,
            ..
        } = tree.content(context.file, id)?
            && let Some(data) = data.take()
        {
            data.finish(context, messages)?;
        }
    }
    let mut places: HashMap<Id, Address> = HashMap::new();
    let mut next = context.tail.next();
    for &id in &ids {
        let len = encoded(tree.node(id), UNPLACED, &|_| Address(0), sizes)?.len() as u64;
        places.insert(id, next);
        next = next.plus("object header", len.next_multiple_of(8))?;
    }
    let resolve = |id: Id| match (places.get(&id), tree.node(id).committed) {
        (Some(place), _) => *place,
        (None, committed) => committed.unwrap_or_default(),
    };
    let (mut headers, mut tables) = (Vec::new(), Vec::new());
    for &id in &ids {
        let mut table = UNPLACED;
        if let Some(Content {
            kind: Kind::Group(links),
            ..
        }) = &tree.node(id).content
            && fits_symbol_table(links)
        {
            let start = next.plus("symbol table", tables.len() as u64)?;
            let (bytes, message) = symbol_table(links, start, k, sizes, &resolve)?;
            tables.extend(bytes);
            tables.resize(tables.len().next_multiple_of(8), 0);
            table = message;
        }
        headers.extend(encoded(tree.node(id), table, &resolve, sizes)?);
        headers.resize(headers.len().next_multiple_of(8), 0);
    }
    context.append(&headers)?;
    context.append(&tables)?;
    Ok(resolve(Tree::ROOT))
}

/// The changed objects that the root leads to.
pub(super) fn reachable(tree: &Tree) -> Vec<Id> {
    let (mut found, mut next) = (vec![Tree::ROOT], 0);
    let mut seen = vec![false; tree.ids().end];
    seen[Tree::ROOT] = true;
    while let Some(&id) = found.get(next) {
        next += 1;
        let Some(Content {
            kind: Kind::Group(links),
            ..
        }) = &tree.node(id).content
        else {
            continue;
        };
        for (target, _) in links.by_name.values() {
            if let Target::Object(child) = *target
                && tree.node(child).changed
                && !std::mem::replace(&mut seen[child], true)
            {
                found.push(child);
            }
        }
    }
    found
}

/// The header of an object, and whether it can be written at all.
pub(super) fn encoded(
    node: &Node,
    table: SymbolTableMessage,
    resolve: &dyn Fn(Id) -> Address,
    sizes: Sizes,
) -> Result<Vec<u8>> {
    let missing = || Error::corrupt("object header", Address(0), "it was not read");
    let content = node.content.as_ref().ok_or_else(missing)?;
    let refuse = |what| Err(Error::unsupported(format_args!("edit in place: {what}")));
    if let Kind::Group(Links {
        frozen: Some(why), ..
    }) = &content.kind
    {
        return refuse(format!("a group that has to be written anew has {why}"));
    }
    let mut header = header(content, table, resolve, sizes);
    if header.messages.len() > usize::from(u16::MAX) {
        let count = header.messages.len();
        return refuse(format!(
            "{count} messages in an object header, of links or attributes: at most 65,535 fit"
        ));
    }
    for raw in header
        .messages
        .iter_mut()
        .filter(|raw| raw.kind > LAST_KIND)
    {
        if raw.flags & FAIL_IF_UNKNOWN_AND_WRITTEN != 0 {
            return refuse(format!("object header message {:#x}", raw.kind));
        }
        if raw.flags & MARK_IF_UNKNOWN != 0 {
            raw.flags |= WAS_UNKNOWN;
        }
    }
    if let Some(raw) = header
        .messages
        .iter()
        .find(|raw| raw.body.len() > MAX_MESSAGE)
    {
        let len = raw.body.len();
        return Err(Error::unsupported(format_args!(
            "object header message of {len} bytes: at most {MAX_MESSAGE} fit"
        )));
    }
    Ok(header.encode(sizes))
}

/// Message flag: a program that does not know the message must not write to the object.
const FAIL_IF_UNKNOWN_AND_WRITTEN: u8 = 0x08;
/// Message flag: a program that does not know the message and writes to the object says so.
const MARK_IF_UNKNOWN: u8 = 0x10;
/// Message flag: such a program has written to the object.
const WAS_UNKNOWN: u8 = 0x20;

/// The largest body of a message, padded to eight bytes, whose length fits into 16 bits.
const MAX_MESSAGE: usize = 0xfff8;
