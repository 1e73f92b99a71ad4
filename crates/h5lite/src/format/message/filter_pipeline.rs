//! Filter pipeline message: what was done to a chunk before it was stored (IV.A.2.l).

use std::fmt;

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields, text, to_u64},
};

/// The specification's bound on filters in one pipeline.
const MAX_FILTERS: u8 = 32;
/// Filters below this number have no name in version 2.
const FIRST_NAMED: u16 = 256;
/// Flag: a chunk the filter could not handle was stored without it.
const OPTIONAL: u16 = 1;

/// A filter's registered number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilterId(pub u16);

impl FilterId {
    /// DEFLATE, as in gzip.
    pub const DEFLATE: Self = Self(1);
    /// Bytes of equal significance side by side.
    pub const SHUFFLE: Self = Self(2);
    /// A checksum behind the data.
    pub const FLETCHER32: Self = Self(3);
    /// LZF, as h5py registers it.
    pub const LZF: Self = Self(32_000);

    /// The filter's usual name, where it has one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "deflate",
            2 => "shuffle",
            3 => "fletcher32",
            4 => "szip",
            5 => "nbit",
            6 => "scaleoffset",
            307 => "bzip2",
            32_000 => "lzf",
            32_001 => "blosc",
            32_004 => "lz4",
            32_008 => "bitshuffle",
            32_013 => "zfp",
            32_015 => "zstd",
            32_026 => "blosc2",
            _ => return None,
        })
    }
}

impl fmt::Display for FilterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "filter {}", self.0),
        }
    }
}

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Which filter.
    pub id: FilterId,
    /// Whether a chunk it could not handle was stored without it.
    pub optional: bool,
    /// Its parameters, such as the DEFLATE level.
    pub parameters: Vec<u32>,
    /// The name the writer gave it, if any.
    pub name: Option<String>,
}

/// The filters of a dataset, in the order they were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FilterPipeline {
    /// First applied first.
    pub(crate) filters: Vec<Filter>,
}

impl Message for FilterPipeline {
    const KIND: u16 = 0x0b;
    const NAME: &'static str = "filter pipeline message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[1, 2])?;
        let count = fields.u8()?;
        if count > MAX_FILTERS {
            return Err(fields.corrupt(format_args!("{count} filters")));
        }
        if version == 1 {
            fields.skip(6)?;
        }
        let filters = (0..count)
            .map(|_| parse_filter(fields, version))
            .collect::<Result<_>>()?;
        Ok(Self { filters })
    }

    /// Version 1.
    fn encode(&self, out: &mut Encoder) {
        out.u8(1);
        out.uint(1, to_u64(self.filters.len()));
        out.zeros(6);
        for filter in &self.filters {
            let name = filter.name.as_deref().unwrap_or_default().as_bytes();
            let padded = if name.is_empty() {
                0
            } else {
                to_u64(name.len().saturating_add(1).next_multiple_of(8))
            };
            out.u16(filter.id.0);
            out.uint(2, padded);
            out.u16(if filter.optional { OPTIONAL } else { 0 });
            out.uint(2, to_u64(filter.parameters.len()));
            if padded > 0 {
                out.put(name);
                out.u8(0);
                out.align(8);
            }
            for &parameter in &filter.parameters {
                out.u32(parameter);
            }
            out.align(8);
        }
    }
}

fn parse_filter(fields: &mut Fields<'_>, version: u8) -> Result<Filter> {
    let id = fields.u16()?;
    let name_len = if version == 1 || id >= FIRST_NAMED {
        usize::from(fields.u16()?)
    } else {
        0
    };
    let flags = fields.u16()?;
    let parameters = fields.u16()?;
    let padded = if version == 1 {
        name_len.next_multiple_of(8)
    } else {
        name_len
    };
    let name = fields.take(padded)?;
    let name = name
        .split(|&byte| byte == 0)
        .next()
        .filter(|name| !name.is_empty());
    let filter = Filter {
        id: FilterId(id),
        optional: flags & OPTIONAL != 0,
        parameters: (0..parameters)
            .map(|_| fields.u32())
            .collect::<Result<_>>()?,
        name: name.map(|name| text(name).into_owned()),
    };
    if version == 1 && parameters % 2 == 1 {
        fields.skip(4)?;
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option::of, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    proptest! {
        #[test]
        fn comes_back(filters in vec((any::<u16>(), any::<bool>(), vec(any::<u32>(), 0..5), of("[a-z]{1,20}")), 0..5)) {
            let filters = filters.into_iter().map(|(id, optional, parameters, name)| Filter { id: FilterId(id), optional, parameters, name });
            let pipeline = FilterPipeline { filters: filters.collect() };
            prop_assert_eq!(round_trip(&pipeline), pipeline);
        }
    }

    #[test]
    fn version_2_names_only_registered_filters() {
        let body = [
            2, 2, 1, 0, 1, 0, 1, 0, 4, 0, 0, 0, 0, 125, 4, 0, 0, 0, 0, 0, b'l', b'z', b'f', 0,
        ];
        let pipeline: FilterPipeline = parsed(&body).unwrap();
        assert_eq!(pipeline.filters[0].id, FilterId::DEFLATE);
        assert_eq!(pipeline.filters[0].parameters, [4]);
        assert!(pipeline.filters[0].optional);
        assert_eq!(pipeline.filters[1].id, FilterId::LZF);
        assert_eq!(pipeline.filters[1].name.as_deref(), Some("lzf"));
    }
}
