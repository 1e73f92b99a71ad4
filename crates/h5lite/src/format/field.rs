//! The fields all structures are made of: integers, offsets, lengths, signatures, names.

use std::borrow::Cow;

use crate::{
    error::{Error, Result},
    format::checksum::lookup3,
    image::{Address, Sizes},
};

/// How deep messages, types and trees may nest before the file is called corrupt.
pub(crate) const MAX_DEPTH: usize = 64;

/// Converts a length from the file to one of this machine, or says which structure claims it.
pub(crate) fn to_usize(structure: &'static str, address: Address, value: u64) -> Result<usize> {
    usize::try_from(value).map_err(|_| {
        Error::corrupt(
            structure,
            address,
            format_args!("length {value} is too large"),
        )
    })
}

/// A length in memory as the file's 64-bit number.
pub(crate) fn to_u64(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The number of bytes that hold every value up to `max`: the specification's "enough bytes".
pub(crate) fn bytes_for(max: u64) -> u8 {
    let bits = u64::BITS.saturating_sub(max.leading_zeros()).max(1);
    u8::try_from(bits.div_ceil(8)).unwrap_or(8)
}

/// Reads a structure field by field, in little-endian order, and knows its name and address, so
/// that every error does too.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    structure: &'static str,
    address: Address,
    sizes: Sizes,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Fields of the structure at `address`, whose bytes are `bytes`.
    pub(crate) fn new(
        structure: &'static str,
        address: Address,
        sizes: Sizes,
        bytes: &'a [u8],
    ) -> Self {
        Self {
            structure,
            address,
            sizes,
            bytes,
            at: 0,
        }
    }

    /// The error "this structure is corrupt".
    pub(crate) fn corrupt(&self, reason: impl std::fmt::Display) -> Error {
        Error::corrupt(self.structure, self.address, reason)
    }

    /// Where the structure stands.
    pub(crate) fn address(&self) -> Address {
        self.address
    }

    /// Widths of offsets and lengths.
    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The same fields, read on with other widths of offsets and lengths.
    pub(crate) fn with_sizes(&self, sizes: Sizes) -> Self {
        Self {
            sizes,
            ..self.clone()
        }
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(len);
        let bytes = end
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or_else(|| {
                self.corrupt(format_args!(
                    "it ends after {} of its bytes",
                    self.bytes.len()
                ))
            })?;
        self.at = self.at.saturating_add(len);
        Ok(bytes)
    }

    /// The next `len` bytes, with a length that comes from the file.
    pub(crate) fn take_long(&mut self, len: u64) -> Result<&'a [u8]> {
        let len = to_usize(self.structure, self.address, len)?;
        self.take(len)
    }

    /// All bytes that are left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// Passes over reserved bytes.
    pub(crate) fn skip(&mut self, len: usize) -> Result<()> {
        self.take(len).map(drop)
    }

    /// Passes over the padding up to a multiple of `unit`, counted from the structure's start.
    /// Padding that a writer left out at the very end is not missed.
    pub(crate) fn align(&mut self, unit: usize) {
        let aligned = self.at.checked_next_multiple_of(unit).unwrap_or(usize::MAX);
        self.at = aligned.min(self.bytes.len());
    }

    /// An unsigned integer of `width` bytes, at most 8.
    pub(crate) fn uint(&mut self, width: u8) -> Result<u64> {
        let bytes = self.take(usize::from(width))?;
        let mut wide = [0; 8];
        match wide.get_mut(..bytes.len()) {
            Some(low) => low.copy_from_slice(bytes),
            None => return Err(self.corrupt(format_args!("an integer of {width} bytes"))),
        }
        Ok(u64::from_le_bytes(wide))
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| self.corrupt("short field"))
    }

    /// An offset: an address in the file, or `None` where it is undefined (all bits set).
    pub(crate) fn offset(&mut self) -> Result<Option<Address>> {
        let width = self.sizes.offset;
        let value = self.uint(width)?;
        Ok((value != undefined(width)).then_some(Address(value)))
    }

    /// An offset that must be defined.
    pub(crate) fn address_of(&mut self, what: &str) -> Result<Address> {
        self.offset()?
            .ok_or_else(|| self.corrupt(format_args!("the address of {what} is undefined")))
    }

    /// A length.
    pub(crate) fn length(&mut self) -> Result<u64> {
        self.uint(self.sizes.length)
    }

    /// A length with a value for "unlimited" or "undefined" (all bits set), which is `None`.
    pub(crate) fn length_or_undefined(&mut self) -> Result<Option<u64>> {
        let width = self.sizes.length;
        let value = self.uint(width)?;
        Ok((value != undefined(width)).then_some(value))
    }

    /// The structure's four-byte signature.
    pub(crate) fn signature(&mut self, signature: [u8; 4]) -> Result<()> {
        let found = self.take(4)?;
        if found == signature {
            return Ok(());
        }
        let wanted = signature.escape_ascii();
        Err(self.corrupt(format_args!(
            "signature {:?}, not \"{wanted}\"",
            found.escape_ascii().to_string()
        )))
    }

    /// A version number, which must be one of `known`.
    pub(crate) fn version(&mut self, known: &[u8]) -> Result<u8> {
        let version = self.u8()?;
        if known.contains(&version) {
            return Ok(version);
        }
        Err(self.corrupt(format_args!("unknown version {version}")))
    }

    /// Bytes up to a NUL, which is passed over but not returned.
    pub(crate) fn until_nul(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| byte == 0);
        let len = len.ok_or_else(|| self.corrupt("a name without an end"))?;
        let name = self.take(len)?;
        self.skip(1)?;
        Ok(name)
    }

    /// The checksum that ends a structure: of everything read so far.
    pub(crate) fn checksum(&mut self) -> Result<()> {
        let covered = self.bytes.get(..self.at).unwrap_or_default();
        let computed = lookup3(covered);
        let stored = self.u32()?;
        if stored == computed {
            return Ok(());
        }
        Err(self.corrupt(format_args!(
            "checksum {stored:#010x}, its bytes give {computed:#010x}"
        )))
    }
}

