//! `loom validate`: whether a file keeps to the specification.

use std::io::Write;

use h5lite::File;
use loom_core::{LoomValidator, Report, Strictness};
use serde::Serialize;

use crate::{Status, args::Validate, error::Result, open, render::escape, write};

#[derive(Serialize)]
struct Verdict<'a> {
    file: String,
    valid: bool,
    spec_version: &'a str,
    strictness: &'static str,
    errors: &'a [String],
    warnings: &'a [String],
    summary: &'a [String],
}

/// Writes what is wrong with a file.
pub(super) fn run(args: &Validate, out: &mut impl Write) -> Result<Status> {
    let file: File = open::hdf5(&args.file)?;
    let validator = match &args.spec {
        Some(version) => LoomValidator::with_version(version.as_str()),
        None => LoomValidator::new(),
    };
    let (strictness, name) = if args.conventions {
        (Strictness::Conventions, "conventions")
    } else {
        (Strictness::SpecOnly, "speconly")
    };
    let report = validator.check(&file, strictness);
    if args.json {
        let verdict = Verdict {
            file: args.file.display().to_string(),
            valid: report.is_valid(),
            spec_version: &report.version,
            strictness: name,
            errors: &report.errors,
            warnings: &report.warnings,
            summary: &report.summary,
        };
        write::document(&verdict, out)?;
    } else {
        print(args, &report, out)?;
    }
    Ok(if report.is_valid() {
        Status::Fine
    } else {
        Status::Invalid
    })
}

fn print(args: &Validate, report: &Report, out: &mut impl Write) -> Result<()> {
    let file = args.file.display().to_string();
    let file = escape(&file);
    let version = match report.version.as_str() {
        "0.0.0" => "files without a version".into(),
        version => escape(version),
    };
    if report.is_valid() {
        writeln!(out, "{file}: valid by the specification for {version}")?;
    } else {
        writeln!(out, "{file}: invalid by the specification for {version}")?;
    }
    for (kind, lines) in [("error", &report.errors), ("warning", &report.warnings)] {
        for line in lines {
            writeln!(out, "  {kind}: {}", escape(line.trim_start()))?;
        }
    }
    if args.verbose {
        for line in &report.summary {
            writeln!(out, "  {}", escape(line.trim_end()))?;
        }
    }
    Ok(())
}
