//! Object header messages: specification section IV.A.2, one file a message.

mod attribute;
mod attribute_info;
mod btree_k;
mod continuation;
mod data_layout;
mod dataspace;
mod datatype;
mod datatype_display;
mod datatype_encode;
mod datatype_parse;
mod external_files;
mod file_space_info;
mod fill_value;
mod filter_pipeline;
mod link;
mod link_info;
mod shared;
mod symbol_table;

pub(crate) use attribute::{AttributeMessage, AttributeType};
pub(crate) use attribute_info::AttributeInfo;
pub(crate) use continuation::Continuation;
pub(crate) use data_layout::{ChunkIndex, DataLayout};
pub(crate) use dataspace::Dataspace;
pub use datatype::{
    ByteOrder, CharacterSet, Class, Datatype, EnumMember, FloatLayout, Member, Padding,
    ReferenceKind,
};
pub(crate) use external_files::ExternalFiles;
pub(crate) use file_space_info::FileSpaceInfo;
pub(crate) use fill_value::{FillValue, OldFillValue};
pub(crate) use filter_pipeline::FilterPipeline;
pub use filter_pipeline::{Filter, FilterId};
pub(crate) use link::LinkMessage;
pub use link::LinkTarget;
pub(crate) use link_info::LinkInfo;
pub(crate) use shared::SharedMessage;
pub(crate) use symbol_table::SymbolTableMessage;

use super::field::{Encoder, Fields};
use crate::error::Result;

/// A message whose content is understood, in both directions.
pub(crate) trait Message: Sized {
    /// Its number in a message header.
    const KIND: u16;
    /// Its name in the specification.
    const NAME: &'static str;

    /// Reads the body. Padding behind it is left unread.
    fn parse(fields: &mut Fields<'_>) -> Result<Self>;

    /// Writes the body, without the padding to eight bytes that version 1 headers want.
    fn encode(&self, out: &mut Encoder);
}

/// Numbers of the messages that have no type of their own here.
pub(crate) mod kind {
    /// A message that is to be ignored: free room in a header.
    pub(crate) const NIL: u16 = 0x00;
    /// How many hard links lead to an object, in version 2 headers.
    pub(crate) const REFERENCE_COUNT: u16 = 0x16;
    /// Messages of a superblock extension that keep a file from being edited in place.
    pub(crate) const SHARED_MESSAGE_TABLE: u16 = 0x0f;
    /// Where the driver of a file keeps its notes.
    pub(crate) const DRIVER_INFO: u16 = 0x14;
    /// A copy of the metadata cache.
    pub(crate) const CACHE_IMAGE: u16 = 0x18;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::{Address, Sizes};

    /// The body as `encode` writes it.
    pub(crate) fn encoded<M: Message>(message: &M) -> Vec<u8> {
        let mut out = Encoder::new(Sizes::default());
        message.encode(&mut out);
        out.finish()
    }

    /// The message in a body, all of which must be read.
    pub(crate) fn parsed<M: Message>(body: &[u8]) -> Result<M> {
        let mut fields = Fields::new(M::NAME, Address(0), Sizes::default(), body);
        let message = M::parse(&mut fields)?;
        assert_eq!(fields.remaining(), 0, "{} left bytes unread", M::NAME);
        Ok(message)
    }

    /// Writes and reads a message, and reads every prefix of it, which must not panic.
    pub(crate) fn round_trip<M: Message>(message: &M) -> M {
        let body = encoded(message);
        for len in 0..body.len() {
            let mut fields = Fields::new(M::NAME, Address(0), Sizes::default(), &body[..len]);
            let _ = M::parse(&mut fields);
        }
        parsed(&body).unwrap()
    }
}
