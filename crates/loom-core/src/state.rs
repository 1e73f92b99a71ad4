//! What a connection knows, and the reading that every manager shares.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use h5lite::{Array, DType, Dataset, Element, File, Group, Object, Selection, Watch};
use ndarray::ArrayD;

use crate::{
    axis::Axis,
    error::{Error, Result},
    spec::{self, SpecVersion},
    text,
};

/// The file behind a connection. Managers borrow it, the connection owns it.
pub(crate) struct State {
    pub(crate) file: File,
    pub(crate) shape: (usize, usize),
    pub(crate) version: SpecVersion,
    /// Who follows long calls.
    pub(crate) watch: Watch,
    /// A log, so that a read through `&self` can say what it mended.
    warnings: Mutex<Vec<String>>,
}

/// Which file, and not what is in it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("path", &self.file.path())
            .field("shape", &self.shape)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// More warnings than this are not kept: a hostile file could make any number of them.
const WARNINGS: usize = 1_000;

impl State {
    /// Looks at a file without judging it: what is missing is empty, and noted as a warning.
    ///
    /// `version` replaces the one the file states.
    pub(crate) fn open(file: File, version: Option<SpecVersion>) -> Result<Self> {
        let mut warnings = Vec::new();
        // One handle for all that is in it: its links are read once.
        let root = file.root()?;
        let version = version.unwrap_or_else(|| {
            stated_version(&root).unwrap_or_else(|error| {
                warnings.push(format!(
                    "{error}: read as a file from before version numbers"
                ));
                SpecVersion::NONE
            })
        });
        let shape = matrix_shape(&root).unwrap_or_else(|problem| {
            warnings.push(format!("{problem}: the file counts as empty"));
            (0, 0)
        });
        let groups = Axis::BOTH
            .into_iter()
            .flat_map(|axis| [vec![axis.attrs_path()], axis.graphs_paths().to_vec()])
            .chain([vec![spec::LAYERS]]);
        for names in groups {
            let mut found = false;
            for name in &names {
                found |= group_at(&root, name)?.is_some();
            }
            if !found {
                warnings.push(format!("no group {}: taken as empty", names[0]));
            }
        }
        drop(root);
        Ok(Self {
            file,
            shape,
            version,
            watch: Watch::default(),
            warnings: Mutex::new(warnings),
        })
    }

    /// What the matrix says now.
    pub(crate) fn matrix_shape(&self) -> (usize, usize) {
        let shape = self.file.root().map_err(|error| error.to_string());
        shape
            .and_then(|root| matrix_shape(&root))
            .unwrap_or_else(|problem| {
                self.warn(format!("{problem}: the file counts as empty"));
                (0, 0)
            })
    }

    /// Notes something that was read in spite of a fault, once.
    pub(crate) fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < WARNINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        (self.warnings.lock())
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Refuses work whose size follows a shape that the file only states: see
    /// [`File::afford`](h5lite::File::afford).
    pub(crate) fn afford(&self, what: &'static str, counts: &[usize], size: usize) -> Result<()> {
        Ok(self.file.afford(what, counts, size)?)
    }

    /// Refuses lists of positions as long as an axis where the file cannot hold so many.
    pub(crate) fn afford_positions(&self) -> Result<()> {
        let longest = self.shape.0.max(self.shape.1);
        self.afford("a list of positions, in bytes,", &[longest], 8)
    }

    /// The length of an axis.
    pub(crate) fn length(&self, axis: Axis) -> usize {
        axis.of(self.shape)
    }

