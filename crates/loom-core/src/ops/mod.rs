//! Work on whole files, each verb of loompy in a file of its own.

mod aggregate;
mod bands;
mod changes;
mod export;
mod map;
mod scan;
mod sparse;
mod stats;

pub use aggregate::{Aggregate, ColumnFunc, Func, GroupBy};
pub use changes::Changes;
pub use export::Format;
pub(crate) use export::stored_type;
pub use scan::{Batch, Batches, Scan, What};
pub use stats::Stat;
