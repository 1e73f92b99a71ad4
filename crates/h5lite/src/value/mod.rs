//! Data in memory: element types, arrays of them, and which positions of an axis are wanted.

mod array;
mod dtype;
mod element;
mod selection;

pub use array::Array;
pub use dtype::DType;
pub use element::{Convert, Element, Number};
pub use selection::Selection;
