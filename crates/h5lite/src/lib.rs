//! Reads and writes the part of HDF5 that Loom files need, in pure Rust.

mod check;
mod edit;
mod error;
mod file;
mod file_system;
mod filter;
mod format;
mod image;
mod limits;
mod lock;
#[cfg(feature = "mmap")]
mod map;
mod object;
mod options;
mod read;
mod recover;
mod replace;
mod source;
mod space;
mod store;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod testing;
mod threads;
mod value;
mod watch;
mod writable;

pub use check::{Finding, FindingKind};
pub use edit::{DatasetOptions, Edit, RepackOptions};
pub use error::{Error, Result};
pub use file::File;
pub use format::message::{
    ByteOrder, CharacterSet, Class, Datatype, EnumMember, Filter, FilterId, FloatLayout,
    LinkTarget, Member, Padding, ReferenceKind,
};
pub use image::{Address, Extent};
pub use limits::Limits;
pub use lock::Locking;
pub use object::{
    Attribute, ChunkLocation, Dataset, Group, Link, NamedDatatype, Object, RawData, Reader,
};
pub use options::OpenOptions;
pub use space::Space;
pub use threads::Threads;
#[doc(hidden)]
pub use value::Convert;
pub use value::{Array, DType, Element, Number, Selection};
pub use watch::{Steps, Watch};
