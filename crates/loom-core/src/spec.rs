//! The Loom specification's names, and its versions.

use std::{fmt, str::FromStr};

use h5lite::{Array, File, Group};

use crate::error::{Error, Result};

/// Path of the main matrix.
pub const MATRIX: &str = "/matrix";
/// Path of the group that holds the other layers.
pub const LAYERS: &str = "/layers";
/// Path of the group that holds the global attributes, from version 3.0.0 on.
pub const ATTRS: &str = "/attrs";
/// Name of the global attribute that holds the version.
pub const LOOM_SPEC_VERSION: &str = "LOOM_SPEC_VERSION";
/// Name of the HDF5 attribute that holds the time of the last change.
pub const LAST_MODIFIED: &str = "last_modified";
/// Name of the global attribute that holds the time at which a file was made.
pub const CREATION_DATE: &str = "CreationDate";

/// A version of the Loom specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpecVersion {
    /// 3 in 3.0.1.
    pub major: u32,
    /// 0 in 3.0.1.
    pub minor: u32,
    /// 1 in 3.0.1.
    pub patch: u32,
}

impl SpecVersion {
    /// What a file without a version counts as.
    pub const NONE: Self = Self {
        major: 0,
        minor: 0,
        patch: 0,
    };
    /// The version loompy 3 writes, and the first with global attributes in `/attrs`.
    pub const V3: Self = Self {
        major: 3,
        minor: 0,
        patch: 0,
    };

    /// The version loompy 2 writes.
    pub const V2: Self = Self {
        major: 2,
        minor: 0,
        patch: 1,
    };
    /// The versions that whole files are written by.
    pub(crate) const WRITTEN: [Self; 2] = [Self::V2, Self::V3];

    /// Whether text beyond ASCII is stored as XML character references.
    #[must_use]
    pub fn escapes_text(self) -> bool {
        self < Self::V3
    }

    /// The version a file states, as text: the HDF5 attribute of `/`, else the one in `/attrs`
    /// (loompy's `get_loom_spec_version`); the first value of an array.
    ///
    /// # Errors
    /// Where what is there cannot be read.
    pub fn stated(file: &File) -> Result<Option<String>> {
        Self::stated_below(&file.root()?)
    }

    /// The same, where the root group has been opened already.
    pub(crate) fn stated_below(root: &Group<'_>) -> Result<Option<String>> {
        let value = if root.has_attribute(LOOM_SPEC_VERSION)? {
            root.attribute(LOOM_SPEC_VERSION)?.read_any()?
        } else {
            match root.dataset(&format!("{ATTRS}/{LOOM_SPEC_VERSION}")) {
                Ok(dataset) => dataset.read_any(&[])?,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        };
        Ok(match value {
            Array::Str(text) => text.first().cloned(),
            number => {
                return Err(Error::Type {
                    what: LOOM_SPEC_VERSION.to_owned(),
                    expected: "text".to_owned(),
                    found: number.dtype().to_string(),
                });
            }
        })
    }
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// One to three numbers with dots between them; what is left out is 0.
///
/// (loompy compares versions with the dots taken out, so that 3.0 is older than 2.0.1.)
impl FromStr for SpecVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let misuse = || Error::Misuse(format!("{text:?} is not a version of the specification"));
        let mut numbers = [0; 3];
        for (index, part) in text.split('.').enumerate() {
            let number = numbers.get_mut(index).ok_or_else(misuse)?;
            *number = part.parse().map_err(|_| misuse())?;
        }
        let [major, minor, patch] = numbers;
        Ok(Self {
            major,
            minor,
            patch,
        })
    }
}

/// Whether the specification allows the name for a layer, an attribute or a graph.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

/// Refuses what the specification, or HDF5, does not allow as a name.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    let name = name.to_owned();
    Err(Error::Name { what, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let parse = |text: &str| text.parse::<SpecVersion>().unwrap();
        assert!(parse("3.0") > parse("2.0.1"));
        assert!(parse("10.0.0") > SpecVersion::V3);
        assert_eq!(parse("3"), SpecVersion::V3);
        assert_eq!(parse("0.2.0").to_string(), "0.2.0");
        for bad in ["", "3.", "3.0.0.0", "old", "-1", "3.0 "] {
            assert!(bad.parse::<SpecVersion>().is_err(), "{bad:?}");
        }
    }
}
