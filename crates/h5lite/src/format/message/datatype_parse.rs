//! How a datatype message is read: versions 1 to 5.

use super::datatype::{
    ByteOrder, CharacterSet, Class, Datatype, EnumMember, FloatLayout, Member, Padding,
    ReferenceKind,
};
use crate::{
    error::{Error, Result},
    format::field::{Fields, bytes_for, text},
};

/// How deep types may nest.
const MAX_NESTING: usize = 32;
/// The specification's bound on the axes of an array type.
const MAX_RANK: u8 = 32;

/// The 24 bits whose meaning depends on the class.
#[derive(Clone, Copy)]
struct ClassBits([u8; 3]);

impl ClassBits {
    fn low(self) -> u16 {
        let [a, b, _] = self.0;
        u16::from_le_bytes([a, b])
    }

    fn order(self) -> ByteOrder {
        let [a, ..] = self.0;
        match (a & 0x01, a & 0x40) {
            (0, _) => ByteOrder::Little,
            (_, 0) => ByteOrder::Big,
            _ => ByteOrder::Vax,
        }
    }
}

/// Reads a datatype and those inside it.
pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Datatype> {
    parse_nested(fields, MAX_NESTING)
}

fn parse_nested(fields: &mut Fields<'_>, depth: usize) -> Result<Datatype> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(fields.corrupt("types nest too deep"));
    };
    let head = fields.u8()?;
    let version = head >> 4;
    if !(1..=5).contains(&version) {
        return Err(fields.corrupt(format_args!("unknown version {version}")));
    }
    let bits = ClassBits([fields.u8()?, fields.u8()?, fields.u8()?]);
    let size = fields.u32()?;
    if size == 0 {
        return Err(fields.corrupt("an element of no bytes"));
    }
    let class = match head & 0x0f {
        0 => {
            let [first, ..] = bits.0;
            let (bit_offset, precision) = bit_range(fields, size)?;
            Class::FixedPoint {
                order: bits.order(),
                signed: first & 8 != 0,
                bit_offset,
                precision,
            }
        }
        1 => Class::FloatingPoint {
            order: bits.order(),
            layout: float_layout(fields, bits, size)?,
        },
        2 => Class::Time {
            order: bits.order(),
            precision: fields.u16()?,
        },
        3 => {
            let [first, ..] = bits.0;
            let (padding, character_set) = string_kind(fields, first & 0x0f, first >> 4)?;
            Class::String {
                padding,
                character_set,
            }
        }
        4 => {
            let (bit_offset, precision) = bit_range(fields, size)?;
            Class::Bitfield {
                order: bits.order(),
                bit_offset,
                precision,
            }
        }
        5 => {
            // The length counts the NULs that pad the tag.
            let [length, ..] = bits.0;
            let tag = fields.take(usize::from(length))?;
            let tag = tag.split(|&byte| byte == 0).next().unwrap_or_default();
            Class::Opaque { tag: tag.to_vec() }
        }
        6 => Class::Compound(compound(fields, version, bits.low(), size, depth)?),
        7 => Class::Reference(match bits.0 {
            [0, ..] => ReferenceKind::Object,
            [1, ..] => ReferenceKind::Region,
            [other, ..] => ReferenceKind::Other(other & 0x0f),
        }),
        8 => {
            let base = parse_nested(fields, depth)?;
            if base.size != size {
                let reason = format_args!("an enumeration of {size} bytes for {}", base.size);
                return Err(fields.corrupt(reason));
            }
            let members = enumeration(fields, version, bits.low(), &base)?;
            Class::Enumeration {
                base: Box::new(base),
                members,
            }
        }
        9 => {
            let [first, second, _] = bits.0;
            let string = match first & 0x0f {
                0 => None,
                1 => Some(string_kind(fields, first >> 4, second & 0x0f)?),
                kind => return Err(fields.corrupt(format_args!("variable length of kind {kind}"))),
            };
            Class::VariableLength {
                string,
                base: Box::new(parse_nested(fields, depth)?),
            }
        }
        10 => array(fields, version, size, depth)?,
        11 => Class::Complex {
            base: Box::new(parse_nested(fields, depth)?),
        },
        class => return Err(Error::unsupported(format_args!("datatype class {class}"))),
    };
    Ok(Datatype { size, class })
}

/// Bit offset and precision, which must lie inside the element.
fn bit_range(fields: &mut Fields<'_>, size: u32) -> Result<(u16, u16)> {
    let (offset, precision) = (fields.u16()?, fields.u16()?);
    let end = u64::from(offset).saturating_add(u64::from(precision));
    if precision == 0 || end > u64::from(size).saturating_mul(8) {
        let reason = format_args!("{precision} bits from bit {offset} in {size} bytes").to_string();
        return Err(fields.corrupt(reason));
    }
    Ok((offset, precision))
}

