//! Changing a file: everything new is written behind its end, then the root is switched.

mod attributes;
mod chunk_changes;
mod chunk_jobs;
mod chunks;
mod commit;
#[cfg(test)]
mod crash_tests;
mod create;
mod dataset;
mod filling;
mod group;
mod links;
mod odometer;
mod path_copy;
mod pending_chunks;
mod preconditions;
mod record;
mod references;
mod repack;
mod tail;
#[cfg(test)]
mod tests;
mod transaction;
mod tree;
mod values;
mod write;

pub(crate) use commit::Committed;
pub use create::DatasetOptions;
pub(crate) use dataset::PendingData;
pub(crate) use group::empty_file;
pub(crate) use path_copy::SiblingLinks;
pub(crate) use preconditions::btree_k;
pub(crate) use record::{finish_interrupted, is_torn, record_len};
pub(crate) use references::References;
pub use repack::RepackOptions;
pub(crate) use repack::repack;
pub(crate) use transaction::Savepoint;

use std::ops::Range;

use self::{
    commit::Step,
    filling::{Failed, MakeFilling, filling},
    pending_chunks::IndexLimits,
    tail::Tail,
    tree::{Id, Kind, Tree},
    values::Incoming,
};
use crate::{
    error::{Error, InObject, Result},
    file::File,
    image::Address,
    object::{Dataset, Object},
    store::Store,
    value::{Array, Number, Selection},
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
    /// What index nodes have to be told of their neighbours.
    links: SiblingLinks,
    index_limits: IndexLimits,
    left_out: Option<Step>,
}