    /// The group at a path; `None` where there is nothing, or something else.
    pub(crate) fn group(&self, path: &str) -> Result<Option<Group<'_>>> {
        group_at(&self.file.root()?, path)
    }

    /// What the group at a path holds, in the file's order.
    pub(crate) fn names(&self, path: &str) -> Result<Vec<String>> {
        match self.group(path)? {
            Some(group) => Ok(group.names()?),
            None => Ok(Vec::new()),
        }
    }

    /// Whether the group at a path holds something of this name.
    pub(crate) fn holds(&self, path: &str, name: &str) -> Result<bool> {
        Ok(spec::is_name(name)
            && match self.group(path)? {
                Some(group) => group.contains(name)?,
                None => false,
            })
    }

    /// The dataset in the group at `path` that is called `name`, or the member of a compound
    /// dataset that is called `DATASET/MEMBER`.
    pub(crate) fn dataset(
        &self,
        path: &str,
        what: &'static str,
        name: &str,
    ) -> Result<Dataset<'_>> {
        let missing = || Error::not_found(what, name);
        let (object, member) = match name.split_once('/') {
            Some((object, member)) => (object, Some(member)),
            None => (name, None),
        };
        if !self.holds(path, object)? {
            return Err(missing());
        }
        let dataset = self.file.dataset(&format!("{path}/{object}"))?;
        match member {
            None => Ok(dataset),
            Some(_) if dataset.field_names().is_empty() => Err(missing()),
            Some(member) => match dataset.field(member) {
                Err(error) if error.is_not_found() => Err(missing()),
                other => Ok(other?),
            },
        }
    }

    /// What of a dataset is read as one array: the dataset itself under its name, or each member
    /// of a compound under the name that [`dataset`](Self::dataset) takes.
    pub(crate) fn columns<'f>(
        name: &str,
        dataset: Dataset<'f>,
    ) -> Result<Vec<(String, Dataset<'f>)>> {
        let members = dataset.field_names();
        if members.is_empty() {
            return Ok(vec![(name.to_owned(), dataset)]);
        }
        (members.iter())
            .map(|member| Ok((format!("{name}/{member}"), dataset.field(member)?)))
            .collect()
    }

    /// Values of an attribute, text as it was meant.
    pub(crate) fn read_any(
        &self,
        dataset: &Dataset<'_>,
        selections: &[Selection],
    ) -> Result<Array> {
        let members = dataset.field_names();
        if let Some(member) = members.first() {
            let path = dataset.path();
            let name = path.rsplit('/').next().unwrap_or(path);
            return Err(Error::Type {
                what: path.to_owned(),
                expected: "numbers or text".to_owned(),
                found: format!(
                    "a compound of {} fields, each of which is read by its own name, as \
                     {name}/{member}",
                    members.len()
                ),
            });
        }
        let mut array = dataset.read_any(selections)?;
        if let Array::Str(values) = &mut array {
            self.check_utf8(dataset, selections, values)?;
            self.unescape(values);
        }
        Ok(array)
    }

    /// Values of an attribute as `T`, where no value can change.
    pub(crate) fn read<T: Element>(&self, dataset: &Dataset<'_>) -> Result<ArrayD<T>> {
        if T::DTYPE == DType::Str {
            T::from_array(self.read_any(dataset, &[])?).map_err(|other| Error::Type {
                what: dataset.path().to_owned(),
                expected: T::DTYPE.to_string(),
                found: other.dtype().to_string(),
            })
        } else {
            Ok(dataset.read(&[])?)
        }
    }

    /// Undoes the character references of files before version 3.
    pub(crate) fn unescape(&self, values: &mut ArrayD<String>) {
        if self.version.escapes_text() {
            for value in values {
                let plain = match text::unescape(value) {
                    std::borrow::Cow::Owned(plain) => plain,
                    std::borrow::Cow::Borrowed(_) => continue,
                };
                *value = plain;
            }
        }
    }

    /// Warns where bytes that are not UTF-8 became replacement characters.
    fn check_utf8(
        &self,
        dataset: &Dataset<'_>,
        selections: &[Selection],
        values: &ArrayD<String>,
    ) -> Result<()> {
        let suspect = |value: &String| value.contains(char::REPLACEMENT_CHARACTER);
        if values.iter().any(suspect) {
            let stored = dataset.read_strings(selections)?;
            let bad = stored
                .iter()
                .filter(|bytes| std::str::from_utf8(bytes).is_err())
                .count();
            if bad > 0 {
                self.warn(format!(
                    "{}: {bad} values are not UTF-8; their bad bytes became U+FFFD",
                    dataset.path()
                ));
            }
        }
        Ok(())
    }
}

/// The version of the specification that a file states.
fn stated_version(root: &Group<'_>) -> Result<SpecVersion> {
    match SpecVersion::stated_below(root)? {
        Some(text) => text.parse(),
        None => Err(Error::not_found("attribute", spec::LOOM_SPEC_VERSION)),
    }
}

/// The shape of the matrix, or why it has none.
fn matrix_shape(root: &Group<'_>) -> std::result::Result<(usize, usize), String> {
    match root.dataset(spec::MATRIX) {
        Ok(matrix) => match *matrix.shape() {
            [rows, cols] => Ok((rows, cols)),
            ref other => Err(format!("{} has shape {other:?}", spec::MATRIX)),
        },
        Err(error) if error.is_not_found() => Err(format!("no {}", spec::MATRIX)),
        Err(error) => Err(error.to_string()),
    }
}

/// The group at a path; `None` where there is nothing, or something else.
fn group_at<'f>(root: &Group<'f>, path: &str) -> Result<Option<Group<'f>>> {
    match root.object(path) {
        Ok(Object::Group(group)) => Ok(Some(group)),
        Ok(_) => Ok(None),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
