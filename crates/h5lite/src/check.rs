//! The check of a whole file: everything that is wrong with it, not the first thing only.

use std::{collections::HashSet, fmt, ops::Range};

use crate::{
    error::{Error, Result},
    file::File,
    format::message::{Class, LinkTarget},
    image::{Address, Extent},
    object::{Dataset, Object, Place, Worklist, path},
    read::{ChunkEntry, is_overlap, tiles},
    space::{Ranges, Walk},
    value::{DType, Selection},
};

/// Values that are not in chunks are read in pieces of about this many bytes.
const PIECE: usize = 4 << 20;
/// How many chunks are looked for one by one, where the index as a whole cannot be read.
const SINGLE_CHUNKS: usize = 100_000;

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// A structure or a chunk that cannot be read.
    Damaged,
    /// Two structures that take the same bytes.
    Overlap,
    /// A link that leads nowhere in this file.
    Dangling,
    /// Something this crate does not read, and so cannot vouch for.
    Unchecked,
    /// Bytes that nothing leads to, as edits leave them behind.
    Unreachable,
}

impl FindingKind {
    /// Whether the file is at fault, rather than untidy or beyond this crate.
    #[must_use]
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Damaged | Self::Overlap | Self::Dangling)
    }

    /// Its name in a report, one lower-case word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Overlap => "overlap",
            Self::Dangling => "dangling",
            Self::Unchecked => "unchecked",
            Self::Unreachable => "unreachable",
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The object it belongs to; `/` for those of the whole file.
    pub path: String,
    /// Where it stands, if that is known.
    pub address: Option<Address>,
    /// What it is, in words.
    pub reason: String,
}

impl Finding {
    /// What an error about the object of this path says.
    pub(crate) fn of(path: &str, error: &Error) -> Self {
        let path = match error {
            Error::InObject { path, .. } => path,
            _ => path,
        };
        let cause = error.root_cause();
        let (kind, address) = match cause {
            Error::Corrupt { address, .. } => (FindingKind::Damaged, Some(*address)),
            Error::Unsupported(_) | Error::Limit { .. } => (FindingKind::Unchecked, None),
            _ => (FindingKind::Damaged, None),
        };
        Self {
            kind,
            path: path.to_owned(),
            address,
            reason: cause.to_string(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind, path, reason, ..
        } = self;
        write!(f, "{}: {path}: {reason}", kind.name())
    }
}

impl File {
    /// Reads everything: follows every structure, verifies every checksum, decodes every chunk, and
    /// looks at what takes which bytes. What is found comes in the order of the walk, each once, and
    /// nothing of it ends the check.
    ///
    /// Soft links are looked up; external links and raw data in other files are left alone.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let mut check = Check {
            file: self,
            found: Vec::new(),
            known: HashSet::new(),
            left: values_of(self),
        };
        check.space();
        check.objects();
        check.found
    }
}

struct Check<'f> {
    file: &'f File,
    found: Vec<Finding>,
    /// What was found so far: the same fault is met on several ways.
    known: HashSet<Finding>,
    /// How many bytes of values may still be read.
    left: u64,
}

impl<'f> Check<'f> {
    fn note(&mut self, finding: Finding) {
        if self.known.insert(finding.clone()) {
            self.found.push(finding);
        }
    }

    fn failed(&mut self, path: &str, error: &Error) {
        self.note(Finding::of(path, error));
    }

