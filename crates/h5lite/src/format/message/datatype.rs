//! Datatype message: how one element is stored (IV.A.2.d).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
};

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
        /// What the writer says they are, in ASCII by the specification.
        tag: Vec<u8>,
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
        super::datatype_parse::parse(fields)
    }

    fn encode(&self, out: &mut Encoder) {
        super::datatype_encode::encode(self, out);
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
        let opaque = (1_u32..100, vec(1_u8.., 0..=255)).prop_map(|(size, tag)| Datatype {
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
        let complex = integer().prop_map(|base| Datatype {
            size: base.size * 2,
            class: Class::Complex {
                base: Box::new(base),
            },
        });
        prop_oneof![
            integer(),
            float,
            text,
            opaque,
            reference,
            enumeration,
            complex
        ]
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
