//! What a batch of a scan holds.

use crate::axis::Axis;

/// What a batch can hold besides layers and global attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Row attributes.
    RowAttrs,
    /// Column attributes.
    ColAttrs,
    /// Graphs between rows.
    RowGraphs,
    /// Graphs between columns.
    ColGraphs,
}

impl What {
    /// Everything.
    pub const ALL: [Self; 4] = [
        Self::RowAttrs,
        Self::ColAttrs,
        Self::RowGraphs,
        Self::ColGraphs,
    ];

    pub(super) fn attrs(axis: Axis) -> Self {
        axis.of((Self::RowAttrs, Self::ColAttrs))
    }

    pub(super) fn graphs(axis: Axis) -> Self {
        axis.of((Self::RowGraphs, Self::ColGraphs))
    }
}
