//! Strings and sequences: of fixed length in place, of variable length in the global heap.

use std::collections::HashMap;

use crate::{
    error::{Error, Result},
    format::{
        global_heap::GlobalHeap,
        message::{Class, Datatype, Padding},
    },
    image::{Address, Image},
    limits::Limits,
    read::pointers::HeapId,
};

const NAME: &str = "variable-length value";

/// The bytes of a string of fixed length without its padding, as the library returns them.
fn fixed_text(stored: &[u8], padding: Padding) -> &[u8] {
    let trimmed = |text: &[u8], fill: u8| {
        text.iter()
            .rposition(|&byte| byte != fill)
            .map_or(0, |last| last + 1)
    };
    let end = match padding {
        Padding::NullTerminated => stored
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(stored.len()),
        Padding::NullPadded => trimmed(stored, 0),
        Padding::SpacePadded => trimmed(&stored[..trimmed(stored, b' ')], 0),
    };
    &stored[..end]
}

/// Calls `string` with the bytes of each of the strings stored as `bytes`, without padding.
///
/// # Errors
/// [`Error::Mismatch`] where the type is not one of strings.
pub(crate) fn each_string(
    image: &Image,
    datatype: &Datatype,
    bytes: &[u8],
    limit: u64,
    mut string: impl FnMut(&[u8]),
) -> Result<()> {
    match &datatype.class {
        Class::String { padding, .. } => {
            let strings = bytes.chunks_exact(datatype.size as usize);
            strings.for_each(|stored| string(fixed_text(stored, *padding)));
            Ok(())
        }
        Class::VariableLength {
            string: Some(_), ..
        } => variable_bytes(image, (bytes, datatype.size), Variable::Text, limit, string),
        _ => Err(mismatch("strings", datatype)),
    }
}

/// Calls `sequence` with the elements, as stored, of each of the sequences stored as `bytes`.
///
/// # Errors
/// [`Error::Mismatch`] where the type is not one of variable-length sequences.
pub(crate) fn each_sequence(
    image: &Image,
    datatype: &Datatype,
    bytes: &[u8],
    limit: u64,
    sequence: impl FnMut(&[u8]),
) -> Result<()> {
    match &datatype.class {
        Class::VariableLength { string: None, base } => variable_bytes(
            image,
            (bytes, datatype.size),
            Variable::Sequence(base.size),
            limit,
            sequence,
        ),
        _ => Err(mismatch("variable-length sequences", datatype)),
    }
}

pub(super) fn mismatch(expected: &str, found: &Datatype) -> Error {
    Error::Mismatch {
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}

/// What values of variable length consist of.
#[derive(Clone, Copy)]
enum Variable {
    /// Bytes up to the first NUL.
    Text,
    /// Elements of this many bytes.
    Sequence(u32),
}

impl Variable {
    /// Bytes of an element.
    fn unit(self) -> u32 {
        match self {
            Self::Text => 1,
            Self::Sequence(size) => size,
        }
    }
}

/// The values that `references` of `size` bytes each (one after another, as stored) lead to, `limit`
/// bytes at most.
///
/// Collections of the global heap are parsed once each. A reference whose address is 0 or undefined,
/// which is how unwritten elements look, is an empty value. One of length 0 that leads somewhere has
/// an object there like any other.
fn variable_bytes(
    image: &Image,
    (references, size): (&[u8], u32),
    kind: Variable,
    limit: u64,
    mut value: impl FnMut(&[u8]),
) -> Result<()> {
    let sizes = image.sizes();
    let reference_len = usize::from(sizes.offset) + 8;
    if size as usize != reference_len {
        let reason = format_args!("a reference of {size} bytes, not {reference_len}");
        return Err(Error::corrupt(NAME, Address(0), reason));
    }
    let mut collections: HashMap<Address, GlobalHeap<'_>> = HashMap::new();
    let mut collected = 0_u64;
    let mut total = 0_u64;
    for reference in references.chunks_exact(reference_len) {
        let Some((count, id)) = HeapId::of_sequence(reference, sizes)? else {
            value(&[]);
            continue;
        };
        let collection = match collections.entry(id.collection) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let collection = entry.insert(GlobalHeap::read(image, id.collection)?);
                collected = collected.saturating_add(collection.len());
                if collected > image.len() {
                    let reason = "it overlaps other collections";
                    return Err(Error::corrupt(GlobalHeap::NAME, id.collection, reason));
                }
                collection
            }
        };
        let object = collection.object(id.index)?;
        id.check_sequence(object, count, kind.unit())?;
        let bytes = match kind {
            Variable::Text => fixed_text(object, Padding::NullTerminated),
            Variable::Sequence(_) => object,
        };
        total = total.saturating_add(bytes.len() as u64);
        let what = "bytes of variable-length values";
        Limits::check(what, total, limit, "read_bytes")?;
        value(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_what_the_library_takes_off() {
        for (stored, null_terminated, null_padded, space_padded) in [
            (&b"ab\0\0"[..], &b"ab"[..], &b"ab"[..], &b"ab"[..]),
            (b"a\0b\0", b"a", b"a\0b", b"a\0b"),
            (b"ab  ", b"ab  ", b"ab  ", b"ab"),
            (b"\0\0", b"", b"", b""),
            (b"  ", b"  ", b"  ", b""),
            (b"ab\0  ", b"ab", b"ab\0  ", b"ab"),
            (b"full", b"full", b"full", b"full"),
        ] {
            assert_eq!(fixed_text(stored, Padding::NullTerminated), null_terminated);
            assert_eq!(fixed_text(stored, Padding::NullPadded), null_padded);
            assert_eq!(fixed_text(stored, Padding::SpacePadded), space_padded);
        }
    }
}
