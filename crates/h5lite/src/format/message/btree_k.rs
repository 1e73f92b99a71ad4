//! B-tree "K" values message: node capacities in a superblock extension (IV.A.2.t).

use super::Message;
use crate::{
    error::Result,
    format::{
        field::{Encoder, Fields},
        superblock::BtreeK,
    },
};

impl Message for BtreeK {
    const KIND: u16 = 0x13;
    const NAME: &'static str = "B-tree K values message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        fields.version(&[0])?;
        let k = Self {
            chunk: fields.u16()?,
            group_internal: fields.u16()?,
            group_leaf: fields.u16()?,
        };
        if k.chunk == 0 || k.group_internal == 0 || k.group_leaf == 0 {
            return Err(fields.corrupt("B-tree nodes without entries"));
        }
        Ok(k)
    }

    fn encode(&self, out: &mut Encoder) {
        out.u8(0);
        out.u16(self.chunk);
        out.u16(self.group_internal);
        out.u16(self.group_leaf);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    proptest! {
        #[test]
        fn comes_back(chunk in 1_u16.., group_internal in 1_u16.., group_leaf in 1_u16..) {
            let k = BtreeK { group_leaf, group_internal, chunk };
            prop_assert_eq!(round_trip(&k), k);
        }
    }

    #[test]
    fn nodes_have_room() {
        assert!(
            parsed::<BtreeK>(&[0, 1, 0, 2, 0, 0, 0])
                .unwrap_err()
                .is_corrupt()
        );
    }
}
