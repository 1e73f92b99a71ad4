//! Dataspace message: the shape of a dataset or attribute (IV.A.2.b).

use super::Message;
use crate::{
    error::Result,
    format::field::{Encoder, Fields},
};

/// The specification's bound on the number of axes.
const MAX_RANK: u8 = 32;
/// Flag: maximum dimensions follow the dimensions.
const HAS_MAXIMUM: u8 = 1;

/// How many values there are and how they are arranged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dataspace {
    /// One value.
    Scalar,
    /// A rectangular array.
    Simple {
        /// Length of every axis.
        dims: Vec<u64>,
        /// How long each axis may become (`None`: unlimited); absent where it may not change.
        max_dims: Option<Vec<Option<u64>>>,
    },
    /// No value at all.
    Null,
}

impl Dataspace {
    /// Length of every axis; a scalar and a null dataspace have none.
    pub(crate) fn dims(&self) -> &[u64] {
        match self {
            Self::Simple { dims, .. } => dims,
            Self::Scalar | Self::Null => &[],
        }
    }
}

impl Message for Dataspace {
    const KIND: u16 = 0x01;
    const NAME: &'static str = "dataspace message";

    fn parse(fields: &mut Fields<'_>) -> Result<Self> {
        let version = fields.version(&[1, 2])?;
        let rank = fields.u8()?;
        let flags = fields.u8()?;
        let kind = match (version, fields.u8()?) {
            (1, _) => {
                fields.skip(4)?;
                u8::from(rank > 0)
            }
            (_, kind) => kind,
        };
        if rank > MAX_RANK {
            return Err(fields.corrupt(format_args!("{rank} dimensions")));
        }
        match (kind, rank) {
            // An array without axes has one value, too.
            (0 | 1, 0) => return Ok(Self::Scalar),
            (2, 0) => return Ok(Self::Null),
            (1, _) => {}
            _ => return Err(fields.corrupt(format_args!("type {kind} with {rank} dimensions"))),
        }
        let dims = (0..rank)
            .map(|_| fields.length())
            .collect::<Result<Vec<_>>>()?;
        let max_dims = if flags & HAS_MAXIMUM == 0 {
            None
        } else {
            let max = (0..rank)
                .map(|_| fields.length_or_undefined())
                .collect::<Result<Vec<_>>>()?;
            let too_long = |(&dim, max): (&u64, &Option<u64>)| max.is_some_and(|max| dim > max);
            if dims.iter().zip(&max).any(too_long) {
                return Err(fields.corrupt(format_args!("{dims:?} is over its maximum {max:?}")));
            }
            Some(max)
        };
        Ok(Self::Simple { dims, max_dims })
    }

    /// Version 1, or version 2 for the null dataspace that version 1 cannot express.
    fn encode(&self, out: &mut Encoder) {
        let (dims, max_dims) = match self {
            Self::Null => return out.put(&[2, 0, 0, 2]),
            Self::Scalar => (&[][..], None),
            Self::Simple { dims, max_dims } => (&dims[..], max_dims.as_ref()),
        };
        let flags = if max_dims.is_some() { HAS_MAXIMUM } else { 0 };
        out.put(&[
            1,
            u8::try_from(dims.len()).unwrap_or(u8::MAX),
            flags,
            0,
            0,
            0,
            0,
            0,
        ]);
        for &dim in dims {
            out.length(dim);
        }
        for &max in max_dims.into_iter().flatten() {
            out.length_or_undefined(max);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::format::message::tests::{parsed, round_trip};

    proptest! {
        #[test]
        fn comes_back(axes in vec((0_u64..1 << 40, option::of(0_u64..100)), 1..6), growing: bool) {
            let dims: Vec<u64> = axes.iter().map(|axis| axis.0).collect();
            let max = axes.iter().map(|(dim, more)| more.map(|more| dim + more)).collect();
            let space = Dataspace::Simple { dims, max_dims: growing.then_some(max) };
            prop_assert_eq!(round_trip(&space), space);
        }
    }

    #[test]
    fn no_axes() {
        assert_eq!(round_trip(&Dataspace::Scalar), Dataspace::Scalar);
        assert_eq!(round_trip(&Dataspace::Null), Dataspace::Null);
        for kind in [0, 1] {
            let scalar = parsed::<Dataspace>(&[2, 0, 0, kind]).unwrap();
            assert_eq!(scalar, Dataspace::Scalar);
        }
    }

    #[test]
    fn what_contradicts_itself_is_corrupt() {
        assert!(parsed::<Dataspace>(&[2, 33, 0, 1]).is_err());
        assert!(parsed::<Dataspace>(&[2, 1, 0, 0]).is_err());
        let over = [2, 1, 1, 1, 5, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];
        assert!(parsed::<Dataspace>(&over).unwrap_err().is_corrupt());
    }
}
