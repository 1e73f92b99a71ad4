//! Changes a chunk index by copying what leads to the changed chunks, and nothing else.
//!
//! A node is written anew where a child of it changes, or where the node behind it starts at
//! another chunk than before: its last key says where that is, and libhdf5, which takes chunks out
//! along the siblings, relies on it. All other nodes stay where they are. Where one of them stands
//! beside a new node, its sibling field must say so; that field is not written here but listed, to
//! be written when the new tree has become the content of the file.
//!
//! The tree is walked from right to left, so that what follows a node is known when it is written.

use std::collections::BTreeMap;

use super::{Context, chunk_changes::Changes, commit::Committed, record::Relink, tail::Tail};
use crate::{
    error::{Error, Result},
    format::{
        btree_v1::{ChunkChild, ChunkNode, ChunkNodes, Side},
        chunk_grid::StoredChunk,
    },
    image::{Address, Image},
    store::{Store, write_all},
};

/// Sibling fields to be written, by their address, with what they will hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiblingLinks(BTreeMap<Address, Option<Address>>);

impl SiblingLinks {
    /// Adds later ones.
    pub(super) fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Writes those of nodes that nothing leads to yet, and lists those of nodes that are a part of
    /// the content `before`: they have to wait for the switch.
    pub(super) fn finish(
        &self,
        before: &Committed,
        store: &mut dyn Store,
        tail: &mut Tail,
    ) -> Result<Vec<Relink>> {
        let mut relinks = Vec::new();
        for (&field, new) in &self.0 {
            let at = before.superblock.base + field.0;
            let new = new.map_or(u64::MAX, |address| address.0);
            if tail.holds(field) {
                tail.overwrite(store, field, &new.to_le_bytes())?;
                continue;
            }
            if at >= before.len {
                write_all(store, at, &new.to_le_bytes())?;
                continue;
            }
            let mut old = [0; 8];
            let read = store.read_at(at, &mut old);
            read.map_err(|error| Error::io("read a sibling of an index node", error))?;
            let old = u64::from_le_bytes(old);
            if old != new {
                relinks.push(Relink { at, old, new });
            }
        }
        Ok(relinks)
    }
}

/// What stands to the right of what is being written, on one level.
#[derive(Clone, Copy, Debug)]
enum Beside {
    /// Nothing.
    End,
    /// A new node, whose left neighbour is not known yet.
    New(Address),
    /// The first node of its level in an old tree whose root has this level.
    Old(Address, u8),
}

/// A copy under way.
struct PathCopy<'a, 'c> {
    image: &'a Image,
    nodes: ChunkNodes<'a>,
    changes: &'a Changes<'a>,
    context: &'a mut Context<'c>,
    links: &'a mut SiblingLinks,
    /// By level.
    beside: Vec<Beside>,
    /// The first child of what stands to the right, now; `None` at the end.
    behind: Option<ChunkChild>,
    /// The last key of all, where the last leaf is a new one.
    end: Option<Vec<u8>>,
}

/// Applies changes to the tree at `root`, and returns the new root; `None` where no chunk is left.
/// `image` shows the tree. Where it does not change, `root` comes back.
///
/// # Errors
/// [`Error::Corrupt`] where the nodes that have to be changed contradict each other, and what
/// appending returns: the links are of no use then.
pub(super) fn path_copy(
    image: &Image,
    nodes: ChunkNodes<'_>,
    root: Address,
    changes: &Changes<'_>,
    context: &mut Context<'_>,
    links: &mut SiblingLinks,
) -> Result<Option<Address>> {
    let mut copy = PathCopy {
        image,
        nodes,
        changes,
        context,
        links,
        beside: Vec::new(),
        behind: None,
        end: None,
    };
    let old = nodes.read(image, root, None)?;
    let mut level = old.level;
    let from = vec![0; nodes.chunk.len()];
    let mut top = copy.rewrite(root, &old, None, (&from, None))?;
    while top.len() > 1 {
        level = level.checked_add(1).ok_or_else(|| {
            Error::unsupported("chunk index of more than 256 levels: repack the file")
        })?;
        top = copy.emit(level, &top, None, &[])?;
    }
    let Some(top) = top.first() else {
        return Ok(None);
    };
    if top.stored.address != root {
        copy.start_levels(level)?;
    }
    Ok(Some(top.stored.address))
}

