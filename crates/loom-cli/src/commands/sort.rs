//! `loom sort`: rows or columns in the order of an attribute.

use loom_core::argsort;

use super::permute::permute;
use crate::{
    args,
    error::{Cause, Result},
    open,
    output::Output,
};

/// Sorts them.
pub(super) fn run(args: &args::Sort, out: &mut Output) -> Result<()> {
    let ds = open::loom(&args.file)?;
    let attrs = ds.axis_attrs(args.axis);
    let values = match attrs.get_any(&args.by) {
        Err(error) if error.is_not_found() => {
            let others = open::instead(&attrs.keys()?);
            return Err(Cause::asked(format!("{error}{others}")));
        }
        other => other?,
    };
    if values.ndim() != 1 {
        let reason = format!("{} has several values for each position", args.by);
        return Err(Cause::asked(reason));
    }
    drop(ds);
    let order = argsort(&args.by, &values, args.descending)?;
    permute(&args.file, args.axis, &order, &args.place, out)
}
