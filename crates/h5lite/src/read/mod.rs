//! From a selection to values: which chunks, what is in them, and where it goes.

mod gather;
mod items;
mod plan;
mod storage;
mod text;
mod values;

pub(crate) use items::{Projection, StoredNumber, is_boolean};
pub(crate) use storage::Storage;
pub(crate) use text::{fixed_text, variable_bytes};
pub(crate) use values::Values;
