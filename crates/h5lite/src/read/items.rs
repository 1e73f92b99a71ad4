//! From the elements of a chunk to packed little-endian numbers: members of compounds are cut out,
//! big-endian numbers turned round, integers of odd widths widened.

use crate::{
    error::{Error, Result},
    format::message::{ByteOrder, Class, Datatype, FloatLayout},
    value::DType,
};

/// A number as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredNumber {
    /// The type it becomes.
    pub(crate) dtype: DType,
    /// Its bytes in the file.
    pub(crate) size: usize,
    /// Order of its bytes.
    pub(crate) order: ByteOrder,
    /// The bits that count, where they are not all bits: offset and how many.
    bits: Option<(u32, u32)>,
}

impl StoredNumber {
    /// How a number of this type is stored; `None` for what is not a number this crate decodes.
    pub(crate) fn of(datatype: &Datatype) -> Option<Self> {
        let size = usize::try_from(datatype.size).ok()?;
        match &datatype.class {
            Class::FixedPoint {
                order,
                signed,
                bit_offset,
                precision,
            } => {
                let dtype = integer(size, *signed)?;
                let whole = *bit_offset == 0 && usize::from(*precision) == size * 8;
                let bits = (!whole).then_some((u32::from(*bit_offset), u32::from(*precision)));
                Some(Self {
                    dtype,
                    size,
                    order: *order,
                    bits,
                })
            }
            Class::FloatingPoint { order, layout } => {
                let dtype = match size {
                    2 => DType::F16,
                    4 => DType::F32,
                    8 => DType::F64,
                    _ => return None,
                };
                let ieee = FloatLayout::ieee(datatype.size) == Some(*layout);
                (ieee && *order != ByteOrder::Vax).then_some(Self {
                    dtype,
                    size,
                    order: *order,
                    bits: None,
                })
            }
            // R's logicals declare two bits of a byte but use more: NA.
            Class::Enumeration { base, .. } => {
                let base = Self::of(base)?;
                let boolean = datatype.is_boolean() && size == 1;
                let dtype = if boolean { DType::U8 } else { base.dtype };
                Some(Self {
                    dtype,
                    bits: None,
                    ..base
                })
            }
            _ => None,
        }
    }

    /// Whether the stored bytes are the packed bytes.
    pub(super) fn is_packed(&self) -> bool {
        let little = self.order == ByteOrder::Little || self.size == 1;
        little && self.bits.is_none() && self.dtype.size() == Some(self.size)
    }

    /// Appends the number to `out` in little-endian order, in `width` bytes.
    fn pack(&self, stored: &[u8], width: usize, out: &mut Vec<u8>) {
        let mut wide = [0_u8; 8];
        for (to, from) in wide.iter_mut().zip(stored) {
            *to = *from;
        }
        if self.order == ByteOrder::Big
            && let Some(used) = wide.get_mut(..stored.len())
        {
            used.reverse();
        }
        if self.bits.is_some() || width != self.size {
            let all = u32::try_from(self.size * 8).unwrap_or(64);
            let (offset, precision) = self.bits.unwrap_or((0, all));
            wide = self
                .widen(u64::from_le_bytes(wide), offset, precision)
                .to_le_bytes();
        }
        out.extend(wide.iter().take(width));
    }

    /// Turns packed numbers into what is stored; `None` where not all bits of that count.
    pub(crate) fn unpack(&self, packed: &mut [u8]) -> Option<()> {
        if self.bits.is_some() || self.dtype.size() != Some(self.size) {
            return None;
        }
        if self.order == ByteOrder::Big {
            packed.chunks_exact_mut(self.size).for_each(<[u8]>::reverse);
        }
        Some(())
    }

    /// The bits that count, with their sign.
    fn widen(&self, stored: u64, offset: u32, precision: u32) -> u64 {
        let unused = 64_u32.saturating_sub(precision).min(63);
        let top = stored.checked_shr(offset).unwrap_or(0) << unused;
        if self.dtype.is_signed() {
            (top.cast_signed() >> unused).cast_unsigned()
        } else {
            top >> unused
        }
    }
}

/// The smallest type for integers of `size` bytes.
fn integer(size: usize, signed: bool) -> Option<DType> {
    Some(match (size, signed) {
        (1, true) => DType::I8,
        (2, true) => DType::I16,
        (3..=4, true) => DType::I32,
        (5..=8, true) => DType::I64,
        (1, false) => DType::U8,
        (2, false) => DType::U16,
        (3..=4, false) => DType::U32,
        (5..=8, false) => DType::U64,
        _ => return None,
    })
}

