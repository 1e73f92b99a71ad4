//! What an edit does to attributes.

use super::{Edit, links::check_name, values};
use crate::{
    error::{Error, InObject, Result},
    format::{
        message::{AttributeMessage, AttributeType, Dataspace, Datatype},
        object_header::RawMessage,
    },
    value::Array,
};

/// The most values an attribute can have, in bytes, so that its message fits into a header.
const MAX_VALUES: usize = 64_000;

impl Edit<'_> {
    /// Sets an attribute, in the place of one of the same name. Numbers keep their type; strings
    /// become UTF-8 of variable length.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unsupported`] for more than 64,000 bytes of values.
    pub fn set_attribute(&mut self, path: &str, name: &str, values: &Array) -> Result<()> {
        self.set_attribute_as(path, name, values, &Datatype::of(values.dtype()))
    }

    /// The same, stored as a given type.
    ///
    /// # Errors
    /// As [`set_attribute`](Self::set_attribute), and [`Error::Mismatch`] where the values do not
    /// fit the type.
    pub fn set_attribute_as(
        &mut self,
        path: &str,
        name: &str,
        values: &Array,
        datatype: &Datatype,
    ) -> Result<()> {
        check_name(name)?;
        let id = self.require(path)?;
        let bytes = values.len().saturating_mul(datatype.size as usize);
        if bytes > MAX_VALUES {
            let what = format_args!("attribute of {bytes} bytes: at most {MAX_VALUES} fit");
            return Err(Error::unsupported(what)).in_object(path);
        }
        let (mut context, tree) = self.parts()?;
        let object = tree.content(context.file, id)?;
        let data = values::stored(&mut context, values, datatype).in_object(path)?;
        let dims: Vec<u64> = values.shape().iter().map(|&dim| dim as u64).collect();
        let dataspace = if dims.is_empty() {
            Dataspace::Scalar
        } else {
            Dataspace::Simple {
                dims,
                max_dims: None,
            }
        };
        let message = AttributeMessage {
            name: name.to_owned(),
            datatype: AttributeType::Here(datatype.clone()),
            dataspace,
            data,
        };
        let raw = RawMessage::new(&message, context.file.image().sizes());
        object.attributes.insert(name, raw);
        tree.change(context.file, id).map(drop)
    }

    /// Gives an attribute another name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the object or the attribute; [`Error::Exists`] where the object has
    /// an attribute of the new name.
    pub fn rename_attribute(&mut self, path: &str, from: &str, to: &str) -> Result<()> {
        check_name(to)?;
        let id = self.require(path)?;
        let (context, tree) = self.parts()?;
        let sizes = context.file.image().sizes();
        let attributes = &mut tree.content(context.file, id)?.attributes;
        if attributes.get(to).is_some() {
            return Err(Error::Exists(to.to_owned())).in_object(path);
        }
        let missing = || Error::NotFound {
            what: "attribute",
            name: from.to_owned(),
        };
        let raw = attributes.get(from).ok_or_else(missing).in_object(path)?;
        let message = AttributeMessage {
            name: to.to_owned(),
            ..raw.parse(sizes).in_object(path)?
        };
        attributes.insert(to, RawMessage::new(&message, sizes));
        attributes.remove(from);
        tree.change(context.file, id).map(drop)
    }

    /// Removes an attribute.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the object or the attribute.
    pub fn remove_attribute(&mut self, path: &str, name: &str) -> Result<()> {
        let id = self.require(path)?;
        let (context, tree) = self.parts()?;
        let missing = || Error::NotFound {
            what: "attribute",
            name: name.to_owned(),
        };
        let object = tree.content(context.file, id)?;
        let removed = object.attributes.remove(name);
        removed.ok_or_else(missing).in_object(path)?;
        tree.change(context.file, id).map(drop)
    }
}
