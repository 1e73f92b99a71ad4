//! The filters of HDF5's chunks, each from bytes to bytes: [`deflate`], [`shuffle`],
//! [`fletcher32`] and [`lzf`] (specification III.C and IV.A.2.l).
//!
//! They know nothing of files. They are a crate of their own so that a small program can be
//! compiled for size and these loops for speed. An error says why, in words; where, the caller knows.

pub mod deflate;
pub mod fletcher32;
pub mod lzf;
pub mod shuffle;