impl Datatype {
    /// The bytes of stored numbers in little-endian order, at their stored width. Where not all
    /// bits of an integer count, those that do are moved to the bottom and extended.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for what is not a number this crate decodes.
    pub fn little_endian(&self, stored: &[u8]) -> Result<Vec<u8>> {
        let number = StoredNumber::of(self)
            .ok_or_else(|| Error::unsupported(format_args!("values of type {self}")))?;
        let mut out = Vec::with_capacity(stored.len());
        for bytes in stored.chunks_exact(number.size) {
            number.pack(bytes, number.size, &mut out);
        }
        Ok(out)
    }
}

/// What of each element of a dataset is wanted: the whole, or one member of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Projection {
    /// Bytes of a whole element.
    pub(crate) stride: usize,
    /// First byte that is wanted.
    pub(crate) offset: usize,
    /// Bytes that are wanted.
    pub(crate) size: usize,
}

impl Projection {
    /// Whether all of each element is wanted.
    pub(super) fn is_whole(&self) -> bool {
        self.size == self.stride
    }

    /// The wanted bytes of every element of `chunk`, one after another; borrowed where that is all.
    pub(super) fn cut<'a>(&self, chunk: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if self.is_whole() {
            return chunk;
        }
        scratch.clear();
        for element in chunk.chunks_exact(self.stride.max(1)) {
            let wanted = element.get(self.offset..self.offset.saturating_add(self.size));
            scratch.extend_from_slice(wanted.unwrap_or_default());
        }
        scratch
    }
}

/// All numbers of `stored` in little-endian order and their full width; borrowed where they are so.
pub(super) fn pack_numbers<'a>(
    number: &StoredNumber,
    stored: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> &'a [u8] {
    if number.is_packed() {
        return stored;
    }
    scratch.clear();
    let width = number.dtype.size().unwrap_or(0);
    stored
        .chunks_exact(number.size)
        .for_each(|bytes| number.pack(bytes, width, scratch));
    scratch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::message::EnumMember;

    fn fixed(size: u32, order: ByteOrder, signed: bool, bits: (u16, u16)) -> Datatype {
        let (bit_offset, precision) = bits;
        Datatype {
            size,
            class: Class::FixedPoint {
                order,
                signed,
                bit_offset,
                precision,
            },
        }
    }

    fn packed(datatype: &Datatype, stored: &[u8]) -> (DType, Vec<u8>) {
        let number = StoredNumber::of(datatype).unwrap();
        let mut scratch = Vec::new();
        (
            number.dtype,
            pack_numbers(&number, stored, &mut scratch).to_vec(),
        )
    }

    #[test]
    fn numbers_of_every_shape() {
        let big = fixed(2, ByteOrder::Big, true, (0, 16));
        assert_eq!(
            packed(&big, &[0x01, 0x02, 0xff, 0xfe]),
            (DType::I16, vec![2, 1, 0xfe, 0xff])
        );
        let three = fixed(3, ByteOrder::Little, true, (0, 24));
        assert_eq!(
            packed(&three, &[0xfe, 0xff, 0xff]),
            (DType::I32, vec![0xfe, 0xff, 0xff, 0xff])
        );
        let three_big = fixed(3, ByteOrder::Big, false, (0, 24));
        assert_eq!(
            packed(&three_big, &[1, 2, 3]),
            (DType::U32, vec![3, 2, 1, 0])
        );
        let middle = fixed(2, ByteOrder::Little, true, (4, 4));
        assert_eq!(
            packed(&middle, &[0xf7, 0x00]),
            (DType::I16, vec![0xff, 0xff])
        );
        assert_eq!(packed(&middle, &[0x70, 0xff]), (DType::I16, vec![7, 0]));
        assert_eq!(
            StoredNumber::of(&fixed(16, ByteOrder::Little, true, (0, 128))),
            None
        );
    }

    #[test]
    fn logicals_of_r_keep_all_their_bits() {
        let base = Box::new(fixed(1, ByteOrder::Little, false, (0, 2)));
        let member = |name: &str, value| EnumMember {
            name: name.to_owned(),
            value: vec![value],
        };
        let members = vec![member("FALSE", 0), member("TRUE", 1), member("NA", 2)];
        let r = Datatype {
            size: 1,
            class: Class::Enumeration {
                base: base.clone(),
                members,
            },
        };
        assert_eq!(packed(&r, &[0, 1, 255]), (DType::U8, vec![0, 1, 255]));
        assert!(!r.is_boolean());
        let members = vec![member("FALSE", 0), member("TRUE", 1)];
        let h5py = Datatype {
            size: 1,
            class: Class::Enumeration { base, members },
        };
        assert!(h5py.is_boolean());
    }

    #[test]
    fn a_member_is_cut_out() {
        let projection = Projection {
            stride: 4,
            offset: 1,
            size: 2,
        };
        let mut scratch = Vec::new();
        assert_eq!(
            projection.cut(&[0, 1, 2, 3, 4, 5, 6, 7, 8], &mut scratch),
            [1, 2, 5, 6]
        );
    }
}
