//! Attribute message: a small named value on an object (IV.A.2.m).

use std::ops::Range;

use super::{Dataspace, Datatype, Message, SharedMessage};
use crate::{
    error::Result,
    format::{
        field::{Encoder, Fields, text, to_u64},
        object_header::RawMessage,
    },
    image::Sizes,
};

/// Flag: the datatype is a shared message.
const SHARED_TYPE: u8 = 1;
/// Flag: the dataspace is a shared message.
const SHARED_SPACE: u8 = 2;

/// The type of an attribute's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeType {
    /// Written out in the message.
    Here(Datatype),
    /// A committed datatype elsewhere.
    Shared(SharedMessage),
}

/// An attribute, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeMessage {
    /// Its name on the object.
    pub(crate) name: String,
    /// Type of its values.
    pub(crate) datatype: AttributeType,
    /// Shape of its values.
    pub(crate) dataspace: Dataspace,
    /// The values as stored.
    pub(crate) data: Vec<u8>,
}

/// Where the parts of an attribute message are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    name: Range<usize>,
    /// The datatype, or the shared message in its place.
    pub(crate) datatype: Range<usize>,
    /// Whether a shared message stands in the place of the datatype.
    pub(crate) shared_type: bool,
    dataspace: Range<usize>,
    /// The values and whatever padding follows them.
    pub(crate) data: Range<usize>,
}

impl Parts {
    /// Finds them in a body, of which nothing is consumed.
    fn parse(fields: &Fields<'_>) -> Result<Self> {
        let mut fields = fields.clone();
        let start = fields.position();
        let version = fields.version(&[1, 2, 3])?;
        let flags = fields.u8()?;
        // Version 1 has a reserved byte in the place of the flags.
        let flags = if version == 1 { 0 } else { flags };
        let sizes = [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
        if version == 3 {
            fields.skip(1)?;
        }
        if flags & SHARED_SPACE != 0 {
            return Err(crate::Error::unsupported(
                "attribute with a shared dataspace",
            ));
        }
        let [name, datatype, dataspace] = sizes.map(|size| {
            let at = fields.position().saturating_sub(start);
            let padded = if version == 1 {
                size.next_multiple_of(8)
            } else {
                size
            };
            fields.skip(padded)?;
            Ok(at..at.saturating_add(size))
        });
        let at = fields.position().saturating_sub(start);
        Ok(Self {
            name: name?,
            datatype: datatype?,
            shared_type: flags & SHARED_TYPE != 0,
            dataspace: dataspace?,
            data: at..at.saturating_add(fields.remaining()),
        })
    }
}

impl AttributeMessage {
    /// Where the parts of a stored message are.
    ///
    /// # Errors
    /// As [`parse`](Message::parse).
    pub(crate) fn parts(raw: &RawMessage, sizes: Sizes) -> Result<Parts> {
        Parts::parse(&Fields::new(Self::NAME, raw.address, sizes, &raw.body))
    }
}

impl Message for AttributeMessage {
    const KIND: u16 = 0x0c;
    const NAME: &'static str = "attribute message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let parts = Parts::parse(fields)?;
        let whole = fields.clone().rest();
        let part = |range: &Range<usize>, structure| {
            let bytes = whole.get(range.clone()).unwrap_or_default();
            Fields::new(structure, fields.address(), fields.sizes(), bytes)
        };
        let name = part(&parts.name, Self::NAME).rest();
        let name = text(name.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned();
        if name.is_empty() {
            return Err(fields.corrupt("an attribute without a name"));
        }
        let mut type_fields = part(&parts.datatype, Datatype::NAME);
        let mut space_fields = part(&parts.dataspace, Dataspace::NAME);
        let datatype = if parts.shared_type {
            AttributeType::Shared(SharedMessage::parse(&mut type_fields)?)
        } else {
            AttributeType::Here(Datatype::parse(&mut type_fields)?)
        };
        let dataspace = Dataspace::parse(&mut space_fields)?;
        let data = whole.get(parts.data).unwrap_or_default().to_vec();
        fields.rest();
        Ok(Self {
            name,
            datatype,
            dataspace,
            data,
        })
    }

    /// Version 1, or version 2 where the type is a committed one, which version 1 cannot express.
    fn encode(&self, out: &mut Encoder) {
        let mut datatype = Encoder::new(out.sizes());
        let mut dataspace = Encoder::new(out.sizes());
        let (version, flags) = match &self.datatype {
            AttributeType::Here(here) => {
                here.encode(&mut datatype);
                (1, 0)
            }
            AttributeType::Shared(shared) => {
                shared.encode(&mut datatype);
                (2, SHARED_TYPE)
            }
        };
        self.dataspace.encode(&mut dataspace);
        let (datatype, dataspace) = (datatype.finish(), dataspace.finish());
        out.put(&[version, flags]);
        out.uint(2, to_u64(self.name.len()).saturating_add(1));
        out.uint(2, to_u64(datatype.len()));
        out.uint(2, to_u64(dataspace.len()));
        let pad = |out: &mut Encoder| {
            if version == 1 {
                out.align(8);
            }
        };
        out.put(self.name.as_bytes());
        out.u8(0);
        pad(out);
        out.put(&datatype);
        pad(out);
        out.put(&dataspace);
        pad(out);
        out.put(&self.data);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        format::message::{
            datatype::tests::datatype,
            tests::{parsed, round_trip},
        },
        image::Address,
    };

    proptest! {
        #[test]
        fn comes_back(name in "[^\0]{1,40}", here in datatype(), data in vec(any::<u8>(), 0..40), at in 0_u64..u64::MAX) {
            let shared = SharedMessage { header: Address(at) };
            for datatype in [AttributeType::Here(here), AttributeType::Shared(shared)] {
                let dataspace = Dataspace::Simple { dims: vec![3], max_dims: None };
                let attribute = AttributeMessage { name: name.clone(), datatype, dataspace, data: data.clone() };
                prop_assert_eq!(round_trip(&attribute), attribute);
            }
        }
    }

    #[test]
    fn version_3_has_no_padding() {
        let mut body = vec![3, 0, 2, 0, 12, 0, 4, 0, 1, b'a', 0];
        body.extend([0x10, 8, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0]);
        body.extend([2, 0, 0, 0, 0xfe, 0xff]);
        let attribute: AttributeMessage = parsed(&body).unwrap();
        assert_eq!(attribute.name, "a");
        assert_eq!(attribute.dataspace, Dataspace::Scalar);
        assert_eq!(attribute.data, [0xfe, 0xff]);
    }
}
