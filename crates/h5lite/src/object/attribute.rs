//! Attributes: small named values on an object.

use std::sync::Arc;

use ndarray::ArrayD;

use super::{Node, links::Budget};
use crate::{
    error::{Error, InObject, Result},
    format::{
        btree_v2::BTreeV2,
        field::Fields,
        fractal_heap::FractalHeap,
        message::{AttributeInfo, AttributeMessage, AttributeType, Dataspace, Datatype, Message},
        object_header::read_shared,
    },
    image::{Address, Image},
    limits::Limits,
    read::{Projection, Storage, Values},
    value::{Array, DType, Element},
};

/// Record type of the index of attributes by name.
const ATTRIBUTE_NAME: u8 = 8;

/// An attribute of an object, with its values.
#[derive(Clone, Debug)]
pub struct Attribute<'f> {
    name: String,
    /// Path of the object it belongs to.
    object: Arc<str>,
    null: bool,
    values: Values<'f>,
}

/// All attributes: by name, or in order of creation where the object tracks it.
pub(super) fn all<'f>(node: &Node<'f>) -> Result<Vec<Attribute<'f>>> {
    let messages = messages(node).in_object(&node.path)?;
    messages
        .into_iter()
        .map(|message| Attribute::new(node, message))
        .collect()
}

/// The attribute of this name.
pub(super) fn one<'f>(node: &Node<'f>, name: &str) -> Result<Attribute<'f>> {
    let messages = messages(node).in_object(&node.path)?;
    match messages.into_iter().find(|message| message.name == name) {
        Some(message) => Attribute::new(node, message),
        None => Err(Error::NotFound {
            what: "attribute",
            name: name.to_owned(),
        })
        .in_object(&node.path),
    }
}

fn messages(node: &Node<'_>) -> Result<Vec<AttributeMessage>> {
    let (image, header, limits) = (node.file.image(), &node.header, node.file.limits());
    let mut found: Vec<(Option<u64>, AttributeMessage)> = Vec::new();
    let compact = header
        .messages
        .iter()
        .filter(|raw| raw.kind == AttributeMessage::KIND);
    for (raw, message) in compact.zip(header.all::<AttributeMessage>(image)) {
        found.push((raw.creation_order.map(u64::from), message?));
        check_count(found.len() as u64, limits)?;
    }
    let info = header.get::<AttributeInfo>(image)?.unwrap_or_default();
    if let (Some(heap), Some(index)) = (info.fractal_heap, info.name_index) {
        let ordered = info.max_creation_index.is_some();
        dense(image, heap, index, limits, |order, message, _| {
            found.push((ordered.then_some(u64::from(order)), message));
        })?;
    }
    // Without an order of creation all first halves are equal.
    found.sort_by(|(a_order, a), (b_order, b)| (a_order, &a.name).cmp(&(b_order, &b.name)));
    Ok(found.into_iter().map(|(_, message)| message).collect())
}

/// Attributes whose messages are in a fractal heap: order of creation, message, and its bytes.
pub(crate) fn dense(
    image: &Image,
    heap: Address,
    index: Address,
    limits: &Limits,
    mut found: impl FnMut(u32, AttributeMessage, Vec<u8>),
) -> Result<()> {
    let mut messages = Budget::new(image);
    let mut heap = FractalHeap::read(image, heap)?;
    let mut count = 0;
    BTreeV2::read(image, index, &[ATTRIBUTE_NAME])?.walk(&mut |record| {
        let mut fields = Fields::new("attribute index record", index, image.sizes(), record);
        let id = fields.take(8)?;
        if fields.u8()? & 2 != 0 {
            return Err(Error::unsupported("shared-message table"));
        }
        let order = fields.u32()?;
        let body = heap.object(id, limits)?;
        messages.spend("fractal heap", index, &body)?;
        let mut fields = Fields::new(AttributeMessage::NAME, index, image.sizes(), &body);
        found(order, AttributeMessage::parse(&mut fields)?, body.to_vec());
        count += 1;
        check_count(count, limits)
    })
}

/// Fails where there are too many attributes.
fn check_count(count: u64, limits: &Limits) -> Result<()> {
    Limits::check("attributes of an object", count, limits.entries, "entries")
}

impl<'f> Attribute<'f> {
    fn new(node: &Node<'f>, message: AttributeMessage) -> Result<Self> {
        let path = format!("{}@{}", node.path, message.name);
        Self::new_inner(node, message).in_object(&path)
    }

    fn new_inner(node: &Node<'f>, message: AttributeMessage) -> Result<Self> {
        let AttributeMessage {
            name,
            datatype,
            dataspace,
            data,
        } = message;
        let (image, address) = (node.file.image(), node.header.address);
        let datatype: Datatype = match datatype {
            AttributeType::Here(datatype) => datatype,
            AttributeType::Shared(shared) => read_shared(image, shared)?,
        };
        let shape = super::dataset::shape_of(&dataspace, address)?;
        let size = datatype.size as usize;
        let values = Values {
            image,
            limits: node.file.limits(),
            threads: node.file.threads(),
            storage: Storage::in_memory(address, data, &shape, size)?,
            projection: Projection {
                stride: size,
                offset: 0,
                size,
            },
            datatype,
            shape,
            fill: None,
        };
        let null = dataspace == Dataspace::Null;
        Ok(Self {
            name,
            object: Arc::clone(&node.path),
            null,
            values,
        })
    }

    /// Its name on the object.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Length of every axis; a single value has none.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.values.shape
    }

    /// Whether it has a type but no value: a null dataspace, whose shape is `[0]` here.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.null
    }

    /// How a value is stored.
    #[must_use]
    pub fn datatype(&self) -> &Datatype {
        &self.values.datatype
    }

    /// The type values have once they are read.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for compounds and other types without a counterpart in memory.
    pub fn dtype(&self) -> Result<DType> {
        self.values.dtype().in_object(&self.path())
    }

    /// Whether the values are booleans as h5py stores them.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        self.datatype().is_boolean()
    }

    /// All values.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the stored values may not fit `T`.
    pub fn read<T: Element>(&self) -> Result<ArrayD<T>> {
        self.values.read(&[], false).in_object(&self.path())
    }

    /// All values, in the type the file holds.
    ///
    /// # Errors
    /// As [`dtype`](Self::dtype).
    pub fn read_any(&self) -> Result<Array> {
        self.values.read_any(&[]).in_object(&self.path())
    }

    /// The bytes of all values as they are stored.
    ///
    /// # Errors
    /// [`Error::Limit`] where there are too many.
    pub fn read_bytes(&self) -> Result<Vec<u8>> {
        self.values.bytes(&[]).in_object(&self.path())
    }

    /// The bytes of all strings, without padding and whether they are UTF-8 or not.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the values are no strings.
    pub fn read_strings(&self) -> Result<Vec<Vec<u8>>> {
        self.values.strings(&[]).in_object(&self.path())
    }

    /// The bytes of all variable-length sequences, as their elements are stored.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where the values are no such sequences.
    pub fn read_sequences(&self) -> Result<Vec<Vec<u8>>> {
        self.values.sequences(&[]).in_object(&self.path())
    }

    /// The same attribute seen through one member of its compound type.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Mismatch`] where the type is no compound.
    pub fn field(&self, name: &str) -> Result<Self> {
        let values = self.values.member(name).in_object(&self.path())?;
        Ok(Self {
            values,
            ..self.clone()
        })
    }

    fn path(&self) -> String {
        format!("{}@{}", self.object, self.name)
    }
}
