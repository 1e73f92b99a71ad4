//! Link message: one link of a new-style group (IV.A.2.g).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields, bytes_for, text, to_u64},
    image::Address,
};

const ORDERED: u8 = 0x04;
const TYPED: u8 = 0x08;
const CHARACTER_SET: u8 = 0x10;
const UTF8: u8 = 1;
const SOFT: u8 = 1;
const EXTERNAL: u8 = 64;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// The object whose header stands at this address.
    Hard(Address),
    /// Whatever has this path, if anything.
    Soft(String),
    /// An object in another file. Listed, never followed.
    External {
        /// The other file.
        file: String,
        /// The object's path in it.
        path: String,
    },
    /// A user-defined link of this class. Listed, never followed.
    Other(u8),
}

/// A link with the order in which it was made, where the group tracks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkMessage {
    /// The link's name in its group.
    pub(crate) name: String,
    /// Where it leads.
    pub(crate) target: LinkTarget,
    /// Its place among the group's links by time of creation.
    pub(crate) creation_order: Option<u64>,
}

impl Message for LinkMessage {
    const KIND: u16 = 0x06;
    const NAME: &'static str = "link message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        fields.version(&[1])?;
        let flags = fields.u8()?;
        let kind = if flags & TYPED == 0 { 0 } else { fields.u8()? };
        let creation_order = (flags & ORDERED != 0).then(|| fields.u64()).transpose()?;
        if flags & CHARACTER_SET != 0 {
            fields.skip(1)?;
        }
        let length_width = 1_u8.checked_shl(u32::from(flags & 3)).unwrap_or(8);
        let length = fields.uint(length_width)?;
        let name = text(fields.take_long(length)?).into_owned();
        if name.is_empty() {
            return Err(fields.corrupt("a link without a name"));
        }
        let target = match kind {
            0 => LinkTarget::Hard(fields.address_of("the object")?),
            _ => {
                let length = usize::from(fields.u16()?);
                parse_value(fields, kind, length)?
            }
        };
        Ok(Self {
            name,
            target,
            creation_order,
        })
    }

    fn encode(&self, out: &mut Encoder) {
        let length = to_u64(self.name.len());
        let width = bytes_for(length).next_power_of_two();
        let ordered = if self.creation_order.is_some() {
            ORDERED
        } else {
            0
        };
        let value = match &self.target {
            LinkTarget::Hard(_) => None,
            LinkTarget::Soft(path) => Some((SOFT, path.as_bytes().to_vec())),
            LinkTarget::External { file, path } => Some((
                EXTERNAL,
                [&[0], file.as_bytes(), &[0], path.as_bytes(), &[0]].concat(),
            )),
            LinkTarget::Other(class) => Some((*class, Vec::new())),
        };
        let typed = if value.is_some() { TYPED } else { 0 };
        let width_code = u8::try_from(width.trailing_zeros()).unwrap_or(3);
        out.put(&[1, width_code | ordered | typed | CHARACTER_SET]);
        if let Some((class, _)) = value {
            out.u8(class);
        }
        if let Some(order) = self.creation_order {
            out.u64(order);
        }
        out.u8(UTF8);
        out.uint(width, length);
        out.put(self.name.as_bytes());
        match (&self.target, value) {
            (LinkTarget::Hard(address), _) => out.offset(Some(*address)),
            (_, Some((_, value))) => {
                out.uint(2, to_u64(value.len()));
                out.put(&value);
            }
            (_, None) => out.u16(0),
        }
    }
}

/// The value of a soft, external or user-defined link.
fn parse_value(fields: &mut Fields<'_>, kind: u8, length: usize) -> Result<LinkTarget> {
    let value = fields.take(length)?;
    match kind {
        SOFT => {
            let path = value.split(|&byte| byte == 0).next().unwrap_or_default();
            Ok(LinkTarget::Soft(text(path).into_owned()))
        }
        EXTERNAL => {
            // A byte of version and flags, then two strings, each ended by a NUL.
            let mut parts = value.get(1..).unwrap_or_default().split(|&byte| byte == 0);
            let (Some(file), Some(path)) = (parts.next(), parts.next()) else {
                return Err(fields.corrupt("an external link without a path"));
            };
            Ok(LinkTarget::External {
                file: text(file).into_owned(),
                path: text(path).into_owned(),
            })
        }
        _ => Ok(LinkTarget::Other(kind)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option::of, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    fn target() -> impl Strategy<Value = LinkTarget> {
        let text = "[^\0]{0,30}";
        prop_oneof![
            (0..u64::MAX).prop_map(|at| LinkTarget::Hard(Address(at))),
            text.prop_map(LinkTarget::Soft),
            (text, text).prop_map(|(file, path)| LinkTarget::External { file, path }),
            (65_u8..).prop_map(LinkTarget::Other),
        ]
    }

    proptest! {
        #[test]
        fn comes_back(name in "[^\0]{1,300}", target in target(), creation_order in of(any::<u64>())) {
            let link = LinkMessage { name, target, creation_order };
            prop_assert_eq!(round_trip(&link), link);
        }
    }

    #[test]
    fn a_name_longer_than_the_message_is_corrupt() {
        let body = [1, 3, 255, 255, 255, 255, 255, 255, 255, 255, b'x'];
        assert!(parsed::<LinkMessage>(&body).unwrap_err().is_corrupt());
    }
}
