//! Datatype message: how one element is stored (IV.A.2.d).

use super::Message;
use crate::{
    error::{Error, Result},
    format::field::{Encoder, Fields, bytes_for, text},
};

/// How deep types may nest.
const MAX_NESTING: usize = 64;
/// The specification's bound on the axes of an array type.
const MAX_RANK: u8 = 32;

/// How one element is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datatype {
    /// Bytes of one element, at least 1.
    pub size: u32,
    /// What the bytes mean.
    pub class: Class,
}

/// The classes of datatypes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// An integer.
    FixedPoint {
        /// Order of its bytes.
        order: ByteOrder,
        /// Whether it is in two's complement.
        signed: bool,
        /// The lowest bit that counts.
        bit_offset: u16,
        /// How many bits count.
        precision: u16,
    },
    /// A floating-point number.
    FloatingPoint {
        /// Order of its bytes.
        order: ByteOrder,
        /// Where its parts are.
        layout: FloatLayout,
    },
    /// A time of the system. Listed, not decoded.
    Time {
        /// Order of its bytes.
        order: ByteOrder,
        /// How many bits count.
        precision: u16,
    },
    /// A string of fixed length.
    String {
        /// What fills the bytes behind its end.
        padding: Padding,
        /// The character set it declares.
        character_set: CharacterSet,
    },
    /// Bits without a meaning as a number. Listed, not decoded.
    Bitfield {
        /// Order of its bytes.
        order: ByteOrder,
        /// The lowest bit that counts.
        bit_offset: u16,
        /// How many bits count.
        precision: u16,
    },
    /// Bytes without a meaning to HDF5. Listed, not decoded.
    Opaque {
        /// What the writer says they are.
        tag: String,
    },
    /// Several named values.
    Compound(Vec<Member>),
    /// A reference to an object or to a region of a dataset. Listed, not followed.
    Reference(ReferenceKind),
    /// Named numbers.
    Enumeration {
        /// The integer type they are stored as.
        base: Box<Datatype>,
        /// The names.
        members: Vec<EnumMember>,
    },
    /// A sequence or string of any length, stored in the global heap.
    VariableLength {
        /// Whether it is text.
        string: Option<(Padding, CharacterSet)>,
        /// Type of its elements.
        base: Box<Datatype>,
    },
    /// An array of fixed shape.
    Array {
        /// Length of every axis.
        dims: Vec<u32>,
        /// Type of its elements.
        base: Box<Datatype>,
    },
    /// A complex number (HDF5 2.0). Listed, not decoded.
    Complex {
        /// Type of both parts.
        base: Box<Datatype>,
    },
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
    /// The VAX's order, which is not decoded.
    Vax,
}

/// Where the parts of a floating-point number are, in bits from the least significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloatLayout {
    /// The lowest bit that counts.
    pub bit_offset: u16,
    /// How many bits count.
    pub precision: u16,
    /// The sign bit.
    pub sign_location: u8,
    /// How the highest bit of the mantissa is kept: 0 as it is, 1 always set, 2 implied.
    pub normalization: u8,
    /// Lowest bit of the exponent.
    pub exponent_location: u8,
    /// Bits of the exponent.
    pub exponent_size: u8,
    /// Lowest bit of the mantissa.
    pub mantissa_location: u8,
    /// Bits of the mantissa.
    pub mantissa_size: u8,
    /// What is added to the exponent.
    pub exponent_bias: u32,
}

impl FloatLayout {
    /// The IEEE 754 format of 4 bytes.
    pub(crate) fn single() -> Self {
        Self::of(8, 23, 127)
    }

    /// The IEEE 754 format of this many bytes: 2, 4 or 8.
    pub(crate) fn ieee(size: u32) -> Option<Self> {
        let (exponent_size, mantissa_size, exponent_bias) = match size {
            2 => (5, 10, 15),
            4 => (8, 23, 127),
            8 => (11, 52, 1023),
            _ => return None,
        };
        Some(Self::of(exponent_size, mantissa_size, exponent_bias))
    }