impl PathCopy<'_, '_> {
    /// Writes a node anew as far as it changes, given the range of its chunks. Returns what takes
    /// the place of `entry`, its parent's child.
    fn rewrite(
        &mut self,
        address: Address,
        node: &ChunkNode,
        entry: Option<ChunkChild>,
        (from, to): (&[u64], Option<&[u64]>),
    ) -> Result<Vec<ChunkChild>> {
        let before = |child: &ChunkChild| child.at.as_slice() < from;
        let behind = |child: &ChunkChild| to.is_some_and(|to| child.at.as_slice() >= to);
        if node.children.first().is_some_and(before) || node.children.last().is_some_and(behind) {
            let reason = "its chunks are not between the keys that lead to it";
            return Err(ChunkNodes::corrupt(address, reason));
        }
        let behind = self.behind.clone();
        let children = if node.level == 0 {
            self.chunks(&node.children, (from, to))
        } else {
            self.subtrees(node, (from, to))?
        };
        let first = node.children.first();
        if children == node.children
            && is_behind(behind.as_ref(), to)
            && let Some(first) = first
        {
            let unchanged = entry.unwrap_or_else(|| ChunkChild {
                at: first.at.clone(),
                stored: StoredChunk {
                    address,
                    ..first.stored
                },
            });
            self.pass(address, (node.level, node.level))?;
            self.behind = Some(unchanged.clone());
            return Ok(vec![unchanged]);
        }
        self.emit(node.level, &children, behind.as_ref(), &node.end)
    }

    /// The chunks of a leaf.
    fn chunks(&self, old: &[ChunkChild], (from, to): (&[u64], Option<&[u64]>)) -> Vec<ChunkChild> {
        let kept = |child: &&ChunkChild| self.changes.keep(&child.at);
        let written = self
            .changes
            .between(from, to)
            .map(|(at, stored)| ChunkChild {
                at: at.clone(),
                stored: *stored,
            });
        let mut all: Vec<ChunkChild> = old.iter().filter(kept).cloned().chain(written).collect();
        all.sort_by(|a, b| a.at.cmp(&b.at));
        all
    }

    /// The children of an inner node, from the last to the first.
    fn subtrees(
        &mut self,
        node: &ChunkNode,
        (from, to): (&[u64], Option<&[u64]>),
    ) -> Result<Vec<ChunkChild>> {
        let mut parts = Vec::new();
        for (index, child) in node.children.iter().enumerate().rev() {
            // What is in front of the first child belongs to it too.
            let from = if index == 0 { from } else { &child.at };
            let to = node
                .children
                .get(index + 1)
                .map_or(to, |next| Some(&next.at));
            if !self.changes.leave(from, to) {
                continue;
            }
            if is_behind(self.behind.as_ref(), to) && !self.changes.touch(from, to) {
                self.pass(child.stored.address, (0, node.level - 1))?;
                self.behind = Some(child.clone());
                parts.push(vec![child.clone()]);
                continue;
            }
            let address = child.stored.address;
            let old = self.nodes.read(self.image, address, Some(node.level))?;
            parts.push(self.rewrite(address, &old, Some(child.clone()), (from, to))?);
        }
        Ok(parts.into_iter().rev().flatten().collect())
    }

    /// Leaves the nodes of these levels, first and last, of an old tree where they are.
    fn pass(&mut self, root: Address, (first, top): (u8, u8)) -> Result<()> {
        for level in first..=top {
            if let Beside::New(right) = self.beside(level) {
                let left = self.edge(root, top, level, Side::Right)?;
                self.link(left, Side::Right, Some(right))?;
                self.link(right, Side::Left, Some(left))?;
            }
            *self.beside_mut(level) = Beside::Old(root, top);
        }
        Ok(())
    }

