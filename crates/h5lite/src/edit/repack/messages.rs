//! Messages and values that hold addresses, with the new ones in their place.

use super::Repack;
use crate::{
    edit::tree::Content,
    error::{Error, Result},
    format::{
        field::{Encoder, Fields},
        message::{AttributeMessage, Datatype, Message, SharedMessage},
        object_header::{RawMessage, read_shared},
    },
    image::{Address, Sizes},
    read::{HeapId, Pointer, each_pointer, leads_elsewhere},
};

/// Where the committed datatypes stand that an object and its attributes use.
pub(super) fn committed_datatypes(content: &Content, sizes: Sizes) -> Result<Vec<Address>> {
    let mut found = Vec::new();
    for raw in &content.messages {
        if raw.flags & SharedMessage::FLAG != 0 {
            found.push(parse_shared(&raw.body, raw.address, sizes)?.header);
        }
    }
    for raw in content.attributes.messages() {
        let parts = AttributeMessage::parts(raw, sizes)?;
        if parts.shared_type {
            let body = raw.body.get(parts.datatype).unwrap_or_default();
            found.push(parse_shared(body, raw.address, sizes)?.header);
        }
    }
    Ok(found)
}

/// Writes datatypes of the versions that came after HDF5 1.8 in an older one, where that can say
/// the same.
pub(super) fn older_datatypes(content: &mut Content, sizes: Sizes) -> Result<()> {
    for raw in &mut content.messages {
        let shared = raw.flags & SharedMessage::FLAG != 0;
        if raw.kind == Datatype::KIND && !shared && is_new(&raw.body) {
            let datatype: Datatype = raw.parse(sizes)?;
            let old = RawMessage::new(&datatype, sizes);
            if old
                .parse::<Datatype>(sizes)
                .is_ok_and(|old| old == datatype)
            {
                raw.body = old.body;
            }
        }
    }
    for raw in content.attributes.messages_mut() {
        let parts = AttributeMessage::parts(raw, sizes)?;
        let stored = raw.body.get(parts.datatype).unwrap_or_default();
        if !parts.shared_type && is_new(stored) {
            let attribute: AttributeMessage = raw.parse(sizes)?;
            let old = RawMessage::new(&attribute, sizes);
            if old
                .parse::<AttributeMessage>(sizes)
                .is_ok_and(|old| old == attribute)
            {
                raw.body = old.body;
            }
        }
    }
    Ok(())
}

/// Whether a datatype is of a version that HDF5 1.8 does not know.
fn is_new(datatype: &[u8]) -> bool {
    datatype.first().is_some_and(|byte| byte >> 4 > 3)
}

fn parse_shared(body: &[u8], at: Address, sizes: Sizes) -> Result<SharedMessage> {
    SharedMessage::parse(&mut Fields::new("shared message", at, sizes, body))
}

impl Repack<'_> {
    /// Leads a shared message to the new place of the object that holds the real one.
    pub(super) fn shared(&self, raw: &mut RawMessage) -> Result<()> {
        if raw.flags & SharedMessage::FLAG == 0 {
            return Ok(());
        }
        let sizes = self.source.image().sizes();
        let old = parse_shared(&raw.body, raw.address, sizes)?.header;
        SharedMessage::lead_to(&mut raw.body, sizes, self.new_place(old)?)
    }

    fn new_place(&self, old: Address) -> Result<Address> {
        let unknown = || Error::corrupt("shared message", old, "no object stands there");
        self.moved.get(&old).copied().ok_or_else(unknown)
    }

    /// Leads the values of an attribute, and its type, to their new places.
    pub(super) fn attribute(&mut self, raw: &mut RawMessage) -> Result<()> {
        let image = self.source.image();
        let sizes = image.sizes();
        let parts = AttributeMessage::parts(raw, sizes)?;
        let stored = raw.body.get(parts.datatype.clone()).unwrap_or_default();
        let datatype: Datatype = if parts.shared_type {
            let shared = parse_shared(stored, raw.address, sizes)?;
            let place = self.new_place(shared.header)?;
            if let Some(body) = raw.body.get_mut(parts.datatype) {
                SharedMessage::lead_to(body, sizes, place)?;
            }
            read_shared(image, shared)?
        } else {
            let name = Datatype::NAME;
            Datatype::parse(&mut Fields::new(name, raw.address, sizes, stored))?
        };
        match raw.body.get_mut(parts.data) {
            Some(data) => self.values(&datatype, data),
            None => Ok(()),
        }
    }

    /// Leads stored elements to the new places of what they lead to; values of variable length are
    /// copied.
    ///
    /// A reference to an object that no link leads to becomes one that was never set: nobody could
    /// follow it before either.
    pub(super) fn values(&mut self, datatype: &Datatype, elements: &mut [u8]) -> Result<()> {
        if !leads_elsewhere(datatype) {
            return Ok(());
        }
        let sizes = self.source.image().sizes();
        each_pointer(datatype, elements, &mut |pointer, element| match pointer {
            Pointer::Object => {
                self.reference(element, sizes)?;
                Ok(())
            }
            Pointer::Region => {
                let mut new = None;
                if let Some(id) = HeapId::of_region(element, sizes)? {
                    let mut region = self.heap.read(id)?;
                    if self.reference(&mut region, sizes)? {
                        new = Some(self.push(&region)?);
                    }
                }
                HeapId::put(new, element, sizes)
            }
            Pointer::Sequence(base) => {
                let Some((count, id)) = HeapId::of_sequence(element, sizes)? else {
                    element.fill(0);
                    return Ok(());
                };
                let mut object = self.heap.read(id)?;
                id.check_sequence(&object, count, base.size)?;
                self.values(base, &mut object)?;
                HeapId::put(Some(self.push(&object)?), element, sizes)
            }
            Pointer::Unknown => {
                let what = "copy of references of a kind that cannot be followed";
                Err(Error::unsupported(what))
            }
        })
    }

    /// Puts a value into the new heap.
    pub(super) fn push(&mut self, object: &[u8]) -> Result<HeapId> {
        let Self { heap, context, .. } = self;
        heap.push(context.store, context.tail, object)
    }

    /// Leads an object reference, the first bytes here, to the new place of the object. Whether it
    /// leads to one.
    fn reference(&self, bytes: &mut [u8], sizes: Sizes) -> Result<bool> {
        let old = Fields::new("reference", Address(0), sizes, bytes).offset()?;
        let Some(old) = old.filter(|old| old.0 != 0) else {
            return Ok(false);
        };
        let new = self.moved.get(&old).copied();
        let mut out = Encoder::new(sizes);
        out.offset(Some(new.unwrap_or_default()));
        let new_bytes = out.finish();
        if let Some(place) = bytes.get_mut(..new_bytes.len()) {
            place.copy_from_slice(&new_bytes);
        }
        Ok(new.is_some())
    }
}
