//! Object header continuation message: where the header goes on (IV.A.2.q).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
    image::Address,
};

/// A further block of an object header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Continuation {
    /// Where the block starts.
    pub(crate) address: Address,
    /// Its length in bytes.
    pub(crate) length: u64,
}

impl Message for Continuation {
    const KIND: u16 = 0x10;
    const NAME: &'static str = "object header continuation message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            address: fields.address_of("the block")?,
            length: fields.length()?,
        })
    }

    fn encode(&self, out: &mut Encoder) {
        out.offset(Some(self.address));
        out.length(self.length);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::message::tests::round_trip;

    proptest! {
        #[test]
        fn comes_back(address in 0_u64..u64::MAX, length: u64) {
            let message = Continuation { address: Address(address), length };
            prop_assert_eq!(round_trip(&message), message);
        }
    }
}
