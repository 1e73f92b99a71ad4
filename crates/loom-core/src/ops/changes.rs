//! What changed since a time: loompy's `get_changes_since`.

use crate::{axis::Axis, connection::LoomConnection, error::Result};

/// Names of what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Graphs between rows.
    pub row_graphs: Vec<String>,
    /// Graphs between columns.
    pub col_graphs: Vec<String>,
    /// Row attributes.
    pub row_attrs: Vec<String>,
    /// Column attributes.
    pub col_attrs: Vec<String>,
    /// Layers; `""` is the main matrix.
    pub layers: Vec<String>,
}

impl LoomConnection {
    /// What changed after a time, given in the form of the stamps: `20260131T235959.123456Z`.
    ///
    /// Something without a stamp of its own counts as changed, since nobody can know: loompy
    /// writes whole layers without one. (loompy does the same, but lists nothing at all if
    /// `/attrs/last_modified`, which it does not keep up to date, is older.)
    ///
    /// # Errors
    /// Where names or stamps cannot be read.
    pub fn get_changes_since(&self, time: &str) -> Result<Changes> {
        let changed = |stamp: Option<String>| stamp.is_none_or(|stamp| stamp.as_str() > time);
        let attrs = |axis| -> Result<Vec<String>> {
            let attrs = self.axis_attrs(axis);
            keep(attrs.keys()?, |name| {
                Ok(changed(attrs.last_modified_of(name)?))
            })
        };
        let graphs = |axis| -> Result<Vec<String>> {
            let graphs = self.axis_graphs(axis);
            keep(graphs.keys()?, |name| {
                Ok(changed(graphs.last_modified_of(name)?))
            })
        };
        Ok(Changes {
            row_graphs: graphs(Axis::Rows)?,
            col_graphs: graphs(Axis::Cols)?,
            row_attrs: attrs(Axis::Rows)?,
            col_attrs: attrs(Axis::Cols)?,
            layers: keep(self.layers().keys()?, |name| {
                Ok(changed(self.layer(name)?.last_modified()?))
            })?,
        })
    }
}

/// The names for which the test holds.
fn keep(names: Vec<String>, test: impl Fn(&str) -> Result<bool>) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for name in names {
        if test(&name)? {
            kept.push(name);
        }
    }
    Ok(kept)
}
