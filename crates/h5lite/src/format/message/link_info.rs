//! Link info message: a new-style group (IV.A.2.c).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
    image::Address,
};

const TRACKED: u8 = 1;
const INDEXED: u8 = 2;

/// Where the links of a new-style group are, beside its link messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkInfo {
    /// The largest creation order given out so far plus one, where creation order is tracked.
    pub(crate) max_creation_index: Option<u64>,
    /// The fractal heap with the links, once there are too many for messages.
    pub(crate) fractal_heap: Option<Address>,
    /// The version 2 B-tree of their names' hashes.
    pub(crate) name_index: Option<Address>,
    /// The version 2 B-tree of their creation order; the inner `None` is an undefined address.
    #[expect(
        clippy::option_option,
        reason = "there is no field, or an undefined address in it"
    )]
    pub(crate) creation_order_index: Option<Option<Address>>,
}

impl Message for LinkInfo {
    const KIND: u16 = 0x02;
    const NAME: &'static str = "link info message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        fields.version(&[0])?;
        let flags = fields.u8()?;
        Ok(Self {
            max_creation_index: (flags & TRACKED != 0).then(|| fields.u64()).transpose()?,
            fractal_heap: fields.offset()?,
            name_index: fields.offset()?,
            creation_order_index: (flags & INDEXED != 0)
                .then(|| fields.offset())
                .transpose()?,
        })
    }

    fn encode(&self, out: &mut Encoder) {
        let tracked = if self.max_creation_index.is_some() {
            TRACKED
        } else {
            0
        };
        let indexed = if self.creation_order_index.is_some() {
            INDEXED
        } else {
            0
        };
        out.put(&[0, tracked | indexed]);
        if let Some(index) = self.max_creation_index {
            out.u64(index);
        }
        out.offset(self.fractal_heap);
        out.offset(self.name_index);
        if let Some(index) = self.creation_order_index {
            out.offset(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option::of, prelude::*};

    use super::*;
    use crate::format::message::tests::round_trip;

    proptest! {
        #[test]
        fn comes_back(max in of(any::<u64>()), heap in of(0_u64..u64::MAX), names in of(0_u64..u64::MAX), order in of(of(0_u64..u64::MAX))) {
            let message = LinkInfo {
                max_creation_index: max,
                fractal_heap: heap.map(Address),
                name_index: names.map(Address),
                creation_order_index: order.map(|at| at.map(Address)),
            };
            prop_assert_eq!(round_trip(&message), message);
        }
    }
}
