//! What a file holds, as hashes: two files whose digests are equal are equal in content, whoever
//! wrote them and however.
//!
//! The rules, down to the byte, are those of `tests/oracle/digest_h5py.py`, which computes the same
//! digest through h5py.

mod hash;

use h5lite::{Attribute, Dataset, Datatype, Error, File, Group, LinkTarget, Object, Result};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::hash::{Hash, describe};

/// Values are read in blocks of about this many bytes.
const BLOCK: usize = 16 << 20;
/// A block is a whole row of chunks as long as that takes no more than the first, or than so many
/// times the file's length up to the last: what a small file claims to hold, it does not.
const LARGE_BLOCK: (usize, u64, usize) = (32 << 20, 16, 256 << 20);

/// One object of a file, under one of its paths.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// What to print of it; `path` is its first key.
    object: Map<String, Value>,
}

/// Every object of the file, sorted by path, without the attributes whose names are in `ignore`.
///
/// An object that cannot be read says why and is passed over.
///
/// # Errors
/// Only where the root group cannot be opened.
pub(crate) fn digest(file: &File, ignore: &[String]) -> Result<Vec<Entry>> {
    let root = file.root()?;
    let mut walk = Walk {
        file,
        ignore,
        found: Vec::new(),
    };
    walk.object("/", Object::Group(root), &mut Vec::new());
    let mut found = walk.found;
    found.sort_by(|a, b| a.path().as_bytes().cmp(b.path().as_bytes()));
    Ok(found)
}

/// The document `{"file": ..., "objects": [...]}`.
pub(crate) fn to_json(file: &str, entries: Vec<Entry>) -> Value {
    let objects: Vec<Value> = entries
        .into_iter()
        .map(|entry| Value::Object(entry.object))
        .collect();
    json!({ "file": file, "objects": objects })
}

/// The hash of all entries together, in hexadecimal digits.
pub(crate) fn total(entries: &[Entry]) -> String {
    let mut hasher = Sha256::new();
    for entry in entries {
        hasher.update(entry.to_line().as_bytes());
        hasher.update(b"\n");
    }
    hash::hex(hasher)
}

impl Entry {
    fn path(&self) -> &str {
        self.object
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The entry on one line: its path, then the rest as JSON, then each attribute.
    pub(crate) fn to_line(&self) -> String {
        let mut rest = self.object.clone();
        rest.remove("path");
        format!("{} {}", Value::from(self.path()), Value::Object(rest))
    }
}

struct Walk<'a> {
    file: &'a File,
    ignore: &'a [String],
    found: Vec<Entry>,
}

impl<'a> Walk<'a> {
    /// Lists an object; `ancestors` are the addresses of the groups it was reached through.
    fn object(&mut self, path: &str, object: Object<'a>, ancestors: &mut Vec<h5lite::Address>) {
        let mut entry = Map::new();
        entry.insert("path".to_owned(), path.into());
        let attributes = object.attributes();
        match &object {
            Object::Group(_) => {
                entry.insert("kind".to_owned(), "group".into());
            }
            Object::Dataset(dataset) => {
                entry.insert("kind".to_owned(), "dataset".into());
                self.dataset(dataset, &mut entry);
            }
            Object::Datatype(datatype) => {
                entry.insert("kind".to_owned(), "datatype".into());
                describe(datatype.datatype(), true, &mut entry);
            }
        }
        match attributes {
            Ok(attributes) => {
                entry.insert("attrs".to_owned(), self.attributes(&attributes));
            }
            Err(error) => {
                entry.insert("error".to_owned(), reason(&error));
            }
        }
        let mut links_error = None;
        if let Object::Group(group) = object
            && !ancestors.contains(&group.address())
        {
            ancestors.push(group.address());
            links_error = self.links(path, &group, ancestors).err();
            ancestors.pop();
        }
        if let Some(error) = links_error {
            entry.insert("error".to_owned(), reason(&error));
        }
        self.found.push(Entry { object: entry });
    }

