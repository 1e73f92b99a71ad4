//! The objects an edit has looked at or changed. The rest of the file is not even read.

use std::collections::{BTreeMap, HashMap};

use super::dataset::PendingData;
use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::{
        message::{
            AttributeInfo, AttributeMessage, Dataspace, LinkInfo, LinkMessage, LinkTarget, Message,
            SymbolTableMessage, kind,
        },
        object_header::{ObjectHeader, RawMessage},
    },
    image::Address,
    object::{dense_attributes, links},
};

/// Number of a node in its tree.
pub(super) type Id = usize;

/// All objects an edit knows.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    by_address: HashMap<Address, Id>,
}

/// An object: as it is in the file, or as it will be.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands in the committed file; `None` for a new one.
    pub(super) committed: Option<Address>,
    /// Its content, once it has been looked at.
    pub(super) content: Option<Content>,
    /// Whether it has to be written anew.
    pub(super) changed: bool,
}

/// An object, taken apart.
#[derive(Debug)]
pub(super) struct Content {
    /// How many hard links lead to it.
    pub(super) reference_count: u32,
    /// Its attributes by name, each as the body of its message.
    pub(super) attributes: BTreeMap<String, RawMessage>,
    /// All other messages but those about links, carried as they are.
    pub(super) messages: Vec<RawMessage>,
    /// What kind of object it is.
    pub(super) kind: Kind,
}

/// What kind of object it is.
#[derive(Debug)]
pub(super) enum Kind {
    /// A group.
    Group(Links),
    /// A dataset, with what is to be written of its data.
    Dataset(Option<Box<PendingData>>),
    /// A committed datatype, or something that is not understood.
    Other,
}

/// The links of a group.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// By name, with the order of creation where the group tracks it.
    pub(super) by_name: BTreeMap<String, (Target, Option<u64>)>,
    /// The next order of creation, where the group tracks it.
    pub(super) next_order: Option<u64>,
}

/// What a link leads to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// An object of the tree.
    Object(Id),
    /// Anything else, carried as it is.
    Elsewhere(LinkTarget),
}

