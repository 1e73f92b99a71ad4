//! The two axes of a Loom file.

use std::fmt;

/// Rows (genes) or columns (cells).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// Axis 0 of loompy: usually genes.
    Rows,
    /// Axis 1 of loompy: usually cells.
    Cols,
}

impl Axis {
    /// Both axes, rows first.
    pub const BOTH: [Self; 2] = [Self::Rows, Self::Cols];

    /// loompy's number of the axis: 0 or 1.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Rows => 0,
            Self::Cols => 1,
        }
    }

    /// The axis with this loompy number.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        Self::BOTH.get(index).copied()
    }

    /// The axis across this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Rows => Self::Cols,
            Self::Cols => Self::Rows,
        }
    }

    /// This axis' entry of a (rows, columns) pair.
    #[must_use]
    pub fn of<T>(self, (rows, cols): (T, T)) -> T {
        match self {
            Self::Rows => rows,
            Self::Cols => cols,
        }
    }

    /// A (rows, columns) pair from what belongs to this axis and what belongs to the other.
    #[must_use]
    pub fn pair<T>(self, along: T, across: T) -> (T, T) {
        match self {
            Self::Rows => (along, across),
            Self::Cols => (across, along),
        }
    }

    /// Path of the group that holds this axis' attributes.
    #[must_use]
    pub fn attrs_path(self) -> &'static str {
        match self {
            Self::Rows => "/row_attrs",
            Self::Cols => "/col_attrs",
        }
    }

    /// Paths of the groups that hold this axis' graphs: today's, then that of early files.
    #[must_use]
    pub fn graphs_paths(self) -> [&'static str; 2] {
        match self {
            Self::Rows => ["/row_graphs", "/row_edges"],
            Self::Cols => ["/col_graphs", "/col_edges"],
        }
    }

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Rows => "row attribute",
            Self::Cols => "column attribute",
        }
    }

    pub(crate) fn graph(self) -> &'static str {
        match self {
            Self::Rows => "row graph",
            Self::Cols => "column graph",
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rows => "rows",
            Self::Cols => "columns",
        })
    }
}