    /// What takes which bytes.
    fn space(&mut self) {
        let mut extents: Vec<(Extent, Place)> = Vec::new();
        let walk = match Walk::new(self.file) {
            Ok(walk) => walk,
            Err(error) => return self.failed("/", &error),
        };
        let walked = walk.run(
            &mut |(place, _), extent| {
                if extent.len > 0 {
                    extents.push((*extent, place.clone()));
                }
                Ok(())
            },
            &mut |path, error| {
                self.failed(path, &error);
                Ok(())
            },
        );
        if let Err(error) = walked {
            self.failed("/", &error);
        }
        extents.sort_by_key(|(extent, _)| (extent.address, extent.len));
        self.overlaps(&extents);
        let end = self.file.content_len();
        let mut ranges = Ranges::default();
        for (extent, place) in &extents {
            let extent_end = extent.address.0.saturating_add(extent.len);
            // The data itself is looked at with the values.
            if extent_end > end && extent.structure != "raw data" {
                let reason = "it reaches past the end of the file";
                let error = Error::corrupt(extent.structure, extent.address, reason);
                self.failed(&place.path(), &error);
            }
            ranges.add(extent.address.0..extent_end.min(end));
        }
        for Range { start, end } in ranges.gaps(end) {
            self.note(Finding {
                kind: FindingKind::Unreachable,
                path: "/".to_owned(),
                address: Some(Address(start)),
                reason: format!("nothing leads to the {} bytes at {start:#x}", end - start),
            });
        }
    }

    /// Extents, in order, that start before one in front of them ends.
    fn overlaps(&mut self, extents: &[(Extent, Place)]) {
        let mut furthest: Option<&(Extent, Place)> = None;
        for next in extents {
            let (extent, place) = next;
            let end = |extent: &Extent| extent.address.0.saturating_add(extent.len);
            if let Some((before, owner)) = furthest
                && extent.address.0 < end(before)
            {
                let reason = format!(
                    "{} at {} lies over the {} at {} of {owner}",
                    extent.structure,
                    extent.address,
                    before.structure,
                    before.address,
                    owner = owner.path(),
                );
                self.note(Finding {
                    kind: FindingKind::Overlap,
                    path: place.path(),
                    address: Some(extent.address),
                    reason,
                });
            }
            if furthest.is_none_or(|(before, _)| end(extent) > end(before)) {
                furthest = Some(next);
            }
        }
    }

    /// All values, and where links lead.
    fn objects(&mut self) {
        let mut worklist = Worklist::new(self.file);
        while let Some((place, address)) = worklist.next() {
            let path = place.path();
            let object = match Object::open(self.file, &path, address) {
                Ok(object) => object,
                Err(error) => {
                    self.failed(&path, &error);
                    continue;
                }
            };
            self.attributes(&object);
            match &object {
                Object::Dataset(dataset) => self.dataset(dataset),
                Object::Datatype(_) => {}
                Object::Group(group) => match group.known_links() {
                    Err(error) => self.failed(&path, &error),
                    Ok(links) => {
                        for link in links {
                            match &link.target {
                                LinkTarget::Hard(target) => {
                                    if let Err(error) = worklist.push(&place, &link.name, *target) {
                                        self.failed(&path, &error);
                                    }
                                }
                                LinkTarget::Soft(target) => {
                                    let found = group.object(target).map(drop);
                                    let inner = group.child_path(&link.name);
                                    self.soft_link(&inner, target, found);
                                }
                                _ => {}
                            }
                        }
                    }
                },
            }
        }
    }

    fn soft_link(&mut self, path: &str, target: &str, found: Result<()>) {
        match found {
            Err(error) if error.is_not_found() => self.note(Finding {
                kind: FindingKind::Dangling,
                path: path.to_owned(),
                address: None,
                reason: format!("a soft link to {target:?}, which is not there"),
            }),
            Err(error) if path::is_endless(&error) => self.note(Finding {
                kind: FindingKind::Dangling,
                path: path.to_owned(),
                address: None,
                reason: format!("a soft link to {target:?}, which leads in a circle"),
            }),
            Err(error) => self.failed(path, &error),
            Ok(()) => {}
        }
    }

    fn attributes(&mut self, object: &Object<'f>) {
        let attributes = match object.attributes() {
            Ok(attributes) => attributes,
            Err(error) => return self.failed(object.path(), &error),
        };
        for attribute in attributes {
            let read = match &attribute.datatype().class {
                _ if attribute.dtype().is_ok_and(|dtype| dtype == DType::Str) => {
                    attribute.read_strings().map(drop)
                }
                Class::VariableLength { .. } => attribute.read_sequences().map(drop),
                _ => attribute.read_bytes().map(drop),
            };
            if let Err(error) = read {
                self.failed(object.path(), &error);
            }
        }
    }

