//! What a conversion could not carry over as it was.

use std::fmt;

/// What had no place in the other format, and what changed on its way there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    notes: Vec<Note>,
}

/// One thing that is not the same in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it is in the input: `ca:Clusters`, `/uns/neighbors`.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
    /// Why, or into what it changed.
    pub reason: String,
}

/// What becomes of something that is not the same in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not in the result.
    LeftOut,
    /// It is there in another form; coming back, it is the same again only where the reason says so.
    Changed,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeftOut => "left out",
            Self::Changed => "changed",
        })
    }
}

impl Report {
    /// The notes in the order in which they were made.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Whether everything is in the result as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// How many things are not in the result.
    #[must_use]
    pub fn left_out(&self) -> usize {
        let left_out = |note: &&Note| note.fate == Fate::LeftOut;
        self.notes.iter().filter(left_out).count()
    }

    /// Adds the notes of a conversion that came next.
    pub fn extend(&mut self, next: Self) {
        self.notes.extend(next.notes);
    }

    pub(crate) fn leave_out(&mut self, what: impl Into<String>, reason: impl Into<String>) {
        self.note(what.into(), Fate::LeftOut, reason.into());
    }

    pub(crate) fn change(&mut self, what: impl Into<String>, reason: impl Into<String>) {
        self.note(what.into(), Fate::Changed, reason.into());
    }

    fn note(&mut self, what: String, fate: Fate, reason: String) {
        self.notes.push(Note { what, fate, reason });
    }
}

/// A line for each note.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Note { what, fate, reason } in &self.notes {
            writeln!(f, "{fate}\t{what}\t{reason}")?;
        }
        Ok(())
    }
}
