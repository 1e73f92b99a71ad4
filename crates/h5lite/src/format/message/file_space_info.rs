//! File space info message: how a file keeps its free space (IV.A.2.x). Only where the managers of
//! that space stand is of interest; read only.

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
    image::Address,
};

/// Managers of version 0: one for each of the library's types of memory but the first.
const MANAGERS_0: usize = 6;
/// Managers of version 1: small and large pieces of each.
const MANAGERS_1: usize = 12;

/// The free space of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileSpaceInfo {
    /// Its managers, as far as they are stored.
    pub(crate) managers: Vec<Address>,
}

impl Message for FileSpaceInfo {
    const KIND: u16 = 0x17;
    const NAME: &'static str = "file space info message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[0, 1])?;
        let _strategy = fields.u8()?;
        let count = if version == 0 {
            let _threshold = fields.length()?;
            MANAGERS_0
        } else {
            let persistent = fields.u8()?;
            let _threshold = fields.length()?;
            let _page_size = fields.length()?;
            let _page_end_threshold = fields.u16()?;
            let _end_without_managers = fields.offset()?;
            if persistent == 0 { 0 } else { MANAGERS_1 }
        };
        let mut managers = Vec::new();
        // They are left out where nothing was kept.
        for _ in 0..count {
            if fields.remaining() >= usize::from(fields.sizes().offset) {
                managers.extend(fields.offset()?);
            }
        }
        Ok(Self { managers })
    }

    /// Version 1 of a file that keeps its free space.
    fn encode(&self, out: &mut Encoder) {
        out.put(&[1, 1, u8::from(!self.managers.is_empty())]);
        out.length(1);
        out.length(4096);
        out.u16(0);
        out.offset(None);
        for index in 0..MANAGERS_1 {
            out.offset(self.managers.get(index).copied());
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
        fn comes_back(managers in vec((0_u64..u64::MAX).prop_map(Address), 1..12)) {
            let message = FileSpaceInfo { managers };
            prop_assert_eq!(round_trip(&message), message);
        }
    }
}
