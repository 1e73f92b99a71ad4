//! What a validation found.

use std::fmt;

/// Bytes of lines kept in each list: names and types come from the file, which may be hostile.
const MAX_BYTES: usize = 4 << 20;

/// What a validation found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version of the specification that was checked against.
    pub version: String,
    /// Rules the file breaks.
    pub errors: Vec<String>,
    /// What the file might do better.
    pub warnings: Vec<String>,
    /// What the file holds.
    pub summary: Vec<String>,
    /// How many errors the last hint on where to find help follows.
    helped: usize,
    /// Bytes in the three lists.
    bytes: [usize; 3],
}

impl Report {
    /// Whether the file breaks no rule.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn error(&mut self, line: impl Into<String>) {
        push(&mut self.errors, &mut self.bytes[0], line.into());
    }

    pub(super) fn warning(&mut self, line: impl Into<String>) {
        push(&mut self.warnings, &mut self.bytes[1], line.into());
    }

    pub(super) fn summary(&mut self, line: impl Into<String>) {
        push(&mut self.summary, &mut self.bytes[2], line.into());
    }

    /// An error unless `condition`, which is returned.
    pub(super) fn require(&mut self, condition: bool, line: impl FnOnce() -> String) -> bool {
        if !condition {
            self.error(line());
        }
        condition
    }

    /// An error about something that is there and cannot be read.
    pub(super) fn unreadable(&mut self, what: &str, error: &dyn fmt::Display) {
        self.error(format!("{what} cannot be read: {error}"));
    }

    /// A hint on where the broken rules are explained, if any were since the last hint.
    pub(super) fn help(&mut self, address: &str) {
        if self.errors.len() > self.helped {
            self.error(format!("For help, see {address}"));
            self.helped = self.errors.len();
        }
    }
}

fn push(lines: &mut Vec<String>, bytes: &mut usize, line: String) {
    let before = *bytes;
    *bytes = before.saturating_add(line.len());
    if *bytes <= MAX_BYTES {
        lines.push(line);
    } else if before <= MAX_BYTES {
        lines.push("... and more, left out here".to_owned());
    }
}
