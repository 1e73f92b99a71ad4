//! Hashes of values, and names of their types.

use h5lite::{ByteOrder, Class, Datatype, Error, File, ReferenceKind, Result};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The running hash of all values of a dataset, attribute or member.
#[derive(Clone, Debug)]
pub(super) enum Hash {
    /// One hash over all values.
    One(Box<Sha256>),
    /// One for each member of a compound, with its name and type.
    Fields(Vec<(String, Datatype, Self)>),
    /// Values that mean nothing outside the file.
    Listed,
    /// Values that are not read, and why.
    Refused(String),
}

impl Hash {
    /// The hash of no values of this type.
    pub(super) fn new(datatype: &Datatype) -> Self {
        match &datatype.class {
            Class::Array { base, .. } => Self::new(base),
            Class::Compound(members) => {
                let field = |member: &h5lite::Member| {
                    (
                        member.name.clone(),
                        member.datatype.clone(),
                        Self::new(&member.datatype),
                    )
                };
                Self::Fields(members.iter().map(field).collect())
            }
            _ if is_listed_only(datatype) => Self::Listed,
            _ => match unsupported(datatype) {
                Some(reason) => Self::Refused(reason),
                None => Self::One(Box::new(Sha256::new())),
            },
        }
    }

    /// Whether the values have no hash and that is no error.
    pub(super) fn is_listed_only(&self) -> bool {
        matches!(self, Self::Listed)
    }

    /// Goes on with `bytes`, whole elements of the type as stored.
    pub(super) fn update(&mut self, file: &File, datatype: &Datatype, bytes: &[u8]) -> Result<()> {
        match (self, &datatype.class) {
            (hash, Class::Array { base, .. }) => hash.update(file, base, bytes),
            (Self::Fields(fields), Class::Compound(members)) => {
                for ((.., hash), member) in fields.iter_mut().zip(members) {
                    let values = member_bytes(bytes, datatype.size, member);
                    hash.update(file, &member.datatype, &values)?;
                }
                Ok(())
            }
            (Self::One(hasher), _) => {
                encode(file, datatype, bytes, &mut |part| hasher.update(part))
            }
            (Self::Fields(_) | Self::Listed | Self::Refused(_), _) => Ok(()),
        }
    }

    /// Adds the finished hash to what is printed of the object.
    pub(super) fn finish(self, entry: &mut Map<String, Value>) {
        match self {
            Self::One(hasher) => {
                entry.insert("sha256".to_owned(), hex(*hasher).into());
            }
            Self::Fields(fields) => {
                let field = |(name, datatype, hash): (String, Datatype, Self)| {
                    let mut entry = Map::new();
                    describe(&datatype, false, &mut entry);
                    hash.finish(&mut entry);
                    (name, Value::Object(entry))
                };
                entry.insert("fields".to_owned(), fields.into_iter().map(field).collect());
            }
            Self::Listed => {}
            Self::Refused(reason) => {
                entry.insert("error".to_owned(), reason.into());
            }
        }
    }
}

