//! Changing a file: everything new is written behind its end, then the root is switched.

mod chunks;
mod commit;
#[cfg(test)]
mod crash_tests;
mod create;
mod dataset;
mod group;
mod preconditions;
mod rescue;
mod tail;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod write;

pub(crate) use commit::Committed;
pub use create::DatasetOptions;
pub(crate) use dataset::PendingData;
pub(crate) use group::empty_file;
pub(crate) use rescue::{finish_torn_switch, is_torn};

use self::{
    commit::{Failed, Step, publish},
    rescue::RescueRecord,
    tail::Tail,
    tree::{Content, Id, Kind, Target, Tree},
};
use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::{
        message::{AttributeMessage, AttributeType, Dataspace, Datatype, LinkTarget},
        object_header::RawMessage,
    },
    image::Address,
    object::{Dataset, Object},
    store::Store,
    value::{Array, Selection},
};

/// A change to a file that is being prepared.
///
/// Nothing of it can be seen until [`commit`](Self::commit) has succeeded, by anybody. Dropping it
/// leaves the file byte for byte as it was. A call that fails leaves the edit usable; whether to
/// commit what was done before is the caller's choice.
///
/// # Examples
/// ```
/// use h5lite::{DatasetOptions, File};
///
/// let mut file = File::create_in_memory()?;
/// let mut edit = file.edit()?;
/// edit.write("/genes/names", &["Actb", "Gapdh"].as_slice().into(), &DatasetOptions::contiguous())?;
/// edit.set_attribute("/genes", "source", &"example".into())?;
/// edit.commit()?;
/// let names = file.dataset("/genes/names")?.read::<String>(&[])?;
/// assert_eq!(names[1], "Gapdh");
/// # Ok::<(), h5lite::Error>(())
/// ```
#[derive(Debug)]
pub struct Edit<'f> {
    file: &'f mut File,
    /// Taken from the file for as long as the edit lasts.
    store: Option<Box<dyn Store>>,
    before: Committed,
    tail: Tail,
    tree: Tree,
    left_out: Option<Step>,
}

/// What writing needs: the committed file, and the place behind its end.
pub(crate) struct Context<'a> {
    file: &'a File,
    store: &'a mut dyn Store,
    tail: &'a mut Tail,
}

impl Context<'_> {
    /// Appends `bytes` at an aligned address.
    fn append(&mut self, bytes: &[u8]) -> Result<Address> {
        self.tail.append(self.store, bytes)
    }
}

impl<'f> Edit<'f> {
    /// Starts a change to a file that was opened for writing.
    pub(crate) fn new(file: &'f mut File) -> Result<Self> {
        preconditions::check(file)?;
        let before = file.state()?.clone();
        let store = file.store.take().ok_or(Error::ReadOnly)?;
        let unchanged = before.check_unchanged(&*store, before.len);
        let tail = Tail::new(before.superblock.base, before.len);
        let tree = Tree::new(before.superblock.root);
        let edit = Self {
            file,
            store: Some(store),
            before,
            tail,
            tree,
            left_out: None,
        };
        // Refused only now, so that the store goes back where it came from.
        unchanged.map(|()| edit)
    }

    /// Leaves a step of the commit out, to show that a test notices.
    #[cfg(test)]
    pub(crate) fn leave_out(&mut self, step: Step) {
        self.left_out = Some(step);
    }

    fn parts(&mut self) -> Result<(Context<'_>, &mut Tree)> {
        let store = self.store.as_deref_mut().ok_or(Error::ReadOnly)?;
        Ok((
            Context {
                file: self.file,
                store,
                tail: &mut self.tail,
            },
            &mut self.tree,
        ))
    }