impl Tree {
    /// The tree of a file, of which only the root is known. The root is node 0.
    pub(super) fn new(root: Address) -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            by_address: HashMap::new(),
        };
        tree.committed(root);
        tree
    }

    /// The root group.
    pub(super) const ROOT: Id = 0;

    /// The node of the object at this address.
    fn committed(&mut self, address: Address) -> Id {
        *self.by_address.entry(address).or_insert_with(|| {
            self.nodes.push(Node {
                committed: Some(address),
                content: None,
                changed: false,
            });
            self.nodes.len() - 1
        })
    }

    /// A new object.
    pub(super) fn add(&mut self, kind: Kind, messages: Vec<RawMessage>) -> Id {
        let attributes = BTreeMap::new();
        let content = Content {
            reference_count: 1,
            attributes,
            messages,
            kind,
        };
        self.nodes.push(Node {
            committed: None,
            content: Some(content),
            changed: true,
        });
        self.nodes.len() - 1
    }

    /// Numbers of all nodes known so far.
    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        0..self.nodes.len()
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The content of an object, read where that has not been done.
    pub(super) fn content(&mut self, file: &File, id: Id) -> Result<&mut Content> {
        if self.nodes[id].content.is_none() {
            let address = self.nodes[id].committed.unwrap_or_default();
            let content = self.read(file, address)?;
            self.nodes[id].content = Some(content);
        }
        match &mut self.nodes[id].content {
            Some(content) => Ok(content),
            None => Err(Error::corrupt(
                "object header",
                Address(0),
                "it was not read",
            )),
        }
    }

    /// The same, to be changed.
    pub(super) fn change(&mut self, file: &File, id: Id) -> Result<&mut Content> {
        self.content(file, id)?;
        self.nodes[id].changed = true;
        self.content(file, id)
    }

    /// The links of a group, which it must be.
    pub(super) fn links(&mut self, file: &File, id: Id, path: &str) -> Result<&mut Links> {
        match &mut self.content(file, id)?.kind {
            Kind::Group(links) => Ok(links),
            _ => Err(Error::Mismatch {
                expected: "a group".into(),
                found: "another object".into(),
            })
            .in_object(path),
        }
    }

    fn read(&mut self, file: &File, address: Address) -> Result<Content> {
        let image = file.image();
        let header = ObjectHeader::read(image, address)?;
        let limit = file.limits().entries;
        let mut attributes = BTreeMap::new();
        for raw in header
            .messages
            .iter()
            .filter(|raw| raw.kind == AttributeMessage::KIND)
        {
            let name = raw.parse::<AttributeMessage>(image.sizes())?.name;
            attributes.insert(name, raw.clone());
        }
        let info = header.get::<AttributeInfo>(image)?.unwrap_or_default();
        if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
            dense_attributes(image, heap, index, limit, |_, message, body| {
                let raw = RawMessage {
                    body,
                    ..RawMessage::new(&message, image.sizes())
                };
                attributes.insert(message.name, raw);
            })?;
        }
        let kind = if header.has(SymbolTableMessage::KIND) || header.has(LinkInfo::KIND) {
            Kind::Group(self.read_links(file, &header)?)
        } else if header.has(Dataspace::KIND) {
            Kind::Dataset(None)
        } else {
            Kind::Other
        };
        let rebuilt = [
            AttributeMessage::KIND,
            AttributeInfo::KIND,
            SymbolTableMessage::KIND,
            LinkInfo::KIND,
            LinkMessage::KIND,
            kind::REFERENCE_COUNT,
        ];
        let reference_count = header.reference_count(image.sizes())?;
        let carried = header
            .messages
            .into_iter()
            .filter(|raw| !rebuilt.contains(&raw.kind));
        Ok(Content {
            reference_count,
            attributes,
            messages: carried.collect(),
            kind,
        })
    }

    fn read_links(&mut self, file: &File, header: &ObjectHeader) -> Result<Links> {
        let image = file.image();
        let info = header.get::<LinkInfo>(image)?;
        let next_order = info.and_then(|info| info.max_creation_index);
        let mut by_name = BTreeMap::new();
        for link in links::messages(image, header, file.limits().entries)? {
            if link.name.contains(char::REPLACEMENT_CHARACTER) {
                return Err(Error::unsupported(
                    "change to a group with names that are not UTF-8",
                ));
            }
            let target = match link.target {
                LinkTarget::Hard(address) => Target::Object(self.committed(address)),
                other => Target::Elsewhere(other),
            };
            by_name.insert(link.name, (target, link.creation_order));
        }
        Ok(Links {
            by_name,
            next_order,
        })
    }

    /// Reads every group of the file, so that all links to an object are known.
    pub(super) fn read_all(&mut self, file: &File) -> Result<()> {
        let mut next = Self::ROOT;
        while next < self.nodes.len() {
            self.content(file, next)?;
            next += 1;
        }
        Ok(())
    }

    /// Marks every group that leads to something changed, up to the root: their links have to be
    /// written with the new addresses.
    pub(super) fn spread_changes(&mut self, file: &File) -> Result<()> {
        let shared = |node: &Node| {
            let count = node
                .content
                .as_ref()
                .map_or(1, |content| content.reference_count);
            node.changed && node.committed.is_some() && count > 1
        };
        if self.nodes.iter().any(shared) {
            self.read_all(file)?;
        }
        self.nodes[Self::ROOT].changed = true;
        self.content(file, Self::ROOT)?;
        loop {
            let mut spread = Vec::new();
            for (id, node) in self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| !node.changed)
            {
                let Some(Content {
                    kind: Kind::Group(links),
                    ..
                }) = &node.content
                else {
                    continue;
                };
                let leads_to_change = |(target, _): &(Target, _)| matches!(target, Target::Object(child) if self.nodes[*child].changed);
                if links.by_name.values().any(leads_to_change) {
                    spread.push(id);
                }
            }
            if spread.is_empty() {
                return Ok(());
            }
            let mut shared_ancestor = false;
            for id in spread {
                self.nodes[id].changed = true;
                shared_ancestor |= shared(&self.nodes[id]);
            }
            if shared_ancestor {
                self.read_all(file)?;
            }
        }
    }
}
