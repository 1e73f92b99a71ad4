//! Names of the parts of a file on the command line.

use std::{fmt, str::FromStr};

use loom_core::Axis;

/// A part of a file, as people call it: `ca:Clusters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A matrix; `""` is the main one.
    Layer(String),
    /// A row or column attribute, or a field of one.
    Attribute(Axis, String),
    /// The edges between rows, or between columns.
    Graph(Axis, String),
    /// A global attribute.
    Global(String),
    /// A dataset, or a field of one, or an HDF5 attribute.
    Path(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |axis: Axis| axis.pair("row", "col").0;
        match self {
            Self::Layer(name) if name.is_empty() => f.write_str("matrix"),
            Self::Layer(name) => write!(f, "layer:{name}"),
            Self::Attribute(Axis::Rows, name) => write!(f, "ra:{name}"),
            Self::Attribute(Axis::Cols, name) => write!(f, "ca:{name}"),
            Self::Graph(axis, name) => write!(f, "{}-graph:{name}", short(*axis)),
            Self::Global(name) => write!(f, "attr:{name}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Path(text.to_owned()));
        }
        Ok(match text.split_once(':') {
            None if text == "matrix" => Self::Layer(String::new()),
            Some(("layer", name)) => Self::Layer(name.to_owned()),
            Some(("ra", name)) => Self::Attribute(Axis::Rows, name.to_owned()),
            Some(("ca", name)) => Self::Attribute(Axis::Cols, name.to_owned()),
            Some(("row-graph", name)) => Self::Graph(Axis::Rows, name.to_owned()),
            Some(("col-graph", name)) => Self::Graph(Axis::Cols, name.to_owned()),
            Some(("attr", name)) => Self::Global(name.to_owned()),
            _ => {
                return Err(
                    "take matrix, layer:NAME, ra:NAME, ca:NAME, row-graph:NAME, \
                            col-graph:NAME, attr:NAME or a /PATH"
                        .to_owned(),
                );
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in [
            "matrix",
            "layer:a:b",
            "ra:x",
            "ca:",
            "row-graph:g",
            "col-graph:g",
            "attr:title",
            "/a/b",
        ] {
            assert_eq!(name.parse::<What>().unwrap().to_string(), name);
        }
        for bad in ["", "ca", "cells:x", "Layer:x"] {
            assert!(bad.parse::<What>().is_err(), "{bad}");
        }
    }
}