    /// Makes the change the content of the file, and returns once it is durable.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`] where somebody else wrote to the file meanwhile, and
    /// [`Error::Io`]: the old content stands. [`Error::CommitUnknown`] where the system failed
    /// during the switch itself: opening the file again shows which content it has; it is one of
    /// the two.
    pub fn commit(mut self) -> Result<()> {
        let (mut context, tree) = self.parts()?;
        tree.spread_changes(context.file)?;
        preconditions::check_references(context.file, tree)?;
        let root = write::objects(tree, &mut context)?;
        let after = self.seal(root)?;
        let store = self.store.as_deref_mut().ok_or(Error::ReadOnly)?;
        self.tail.flush(store)?;
        // Whatever can fail is done before the switch: behind it, the commit has happened.
        let source = store.source(self.file.mapped)?;
        match publish(store, &self.before, &after, self.left_out) {
            Ok(()) => {
                self.file.store = self.store.take();
                self.file.switched_to(source, after);
                Ok(())
            }
            Err(Failed::Untouched(error)) => Err(error),
            Err(Failed::Longer(error)) => {
                let store = self.store.take().ok_or(Error::ReadOnly)?;
                match self.before.longer(&*store, &after) {
                    Ok(state) => self.file.committed = Some(state),
                    Err(_) => self.file.doubt = Some(error.to_string()),
                }
                self.file.store = Some(store);
                Err(error)
            }
            Err(Failed::Unknown(error)) => {
                // Behind a switch that may have happened nothing must be cut off.
                self.file.store = self.store.take();
                self.file.doubt = Some(error.to_string());
                Err(Error::CommitUnknown(Box::new(error)))
            }
        }
    }

    /// Ends what was appended, and says what the file will be with it.
    fn seal(&mut self, root: Address) -> Result<Committed> {
        let version = self.before.superblock.version;
        if version < 2 || self.left_out == Some(Step::RescueRecord) {
            return self.before.switched(root, self.tail.end());
        }
        let start = self.before.superblock.base + self.tail.next().0;
        let end = start + RescueRecord::LEN as u64;
        let after = self.before.switched(root, end)?;
        if let Some(record) = RescueRecord::new(&self.before, &after) {
            self.parts()?.0.append(&record.encode())?;
        }
        Ok(after)
    }

