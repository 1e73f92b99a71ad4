//! The file as groups, datasets and committed datatypes.

mod attribute;
mod dataset;
mod group;
pub(crate) mod links;
pub(crate) mod path;
mod raw_data;
mod reader;
mod worklist;

use std::sync::Arc;

pub use attribute::Attribute;
pub(crate) use attribute::dense as dense_attributes;
pub use dataset::Dataset;
pub use group::{Group, Link};
pub use raw_data::{ChunkLocation, RawData};
pub use reader::Reader;
pub(crate) use worklist::{Place, Worklist};

use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::{
        message::{Dataspace, Datatype, LinkInfo, Message, SymbolTableMessage},
        object_header::ObjectHeader,
    },
    image::Address,
};

/// What a hard link leads to.
#[derive(Clone, Debug)]
pub enum Object<'f> {
    /// A group.
    Group(Group<'f>),
    /// A dataset.
    Dataset(Dataset<'f>),
    /// A committed datatype.
    Datatype(NamedDatatype<'f>),
}

/// A committed datatype: a type that datasets and attributes can share.
#[derive(Clone, Debug)]
pub struct NamedDatatype<'f> {
    node: Node<'f>,
    datatype: Datatype,
}

/// What all kinds of objects have: a header and the path they were found under.
#[derive(Clone, Debug)]
pub(crate) struct Node<'f> {
    pub(crate) file: &'f File,
    pub(crate) path: Arc<str>,
    pub(crate) header: ObjectHeader,
}

impl<'f> Object<'f> {
    /// Opens the object whose header stands at `address`.
    pub(crate) fn open(file: &'f File, path: &str, address: Address) -> Result<Self> {
        Self::open_inner(file, path, address).in_object(path)
    }

    fn open_inner(file: &'f File, path: &str, address: Address) -> Result<Self> {
        let header = ObjectHeader::read(file.image(), address)?;
        let node = Node {
            file,
            path: path.into(),
            header,
        };
        if node.header.has(SymbolTableMessage::KIND) || node.header.has(LinkInfo::KIND) {
            Ok(Self::Group(Group::new(node)))
        } else if node.header.has(Dataspace::KIND) {
            Dataset::new(node).map(Self::Dataset)
        } else if node.header.has(Datatype::KIND) {
            let datatype = node.header.require(file.image())?;
            Ok(Self::Datatype(NamedDatatype { node, datatype }))
        } else {
            Err(Error::corrupt(
                "object header",
                address,
                "neither a group nor a dataset",
            ))
        }
    }

    /// The group it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where it is something else.
    pub fn into_group(self) -> Result<Group<'f>> {
        match self {
            Self::Group(group) => Ok(group),
            other => Err(other.mismatch("a group")),
        }
    }

    /// The dataset it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where it is something else.
    pub fn into_dataset(self) -> Result<Dataset<'f>> {
        match self {
            Self::Dataset(dataset) => Ok(dataset),
            other => Err(other.mismatch("a dataset")),
        }
    }

    fn mismatch(&self, expected: &str) -> Error {
        let found = match self {
            Self::Group(_) => "a group",
            Self::Dataset(_) => "a dataset",
            Self::Datatype(_) => "a committed datatype",
        };
        let source = Error::Mismatch {
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        Error::InObject {
            path: self.path().to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn node(&self) -> &Node<'f> {
        match self {
            Self::Group(group) => &group.node,
            Self::Dataset(dataset) => dataset.node(),
            Self::Datatype(datatype) => &datatype.node,
        }
    }

    fn node_mut(&mut self) -> &mut Node<'f> {
        match self {
            Self::Group(group) => &mut group.node,
            Self::Dataset(dataset) => dataset.node_mut(),
            Self::Datatype(datatype) => &mut datatype.node,
        }
    }
}

impl NamedDatatype<'_> {
    /// The type itself.
    #[must_use]
    pub fn datatype(&self) -> &Datatype {
        &self.datatype
    }
}

/// The calls that every kind of object has.
macro_rules! node_calls {
    ($type:ty, $self:ident => $node:expr) => {
        impl<'f> $type {
            /// The path it was found under.
            #[must_use]
            pub fn path(&$self) -> &str {
                &$node.path
            }

            /// Where its header stands: the same for all hard links to it.
            #[must_use]
            pub fn address(&$self) -> crate::Address {
                $node.header.address
            }

            /// All its attributes: by name, or in order of creation where the object tracks it.
            ///
            /// # Errors
            /// [`Error::Corrupt`](crate::Error::Corrupt) and its kin.
            pub fn attributes(&$self) -> crate::Result<Vec<crate::Attribute<'f>>> {
                crate::object::attribute::all(&$node)
            }

            /// The attribute of this name.
            ///
            /// # Errors
            /// [`Error::NotFound`](crate::Error::NotFound), or what went wrong on the way there.
            pub fn attribute(&$self, name: &str) -> crate::Result<crate::Attribute<'f>> {
                crate::object::attribute::one(&$node, name)
            }

            /// Whether it has an attribute of this name.
            ///
            /// # Errors
            /// What went wrong, other than that there is none.
            pub fn has_attribute(&$self, name: &str) -> crate::Result<bool> {
                match $self.attribute(name) {
                    Ok(_) => Ok(true),
                    Err(error) if error.is_not_found() => Ok(false),
                    Err(error) => Err(error),
                }
            }
        }
    };
}

node_calls!(Object<'f>, self => self.node());
node_calls!(Group<'f>, self => self.node);
node_calls!(Dataset<'f>, self => self.node());
node_calls!(NamedDatatype<'f>, self => self.node);