/// The hash in hexadecimal digits.
pub(super) fn hex(hasher: Sha256) -> String {
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Adds type, byte order and array dimensions to what is printed; the members too, if `fields`.
pub(super) fn describe(datatype: &Datatype, fields: bool, entry: &mut Map<String, Value>) {
    let (dims, inner) = peel(datatype);
    entry.insert("dtype".to_owned(), type_name(inner).into());
    if order(inner) == Some(ByteOrder::Big) {
        entry.insert("order".to_owned(), "big".into());
    }
    if !dims.is_empty() {
        entry.insert("array".to_owned(), json!(dims));
    }
    if let (true, Class::Compound(members)) = (fields, &inner.class) {
        let member = |member: &h5lite::Member| {
            let mut entry = Map::new();
            describe(&member.datatype, true, &mut entry);
            (member.name.clone(), Value::Object(entry))
        };
        entry.insert("fields".to_owned(), members.iter().map(member).collect());
    }
}

/// The dimensions of nested array types, outermost first, and the type inside.
fn peel(datatype: &Datatype) -> (Vec<u32>, &Datatype) {
    let (mut all, mut inner) = (Vec::new(), datatype);
    while let Class::Array { dims, base } = &inner.class {
        all.extend(dims);
        inner = base;
    }
    (all, inner)
}

/// numpy's name of a type that is no array, or one in the same spirit.
fn type_name(datatype: &Datatype) -> String {
    let bits = u64::from(datatype.size) * 8;
    match &datatype.class {
        Class::FixedPoint { signed: true, .. } => format!("int{bits}"),
        Class::FixedPoint { signed: false, .. } => format!("uint{bits}"),
        Class::FloatingPoint { .. } if datatype.is_ieee_float() => format!("float{bits}"),
        Class::FloatingPoint { .. } => "float".to_owned(),
        Class::Enumeration { .. } if datatype.is_boolean() => "bool".to_owned(),
        Class::Enumeration { base, .. } => type_name(base),
        Class::String { .. }
        | Class::VariableLength {
            string: Some(_), ..
        } => "string".to_owned(),
        Class::VariableLength { base, .. } => {
            let (dims, inner) = peel(base);
            let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
            let dims = if dims.is_empty() {
                String::new()
            } else {
                format!("[{}]", dims.join(","))
            };
            format!("vlen({}{dims})", type_name(inner))
        }
        Class::Array { base, .. } => type_name(base),
        Class::Compound(_) => "compound".to_owned(),
        Class::Opaque { .. } => "opaque".to_owned(),
        Class::Bitfield { .. } => "bitfield".to_owned(),
        Class::Time { .. } => "time".to_owned(),
        Class::Reference(ReferenceKind::Region) => "region".to_owned(),
        Class::Reference(_) => "reference".to_owned(),
        Class::Complex { .. } => "complex".to_owned(),
    }
}

/// Byte order of the innermost number, if it has more than one byte.
fn order(datatype: &Datatype) -> Option<ByteOrder> {
    match &datatype.class {
        Class::FixedPoint { order, .. } | Class::FloatingPoint { order, .. } => {
            (datatype.size > 1).then_some(*order)
        }
        Class::Enumeration { base, .. }
        | Class::Array { base, .. }
        | Class::VariableLength { string: None, base } => order(base),
        _ => None,
    }
}

/// Whether values are listed without a hash: they mean nothing outside the file.
fn is_listed_only(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Opaque { .. }
        | Class::Bitfield { .. }
        | Class::Time { .. }
        | Class::Reference(_) => true,
        Class::Array { base, .. } | Class::VariableLength { string: None, base } => {
            contains_listed_only(base)
        }
        _ => false,
    }
}

fn contains_listed_only(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Compound(members) => members.iter().any(|m| contains_listed_only(&m.datatype)),
        _ => is_listed_only(datatype),
    }
}

/// Why values of this type are not read, if they are not.
fn unsupported(datatype: &Datatype) -> Option<String> {
    match &datatype.class {
        Class::FixedPoint { .. } if datatype.size <= 8 => None,
        Class::FloatingPoint { order, .. }
            if datatype.is_ieee_float() && *order != ByteOrder::Vax =>
        {
            None
        }
        Class::String { .. }
        | Class::VariableLength {
            string: Some(_), ..
        } => None,
        Class::Enumeration { base, .. }
        | Class::Array { base, .. }
        | Class::VariableLength { base, .. } => unsupported(base),
        Class::Compound(members) => members.iter().find_map(|m| unsupported(&m.datatype)),
        _ => Some(Error::Unsupported(format!("values of type {datatype}")).to_string()),
    }
}

/// The bytes of one member of every element, one after another.
fn member_bytes(bytes: &[u8], size: u32, member: &h5lite::Member) -> Vec<u8> {
    let start = member.offset as usize;
    let range = start..start + member.datatype.size as usize;
    let elements = bytes.chunks_exact(size as usize);
    elements
        .filter_map(|element| element.get(range.clone()))
        .flatten()
        .copied()
        .collect()
}

/// Hands the canonical form of whole elements to `put`.
fn encode(
    file: &File,
    datatype: &Datatype,
    bytes: &[u8],
    put: &mut dyn FnMut(&[u8]),
) -> Result<()> {
    match &datatype.class {
        Class::Array { base, .. } => encode(file, base, bytes, put),
        Class::Compound(members) => {
            for element in bytes.chunks_exact(datatype.size as usize) {
                for member in members {
                    let value = member_bytes(element, datatype.size, member);
                    encode(file, &member.datatype, &value, put)?;
                }
            }
            Ok(())
        }
        Class::String { .. }
        | Class::VariableLength {
            string: Some(_), ..
        } => {
            for text in file.strings_in(datatype, bytes)? {
                put(&(text.len() as u64).to_le_bytes());
                put(&text);
            }
            Ok(())
        }
        Class::VariableLength { base, .. } => {
            for sequence in file.sequences_in(datatype, bytes)? {
                let count = sequence.len() / base.size as usize;
                put(&(count as u64).to_le_bytes());
                encode(file, base, &sequence, put)?;
            }
            Ok(())
        }
        _ => {
            put(&datatype.little_endian(bytes)?);
            Ok(())
        }
    }
}
