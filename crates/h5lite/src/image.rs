//! A window on the file that cannot panic: every byte of a file is read through [`Image`].

use std::{
    borrow::Cow,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    error::{Error, Result},
    source::Source,
};

/// A position in the file, relative to the base address of its superblock.
///
/// The format's "undefined address" (all bits set) is `None` of an `Option<Address>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u64);

impl Address {
    /// The address `len` bytes further on, or an error where it leaves the 64-bit range.
    pub(crate) fn plus(self, structure: &'static str, len: u64) -> Result<Self> {
        let sum = self.0.checked_add(len);
        sum.map(Self)
            .ok_or_else(|| Error::corrupt(structure, self, "address overflows"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Widths in bytes of the "offset" and "length" fields, from the superblock: 2, 4 or 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Width of an address in the file.
    pub offset: u8,
    /// Width of a length in the file.
    pub length: u8,
}

impl Default for Sizes {
    /// What every library writes today, and the only widths written here.
    fn default() -> Self {
        Self {
            offset: 8,
            length: 8,
        }
    }
}

/// The bytes of a file between its base address and its end-of-file address.
///
/// Nothing outside that window can be read through it, whatever an address in the file claims.
/// Clones share the source.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    source: Arc<Source>,
    base: u64,
    end: u64,
    sizes: Sizes,
    claims: Option<Arc<Mutex<Vec<Extent>>>>,
}

/// The bytes of a file that a structure takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The structure's name in the HDF5 specification; "chunk" and "raw data" for values.
    pub structure: &'static str,
    /// Where it starts, relative to the file's base address.
    pub address: Address,
    /// How many bytes it takes. They need not all lie inside the file, if that is damaged.
    pub len: u64,
}

impl Image {
    /// The whole source, before the superblock is known.
    pub(crate) fn whole(source: Source) -> Self {
        let end = source.len();
        Self {
            source: Arc::new(source),
            base: 0,
            end,
            sizes: Sizes::default(),
            claims: None,
        }
    }

    /// The same bytes, seen from `base` up to `end` (both counted from the start of the source).
    ///
    /// The caller has checked that `base <= end <= len`.
    pub(crate) fn narrowed(self, base: u64, end: u64, sizes: Sizes) -> Self {
        Self {
            base,
            end: end.min(self.source.len()),
            sizes,
            ..self
        }
    }

    /// The same file, which takes down what structures it is asked for.
    pub(crate) fn with_claims(&self) -> Self {
        Self {
            claims: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// Takes down that a structure which is being read takes `len` bytes at `address`, if anybody
    /// wants to know.
    pub(crate) fn claim(&self, structure: &'static str, address: Address, len: u64) {
        if let Some(claims) = &self.claims {
            let mut claims = claims.lock().unwrap_or_else(PoisonError::into_inner);
            claims.push(Extent {
                structure,
                address,
                len,
            });
        }
    }

    /// What was taken down since this was last called.
    pub(crate) fn take_claims(&self) -> Vec<Extent> {
        self.claims.as_ref().map_or_else(Vec::new, |claims| {
            mem::take(&mut *claims.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// Where the bytes come from.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Widths of offsets and lengths in this file.
    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// How many bytes can be read: addresses run from 0 up to this.
    pub(crate) fn len(&self) -> u64 {
        self.end.saturating_sub(self.base)
    }

    /// Where an address is, counted from the start of the source: behind a user block it is later.
    pub(crate) fn position(&self, address: Address) -> u64 {
        self.base.saturating_add(address.0)
    }

    /// `len` bytes at `address`, borrowed from memory where possible.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not all inside the file, [`Error::Io`] where reading fails.
    pub(crate) fn bytes(
        &self,
        structure: &'static str,
        address: Address,
        len: u64,
    ) -> Result<Cow<'_, [u8]>> {
        let (start, len) = self.locate(structure, address, len)?;
        if let Some(bytes) = self.source.borrow(start, len) {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut owned = Vec::new();
        self.source.read(start, len, &mut owned)?;
        Ok(Cow::Owned(owned))
    }

    /// The same as [`bytes`](Self::bytes), with the caller's buffer for a source that must copy.
    pub(crate) fn window<'a>(
        &'a self,
        structure: &'static str,
        address: Address,
        len: u64,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        let (start, len) = self.locate(structure, address, len)?;
        match self.source.borrow(start, len) {
            Some(bytes) => Ok(bytes),
            None => self.source.fetch(start, len, scratch),
        }
    }

    /// `len` bytes at `address`, read into the caller's buffer even where the file is mapped: for
    /// the bulk of a file, which should neither stay resident nor come in page by page.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub(crate) fn fetch<'a>(
        &'a self,
        structure: &'static str,
        address: Address,
        len: u64,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        let (start, len) = self.locate(structure, address, len)?;
        self.source.fetch(start, len, scratch)
    }

    /// At most `len` bytes at `address`: fewer where the file ends before.
    ///
    /// For structures whose size is only known once their start has been read.
    pub(crate) fn bytes_up_to(
        &self,
        structure: &'static str,
        address: Address,
        len: u64,
    ) -> Result<Cow<'_, [u8]>> {
        let left = self.len().saturating_sub(address.0);
        self.bytes(structure, address, len.min(left))
    }

    /// Replaces the content of `buffer` by at most `len` bytes at `address`, read as
    /// [`fetch`](Self::fetch) does, unless they were kept when the file was opened.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub(crate) fn read_up_to(
        &self,
        structure: &'static str,
        address: Address,
        len: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let left = self.len().saturating_sub(address.0);
        let (start, len) = self.locate(structure, address, len.min(left))?;
        match self.source.kept(start, len) {
            Some(bytes) => {
                buffer.clear();
                buffer.extend_from_slice(bytes);
                Ok(())
            }
            None => self.source.read(start, len, buffer),
        }
    }

    fn locate(&self, structure: &'static str, address: Address, len: u64) -> Result<(u64, usize)> {
        let window = || {
            let start = self.base.checked_add(address.0)?;
            let end = start.checked_add(len)?;
            (end <= self.end).then_some((start, usize::try_from(len).ok()?))
        };
        window().ok_or_else(|| {
            let reason = format!(
                "its {len} bytes reach past the end of the file ({})",
                self.len()
            );
            Error::corrupt(structure, address, reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_window_can_be_read() {
        let image = Image::whole(Source::from((0..16).collect::<Vec<u8>>()));
        let image = image.narrowed(4, 12, Sizes::default());
        assert_eq!(*image.bytes("x", Address(0), 2).unwrap(), [4, 5]);
        assert_eq!(*image.bytes("x", Address(6), 2).unwrap(), [10, 11]);
        for (at, len) in [(6, 3), (8, 1), (u64::MAX, 1), (1, u64::MAX), (9, 0)] {
            assert!(
                image.bytes("x", Address(at), len).unwrap_err().is_corrupt(),
                "{at} {len}"
            );
        }
    }
}