    /// Writes nodes of these children, one behind the other, in front of `behind`. Returns what
    /// their parent holds.
    fn emit(
        &mut self,
        level: u8,
        children: &[ChunkChild],
        behind: Option<&ChunkChild>,
        old_end: &[u8],
    ) -> Result<Vec<ChunkChild>> {
        let Some(last) = children.last() else {
            return Ok(Vec::new());
        };
        let end = match behind {
            Some(behind) => self.nodes.key(behind)?,
            None if level == 0 => self.nodes.last_key(&last.at)?,
            None => self.end.clone().unwrap_or_else(|| old_end.to_vec()),
        };
        if behind.is_none() {
            self.end = Some(end.clone());
        }
        // What is appended at the end goes on in the last node; elsewhere room is left everywhere.
        let capacity = self.nodes.capacity();
        let count = children.len().div_ceil(capacity);
        let starts: Vec<usize> = (0..=count)
            .map(|node| match behind {
                None => (node * capacity).min(children.len()),
                Some(_) => children.len() * node / count,
            })
            .collect();
        let base = self.context.tail.next();
        let node_len = self.nodes.node_len();
        let place = |node: usize| base.plus("chunk index", node as u64 * node_len);
        let right = match self.beside(level) {
            Beside::End => None,
            Beside::New(right) => Some(right),
            Beside::Old(root, top) => Some(self.edge(root, top, level, Side::Left)?),
        };
        if let Some(right) = right {
            self.link(right, Side::Left, Some(place(count - 1)?))?;
        }
        let mut above = Vec::new();
        for node in 0..count {
            let mine = &children[starts[node]..starts[node + 1]];
            let is_last = node + 1 == count;
            let left = node.checked_sub(1).map(place).transpose()?;
            let encoded = self.nodes.encode(&ChunkNode {
                level,
                siblings: [
                    left,
                    if is_last {
                        right
                    } else {
                        Some(place(node + 1)?)
                    },
                ],
                children: mine.to_vec(),
                end: match children.get(starts[node + 1]) {
                    Some(next) => self.nodes.key(next)?,
                    None => end.clone(),
                },
            })?;
            let address = self.context.append(&encoded)?;
            debug_assert_eq!(address, place(node)?, "nodes follow each other");
            above.extend(mine.first().map(|first| ChunkChild {
                at: first.at.clone(),
                stored: StoredChunk {
                    address,
                    ..first.stored
                },
            }));
        }
        *self.beside_mut(level) = Beside::New(base);
        self.behind = above.first().cloned();
        Ok(above)
    }

    /// The first node of each level has nothing to its left.
    fn start_levels(&mut self, top: u8) -> Result<()> {
        for level in 0..=top {
            if let Beside::Old(root, top) = self.beside(level) {
                let first = self.edge(root, top, level, Side::Left)?;
                self.link(first, Side::Left, None)?;
            }
        }
        Ok(())
    }

    /// The outermost node on a level of the old tree at `root`.
    fn edge(&self, root: Address, top: u8, level: u8, side: Side) -> Result<Address> {
        let (mut address, mut parent) = (root, top.checked_add(1));
        loop {
            // The node itself is read too: only in a node may its siblings be written.
            let node = self.nodes.read(self.image, address, parent)?;
            if node.level == level {
                return Ok(address);
            }
            let child = match side {
                Side::Left => node.children.first(),
                Side::Right => node.children.last(),
            };
            let missing = || ChunkNodes::corrupt(address, "it has no children");
            address = child.ok_or_else(missing)?.stored.address;
            parent = Some(node.level);
        }
    }

    fn link(&mut self, node: Address, side: Side, to: Option<Address>) -> Result<()> {
        self.links.0.insert(side.field(node, self.nodes.sizes)?, to);
        Ok(())
    }

    fn beside(&self, level: u8) -> Beside {
        let beside = self.beside.get(usize::from(level));
        beside.copied().unwrap_or(Beside::End)
    }

    fn beside_mut(&mut self, level: u8) -> &mut Beside {
        let level = usize::from(level);
        if self.beside.len() <= level {
            self.beside.resize(level + 1, Beside::End);
        }
        &mut self.beside[level]
    }
}

/// Whether what stands behind a node starts where the old tree says.
fn is_behind(behind: Option<&ChunkChild>, to: Option<&[u64]>) -> bool {
    behind.map(|child| child.at.as_slice()) == to
}
