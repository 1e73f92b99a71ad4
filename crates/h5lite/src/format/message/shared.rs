//! Shared message: a message body that only says where the real one is (IV.A.2, "shared").

use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields},
    image::{Address, Sizes},
};

/// A message that stands in another object's header, as a committed datatype does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharedMessage {
    /// The object header that holds the message.
    pub(crate) header: Address,
}

impl SharedMessage {
    /// Flag of a message header: the body is a shared message.
    pub(crate) const FLAG: u8 = 2;

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a message in the file's shared-message table.
    pub(crate) fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[1, 2, 3])?;
        let kind = fields.u8()?;
        if version == 3 && kind == 1 {
            return Err(Error::unsupported("shared-message table"));
        }
        if version == 1 {
            // A whole symbol table entry follows, which starts with the offset of a name.
            fields.skip(6)?;
            fields.length()?;
        }
        Ok(Self {
            header: fields.address_of("the shared message")?,
        })
    }

    /// Leads a stored message, of whatever version, to another header.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub(crate) fn lead_to(body: &mut [u8], sizes: Sizes, header: Address) -> Result<()> {
        let mut fields = Fields::new("shared message", Address(0), sizes, body);
        Self::parse(&mut fields)?;
        let end = fields.position();
        let start = end.saturating_sub(usize::from(sizes.offset));
        let mut out = Encoder::new(sizes);
        out.offset(Some(header));
        if let Some(place) = body.get_mut(start..end) {
            place.copy_from_slice(&out.finish());
        }
        Ok(())
    }

    /// Writes version 2.
    pub(crate) fn encode(self, out: &mut Encoder) {
        out.put(&[2, 0]);
        out.offset(Some(self.header));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comes_back(at in 0..u64::MAX) {
            let shared = SharedMessage { header: Address(at) };
            let mut out = Encoder::new(Sizes::default());
            shared.encode(&mut out);
            let bytes = out.finish();
            let parsed = |bytes: &[u8]| {
                SharedMessage::parse(&mut Fields::new("x", Address(0), Sizes::default(), bytes)).unwrap()
            };
            prop_assert_eq!(parsed(&bytes), shared);
            let older = [&[1, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9], &bytes[2..]].concat();
            for mut body in [bytes, older] {
                let other = SharedMessage { header: Address(at / 2) };
                SharedMessage::lead_to(&mut body, Sizes::default(), other.header).unwrap();
                prop_assert_eq!(parsed(&body), other);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_in_a_table_is_refused() {
        let shared = SharedMessage {
            header: Address(0x1234),
        };
        let mut out = Encoder::new(Sizes::default());
        shared.encode(&mut out);
        let bytes = out.finish();
        let parse = |bytes: &[u8]| {
            SharedMessage::parse(&mut Fields::new("x", Address(0), Sizes::default(), bytes))
        };
        assert!(parse(&bytes[..5]).unwrap_err().is_corrupt());
        assert!(
            parse(&[3, 1, 0, 0, 0, 0, 0, 0, 0, 0])
                .unwrap_err()
                .is_unsupported()
        );
    }
}