    fn links(
        &mut self,
        path: &str,
        group: &Group<'a>,
        ancestors: &mut Vec<h5lite::Address>,
    ) -> Result<()> {
        for link in group.links()? {
            let path = format!("{}/{}", path.trim_end_matches('/'), link.name);
            let mut entry = Map::new();
            entry.insert("path".to_owned(), path.clone().into());
            let (kind, target) = match link.target {
                LinkTarget::Hard(address) => match self.file.object_at(&path, address) {
                    Ok(object) => {
                        self.object(&path, object, ancestors);
                        continue;
                    }
                    Err(error) => {
                        entry.insert("error".to_owned(), reason(&error));
                        ("unknown", None)
                    }
                },
                LinkTarget::Soft(target) => ("soft", Some(target)),
                LinkTarget::External { file, path } => ("external", Some(format!("{file}:{path}"))),
                LinkTarget::Other(class) => ("user-defined", Some(class.to_string())),
            };
            entry.insert("kind".to_owned(), kind.into());
            if let Some(target) = target {
                entry.insert("target".to_owned(), target.into());
            }
            self.found.push(Entry { object: entry });
        }
        Ok(())
    }

    fn dataset(&self, dataset: &Dataset<'_>, entry: &mut Map<String, Value>) {
        describe(dataset.datatype(), false, entry);
        entry.insert(
            "shape".to_owned(),
            shape(dataset.shape(), dataset.is_null()),
        );
        entry.insert("chunks".to_owned(), json!(dataset.chunk_shape()));
        let names = dataset
            .filters()
            .iter()
            .map(|filter| match filter.id.name() {
                Some(name) if filter.id.0 <= 6 || filter.id == h5lite::FilterId::LZF => {
                    name.to_owned()
                }
                _ => format!("filter-{}", filter.id.0),
            });
        entry.insert("filters".to_owned(), json!(names.collect::<Vec<_>>()));
        let mut hash = Hash::new(dataset.datatype());
        match self.hash_dataset(dataset, &mut hash) {
            Ok(()) => hash.finish(entry),
            Err(_) if hash.is_listed_only() => {}
            Err(error) => {
                entry.insert("error".to_owned(), reason(&error));
            }
        }
    }

    /// Feeds all values to `hash`, a block of rows at a time.
    fn hash_dataset(&self, dataset: &Dataset<'_>, hash: &mut Hash) -> Result<()> {
        dataset.check_readable()?;
        let shape = dataset.shape();
        let element = dataset.datatype().size as usize;
        let Some((&length, inner)) = shape.split_first() else {
            return hash.update(self.file, dataset.datatype(), &dataset.read_bytes(&[])?);
        };
        if shape.contains(&0) {
            // However many rows of no values there are.
            return hash.update(self.file, dataset.datatype(), &[]);
        }
        let row = inner
            .iter()
            .fold(element, |row, &dim| row.saturating_mul(dim));
        let fitting = (BLOCK / row.max(1)).max(1);
        let (always, share, most) = LARGE_BLOCK;
        let earned = self.file.content_len().saturating_mul(share);
        let largest = usize::try_from(earned).map_or(most, |earned| earned.clamp(always, most));
        let step = match dataset.chunk_shape() {
            Some(&[chunk, ..]) if chunk.saturating_mul(row) <= largest => {
                fitting.next_multiple_of(chunk)
            }
            _ => fitting,
        };
        let mut start = 0;
        while start < length {
            let end = length.min(start.saturating_add(step));
            let mut selections = vec![h5lite::Selection::All; shape.len()];
            selections[0] = (start..end).into();
            hash.update(
                self.file,
                dataset.datatype(),
                &dataset.read_bytes(&selections)?,
            )?;
            start = end;
        }
        Ok(())
    }

    fn attributes(&self, attributes: &[Attribute<'_>]) -> Value {
        let kept = attributes
            .iter()
            .filter(|a| !self.ignore.iter().any(|name| name == a.name()));
        let described = kept.map(|attribute| {
            let mut entry = Map::new();
            let datatype: &Datatype = attribute.datatype();
            describe(datatype, false, &mut entry);
            entry.insert(
                "shape".to_owned(),
                shape(attribute.shape(), attribute.is_null()),
            );
            let mut hash = Hash::new(datatype);
            let read = attribute.read_bytes();
            match read.and_then(|bytes| hash.update(self.file, datatype, &bytes)) {
                Ok(()) => hash.finish(&mut entry),
                Err(_) if hash.is_listed_only() => {}
                Err(error) => {
                    entry.insert("error".to_owned(), reason(&error));
                }
            }
            (attribute.name().to_owned(), Value::Object(entry))
        });
        Value::Object(described.collect())
    }
}

fn shape(shape: &[usize], null: bool) -> Value {
    if null { Value::Null } else { json!(shape) }
}

/// The error without the path, which the entry has already.
fn reason(error: &Error) -> Value {
    error.root_cause().to_string().into()
}