/// All bits of a field of `width` bytes.
fn undefined(width: u8) -> u64 {
    let unused = 64_u32.saturating_sub(u32::from(width).saturating_mul(8));
    u64::MAX.checked_shr(unused).unwrap_or(0)
}

/// Bytes of a name as text; what is not UTF-8 becomes U+FFFD.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Writes a structure field by field, in little-endian order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoder {
    sizes: Sizes,
    bytes: Vec<u8>,
}

impl Encoder {
    /// An empty structure with these widths of offsets and lengths.
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            bytes: Vec::new(),
        }
    }

    /// Widths of offsets and lengths.
    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// How many bytes have been written.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The finished bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Raw bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// `len` zero bytes.
    pub(crate) fn zeros(&mut self, len: usize) {
        self.bytes.resize(self.bytes.len().saturating_add(len), 0);
    }

    /// Zero bytes up to a multiple of `unit`, counted from the structure's start.
    pub(crate) fn align(&mut self, unit: usize) {
        let aligned = self.bytes.len().next_multiple_of(unit);
        self.bytes.resize(aligned, 0);
    }

    /// The low `width` bytes of `value`, at most 8.
    pub(crate) fn uint(&mut self, width: u8, value: u64) {
        let bytes = value.to_le_bytes();
        self.put(bytes.get(..usize::from(width)).unwrap_or(&bytes));
    }

    /// One byte.
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    /// An offset; `None` is the undefined address.
    pub(crate) fn offset(&mut self, address: Option<Address>) {
        let width = self.sizes.offset;
        self.uint(width, address.map_or(u64::MAX, |address| address.0));
    }

    /// A length.
    pub(crate) fn length(&mut self, length: u64) {
        self.uint(self.sizes.length, length);
    }

    /// A length where `None` is "unlimited" or "undefined".
    pub(crate) fn length_or_undefined(&mut self, length: Option<u64>) {
        self.length(length.unwrap_or(u64::MAX));
    }

    /// The checksum of everything written so far.
    pub(crate) fn checksum(&mut self) {
        self.u32(lookup3(&self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes() -> impl Strategy<Value = Sizes> {
        let width = prop::sample::select(vec![2_u8, 4, 8]);
        (width.clone(), width).prop_map(|(offset, length)| Sizes { offset, length })
    }

    proptest! {
        #[test]
        fn fields_read_what_the_encoder_wrote(sizes in sizes(), a: u8, b: u16, c: u32, d: u64, at in prop::option::of(0_u64..0xffff), len in 0_u64..0xffff) {
            let mut out = Encoder::new(sizes);
            out.u8(a);
            out.u16(b);
            out.u32(c);
            out.u64(d);
            out.offset(at.map(Address));
            out.length(len);
            out.length_or_undefined(None);
            out.align(8);
            out.checksum();
            let bytes = out.finish();
            let mut fields = Fields::new("test", Address(0), sizes, &bytes);
            prop_assert_eq!(fields.u8().unwrap(), a);
            prop_assert_eq!(fields.u16().unwrap(), b);
            prop_assert_eq!(fields.u32().unwrap(), c);
            prop_assert_eq!(fields.u64().unwrap(), d);
            prop_assert_eq!(fields.offset().unwrap(), at.map(Address));
            prop_assert_eq!(fields.length().unwrap(), len);
            prop_assert_eq!(fields.length_or_undefined().unwrap(), None);
            fields.align(8);
            fields.checksum().unwrap();
            prop_assert_eq!(fields.remaining(), 0);
            prop_assert!(fields.u8().unwrap_err().is_corrupt());
        }
    }

    #[test]
    fn enough_bytes_for_a_number() {
        for (max, width) in [
            (0, 1),
            (1, 1),
            (255, 1),
            (256, 2),
            (65_535, 2),
            (65_536, 3),
            (u64::MAX, 8),
        ] {
            assert_eq!(bytes_for(max), width, "{max}");
        }
    }

    #[test]
    fn a_changed_byte_fails_the_checksum() {
        let mut out = Encoder::new(Sizes::default());
        out.put(b"some structure");
        out.checksum();
        let mut bytes = out.finish();
        bytes[3] ^= 1;
        let mut fields = Fields::new("test", Address(0), Sizes::default(), &bytes);
        fields.skip(14).unwrap();
        assert!(fields.checksum().unwrap_err().is_corrupt());
    }
}
