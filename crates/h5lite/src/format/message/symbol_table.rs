//! Symbol table message: an old-style group (IV.A.2.r).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
    image::Address,
};

/// Where the links of an old-style group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SymbolTableMessage {
    /// The B-tree of symbol table nodes.
    pub(crate) btree: Address,
    /// The local heap with the names.
    pub(crate) heap: Address,
}

impl Message for SymbolTableMessage {
    const KIND: u16 = 0x11;
    const NAME: &'static str = "symbol table message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            btree: fields.address_of("the B-tree")?,
            heap: fields.address_of("the heap")?,
        })
    }

    fn encode(&self, out: &mut Encoder) {
        out.offset(Some(self.btree));
        out.offset(Some(self.heap));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::message::tests::round_trip;

    proptest! {
        #[test]
        fn comes_back(btree in 0_u64..u64::MAX, heap in 0_u64..u64::MAX) {
            let message = SymbolTableMessage { btree: Address(btree), heap: Address(heap) };
            prop_assert_eq!(round_trip(&message), message);
        }
    }
}