fn float_layout(fields: &mut Fields<'_>, bits: ClassBits, size: u32) -> Result<FloatLayout> {
    let [first, sign_location, _] = bits.0;
    let (bit_offset, precision) = bit_range(fields, size)?;
    Ok(FloatLayout {
        bit_offset,
        precision,
        sign_location,
        normalization: (first >> 4) & 3,
        exponent_location: fields.u8()?,
        exponent_size: fields.u8()?,
        mantissa_location: fields.u8()?,
        mantissa_size: fields.u8()?,
        exponent_bias: fields.u32()?,
    })
}

fn string_kind(fields: &Fields<'_>, padding: u8, set: u8) -> Result<(Padding, CharacterSet)> {
    let padding = match padding {
        0 => Padding::NullTerminated,
        1 => Padding::NullPadded,
        2 => Padding::SpacePadded,
        other => return Err(fields.corrupt(format_args!("unknown string padding {other}"))),
    };
    match set {
        0 => Ok((padding, CharacterSet::Ascii)),
        1 => Ok((padding, CharacterSet::Utf8)),
        other => Err(fields.corrupt(format_args!("unknown character set {other}"))),
    }
}

/// A NUL-terminated name, padded in versions 1 and 2 to a multiple of eight bytes.
fn name(fields: &mut Fields<'_>, version: u8) -> Result<String> {
    let start = fields.position();
    let name = text(fields.until_nul()?).into_owned();
    if version < 3 {
        let read = fields.position().saturating_sub(start);
        fields.skip(read.next_multiple_of(8).saturating_sub(read))?;
    }
    Ok(name)
}

fn compound(
    fields: &mut Fields<'_>,
    version: u8,
    count: u16,
    size: u32,
    depth: usize,
) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for _ in 0..count {
        let name = name(fields, version)?;
        let width = if version < 3 {
            4
        } else {
            bytes_for(u64::from(size))
        };
        let offset = u32::try_from(fields.uint(width)?).unwrap_or(u32::MAX);
        let dims = if version == 1 {
            member_dims(fields)?
        } else {
            Vec::new()
        };
        let mut datatype = parse_nested(fields, depth)?;
        if !dims.is_empty() {
            datatype = array_of(fields, dims, datatype)?;
        }
        if offset
            .checked_add(datatype.size)
            .is_none_or(|end| end > size)
        {
            return Err(fields.corrupt(format_args!(
                "member {name:?} of {} bytes at {offset} in a compound of {size}",
                datatype.size
            )));
        }
        members.push(Member {
            name,
            offset,
            datatype,
        });
    }
    Ok(members)
}

/// Version 1 compounds say in the member itself that it is an array, of at most four axes.
fn member_dims(fields: &mut Fields<'_>) -> Result<Vec<u32>> {
    let rank = usize::from(fields.u8()?);
    fields.skip(11)?;
    let dims = (0..4).map(|_| fields.u32()).collect::<Result<Vec<_>>>()?;
    match dims.get(..rank) {
        Some(dims) => Ok(dims.to_vec()),
        None => Err(fields.corrupt(format_args!("a member of {rank} dimensions"))),
    }
}

fn enumeration(
    fields: &mut Fields<'_>,
    version: u8,
    count: u16,
    base: &Datatype,
) -> Result<Vec<EnumMember>> {
    if !matches!(base.class, Class::FixedPoint { .. }) {
        return Err(fields.corrupt("an enumeration of something else than integers"));
    }
    let names = (0..count)
        .map(|_| name(fields, version))
        .collect::<Result<Vec<_>>>()?;
    let member = |name| {
        let value = fields.take_long(u64::from(base.size))?.to_vec();
        Ok(EnumMember { name, value })
    };
    names.into_iter().map(member).collect()
}

fn array(fields: &mut Fields<'_>, version: u8, size: u32, depth: usize) -> Result<Class> {
    let rank = fields.u8()?;
    if rank == 0 || rank > MAX_RANK {
        return Err(fields.corrupt(format_args!("an array of {rank} dimensions")));
    }
    if version < 3 {
        fields.skip(3)?;
    }
    let dims = (0..rank)
        .map(|_| fields.u32())
        .collect::<Result<Vec<_>>>()?;
    if version < 3 {
        // The permutation of the axes, which no writer ever changed.
        fields.skip(usize::from(rank).saturating_mul(4))?;
    }
    let base = parse_nested(fields, depth)?;
    let array = array_of(fields, dims, base)?;
    if array.size != size {
        return Err(fields.corrupt(format_args!("an array of {} bytes in {size}", array.size)));
    }
    Ok(array.class)
}

fn array_of(fields: &Fields<'_>, dims: Vec<u32>, base: Datatype) -> Result<Datatype> {
    let size = dims
        .iter()
        .try_fold(base.size, |size, &dim| size.checked_mul(dim));
    match size {
        Some(size) if size > 0 => Ok(Datatype {
            size,
            class: Class::Array {
                dims,
                base: Box::new(base),
            },
        }),
        _ => Err(fields.corrupt(format_args!("an array of shape {dims:?}"))),
    }
}
