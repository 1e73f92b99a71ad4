//! The other direction of the datatype message: version 1, and version 2 for arrays and for the
//! compounds that may hold them, which is what every library since HDF5 1.4 reads.

use super::{
    Message,
    datatype::{
        ByteOrder, CharacterSet, Class, Datatype, EnumMember, Member, Padding, ReferenceKind,
    },
};
use crate::format::field::{Encoder, to_u64};

/// Appends `datatype` to `out`.
pub(super) fn encode(datatype: &Datatype, out: &mut Encoder) {
    let (version, class) = match datatype.class {
        Class::FixedPoint { .. } => (1, 0),
        Class::FloatingPoint { .. } => (1, 1),
        Class::Time { .. } => (1, 2),
        Class::String { .. } => (1, 3),
        Class::Bitfield { .. } => (1, 4),
        Class::Opaque { .. } => (1, 5),
        Class::Compound(_) => (2, 6),
        Class::Reference(ReferenceKind::Other(_)) => (4, 7),
        Class::Reference(_) => (1, 7),
        Class::Enumeration { .. } => (1, 8),
        Class::VariableLength { .. } => (1, 9),
        Class::Array { .. } => (2, 10),
        Class::Complex { .. } => (5, 11),
    };
    out.u8(version << 4 | class);
    out.put(&class_bits(&datatype.class));
    out.u32(datatype.size);
    properties(&datatype.class, out);
}

/// The 24 bits whose meaning depends on the class.
fn class_bits(class: &Class) -> [u8; 3] {
    let count = |len: usize| {
        let [low, high] = u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes();
        [low, high, 0]
    };
    match class {
        Class::FixedPoint { order, signed, .. } => {
            [order_bits(*order) | if *signed { 8 } else { 0 }, 0, 0]
        }
        Class::FloatingPoint { order, layout } => [
            order_bits(*order) | (layout.normalization & 3) << 4,
            layout.sign_location,
            0,
        ],
        Class::Time { order, .. } | Class::Bitfield { order, .. } => [order_bits(*order), 0, 0],
        Class::String {
            padding,
            character_set,
        } => [padding_bits(*padding) | set_bits(*character_set) << 4, 0, 0],
        Class::Opaque { tag } => count(padded_tag(tag)),
        Class::Compound(members) => count(members.len()),
        Class::Reference(ReferenceKind::Object) | Class::Array { .. } => [0; 3],
        Class::Reference(ReferenceKind::Region) => [1, 0, 0],
        // Kinds of HDF5 1.12: the second half of the first byte is the encoding's version.
        Class::Reference(ReferenceKind::Other(kind)) => [(kind & 0x0f) | 0x10, 0, 0],
        Class::Enumeration { members, .. } => count(members.len()),
        Class::VariableLength { string: None, .. } => [0; 3],
        Class::VariableLength {
            string: Some((padding, set)),
            ..
        } => [1 | padding_bits(*padding) << 4, set_bits(*set), 0],
        // Bit 0: both parts are of one type.
        Class::Complex { .. } => [1, 0, 0],
    }
}

fn order_bits(order: ByteOrder) -> u8 {
    match order {
        ByteOrder::Little => 0x00,
        ByteOrder::Big => 0x01,
        ByteOrder::Vax => 0x41,
    }
}

fn padding_bits(padding: Padding) -> u8 {
    match padding {
        Padding::NullTerminated => 0,
        Padding::NullPadded => 1,
        Padding::SpacePadded => 2,
    }
}

fn set_bits(set: CharacterSet) -> u8 {
    match set {
        CharacterSet::Ascii => 0,
        CharacterSet::Utf8 => 1,
    }
}

/// The length of a tag with its NULs, up to a multiple of 8 as far as one byte can count that.
fn padded_tag(tag: &[u8]) -> usize {
    let padded = tag.len().next_multiple_of(8);
    if padded < 256 { padded } else { tag.len() }
}

fn properties(class: &Class, out: &mut Encoder) {
    match class {
        Class::FixedPoint {
            bit_offset,
            precision,
            ..
        }
        | Class::Bitfield {
            bit_offset,
            precision,
            ..
        } => {
            out.u16(*bit_offset);
            out.u16(*precision);
        }
        Class::FloatingPoint { layout, .. } => {
            out.u16(layout.bit_offset);
            out.u16(layout.precision);
            out.put(&[
                layout.exponent_location,
                layout.exponent_size,
                layout.mantissa_location,
                layout.mantissa_size,
            ]);
            out.u32(layout.exponent_bias);
        }
        Class::Time { precision, .. } => out.u16(*precision),
        Class::String { .. } | Class::Reference(_) => {}
        Class::Opaque { tag } => {
            out.put(tag);
            out.zeros(padded_tag(tag).saturating_sub(tag.len()));
        }
        Class::Compound(members) => members.iter().for_each(|member| encode_member(member, out)),
        Class::Enumeration { base, members } => encode_enumeration(base, members, out),
        Class::VariableLength { base, .. } | Class::Complex { base } => base.encode(out),
        Class::Array { dims, base } => {
            out.uint(1, to_u64(dims.len()));
            out.zeros(3);
            dims.iter().for_each(|&dim| out.u32(dim));
            // The permutation of the axes.
            dims.iter()
                .enumerate()
                .for_each(|(axis, _)| out.uint(4, to_u64(axis)));
            base.encode(out);
        }
    }
}

fn encode_member(member: &Member, out: &mut Encoder) {
    encode_name(&member.name, out);
    out.u32(member.offset);
    member.datatype.encode(out);
}

fn encode_enumeration(base: &Datatype, members: &[EnumMember], out: &mut Encoder) {
    base.encode(out);
    members
        .iter()
        .for_each(|member| encode_name(&member.name, out));
    members.iter().for_each(|member| out.put(&member.value));
}

/// A NUL-terminated name, padded to a multiple of eight bytes.
fn encode_name(name: &str, out: &mut Encoder) {
    let len = name.len().saturating_add(1);
    out.put(name.as_bytes());
    out.zeros(len.next_multiple_of(8).saturating_sub(name.len()));
}
