//! Fill value messages: what unwritten values read as (IV.A.2.e and IV.A.2.f).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields, to_u64},
};

/// Space for the data is set aside: 1 at once, 2 when first written, 3 chunk by chunk.
const ALLOCATE_LATE: u8 = 2;
/// Fill values are written: 0 when space is set aside, 1 never, 2 if the user set one.
const WRITE_IF_SET: u8 = 2;

/// Fill value message (new).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FillValue {
    /// When space for the data is set aside.
    pub(crate) allocation_time: u8,
    /// When fill values are written into it.
    pub(crate) write_time: u8,
    /// One value as stored; `None` is the type's default, all zero bits.
    pub(crate) value: Option<Vec<u8>>,
}

impl Default for FillValue {
    fn default() -> Self {
        Self {
            allocation_time: ALLOCATE_LATE,
            write_time: WRITE_IF_SET,
            value: None,
        }
    }
}

impl Message for FillValue {
    const KIND: u16 = 0x05;
    const NAME: &'static str = "fill value message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[1, 2, 3])?;
        let (allocation_time, write_time, sized) = if version < 3 {
            let (allocation, write, defined) = (fields.u8()?, fields.u8()?, fields.u8()?);
            (allocation, write, version == 1 || defined != 0)
        } else {
            let flags = fields.u8()?;
            (flags & 3, (flags >> 2) & 3, flags & 0x20 != 0)
        };
        let value = if sized { sized_value(fields)? } else { None };
        Ok(Self {
            allocation_time,
            write_time,
            value,
        })
    }

    /// Version 2.
    fn encode(&self, out: &mut Encoder) {
        out.put(&[2, self.allocation_time, self.write_time, 1]);
        encode_value(self.value.as_deref(), out);
    }
}

/// Fill value message (old), from before HDF5 1.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OldFillValue {
    /// One value as stored.
    pub(crate) value: Option<Vec<u8>>,
}

impl Message for OldFillValue {
    const KIND: u16 = 0x04;
    const NAME: &'static str = "old fill value message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            value: sized_value(fields)?,
        })
    }

    fn encode(&self, out: &mut Encoder) {
        encode_value(self.value.as_deref(), out);
    }
}

/// A size of 0 is the default value; so is -1, which stands for "undefined".
fn sized_value(fields: &mut Fields<'_>) -> Result<Option<Vec<u8>>> {
    let size = fields.u32()?;
    if size == 0 || size == u32::MAX {
        return Ok(None);
    }
    Ok(Some(fields.take_long(u64::from(size))?.to_vec()))
}

fn encode_value(value: Option<&[u8]>, out: &mut Encoder) {
    let value = value.unwrap_or_default();
    out.uint(4, to_u64(value.len()));
    out.put(value);
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    proptest! {
        #[test]
        fn comes_back(allocation_time in 1_u8..4, write_time in 0_u8..3, value in option::of(vec(any::<u8>(), 1..20))) {
            let old = OldFillValue { value: value.clone() };
            prop_assert_eq!(round_trip(&old), old);
            let fill = FillValue { allocation_time, write_time, value };
            prop_assert_eq!(round_trip(&fill), fill);
        }
    }

    #[test]
    fn version_3_packs_its_flags() {
        let fill: FillValue = parsed(&[3, 0x2b, 2, 0, 0, 0, 7, 8]).unwrap();
        assert_eq!(
            fill,
            FillValue {
                allocation_time: 3,
                write_time: 2,
                value: Some(vec![7, 8])
            }
        );
        assert_eq!(parsed::<FillValue>(&[3, 0x0a]).unwrap().value, None);
        assert!(
            parsed::<FillValue>(&[2, 2, 2, 1, 255, 0, 0, 0, 1])
                .unwrap_err()
                .is_corrupt()
        );
    }
}
