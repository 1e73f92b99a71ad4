//! How values are stored, in a few words.

use h5lite::{ByteOrder, Class, Datatype, Filter, FilterId, ReferenceKind};

/// A shape as people write it: `2000 x 3000`; a single value has none.
pub(crate) fn shape(lengths: &[usize]) -> String {
    let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
    lengths.join(" x ")
}

/// The names of the filters in the order they were applied; those HDF5 does not come with are
/// numbered, but for h5py's own.
pub(crate) fn filter_names(filters: &[Filter]) -> Vec<String> {
    let name = |filter: &Filter| match filter.id.name() {
        Some(name) if filter.id.0 <= 6 || filter.id == FilterId::LZF => name.to_owned(),
        _ => format!("filter-{}", filter.id.0),
    };
    filters.iter().map(name).collect()
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
pub(crate) fn dtype(datatype: &Datatype) -> String {
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
        Class::Enumeration { .. } if is_boolean(datatype) => "bool".to_owned(),
        Class::Enumeration { base, .. } => dtype(base),
        Class::String { .. }
        | Class::VariableLength {
            string: Some(_), ..
        } => "string".to_owned(),
        Class::VariableLength { base, .. } => format!("vlen({})", dtype(base)),
        Class::Array { .. } => {
            let (mut dims, mut inner) = (Vec::new(), datatype);
            while let Class::Array { dims: outer, base } = &inner.class {
                dims.extend(outer.iter().map(u32::to_string));
                inner = base;
            }
            format!("{}[{}]", dtype(inner), dims.join(","))
        }
        Class::Complex { .. } => format!("complex{bits}"),
    }
}

/// Whether the type is an enumeration of FALSE = 0 and TRUE = 1 and nothing else: h5py's booleans.
fn is_boolean(datatype: &Datatype) -> bool {
    let Class::Enumeration { base, members } = &datatype.class else {
        return false;
    };
    let Class::FixedPoint { order, .. } = base.class else {
        return false;
    };
    let is = |name: &str, number: u8| {
        members.iter().any(|member| {
            let digits = match order {
                ByteOrder::Big => member.value.split_last(),
                _ => member.value.split_first(),
            };
            member.name == name
                && digits.is_some_and(|(&low, high)| low == number && high.iter().all(|&b| b == 0))
        })
    };
    members.len() == 2 && is("FALSE", 0) && is("TRUE", 1)
}
