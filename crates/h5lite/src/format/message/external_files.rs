//! External data files message: raw data that is in other files (IV.A.2.h).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields, to_u64},
    image::Address,
};

/// The files that hold the raw data of a dataset, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalFiles {
    /// The local heap with their names.
    pub(crate) heap: Address,
    /// The files.
    pub(crate) slots: Vec<ExternalFile>,
}

/// A part of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExternalFile {
    /// Offset of the file's name in the heap.
    pub(crate) name: u64,
    /// Where the data starts in that file.
    pub(crate) offset: u64,
    /// How many bytes of it are data.
    pub(crate) size: u64,
}

impl Message for ExternalFiles {
    const KIND: u16 = 0x07;
    const NAME: &'static str = "external data files message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        fields.version(&[1])?;
        fields.skip(3)?;
        let _allocated = fields.u16()?;
        let used = fields.u16()?;
        let heap = fields.address_of("the heap of file names")?;
        let slot = |_| {
            Ok(ExternalFile {
                name: fields.length()?,
                offset: fields.length()?,
                size: fields.length()?,
            })
        };
        let slots = (0..used).map(slot).collect::<Result<_>>()?;
        Ok(Self { heap, slots })
    }

    fn encode(&self, out: &mut Encoder) {
        out.put(&[1, 0, 0, 0]);
        for _ in 0..2 {
            out.uint(2, to_u64(self.slots.len()));
        }
        out.offset(Some(self.heap));
        for slot in &self.slots {
            out.length(slot.name);
            out.length(slot.offset);
            out.length(slot.size);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::format::message::tests::round_trip;

    proptest! {
        #[test]
        fn comes_back(at in 0_u64..u64::MAX, slots in vec(any::<(u64, u64, u64)>(), 0..5)) {
            let slot = |(name, offset, size)| ExternalFile { name, offset, size };
            let slots = slots.into_iter().map(slot).collect();
            let message = ExternalFiles { heap: Address(at), slots };
            prop_assert_eq!(round_trip(&message), message);
        }
    }
}
