//! anndata's h5ad, in its present on-disk encoding, and the one of anndata 0.7 for reading.
//!
//! Loom has a row for each gene, h5ad a row for each cell: `X` is the main matrix on its side. What
//! one format cannot say is noted in the other ([`notes`]), so that going back gives it again.

mod columns_in;
mod columns_out;
mod element;
mod frame;
mod matrix_in;
mod matrix_out;
mod notes;
mod read;
mod uns;
mod write;

use loom_core::{
    Array, Error, Result,
    h5lite::{ByteOrder, Class, DatasetOptions, Datatype, Edit, EnumMember},
};

pub use read::h5ad;
pub use write::to_h5ad;

/// The axes of an h5ad file: cells and genes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Obs,
    Var,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Obs, Self::Var];

    /// The group of its table.
    fn table(self) -> &'static str {
        match self {
            Self::Obs => "/obs",
            Self::Var => "/var",
        }
    }

    /// The group of arrays with a row for each of it.
    fn arrays(self) -> &'static str {
        match self {
            Self::Obs => "/obsm",
            Self::Var => "/varm",
        }
    }

    /// The group of matrices between each and each of it.
    fn pairs(self) -> &'static str {
        match self {
            Self::Obs => "/obsp",
            Self::Var => "/varp",
        }
    }

    fn axis(self) -> loom_core::Axis {
        match self {
            Self::Obs => loom_core::Axis::Cols,
            Self::Var => loom_core::Axis::Rows,
        }
    }

    /// The attributes of a Loom file that can name it, the usual one first.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Obs => &["CellID"],
            Self::Var => &["Gene", "Accession"],
        }
    }

    /// What an attribute is called in reports.
    fn attribute(self, name: &str) -> String {
        match self {
            Self::Obs => format!("ca:{name}"),
            Self::Var => format!("ra:{name}"),
        }
    }
}

/// How h5py stores booleans.
fn boolean() -> Datatype {
    let member = |name: &str, value: u8| EnumMember {
        name: name.to_owned(),
        value: vec![value],
    };
    let base = Datatype {
        size: 1,
        class: Class::FixedPoint {
            order: ByteOrder::Little,
            signed: true,
            bit_offset: 0,
            precision: 8,
        },
    };
    Datatype {
        size: 1,
        class: Class::Enumeration {
            base: Box::new(base),
            members: vec![member("FALSE", 0), member("TRUE", 1)],
        },
    }
}

/// Marks an object with its encoding.
fn mark(edit: &mut Edit<'_>, path: &str, kind: &str, version: &str) -> Result<()> {
    edit.set_attribute(path, "encoding-type", &kind.into())?;
    Ok(edit.set_attribute(path, "encoding-version", &version.into())?)
}

/// Makes a group with its encoding.
fn group(edit: &mut Edit<'_>, path: &str, kind: &str, version: &str) -> Result<()> {
    edit.create_group(path)?;
    mark(edit, path, kind, version)
}

/// Writes an array with the encoding of its type: numbers, text, one value.
fn array(edit: &mut Edit<'_>, path: &str, values: &Array) -> Result<()> {
    let (kind, version) = match (values, values.ndim()) {
        (Array::Str(_), 0) => ("string", "0.2.0"),
        (Array::Str(_), _) => ("string-array", "0.2.0"),
        (_, 0) => ("numeric-scalar", "0.2.0"),
        _ => ("array", "0.2.0"),
    };
    edit.write(path, values, &DatasetOptions::contiguous())?;
    mark(edit, path, kind, version)
}

/// Writes booleans, which are 0 and 1 in memory.
fn booleans(edit: &mut Edit<'_>, path: &str, values: &Array) -> Result<()> {
    let options = DatasetOptions::contiguous().datatype(boolean());
    edit.write(path, values, &options)?;
    let kind = if values.ndim() == 0 {
        "numeric-scalar"
    } else {
        "array"
    };
    mark(edit, path, kind, "0.2.0")
}

/// Whether all values can be booleans.
fn is_boolean(values: &Array) -> bool {
    match values {
        Array::U8(values) => values.iter().all(|&value| value <= 1),
        _ => false,
    }
}

/// Whether this can be the name of something in an h5ad file.
fn is_key(name: &str) -> bool {
    loom_core::spec::is_name(name)
}

/// An [`Error::Misuse`] about something that cannot be.
fn unclear(what: &str) -> Error {
    Error::Misuse(what.to_owned())
}
