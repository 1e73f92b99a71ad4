//! How values are stored, in a few words.

use h5lite::{Class, Datatype, Filter, FilterId, ReferenceKind};

/// A shape as people write it: `2000 x 3000`; a single value has none.
pub(crate) fn shape(lengths: &[usize]) -> String {
    let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
    lengths.join(" x ")
}

/// The filters in the order they were applied, with the level of DEFLATE.
pub(crate) fn filters(filters: &[Filter]) -> String {
    let names = filters.iter().map(|filter| match filter.parameters[..] {
        [level] if filter.id == FilterId::DEFLATE => format!("{} {level}", filter.id),
        _ => filter.id.to_string(),
    });
    names.collect::<Vec<_>>().join(" + ")
}

/// The name of a type, as numpy and h5py call it where they do; the byte order is left out.
pub(crate) fn dtype(datatype: &Datatype, is_boolean: bool) -> String {
    if is_boolean {
        "bool".to_owned()
    } else {
        name(datatype)
    }
}

fn name(datatype: &Datatype) -> String {
    let bits = u64::from(datatype.size) * 8;
    match &datatype.class {
        Class::FixedPoint { signed: true, .. } => format!("int{bits}"),
        Class::FixedPoint { signed: false, .. } => format!("uint{bits}"),
        Class::FloatingPoint { .. } if matches!(bits, 16 | 32 | 64) => format!("float{bits}"),
        Class::FloatingPoint { .. } => "float".to_owned(),
        Class::Time { .. } => "time".to_owned(),
        Class::Bitfield { .. } => "bitfield".to_owned(),
        Class::Opaque { .. } => "opaque".to_owned(),
        Class::Compound(_) => "compound".to_owned(),
        Class::Reference(ReferenceKind::Region) => "region".to_owned(),
        Class::Reference(_) => "reference".to_owned(),
        Class::Enumeration { base, .. } => name(base),
        Class::String { .. }
        | Class::VariableLength {
            string: Some(_), ..
        } => "string".to_owned(),
        Class::VariableLength { base, .. } => format!("vlen({})", name(base)),
        Class::Array { dims, base } => {
            let dims: Vec<String> = dims.iter().map(u32::to_string).collect();
            format!("{}[{}]", name(base), dims.join(","))
        }
        Class::Complex { .. } => format!("complex{bits}"),
    }
}