/// What writing needs: the committed file, and the place behind its end.
pub(crate) struct Context<'a> {
    file: &'a File,
    store: &'a mut dyn Store,
    tail: &'a mut Tail,
    links: &'a mut SiblingLinks,
    index_limits: IndexLimits,
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
            links: SiblingLinks::default(),
            index_limits: IndexLimits::default(),
            left_out: None,
        };
        // Refused only now, so that the store goes back where it came from.
        unchanged.map(|()| edit)
    }

    /// When chunk indexes are copied along a path, and how many chunks are held in memory before
    /// they go into one: for tests, which have few chunks.
    #[doc(hidden)]
    pub fn set_index_limits(&mut self, copied_above: u64, held: usize) {
        self.index_limits = IndexLimits { copied_above, held };
    }

    /// Leaves a step of the commit out, to show that a test notices.
    #[cfg(test)]
    pub(crate) fn leave_out(&mut self, step: Step) {
        self.left_out = Some(step);
    }

    /// The file as it was when the edit began.
    #[must_use]
    pub fn file(&self) -> &File {
        self.file
    }

    fn parts(&mut self) -> Result<(Context<'_>, &mut Tree)> {
        let store = self.store.as_deref_mut().ok_or(Error::ReadOnly)?;
        Ok((
            Context {
                file: self.file,
                store,
                tail: &mut self.tail,
                links: &mut self.links,
                index_limits: self.index_limits,
            },
            &mut self.tree,
        ))
    }

    /// Makes the change the content of the file, and returns once it is durable. While a
    /// [transaction](File::begin) is open, only this handle sees it, until that is committed.
    ///
    /// # Errors
    /// [`Error::ChangedUnderUs`] where somebody else wrote to the file meanwhile, and
    /// [`Error::Io`]: the old content stands. [`Error::CommitUnknown`] where the system failed
    /// during the switch itself: opening the file again shows which content it has; it is one of
    /// the two.
    pub fn commit(mut self) -> Result<()> {
        let (mut context, tree) = self.parts()?;
        tree.spread_changes(context.file)?;
        references::check(context.file, tree)?;
        let root = write::objects(tree, &mut context)?;
        let store = self.store.as_deref_mut().ok_or(Error::ReadOnly)?;
        if self.file.in_transaction() {
            self.tail.flush(store)?;
            let source = store.source(self.file.mapped)?;
            let staged = self.before.staged(root, self.tail.end());
            self.file.store = self.store.take();
            self.file.links.extend(std::mem::take(&mut self.links));
            self.file.switched_to(source, staged);
            return Ok(());
        }
        let (tail, links, left_out) = (&mut self.tail, &self.links, self.left_out);
        let after = transaction::seal(&self.before, root, store, tail, links, left_out)?;
        let switched = transaction::switch(self.file, store, &self.before, after, left_out);
        switched.map_err(|failed| {
            if !failed.untouched {
                // Behind a switch that may have happened nothing must be cut off.
                self.file.store = self.store.take();
            }
            failed.error
        })?;
        self.file.store = self.store.take();
        Ok(())
    }

    /// Writes values to the selected positions of a dataset: one selection for each axis, or none
    /// for all of it. Values outside the selection are kept.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Mismatch`] where values do not fit the type or their number
    /// the selection, [`Error::OutOfBounds`].
    pub fn write_at(&mut self, path: &str, selections: &[Selection], values: &Array) -> Result<()> {
        self.write_incoming(path, selections, Incoming::Values(values))
    }

    /// Writes elements as the dataset's type stores them, in C order: what
    /// [`Dataset::read_bytes`] gives for a dataset of this file with the same type. So values can
    /// be moved that have no counterpart in memory, and strings without being written again.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub fn write_bytes_at(
        &mut self,
        path: &str,
        selections: &[Selection],
        elements: &[u8],
    ) -> Result<()> {
        self.write_incoming(path, selections, Incoming::Stored(elements))
    }

    /// Writes numbers to a box of a dataset, one range of positions for each axis. `fill` makes
    /// them: it is called, on all threads and in no order, for each part of the box that lies in a
    /// chunk, with the place of that part in the dataset and its values in C order, which are zeros
    /// so far. Where it returns `false`, nothing is written. What the file holds does not depend on
    /// the threads.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at), and what `fill` returns.
    pub fn write_with<T: Number, E: From<Error> + Send>(
        &mut self,
        path: &str,
        within: &[Range<usize>],
        fill: impl Fn(&[Range<usize>], &mut [T]) -> Result<bool, E> + Sync,
    ) -> Result<(), E> {
        self.write_filled(path, within, &|| filling(&fill))
    }

    fn write_filled<E: From<Error> + Send>(
        &mut self,
        path: &str,
        within: &[Range<usize>],
        fill: &MakeFilling<'_, E>,
    ) -> Result<(), E> {
        let id = self.require(path)?;
        let written = self.with_data(id, path, |context, data, committed| {
            data.write_with(context, committed.map(Dataset::values), within, fill)
        })?;
        written.map_err(|failed| match failed {
            Failed::Filling(error) => error,
            Failed::Writing(error) => error.in_object(path).into(),
        })
    }

    fn write_incoming(
        &mut self,
        path: &str,
        selections: &[Selection],
        incoming: Incoming<'_>,
    ) -> Result<()> {
        let id = self.require(path)?;
        self.with_data(id, path, |context, data, committed| {
            data.write(
                context,
                committed.map(Dataset::values),
                selections,
                incoming,
            )
        })?
        .in_object(path)
    }

    /// Changes the length of the axes of a dataset that is stored in chunks, within its maximum
    /// shape. New positions hold the fill value.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Mismatch`] where the maximum shape forbids it.
    pub fn resize(&mut self, path: &str, shape: &[usize]) -> Result<()> {
        let id = self.require(path)?;
        self.with_data(id, path, |context, data, _| data.resize(context, shape))?
            .in_object(path)
    }

    /// The shape of a dataset's chunks, `None` where it is not stored in chunks.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Mismatch`] for what is no dataset.
    pub fn chunk_shape(&mut self, path: &str) -> Result<Option<Vec<usize>>> {
        let id = self.require(path)?;
        self.with_data(id, path, |_, data, _| data.chunk_shape().map(<[_]>::to_vec))
    }

    /// Calls `change` with the data of a dataset, which is read from the file the first time.
    fn with_data<R>(
        &mut self,
        id: Id,
        path: &str,
        change: impl FnOnce(&mut Context<'_>, &mut dataset::PendingData, Option<&Dataset<'_>>) -> R,
    ) -> Result<R> {
        let (mut context, tree) = self.parts()?;
        let file = context.file;
        let committed = match tree.node(id).committed {
            Some(address) => Some(Object::open(file, path, address)?.into_dataset()?),
            None => None,
        };
        let Kind::Dataset(pending) = &mut tree.change(file, id)?.kind else {
            let source = Error::Mismatch {
                expected: "a dataset".into(),
                found: "a group or a committed datatype".into(),
            };
            return Err(source).in_object(path);
        };
        let mut data = match (pending.take(), &committed) {
            (Some(data), _) => data,
            (None, Some(dataset)) => Box::new(dataset.pending().in_object(path)?),
            (None, None) => return Err(Error::ReadOnly),
        };
        let changed = change(&mut context, &mut data, committed.as_ref());
        if let Kind::Dataset(pending) = &mut tree.change(file, id)?.kind {
            *pending = Some(data);
        }
        Ok(changed)
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
