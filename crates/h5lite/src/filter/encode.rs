//! The other direction of the pipeline: from the elements of a chunk to what is stored.

use h5lite_filters::{deflate, fletcher32, shuffle};

use crate::{
    error::{Error, Result},
    format::message::{Filter, FilterId},
};

/// Applies the filters of one dataset.
///
/// It keeps the state of DEFLATE from chunk to chunk, which takes longer to set up than a small chunk
/// to deflate, and all scratch space.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    filters: &'a [Filter],
    deflater: deflate::Deflater,
    output: Vec<u8>,
    spare: Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// An encoder for chunks that shall go through these filters.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a filter that is neither one of deflate, shuffle and fletcher32
    /// nor optional: an optional one is left out, and the chunk's filter mask says so.
    pub(crate) fn new(filters: &'a [Filter]) -> Result<Self> {
        const KNOWN: [FilterId; 3] = [FilterId::DEFLATE, FilterId::SHUFFLE, FilterId::FLETCHER32];
        match filters
            .iter()
            .find(|f| !f.optional && !KNOWN.contains(&f.id))
        {
            Some(unknown) => Err(Error::unsupported(format_args!(
                "writing with filter {}",
                unknown.id
            ))),
            None => Ok(Self {
                filters,
                deflater: deflate::Deflater::default(),
                output: Vec::new(),
                spare: Vec::new(),
            }),
        }
    }

    /// The filter mask that leaves out all of `count` filters.
    pub(crate) fn mask_of_all(count: usize) -> u32 {
        let count = u32::try_from(count).unwrap_or(u32::BITS);
        1_u32.checked_shl(count).map_or(u32::MAX, |bit| bit - 1)
    }

    /// What is stored for a chunk, and its filter mask.
    pub(crate) fn encode<'b>(&'b mut self, chunk: &'b [u8]) -> Result<(&'b [u8], u32)> {
        let mut mask = 0;
        // Until the first filter has run, the bytes are still the caller's.
        let mut in_output = false;
        for (position, filter) in self.filters.iter().enumerate() {
            let input: &[u8] = if in_output { &self.output } else { chunk };
            match filter.id {
                FilterId::DEFLATE => {
                    let level = filter.parameters.first().copied().unwrap_or(6).min(9);
                    let outcome = self.deflater.deflate(input, &mut self.spare, level);
                    outcome
                        .map_err(|reason| Error::unsupported(format_args!("deflate: {reason}")))?;
                }
                FilterId::SHUFFLE if filter.parameters.first().is_some_and(|&size| size > 0) => {
                    let size = filter.parameters.first().copied().unwrap_or(1);
                    shuffle::shuffle(input, &mut self.spare, size);
                }
                FilterId::FLETCHER32 => fletcher32::append(input, &mut self.spare),
                // Unknown, or a shuffle that does not say how long an element is: left out.
                _ => {
                    mask |= 1_u32
                        .checked_shl(u32::try_from(position).unwrap_or(32))
                        .unwrap_or(0);
                    continue;
                }
            }
            std::mem::swap(&mut self.output, &mut self.spare);
            in_output = true;
        }
        let stored = if in_output { &self.output } else { chunk };
        Ok((stored, mask))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{filter::Decoder, image::Address};

    fn filter() -> impl Strategy<Value = Filter> {
        let of = |id, parameters| Filter {
            id,
            optional: true,
            parameters,
            name: None,
        };
        prop_oneof![
            (0_u32..10).prop_map(move |level| of(FilterId::DEFLATE, vec![level])),
            (0_u32..9).prop_map(move |size| of(FilterId::SHUFFLE, vec![size])),
            Just(of(FilterId::SHUFFLE, vec![])),
            Just(of(FilterId::FLETCHER32, vec![])),
            Just(of(FilterId::LZF, vec![4, 261, 100])),
        ]
    }

    proptest! {
        #[test]
        fn comes_back(filters in vec(filter(), 0..5), chunk in vec(0_u8..9, 0..3000)) {
            let (mut encoder, mut decoder) = (Encoder::new(&filters).unwrap(), Decoder::new(&filters).unwrap());
            // Nothing of a chunk is left in the scratch space for the next.
            for chunk in [&chunk[..], &chunk[chunk.len() / 2..]] {
                let (stored, mask) = encoder.encode(chunk).unwrap();
                let decoded = decoder.decode(stored, mask, chunk.len(), Address(0)).unwrap();
                prop_assert_eq!(&decoded[..chunk.len()], chunk);
            }
        }
    }
}
