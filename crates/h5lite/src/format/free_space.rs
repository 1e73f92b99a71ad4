//! Free-space manager: what room a fractal heap, or a file that keeps its free space, has left.
//! Only where the manager itself stands is of interest here. Read only.
//! Specification III.H, "Disk Format: Level 1H - Free-space Manager".

use crate::{
    error::Result,
    format::field::Fields,
    image::{Address, Image},
};

const HEADER: &str = "free-space manager header";
const SECTIONS: &str = "free-space section list";
const SIGNATURE: [u8; 4] = *b"FSHD";
const VERSION: u8 = 0;

/// Reads the header at `address` and says what room it and its list of sections take.
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt) where it is broken.
pub(crate) fn walk(image: &Image, address: Address) -> Result<()> {
    let sizes = image.sizes();
    let lengths = u64::from(sizes.length).saturating_mul(7);
    let len = lengths
        .saturating_add(sizes.offset.into())
        .saturating_add(18);
    let bytes = image.bytes(HEADER, address, len)?;
    let mut fields = Fields::new(HEADER, address, sizes, &bytes);
    fields.signature(SIGNATURE)?;
    fields.version(&[VERSION])?;
    fields.skip(1)?;
    let _space = fields.length()?;
    let _sections = (fields.length()?, fields.length()?, fields.length()?);
    // Number of classes, when to shrink and to grow, width of addresses.
    fields.skip(8)?;
    let _largest = fields.length()?;
    let sections = fields.offset()?;
    let _used = fields.length()?;
    let allocated = fields.length()?;
    fields.checksum()?;
    image.claim(HEADER, address, len);
    if let Some(sections) = sections {
        image.claim(SECTIONS, sections, allocated);
    }
    Ok(())
}
