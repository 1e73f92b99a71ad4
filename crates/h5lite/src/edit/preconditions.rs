//! Files that must not be edited in place, because somebody would misread or overwrite the result.

use super::tree::{Kind, Tree};
use crate::{
    error::{Error, Result},
    file::File,
    format::{
        message::{Class, Datatype, Message, kind},
        object_header::ObjectHeader,
    },
    image::Sizes,
};

/// Whether the file as a whole can be edited in place.
///
/// # Errors
/// [`Error::Unsupported`] with the reason it cannot; [`Error::ReadOnly`].
pub(super) fn check(file: &File) -> Result<()> {
    let superblock = file.superblock();
    let refuse = |why: &str| Err(Error::unsupported(format_args!("edit in place: {why}")));
    if superblock.sizes != Sizes::default() {
        return refuse("its addresses are not of eight bytes");
    }
    if superblock.consistency_flags != 0 {
        return refuse("a writer has it open, or crashed (consistency flags are set)");
    }
    if superblock.driver_information.is_some() {
        return refuse("it has a driver information block");
    }
    let Some(extension) = superblock.extension else {
        return Ok(());
    };
    let header = ObjectHeader::read(file.image(), extension)?;
    for (kind, why) in [
        (
            kind::FILE_SPACE_INFO,
            "its free space is tracked or paged, and its library would reuse it",
        ),
        (kind::SHARED_MESSAGE_TABLE, "it has a shared-message table"),
        (kind::DRIVER_INFO, "it has a driver of its own"),
        (kind::CACHE_IMAGE, "it holds an image of the metadata cache"),
    ] {
        if header.has(kind) {
            return refuse(why);
        }
    }
    Ok(())
}

/// Whether objects may be moved: a reference in a dataset would go on leading to the old place.
///
/// # Errors
/// [`Error::Unsupported`] where an object that moves may be referred to.
pub(super) fn check_references(file: &File, tree: &mut Tree) -> Result<()> {
    let moved = |id: usize, tree: &Tree| tree.node(id).changed && tree.node(id).committed.is_some();
    let committed_type = |id: usize, tree: &Tree| {
        let content = tree.node(id).content.as_ref();
        content.is_some_and(|content| matches!(content.kind, Kind::Other))
    };
    if tree
        .ids()
        .any(|id| moved(id, tree) && committed_type(id, tree))
    {
        return Err(Error::unsupported(
            "edit in place: a committed datatype would move away from what refers to it",
        ));
    }
    let image = file.image();
    tree.read_all(file)?;
    for id in tree.ids() {
        let Some(address) = tree.node(id).committed else {
            continue;
        };
        let header = ObjectHeader::read(image, address)?;
        let datatype = header.get::<Datatype>(image);
        let referring = datatype
            .ok()
            .flatten()
            .is_some_and(|datatype| refers(&datatype));
        let attributes = tree
            .node(id)
            .content
            .iter()
            .flat_map(|content| content.attributes.values());
        let in_attribute = attributes.into_iter().any(|raw| {
            let message = raw.parse::<crate::format::message::AttributeMessage>(image.sizes());
            let datatype = message.ok().map(|message| message.datatype);
            matches!(datatype, Some(crate::format::message::AttributeType::Here(datatype)) if refers(&datatype))
        });
        if (referring && header.has(crate::format::message::DataLayout::KIND)) || in_attribute {
            return Err(Error::unsupported(
                "edit in place: the file holds references, which may lead to an object that would move",
            ));
        }
    }
    Ok(())
}

/// Whether values of this type lead to objects of the file.
fn refers(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Reference(_) => true,
        Class::Array { base, .. } | Class::VariableLength { base, .. } => refers(base),
        Class::Compound(members) => members.iter().any(|member| refers(&member.datatype)),
        _ => false,
    }
}