    /// The object with this path: its node, if there is one. Soft links are not followed.
    fn find(&mut self, path: &str) -> Result<Option<Id>> {
        let (context, tree) = self.parts()?;
        let mut at = Tree::ROOT;
        for name in names(path) {
            let Kind::Group(links) = &tree.content(context.file, at)?.kind else {
                return Ok(None);
            };
            match links.by_name.get(name) {
                Some((Target::Object(id), _)) => at = *id,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn require(&mut self, path: &str) -> Result<Id> {
        self.find(path)?.ok_or_else(|| Error::NotFound {
            what: "object",
            name: path.to_owned(),
        })
    }

    /// Whether there is an object with this path. Soft links are not followed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and its kin, where a group on the way cannot be read.
    pub fn contains(&mut self, path: &str) -> Result<bool> {
        Ok(self.find(path)?.is_some())
    }

    /// Makes a group, and those around it that do not exist. One that exists is left as it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group.
    pub fn create_group(&mut self, path: &str) -> Result<()> {
        self.group(path).map(drop)
    }

    /// The group with this path, made where it does not exist.
    fn group(&mut self, path: &str) -> Result<Id> {
        let (context, tree) = self.parts()?;
        let file = context.file;
        let mut at = Tree::ROOT;
        for name in names(path) {
            let existing = tree
                .links(file, at, path)?
                .by_name
                .get(name)
                .map(|(target, _)| target.clone());
            at = match existing {
                Some(Target::Object(id)) => id,
                Some(Target::Elsewhere(_)) => {
                    let source = Error::unsupported("change through a soft or external link");
                    return Err(source).in_object(path);
                }
                None => {
                    let id = tree.add(Kind::Group(tree::Links::default()), Vec::new());
                    link(tree, file, at, name, Target::Object(id))?;
                    id
                }
            };
        }
        tree.links(file, at, path)?;
        Ok(at)
    }

    /// Puts a link into the group around `path`, in the place of whatever has that name.
    fn place(&mut self, path: &str, target: Target) -> Result<()> {
        let (parent, name) = split(path)?;
        let group = self.group(parent)?;
        self.unlink(group, name)?;
        let (context, tree) = self.parts()?;
        link(tree, context.file, group, name, target)
    }

    /// Takes a name out of a group, if it is there.
    fn unlink(&mut self, group: Id, name: &str) -> Result<Option<Target>> {
        let (context, tree) = self.parts()?;
        let file = context.file;
        if !tree.links(file, group, name)?.by_name.contains_key(name) {
            return Ok(None);
        }
        tree.change(file, group)?;
        let removed = tree.links(file, group, name)?.by_name.remove(name);
        let target = removed.map(|(target, _)| target);
        if let Some(Target::Object(id)) = target {
            // Its other names stay, if it has any.
            if let Ok(Content {
                reference_count, ..
            }) = tree.content(file, id)
            {
                if *reference_count > 1 {
                    tree.change(file, id)?.reference_count -= 1;
                }
            }
        }
        Ok(target)
    }

    /// Makes a soft link at `path` to the path `target`, in the place of whatever is there.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group.
    pub fn soft_link(&mut self, path: &str, target: &str) -> Result<()> {
        check_name(target)?;
        self.place(path, Target::Elsewhere(LinkTarget::Soft(target.to_owned())))
    }

    /// Removes the name `path`; the object too, unless it has other names.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let (parent, name) = split(path)?;
        let group = self.require(parent)?;
        match self.unlink(group, name)? {
            Some(_) => Ok(()),
            None => Err(Error::NotFound {
                what: "object",
                name: path.to_owned(),
            }),
        }
    }

    /// Gives the object at `from` the path `to`.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Exists`] where something has the new path; [`Error::Mismatch`]
    /// for a group that would move into itself.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let inside = names(to).zip(names(from).map(Some).chain(std::iter::repeat(None)));
        if inside
            .take(names(from).count())
            .all(|(to, from)| Some(to) == from)
            && names(to).count() >= names(from).count()
        {
            return Err(Error::Mismatch {
                expected: "a path outside the object itself".to_owned(),
                found: to.to_owned(),
            });
        }
        let (to_parent, to_name) = split(to)?;
        if let Some(group) = self.find(to_parent)? {
            let (context, tree) = self.parts()?;
            if tree
                .links(context.file, group, to_parent)?
                .by_name
                .contains_key(to_name)
            {
                return Err(Error::Exists(to.to_owned()));
            }
        }
        let (from_parent, from_name) = split(from)?;
        let group = self.require(from_parent)?;
        let (context, tree) = self.parts()?;
        let file = context.file;
        let links = tree.links(file, group, from_parent)?;
        let Some((target, _)) = links.by_name.get(from_name).cloned() else {
            return Err(Error::NotFound {
                what: "object",
                name: from.to_owned(),
            });
        };
        tree.change(file, group)?;
        tree.links(file, group, from_parent)?
            .by_name
            .remove(from_name);
        let to_group = self.group(to_parent)?;
        let (context, tree) = self.parts()?;
        link(tree, context.file, to_group, to_name, target)
    }

    /// Sets an attribute, in the place of one of the same name. Numbers keep their type; strings
    /// become UTF-8 of variable length.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unsupported`] for more than 64 KiB of values.
    pub fn set_attribute(&mut self, path: &str, name: &str, values: &Array) -> Result<()> {
        self.set_attribute_as(path, name, values, &Datatype::of(values.dtype()))
    }

    /// The same, stored as a given type.
    ///
    /// # Errors
    /// As [`set_attribute`](Self::set_attribute), and [`Error::Mismatch`] where the values do not
    /// fit the type.
    pub fn set_attribute_as(
        &mut self,
        path: &str,
        name: &str,
        values: &Array,
        datatype: &Datatype,
    ) -> Result<()> {
        check_name(name)?;
        let id = self.require(path)?;
        let (mut context, tree) = self.parts()?;
        let data = values::stored(&mut context, values, datatype).in_object(path)?;
        if data.len() > create::MAX_ATTRIBUTE {
            let what = format_args!("attribute of {} bytes: at most 64 KiB fit", data.len());
            return Err(Error::unsupported(what)).in_object(path);
        }
        let dims: Vec<u64> = values.shape().iter().map(|&dim| dim as u64).collect();
        let dataspace = match dims.is_empty() {
            true => Dataspace::Scalar,
            false => Dataspace::Simple {
                dims,
                max_dims: None,
            },
        };
        let datatype = AttributeType::Here(datatype.clone());
        let message = AttributeMessage {
            name: name.to_owned(),
            datatype,
            dataspace,
            data,
        };
        let raw = RawMessage::new(&message, context.file.image().sizes());
        tree.change(context.file, id)?
            .attributes
            .insert(name.to_owned(), raw);
        Ok(())
    }

    /// Removes an attribute.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the object or the attribute.
    pub fn remove_attribute(&mut self, path: &str, name: &str) -> Result<()> {
        let id = self.require(path)?;
        let (context, tree) = self.parts()?;
        let missing = || Error::NotFound {
            what: "attribute",
            name: name.to_owned(),
        };
        let content = tree.content(context.file, id)?;
        content
            .attributes
            .remove(name)
            .ok_or_else(missing)
            .in_object(path)?;
        tree.change(context.file, id).map(drop)
    }

    /// Writes values to the selected positions of a dataset: one selection for each axis, or none
    /// for all of it. Values outside the selection are kept.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Mismatch`] where values do not fit the type or their number
    /// the selection, [`Error::OutOfBounds`].
    pub fn write_at(&mut self, path: &str, selections: &[Selection], values: &Array) -> Result<()> {
        let id = self.require(path)?;
        self.with_data(id, path, |context, data, committed| {
            let stored = values::stored(context, values, &data.datatype)?;
            data.write(context, committed.map(Dataset::values), selections, &stored)
        })
    }

    /// Changes the length of the axes of a dataset that is stored in chunks, within its maximum
    /// shape. New positions hold the fill value.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Mismatch`] where the maximum shape forbids it.
    pub fn resize(&mut self, path: &str, shape: &[usize]) -> Result<()> {
        let id = self.require(path)?;
        self.with_data(id, path, |context, data, _| data.resize(context, shape))
    }

    /// Calls `change` with the data of a dataset, which is read from the file the first time.
    fn with_data(
        &mut self,
        id: Id,
        path: &str,
        change: impl FnOnce(
            &mut Context<'_>,
            &mut dataset::PendingData,
            Option<&Dataset<'_>>,
        ) -> Result<()>,
    ) -> Result<()> {
        let (mut context, tree) = self.parts()?;
        let file = context.file;
        let committed = match tree.node(id).committed {
            Some(address) => Some(Object::open(file, path, address)?.into_dataset()?),
            None => None,
        };
        let Kind::Dataset(pending) = &mut tree.change(file, id)?.kind else {
            let source = Error::Mismatch {
                expected: "a dataset".into(),
                found: "a group".into(),
            };
            return Err(source).in_object(path);
        };
        let mut data = match (pending.take(), &committed) {
            (Some(data), _) => data,
            (None, Some(dataset)) => Box::new(dataset.pending()?),
            (None, None) => return Err(Error::ReadOnly),
        };
        let changed = change(&mut context, &mut data, committed.as_ref()).in_object(path);
        if let Kind::Dataset(pending) = &mut tree.change(file, id)?.kind {
            *pending = Some(data);
        }
        changed
    }
}

impl Drop for Edit<'_> {
    fn drop(&mut self) {
        let Some(mut store) = self.store.take() else {
            return;
        };
        if let Err(Error::Io { .. }) = self.before.roll_back(&mut *store, &self.tail) {
            // The system refuses even that: some unreachable bytes stay behind the end.
            let lengths = self.tail.written(self.before.len);
            match (&mut self.file.committed, lengths, store.len()) {
                (Some(state), Some(ours), Ok(len)) if ours.contains(&len) => state.len = len,
                _ => {}
            }
        }
        self.file.store = Some(store);
    }
}

/// Adds a link to a group.
fn link(tree: &mut Tree, file: &File, group: Id, name: &str, target: Target) -> Result<()> {
    check_name(name)?;
    tree.change(file, group)?;
    let links = tree.links(file, group, name)?;
    let order = links.next_order;
    links.next_order = order.map(|order| order + 1);
    links.by_name.insert(name.to_owned(), (target, order));
    Ok(())
}

/// The names a path consists of.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// The group around a path, and the last name.
fn split(path: &str) -> Result<(&str, &str)> {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    check_name(name)?;
    Ok((parent, name))
}

/// Whether a link or attribute can have this name.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.contains('\0') || name == "." || name == ".." {
        let found = format!("{name:?}");
        return Err(Error::Mismatch {
            expected: "a name".to_owned(),
            found,
        });
    }
    Ok(())
}
