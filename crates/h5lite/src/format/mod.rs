//! On-disk structures of the HDF5 File Format Specification, one file each, both directions.
//!
//! Nothing here touches a file: parsing takes bytes (or an [`Image`](crate::image::Image) where a
//! structure says how long it is), encoding appends to a buffer. Bytes are claims, not facts; the
//! lints below make a wrong one an error instead of a panic.

#![deny(clippy::indexing_slicing)]
// Unlike the others, these two cannot be told in clippy.toml to let tests be.
#![cfg_attr(
    not(test),
    deny(clippy::arithmetic_side_effects, clippy::as_conversions)
)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod block_cache;
pub(crate) mod btree_v1;
pub(crate) mod btree_v2;
pub(crate) mod checksum;
mod chunk_array;
pub(crate) mod chunk_grid;
pub(crate) mod extensible_array;
pub(crate) mod field;
pub(crate) mod fixed_array;
pub(crate) mod fractal_heap;
pub(crate) mod free_space;
pub(crate) mod global_heap;
pub(crate) mod local_heap;
pub(crate) mod message;
pub(crate) mod object_header;
pub(crate) mod superblock;
pub(crate) mod symbol_table;
