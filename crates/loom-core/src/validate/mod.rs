//! Whether a file keeps to the Loom specification: loompy's `LoomValidator`.

mod conventions;
mod dtype_name;
mod report;
mod rules;

use std::path::Path;

use h5lite::File;

pub use report::Report;

use crate::{error::Result, spec::SpecVersion};

/// What a file is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The file format specification: loompy's `speconly`.
    #[default]
    SpecOnly,
    /// The specification, and the conventions on names and types of attributes: loompy's
    /// `conventions`.
    Conventions,
}

/// Checks files against one version of the specification.
///
/// The rules and their wording are loompy's, with these differences:
///
/// - It goes on after the first error, whatever is missing or damaged. What cannot be read is an
///   error of its own; loompy raises the exception of h5py or numpy.
/// - A missing group is reported once (loompy: `row_attrs`, `col_attrs` and `attrs` twice).
/// - The summary gives the types of global attributes in version 3 (loompy: always `str (scalar)`).
/// - The conventions are judged whether or not the file keeps to the specification.
/// - Any integer type will do where the conventions ask for one (loompy: 64 bits only). `ClusterID`
///   must be 0, 1, 2, ... without a gap (loompy, against its own words, passes it only with one),
///   and row attributes must be as long as there are rows (loompy: columns). Text is recognised
///   as text (loompy 3 raises an exception for every text attribute it looks at here).
#[derive(Clone, Debug, Default)]
pub struct LoomValidator {
    version: Option<String>,
}

impl LoomValidator {
    /// Checks against the version that each file states; 0.0.0 where it states none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks against this version, whatever the file states: `"3.0.0"`, `"2.0.1"`, `"old"`.
    #[must_use]
    pub fn with_version(version: impl Into<String>) -> Self {
        Self {
            version: Some(version.into()),
        }
    }

    /// Opens and checks a file.
    ///
    /// # Errors
    /// Where the file cannot be opened as HDF5. What is wrong inside it is in the report.
    pub fn validate(&self, path: impl AsRef<Path>, strictness: Strictness) -> Result<Report> {
        Ok(self.check(&File::open(path)?, strictness))
    }

    /// Checks an open file. Nothing it holds makes this fail.
    #[must_use]
    pub fn check(&self, file: &File, strictness: Strictness) -> Report {
        let mut report = Report::default();
        report.version = match &self.version {
            Some(version) => version.clone(),
            None => match SpecVersion::stated(file) {
                Ok(stated) => stated.unwrap_or_else(|| SpecVersion::NONE.to_string()),
                Err(error) => {
                    report.unreadable("The version of the specification", &error);
                    SpecVersion::NONE.to_string()
                }
            },
        };
        rules::check(file, &mut report);
        report.help("http://linnarssonlab.org/loompy/format/");
        if strictness == Strictness::Conventions {
            conventions::check(file, &mut report);
            report.help("http://linnarssonlab.org/loompy/conventions/");
        }
        report
    }
}

/// Checks a file against the version of the specification that it states.
///
/// # Errors
/// As [`LoomValidator::validate`].
pub fn validate(path: impl AsRef<Path>) -> Result<Report> {
    LoomValidator::new().validate(path, Strictness::SpecOnly)
}
