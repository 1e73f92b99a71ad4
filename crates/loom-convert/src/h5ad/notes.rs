//! What one format cannot say, noted in the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The global attribute of a Loom file, as JSON: how what came from an h5ad file was stored there.
pub(super) const IN_LOOM: &str = "anndata";
/// The entry of `uns`, as JSON: how what came from a Loom file was stored there.
pub(super) const IN_H5AD: &str = "loom";

/// How an h5ad file had it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct OfH5ad {
    pub(super) obs: Table,
    pub(super) var: Table,
    /// Flattened entries of `uns`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) uns: BTreeMap<String, Entry>,
}

/// How a table was stored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Table {
    /// What its index is called there, and the attribute that it became.
    pub(super) index: Option<(String, String)>,
    /// The columns in their order.
    pub(super) order: Vec<String>,
    /// Columns that are more than numbers.
    pub(super) kinds: BTreeMap<String, Kind>,
}

/// How a column was stored.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Text, each value by itself.
    Text,
    /// True and false.
    Boolean,
    /// Integers of this type, some perhaps missing (NaN).
    NullableInteger(String),
    /// True and false, some perhaps missing (NaN).
    NullableBoolean,
    /// Text, some perhaps missing (empty).
    NullableText,
    /// Values of a list, some perhaps missing (empty, or NaN).
    Categorical {
        /// Whether the list is in the order of the values.
        ordered: bool,
        /// The list.
        categories: Categories,
    },
}

/// The list of a categorical.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Categories {
    /// Text.
    Texts(Vec<String>),
    /// Numbers, and their type: that of numpy, or `bool`.
    Numbers(String, Vec<f64>),
}

/// An entry of `uns` that was deeper down, or of another type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Entry {
    /// Its names from the top down.
    pub(super) path: Vec<String>,
    pub(super) boolean: bool,
}

/// How a Loom file had it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct OfLoom {
    /// Entries of `obsm` that were attributes, one for each column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) obsm: BTreeMap<String, Vec<String>>,
    /// The same of `varm`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) varm: BTreeMap<String, Vec<String>>,
    /// Tables whose index are the numbers of their rows, because there were no names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) numbered: Vec<String>,
}
