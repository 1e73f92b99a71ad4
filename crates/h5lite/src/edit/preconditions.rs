//! Files that must not be edited in place, because somebody would misread or overwrite the result.

use crate::{
    error::{Error, Result},
    file::File,
    format::{
        message::{FileSpaceInfo, Message, kind},
        object_header::ObjectHeader,
        superblock::BtreeK,
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
            FileSpaceInfo::KIND,
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

/// Node capacities of the version 1 B-trees of this file: superblock versions 0 and 1 hold them,
/// later ones leave them to their extension.
///
/// # Errors
/// [`Error::Corrupt`] where the extension cannot be read.
pub(crate) fn btree_k(file: &File) -> Result<BtreeK> {
    let superblock = file.superblock();
    let Some(extension) = superblock.extension else {
        return Ok(superblock.k);
    };
    let header = ObjectHeader::read(file.image(), extension)?;
    Ok(header.get(file.image())?.unwrap_or(superblock.k))
}
