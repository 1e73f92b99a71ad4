//! The filter pipeline: what turns a chunk as stored into a chunk of elements, and back.

mod encode;

pub(crate) use encode::Encoder;

use h5lite_filters::{deflate, fletcher32, lzf, shuffle};

use crate::{
    error::{Error, Result},
    format::message::{Filter, FilterId},
    image::Address,
};

const NAME: &str = "chunk";

/// Undoes the filters of one dataset, one chunk after another.
///
/// It owns the inflater and all scratch space, so that nothing is allocated for a chunk once the
/// first few have been decoded. Each thread has its own.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    filters: &'a [Filter],
    inflater: deflate::Inflater,
    output: Vec<u8>,
    spare: Vec<u8>,
}

impl<'a> Decoder<'a> {
    /// A decoder for chunks that went through these filters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming the first filter that is not one of deflate, shuffle,
    /// fletcher32 and lzf.
    pub(crate) fn new(filters: &'a [Filter]) -> Result<Self> {
        const KNOWN: [FilterId; 4] = [
            FilterId::DEFLATE,
            FilterId::SHUFFLE,
            FilterId::FLETCHER32,
            FilterId::LZF,
        ];
        if let Some(unknown) = filters.iter().find(|filter| !KNOWN.contains(&filter.id)) {
            return Err(Error::unsupported(format_args!("filter {}", unknown.id)));
        }
        Ok(Self {
            filters,
            inflater: deflate::Inflater::default(),
            output: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// The elements of the chunk stored as `stored`: `len` bytes, or more where no filter ran.
    ///
    /// `mask` has a bit set for each filter that was left out for this chunk.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where a filter cannot undo its work, or too few bytes come out.
    pub(crate) fn decode<'b>(
        &'b mut self,
        stored: &'b [u8],
        mask: u32,
        len: usize,
        address: Address,
    ) -> Result<&'b [u8]> {
        let in_output = self.run(stored, mask, len, address)?;
        Ok(if in_output { &self.output } else { stored })
    }

    /// The same, in the place of what `elements` holds, and no more than `len` bytes where no filter
    /// ran.
    pub(crate) fn decode_into(
        &mut self,
        stored: &[u8],
        mask: u32,
        len: usize,
        address: Address,
        elements: &mut Vec<u8>,
    ) -> Result<()> {
        if self.run(stored, mask, len, address)? {
            std::mem::swap(&mut self.output, elements);
        } else {
            elements.clear();
            elements.extend_from_slice(stored.get(..len).unwrap_or(stored));
        }
        Ok(())
    }

    /// Undoes the filters, and says whether the elements are in the output: they are where they were
    /// stored if no filter has run.
    fn run(&mut self, stored: &[u8], mask: u32, len: usize, address: Address) -> Result<bool> {
        let corrupt = |reason: String| Error::corrupt(NAME, address, reason);
        let mut in_output = false;
        for (position, filter) in self.filters.iter().enumerate().rev() {
            let skipped = u32::try_from(position)
                .ok()
                .and_then(|bit| mask.checked_shr(bit));
            if skipped.unwrap_or(0) & 1 == 1 {
                continue;
            }
            let input: &[u8] = if in_output { &self.output } else { stored };
            // Filters before this one may have added to the chunk, as a checksum does, or DEFLATE to
            // what it cannot shrink.
            let added = len / 100 + 64;
            let room = len.saturating_add(position.saturating_mul(added));
            match filter.id {
                FilterId::DEFLATE => self.inflater.inflate(input, &mut self.spare, room),
                FilterId::LZF => lzf::decompress(input, &mut self.spare, room),
                FilterId::SHUFFLE => {
                    // The library, too, refuses a shuffle of no bytes.
                    let size = filter.parameters.first().copied().unwrap_or(0);
                    if size > 0 {
                        shuffle::unshuffle(input, &mut self.spare, size);
                        Ok(())
                    } else {
                        Err("no size of an element".to_owned())
                    }
                }
                _ => fletcher32::verify(input).map(|data| {
                    self.spare.clear();
                    self.spare.extend_from_slice(data);
                }),
            }
            .map_err(|reason| corrupt(format!("{}: {reason}", filter.id)))?;
            std::mem::swap(&mut self.output, &mut self.spare);
            in_output = true;
        }
        let decoded: &[u8] = if in_output { &self.output } else { stored };
        if decoded.len() < len {
            let found = decoded.len();
            return Err(corrupt(format!(
                "{found} bytes come out of its filters, not {len}"
            )));
        }
        Ok(in_output)
    }
}
