//! Work on whole files, each verb of loompy in a file of its own.

mod add_columns;
mod add_loom;
mod aggregate;
mod bands;
mod categories;
mod changes;
mod combine;
mod export;
mod map;
mod nonzeros;
mod order;
mod permute;
mod pieces;
mod scan;
mod sparse;
mod split;
mod stats;
mod subset;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod types;

pub use add_loom::AddLoom;
pub use aggregate::{Aggregate, ColumnFunc, Func, GroupBy};
pub use categories::Categories;
pub use changes::Changes;
pub use combine::{Combine, Combined, Join};
pub use export::Format;
pub(crate) use export::stored_type;
pub use order::argsort;
pub use scan::{Batch, Batches, Scan, What};
pub use split::Part;
pub use stats::Stat;
pub use subset::Subset;
pub use summary::Summary;
