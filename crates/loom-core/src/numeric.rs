//! From a stored type of numbers to code for that type.

pub(crate) use h5lite::{with_number, with_numbers};
