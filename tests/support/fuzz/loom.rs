//! The Loom layer on any file.

use std::io;

use loom_core::{Axis, Connect, Format, LoomValidator, Stat, Strictness};

use super::limits;

/// Opens, validates and reads everything, in the ways loompy has.
pub(super) fn everything(data: &[u8]) {
    let Ok(ds) = Connect::new().validate(false).limits(limits()).bytes(data) else {
        return;
    };
    for strictness in [Strictness::SpecOnly, Strictness::Conventions] {
        let _ = LoomValidator::new().check(ds.file(), strictness);
    }
    for axis in Axis::BOTH {
        let (attrs, graphs) = (ds.axis_attrs(axis), ds.axis_graphs(axis));
        attrs.iter().into_iter().flatten().for_each(drop);
        graphs.iter().into_iter().flatten().for_each(drop);
        let _ = (attrs.last_modified(), graphs.last_modified());
        ds.scan(axis).into_iter().take(20).for_each(drop);
    }
    ds.attrs().iter().into_iter().flatten().for_each(drop);
    for layer in ds.layers().iter().into_iter().flatten().flatten() {
        let _ = layer.sparse::<f64>(vec![3, 1, 1], ..);
        let _ = layer.stats(Axis::Rows, .., &[Stat::Variance, Stat::Min]);
    }
    let _ = (ds.view(.., ..), ds.view(vec![4, 2, 4], 3..7), ds.to_html());
    let _ = ds.export(&mut io::sink(), "", Format::Tab);
    let _ = (ds.last_modified(), ds.get_changes_since("2026"));
}
