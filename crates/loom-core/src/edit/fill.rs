//! Attributes of columns that are put together, where some of them have none.

use std::collections::BTreeMap;

use h5lite::Array;

/// What becomes of column attributes that only some of the columns have.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fill {
    /// They are dropped.
    #[default]
    Drop,
    /// The others get 0, or `""`: loompy's `"auto"`.
    Auto,
    /// The others get these values, by the name of the attribute: one value, or array of values,
    /// for all columns. An attribute that is not among them is an error.
    Values(BTreeMap<String, Array>),
}
