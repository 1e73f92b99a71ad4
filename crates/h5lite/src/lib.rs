//! Reads and writes the part of HDF5 that Loom files need, in pure Rust.

mod error;
mod filter;
mod format;
mod image;
mod limits;
mod source;
mod value;

pub use error::{Error, Result};
pub use image::Address;
pub use limits::Limits;
pub use value::{Array, DType, Element, Number, Selection};