    fn of(exponent_size: u8, mantissa_size: u8, exponent_bias: u32) -> Self {
        let sign_location = mantissa_size.saturating_add(exponent_size);
        Self {
            bit_offset: 0,
            precision: u16::from(sign_location).saturating_add(1),
            sign_location,
            normalization: 2,
            exponent_location: mantissa_size,
            exponent_size,
            mantissa_location: 0,
            mantissa_size,
            exponent_bias,
        }
    }
}

/// What fills the bytes behind the end of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// A NUL ends the string.
    NullTerminated,
    /// NULs fill the rest.
    NullPadded,
    /// Spaces fill the rest.
    SpacePadded,
}

/// The character set a string declares. Text is read as UTF-8 whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterSet {
    /// US-ASCII.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// An object.
    Object,
    /// A region of a dataset.
    Region,
    /// One of the kinds HDF5 1.12 added, by number.
    Other(u8),
}

/// One value of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its first byte inside the compound.
    pub offset: u32,
    /// Its type.
    pub datatype: Datatype,
}

/// One name of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumMember {
    /// The name.
    pub name: String,
    /// The number it stands for, as stored in the base type.
    pub value: Vec<u8>,
}

impl Datatype {
    /// Whether it is how h5py stores booleans: an enumeration of exactly `FALSE` = 0 and
    /// `TRUE` = 1.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        let Class::Enumeration { base, members } = &self.class else {
            return false;
        };
        let Class::FixedPoint { order, .. } = base.class else {
            return false;
        };
        let is = |name: &str, value: u8| {
            let holds = |member: &EnumMember| {
                let mut bytes = member.value.clone();
                if order == ByteOrder::Big {
                    bytes.reverse();
                }
                let rest = bytes.split_first();
                rest.is_some_and(|(&low, rest)| low == value && rest.iter().all(|&byte| byte == 0))
            };
            members
                .iter()
                .any(|member| member.name == name && holds(member))
        };
        members.len() == 2 && is("FALSE", 0) && is("TRUE", 1)
    }

    /// Whether it is a floating-point type of IEEE 754 with 2, 4 or 8 bytes, in any byte order.
    #[must_use]
    pub fn is_ieee_float(&self) -> bool {
        let Class::FloatingPoint { layout, .. } = self.class else {
            return false;
        };
        FloatLayout::ieee(self.size) == Some(layout)
    }
}

impl Message for Datatype {
    const KIND: u16 = 0x03;
    const NAME: &'static str = "datatype message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        parse_nested(fields, MAX_NESTING)
    }

    fn encode(&self, out: &mut Encoder) {
        super::datatype_encode::encode(self, out);
    }
}

