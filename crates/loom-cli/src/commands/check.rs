//! `loom check`: everything that is wrong with a file.

use std::io::Write;

use loom_core::h5lite::{Finding, FindingKind};
use serde::Serialize;

use crate::{Status, args::Check, error::Result, open, render::escape, write};

#[derive(Serialize)]
struct Document<'a> {
    file: String,
    problems: usize,
    findings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    path: &'a str,
    address: Option<u64>,
    reason: &'a str,
}

/// Lists what a check finds.
pub(super) fn run(args: &Check, out: &mut impl Write) -> Result<Status> {
    let file = open::hdf5(&args.file)?;
    let findings = loom_core::check(file)?;
    let problems = (findings.iter())
        .filter(|finding| finding.kind.is_problem())
        .count();
    let name = args.file.display().to_string();
    if args.json {
        write::document(
            &Document {
                file: name,
                problems,
                findings: findings.iter().map(line).collect(),
            },
            out,
        )?;
    } else {
        // Space that edits left behind is summed up: it is nothing to act upon piece by piece.
        let is_listed =
            |finding: &&Finding| args.verbose || finding.kind != FindingKind::Unreachable;
        list(findings.iter().filter(is_listed), out)?;
        let verdict = match problems {
            0 => "sound".to_owned(),
            1 => "1 problem".to_owned(),
            many => format!("{many} problems"),
        };
        writeln!(out, "{}: {verdict}", escape(&name))?;
    }
    Ok(match problems {
        0 => Status::Fine,
        _ => Status::Invalid,
    })
}

/// A line for each finding.
pub(super) fn list<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    out: &mut impl Write,
) -> Result<()> {
    for finding in findings {
        writeln!(out, "{}", escape(&finding.to_string()))?;
    }
    Ok(())
}

fn line(finding: &Finding) -> Line<'_> {
    Line {
        kind: finding.kind.name(),
        path: &finding.path,
        address: finding.address.map(|address| address.0),
        reason: &finding.reason,
    }
}
