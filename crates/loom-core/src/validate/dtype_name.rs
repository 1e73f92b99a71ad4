//! Stored types by the names that h5py and numpy give them.

use h5lite::{ByteOrder, Class, Datatype};

/// `str(dataset.dtype)`: `float32`, `>i4`, `|S12`, `object`, `[('a', '<f8'), ('b', 'i1')]`.
pub(super) fn dtype_name(datatype: &Datatype) -> String {
    let size = datatype.size;
    let bits = u64::from(size) * 8;
    match &datatype.class {
        Class::FixedPoint { order, signed, .. } if *order == ByteOrder::Little || size == 1 => {
            format!("{}int{bits}", if *signed { "" } else { "u" })
        }
        Class::FloatingPoint {
            order: ByteOrder::Little,
            ..
        } => format!("float{bits}"),
        Class::Enumeration { base, .. } => {
            if is_boolean(datatype) {
                "bool".to_owned()
            } else {
                dtype_name(base)
            }
        }
        Class::String { .. } | Class::Opaque { .. } => format!("|{}", code(datatype)),
        Class::VariableLength { .. } | Class::Reference(_) => "object".to_owned(),
        Class::Complex { .. } => format!("complex{bits}"),
        Class::Bitfield { .. } => format!("uint{bits}"),
        Class::Time { .. } => format!("time{bits}"),
        _ => code(datatype),
    }
}

/// The short form that numpy uses inside of other types: `<f4`, `i1`, `S12`, `O`.
fn code(datatype: &Datatype) -> String {
    let size = datatype.size;
    let order = |order: &ByteOrder| match order {
        _ if size == 1 => "",
        ByteOrder::Little => "<",
        ByteOrder::Big => ">",
        ByteOrder::Vax => "=",
    };
    match &datatype.class {
        Class::FixedPoint {
            order: o,
            signed: true,
            ..
        } => format!("{}i{size}", order(o)),
        Class::FixedPoint { order: o, .. } | Class::Bitfield { order: o, .. } => {
            format!("{}u{size}", order(o))
        }
        Class::FloatingPoint { order: o, .. } => format!("{}f{size}", order(o)),
        Class::Time { order: o, .. } => format!("{}t{size}", order(o)),
        Class::String { .. } => format!("S{size}"),
        Class::Opaque { .. } => format!("V{size}"),
        Class::Complex { .. } => format!("<c{size}"),
        Class::VariableLength { .. } | Class::Reference(_) => "O".to_owned(),
        Class::Enumeration { .. } if is_boolean(datatype) => "?".to_owned(),
        Class::Enumeration { base, .. } => code(base),
        Class::Array { dims, base } => {
            let dims: Vec<usize> = dims.iter().map(|&n| n as usize).collect();
            format!("('{}', {})", code(base), tuple(&dims))
        }
        Class::Compound(members) => {
            let fields = members.iter().map(|member| match &member.datatype.class {
                Class::Compound(_) => format!("('{}', {})", member.name, code(&member.datatype)),
                Class::Array { dims, base } => {
                    let dims: Vec<usize> = dims.iter().map(|&n| n as usize).collect();
                    format!("('{}', '{}', {})", member.name, code(base), tuple(&dims))
                }
                _ => format!("('{}', '{}')", member.name, code(&member.datatype)),
            });
            format!("[{}]", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether h5py reads an enumeration as a boolean.
fn is_boolean(datatype: &Datatype) -> bool {
    let Class::Enumeration { base, members } = &datatype.class else {
        return false;
    };
    let Class::FixedPoint { order, .. } = base.class else {
        return false;
    };
    let number = |name: &str| {
        let member = members.iter().find(|member| member.name == name)?;
        let (low, high) = match order {
            ByteOrder::Big => member.value.split_last()?,
            _ => member.value.split_first()?,
        };
        high.iter().all(|&byte| byte == 0).then_some(*low)
    };
    members.len() == 2 && number("FALSE") == Some(0) && number("TRUE") == Some(1)
}

/// A shape as Python prints it: `()`, `(5,)`, `(5, 7)`.
pub(super) fn tuple(shape: &[usize]) -> String {
    if let [one] = shape {
        return format!("({one},)");
    }
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", lengths.join(", "))
}