/// The 24 bits whose meaning depends on the class.
#[derive(Clone, Copy)]
pub(super) struct ClassBits(pub(super) [u8; 3]);

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
            let tag = text(tag.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned();
            Class::Opaque { tag }
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

#[cfg(test)]
pub(crate) mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    fn order() -> impl Strategy<Value = ByteOrder> {
        prop_oneof![
            Just(ByteOrder::Little),
            Just(ByteOrder::Big),
            Just(ByteOrder::Vax)
        ]
    }

    fn string() -> impl Strategy<Value = (Padding, CharacterSet)> {
        let padding = prop_oneof![
            Just(Padding::NullTerminated),
            Just(Padding::NullPadded),
            Just(Padding::SpacePadded)
        ];
        (
            padding,
            prop_oneof![Just(CharacterSet::Ascii), Just(CharacterSet::Utf8)],
        )
    }

    fn integer() -> impl Strategy<Value = Datatype> {
        (1_u16..9, 0_u16..8, order(), any::<bool>()).prop_map(
            |(bytes, bit_offset, order, signed)| {
                let precision = bytes * 8 - bit_offset;
                let class = Class::FixedPoint {
                    order,
                    signed,
                    bit_offset,
                    precision,
                };
                Datatype {
                    size: u32::from(bytes),
                    class,
                }
            },
        )
    }

    fn leaf() -> impl Strategy<Value = Datatype> {
        let float = (prop::sample::select(vec![2_u32, 4, 8]), order()).prop_map(|(size, order)| {
            let layout = FloatLayout::ieee(size).unwrap();
            Datatype {
                size,
                class: Class::FloatingPoint { order, layout },
            }
        });
        let text = (1_u32..100, string()).prop_map(|(size, (padding, character_set))| Datatype {
            size,
            class: Class::String {
                padding,
                character_set,
            },
        });
        let opaque = (1_u32..100, "[a-z]{0,20}").prop_map(|(size, tag)| Datatype {
            size,
            class: Class::Opaque { tag },
        });
        let reference = prop_oneof![
            Just((8, ReferenceKind::Object)),
            Just((12, ReferenceKind::Region)),
            Just((64, ReferenceKind::Other(2)))
        ]
        .prop_map(|(size, kind)| Datatype {
            size,
            class: Class::Reference(kind),
        });
        let enumeration = (integer(), vec("[A-Z]{1,9}", 0..4)).prop_map(|(base, names)| {
            let member = |name| EnumMember {
                name,
                value: vec![7; base.size as usize],
            };
            let members = names.into_iter().map(member).collect();
            Datatype {
                size: base.size,
                class: Class::Enumeration {
                    base: Box::new(base),
                    members,
                },
            }
        });
        prop_oneof![integer(), float, text, opaque, reference, enumeration]
    }

    /// Any datatype, nested up to three deep.
    pub(crate) fn datatype() -> impl Strategy<Value = Datatype> {
        leaf().prop_recursive(3, 20, 4, |inner| {
            let sequence =
                (inner.clone(), prop::option::of(string())).prop_map(|(base, string)| {
                    let class = Class::VariableLength {
                        string,
                        base: Box::new(base),
                    };
                    Datatype { size: 16, class }
                });
            let array = (inner.clone(), vec(1_u32..5, 1..4)).prop_map(|(base, dims)| Datatype {
                size: base.size * dims.iter().product::<u32>(),
                class: Class::Array {
                    dims,
                    base: Box::new(base),
                },
            });
            let compound = vec((inner, "[a-z]{1,17}"), 1..4).prop_map(|members| {
                let mut size = 0;
                let members = members.into_iter().map(|(datatype, name)| {
                    let offset = size;
                    size += datatype.size;
                    Member {
                        name,
                        offset,
                        datatype,
                    }
                });
                let members = members.collect();
                Datatype {
                    size,
                    class: Class::Compound(members),
                }
            });
            prop_oneof![sequence, array, compound]
        })
    }

    proptest! {
        #[test]
        fn comes_back(datatype in datatype()) {
            prop_assert_eq!(round_trip(&datatype), datatype);
        }
    }

    #[test]
    fn version_3_packs_names_and_offsets() {
        // A compound of 3 bytes with one big-endian 16-bit member "ab" at offset 1.
        let member = [0x30, 0x01, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0];
        let body = [&[0x36, 1, 0, 0, 3, 0, 0, 0, b'a', b'b', 0, 1][..], &member].concat();
        let Class::Compound(members) = parsed::<Datatype>(&body).unwrap().class else {
            panic!()
        };
        assert_eq!((members[0].name.as_str(), members[0].offset), ("ab", 1));
    }

    #[test]
    fn nesting_is_bounded_and_members_stay_inside() {
        let mut body = Vec::new();
        for _ in 0..100 {
            body.extend([0x19, 0, 0, 0, 16, 0, 0, 0]);
        }
        let mut fields = Fields::new(
            "x",
            crate::Address(0),
            crate::image::Sizes::default(),
            &body,
        );
        assert!(Datatype::parse(&mut fields).unwrap_err().is_corrupt());
        let member = [0x30, 0x01, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0];
        let outside = [&[0x36, 1, 0, 0, 3, 0, 0, 0, b'a', b'b', 0, 2][..], &member].concat();
        assert!(parsed::<Datatype>(&outside).unwrap_err().is_corrupt());
    }
}
