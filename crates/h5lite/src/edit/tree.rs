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
    /// How many hard links will lead to it.
    pub(super) reference_count: u32,
    /// How many lead to it in the committed file.
    committed_count: u32,
    /// Its attributes.
    pub(super) attributes: Attributes,
    /// All other messages but those about links, carried as they are.
    pub(super) messages: Vec<RawMessage>,
    /// What kind of object it is.
    pub(super) kind: Kind,
}

impl Content {
    /// A new object.
    pub(super) fn new(kind: Kind, messages: Vec<RawMessage>) -> Self {
        Self {
            reference_count: 1,
            committed_count: 0,
            attributes: Attributes::default(),
            messages,
            kind,
        }
    }
}

/// The messages of an object's attributes by name, in order of creation where that is known.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<(String, RawMessage)>);

impl Attributes {
    /// Puts an attribute in the place of the one of its name, or behind all others.
    pub(super) fn insert(&mut self, name: &str, raw: RawMessage) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = raw,
            None => self.0.push((name.to_owned(), raw)),
        }
    }

    /// The message of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&RawMessage> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, raw)| raw)
    }

    /// Takes an attribute out.
    pub(super) fn remove(&mut self, name: &str) -> Option<RawMessage> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// Their messages, to be changed.
    pub(super) fn messages_mut(&mut self) -> impl Iterator<Item = &mut RawMessage> {
        self.0.iter_mut().map(|(_, raw)| raw)
    }

    /// Their messages.
    pub(super) fn messages(&self) -> impl Iterator<Item = &RawMessage> {
        self.0.iter().map(|(_, raw)| raw)
    }
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
    /// Whether the group asks for an index by order of creation.
    pub(super) order_indexed: bool,
    /// Why the group cannot be written anew, if it cannot.
    pub(super) frozen: Option<&'static str>,
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
    pub(super) fn committed(&mut self, address: Address) -> Id {
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
        let content = Content::new(kind, messages);
        self.nodes.push(Node {
            committed: None,
            content: Some(content),
            changed: true,
        });
        self.nodes.len() - 1
    }

    /// Takes away one of the links that lead to an object. Where it was the last one, the object is
    /// gone, and so are the links it holds if it is a group.
    ///
    /// The uses of a committed datatype are not counted: its count may stay too high, which costs
    /// nothing, while a new count would move it.
    pub(super) fn release(&mut self, file: &File, id: Id) -> Result<()> {
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            // What cannot be read is left behind as it is.
            let Ok(content) = self.content(file, id) else {
                continue;
            };
            match (&content.kind, content.reference_count) {
                (Kind::Other, _) | (_, 0) => {}
                (Kind::Group(links), 1) => {
                    let targets = links.by_name.values().map(|(target, _)| target);
                    waiting.extend(targets.filter_map(|target| match target {
                        Target::Object(id) => Some(*id),
                        Target::Elsewhere(_) => None,
                    }));
                    content.reference_count = 0;
                }
                (Kind::Dataset(_), 1) => content.reference_count = 0,
                (_, _) => self.change(file, id)?.reference_count -= 1,
            }
        }
        Ok(())
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
        let content = match self.nodes[id].content.take() {
            Some(content) => content,
            None => self.read(file, self.nodes[id].committed.unwrap_or_default())?,
        };
        Ok(self.nodes[id].content.insert(content))
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
        let mut attributes = Vec::new();
        for raw in header
            .messages
            .iter()
            .filter(|raw| raw.kind == AttributeMessage::KIND)
        {
            let name = raw.parse::<AttributeMessage>(image.sizes())?.name;
            attributes.push((raw.creation_order.map(u32::from), name, raw.clone()));
        }
        let info = header.get::<AttributeInfo>(image)?.unwrap_or_default();
        if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
            dense_attributes(image, heap, index, file.limits(), |order, message, body| {
                let raw = RawMessage {
                    body,
                    ..RawMessage::new(&message, image.sizes())
                };
                attributes.push((Some(order), message.name, raw));
            })?;
        }
        if info.max_creation_index.is_some() {
            attributes.sort_by_key(|(order, ..)| *order);
        }
        let attributes = attributes.into_iter().map(|(_, name, raw)| (name, raw));
        let attributes = Attributes(attributes.collect());
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
            committed_count: reference_count,
            attributes,
            messages: carried.collect(),
            kind,
        })
    }

    fn read_links(&mut self, file: &File, header: &ObjectHeader) -> Result<Links> {
        let image = file.image();
        let info = header.get::<LinkInfo>(image)?;
        let next_order = info.and_then(|info| info.max_creation_index);
        let order_indexed = info.is_some_and(|info| info.creation_order_index.is_some());
        let mut by_name = BTreeMap::new();
        let mut frozen = None;
        for link in links::messages(image, header, file.limits())? {
            let lost = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
            match &link.target {
                _ if lost(&link.name) => frozen = Some("names that are not UTF-8"),
                LinkTarget::Soft(path) if lost(path) => {
                    frozen = Some("soft links that are not UTF-8");
                }
                LinkTarget::External { file, path } if lost(file) || lost(path) => {
                    frozen = Some("external links that are not UTF-8");
                }
                LinkTarget::Other(_) => frozen = Some("user-defined links"),
                _ => {}
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
            order_indexed,
            frozen,
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
            let content = node.content.as_ref();
            let count = content.map_or(1, |content| content.committed_count);
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