    /// Every chunk, each by itself: one that is broken says nothing about the next.
    fn dataset(&mut self, dataset: &Dataset<'_>) {
        let (file, path) = (self.file, dataset.path());
        let mut left = self.left;
        let parts = parts(file, dataset, &mut left, &mut |error| {
            self.failed(path, &error);
        });
        self.left = left;
        for part in parts {
            let read = match &dataset.datatype().class {
                _ if dataset.dtype().is_ok_and(|dtype| dtype == DType::Str) => {
                    dataset.read_strings(&part).map(drop)
                }
                Class::VariableLength { .. } => dataset.read_sequences(&part).map(drop),
                _ => dataset.read_bytes(&part).map(drop),
            };
            if let Err(error) = read {
                self.failed(path, &error);
            }
        }
    }
}

/// How many bytes of values are read of a file at most. Those of a sound file overlap nowhere; what
/// a damaged header claims of them must not keep others from their own.
pub(crate) fn values_of(file: &File) -> u64 {
    file.image().len().saturating_mul(4)
}

/// The parts of a dataset that are stored, each chunk by itself; why there may be more goes to
/// `failed`.
///
/// Where the index as a whole cannot be read, chunks are looked for one by one. `left` is how many
/// bytes of values may still be read.
pub(crate) fn parts(
    file: &File,
    dataset: &Dataset<'_>,
    left: &mut u64,
    failed: &mut dyn FnMut(Error),
) -> Vec<Vec<Selection>> {
    let (image, limits) = (file.image(), file.limits());
    let (storage, shape) = (&dataset.values().storage, dataset.shape());
    let readable = storage.check_readable(limits);
    if let Err(error) = readable.and_then(|()| dataset.check_filters()) {
        failed(error);
        return Vec::new();
    }
    let Some(chunk) = dataset.chunk_shape() else {
        let (element, ones) = (dataset.datatype().size as usize, vec![1; shape.len()]);
        let pieces = tiles(shape, &ones, element, PIECE);
        return match (storage.run(image), storage.memory()) {
            (Some((start, false)), _) => {
                let reason = "it reaches past the end of the file";
                failed(Error::corrupt("raw data", start, reason));
                let inside = image.len().saturating_sub(start.0) / PIECE as u64;
                let inside = usize::try_from(inside).unwrap_or(usize::MAX);
                pieces.take(inside.saturating_add(1)).collect()
            }
            (Some((start, true)), _) => {
                let len = shape.iter().product::<usize>().saturating_mul(element);
                let Some(rest) = left.checked_sub(len as u64) else {
                    let reason = "it overlaps the values of other datasets";
                    failed(Error::corrupt("raw data", start, reason));
                    return Vec::new();
                };
                *left = rest;
                pieces.collect()
            }
            (None, Some(_)) => pieces.collect(),
            (None, None) => Vec::new(),
        };
    };
    let part = |entry: ChunkEntry| {
        let axes = entry.coordinates.iter().zip(chunk).zip(shape);
        let part = axes.map(|((&at, &chunk), &end)| {
            let start = usize::try_from(at).unwrap_or(end).saturating_mul(chunk);
            (start.min(end)..start.saturating_add(chunk).min(end)).into()
        });
        part.collect()
    };
    let (mut parts, before) = (Vec::new(), *left);
    let walked = storage.each_batch(image, left, &mut |entries| {
        parts.extend(entries.into_iter().map(part));
        Ok(())
    });
    if let Err(error) = walked {
        let lost = !is_overlap(&error);
        failed(error);
        if lost {
            *left = before;
            let found = storage.one_by_one(image, SINGLE_CHUNKS, left, failed);
            parts = found.into_iter().map(part).collect();
        }
    }
    parts
}
