//! How datatypes are called in messages to people: numpy's names where numpy has one.

use std::fmt;

use super::datatype::{ByteOrder, Class, Datatype, FloatLayout, ReferenceKind};
use crate::format::field::to_u64;

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u64::from(self.size).saturating_mul(8);
        match &self.class {
            Class::FixedPoint { order, signed, .. } => {
                write!(
                    f,
                    "{}int{bits}{}",
                    if *signed { "" } else { "u" },
                    order_text(*order)
                )
            }
            Class::FloatingPoint { order, layout } => {
                let ieee = FloatLayout::ieee(self.size) == Some(*layout);
                let name = if ieee { "float" } else { "non-IEEE float" };
                write!(f, "{name}{bits}{}", order_text(*order))
            }
            Class::Time { .. } => f.write_str("time"),
            Class::String { .. } => write!(f, "string of {} bytes", self.size),
            Class::Bitfield { .. } => write!(f, "bitfield{bits}"),
            Class::Opaque { .. } => write!(f, "opaque of {} bytes", self.size),
            Class::Compound(members) => {
                f.write_str("compound {")?;
                for (position, member) in members.iter().enumerate().take(4) {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(f, "{separator}{}: {}", member.name, member.datatype)?;
                }
                match to_u64(members.len()).checked_sub(4) {
                    None | Some(0) => f.write_str("}"),
                    Some(more) => write!(f, ", and {more} more}}"),
                }
            }
            Class::Reference(ReferenceKind::Object) => f.write_str("object reference"),
            Class::Reference(ReferenceKind::Region) => f.write_str("region reference"),
            Class::Reference(ReferenceKind::Other(kind)) => write!(f, "reference of kind {kind}"),
            Class::Enumeration { base, .. } => write!(f, "enumeration of {base}"),
            Class::VariableLength {
                string: Some(_), ..
            } => f.write_str("string"),
            Class::VariableLength { string: None, base } => write!(f, "sequence of {base}"),
            Class::Array { dims, base } => write!(f, "array {dims:?} of {base}"),
            Class::Complex { base } => write!(f, "complex of {base}"),
        }
    }
}

fn order_text(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "",
        ByteOrder::Big => " (big-endian)",
        ByteOrder::Vax => " (VAX order)",
    }
}
