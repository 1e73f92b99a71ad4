//! One file for each value of an attribute.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    path::{Path, PathBuf},
};

use tempfile::TempPath;

use super::subset::Subset;
use crate::{
    axis::Axis,
    error::{Error, Result},
    numpy_text::entries,
};

/// A file that [`Subset::split`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The value of the attribute, as text.
    pub value: String,
    /// The file.
    pub path: PathBuf,
    /// How many rows or columns it has.
    pub len: usize,
}

impl Subset<'_> {
    /// Writes a file for each value that an attribute of the axis has among what is selected, in
    /// the order of the values. `path` says where, from the value as text.
    ///
    /// The files take their places when all of them are complete: an error before leaves what was
    /// there, and no other files. They take them one after another, so that a crash in between, or
    /// a system that refuses one, leaves some of the files new and the others as they were.
    /// Each file costs a pass over the chunks that hold some of its rows or columns.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the attribute; [`Error::Shape`] where it has not one value for each
    /// row or column; [`Error::Misuse`] where `path` gives two values one file; and as
    /// [`write`](Self::write).
    pub fn split(
        &self,
        axis: Axis,
        by: &str,
        mut path: impl FnMut(&str) -> PathBuf,
    ) -> Result<Vec<Part>> {
        let attrs = self.ds.axis_attrs(axis);
        let categories = attrs.categories(by)?;
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for position in self.check()?.into_axis(axis) {
            let category = categories.of()[position];
            groups.entry(category).or_default().push(position);
        }
        let stored = attrs.dataset(by)?.dtype()?;
        let mut parts: Vec<(Part, Vec<usize>)> = Vec::new();
        let mut taken: HashMap<PathBuf, String> = HashMap::new();
        for (category, positions) in groups {
            let first = categories.values().take(&[category])?;
            let value = entries(&first, stored).concat();
            let path = path(&value);
            if let Some(other) = taken.insert(path.clone(), value.clone()) {
                return Err(Error::Misuse(format!(
                    "{} {by:?}: {other:?} and {value:?} would both be written to {}",
                    axis.attribute(),
                    path.display()
                )));
            }
            let len = positions.len();
            parts.push((Part { value, path, len }, positions));
        }
        let of_one = |positions: &Vec<usize>| match axis {
            Axis::Rows => self.clone().rows(positions.clone()),
            Axis::Cols => self.clone().cols(positions.clone()),
        };
        let mut total: u64 = 0;
        for (_, positions) in &parts {
            let one = of_one(positions);
            total = total.saturating_add(one.steps(&one.check()?)?);
        }
        let mut steps = self.ds.state.watch.begin(total)?;
        let mut written: Vec<TempPath> = Vec::new();
        for (part, positions) in &parts {
            let temporary = beside(&part.path)?;
            let one = of_one(positions);
            one.write_all(&temporary, &one.check()?, &mut steps)?;
            written.push(temporary);
        }
        for (temporary, (part, _)) in written.into_iter().zip(&parts) {
            let persisted = temporary.persist(&part.path);
            persisted.map_err(|error| Error::Write(error.error))?;
            // The files are durable; so are their names, where the system can make them so.
            if cfg!(unix) {
                File::open(folder(&part.path))?.sync_all()?;
            }
        }
        Ok(parts.into_iter().map(|(part, _)| part).collect())
    }
}

/// A temporary file in the folder of another, which it can be renamed to.
pub(super) fn beside(path: &Path) -> Result<TempPath> {
    let mut builder = tempfile::Builder::new();
    let file = builder
        .prefix(".loom-")
        .suffix(".tmp")
        .tempfile_in(folder(path))?;
    Ok(file.into_temp_path())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
