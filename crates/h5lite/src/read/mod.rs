//! From a selection to values: which chunks, what is in them, and where it goes.

mod all;
mod gather;
mod grid_plan;
mod index;
mod items;
mod plan;
mod pointers;
mod scatter;
mod storage;
mod targets;
mod text;
mod tiles;
mod values;
mod worker;

pub(crate) use all::is_overlap;
pub(crate) use index::ChunkEntry;
pub(crate) use items::{Projection, StoredNumber};
pub(crate) use plan::{Band, Piece, bands, checked};
pub(crate) use pointers::{HeapId, Pointer, each_pointer, leads_elsewhere, refers};
pub(crate) use storage::{Storage, total_bytes};
pub(crate) use text::{each_sequence, each_string};
pub(crate) use tiles::tiles;
pub(crate) use values::Values;
pub(crate) use worker::Worker;
