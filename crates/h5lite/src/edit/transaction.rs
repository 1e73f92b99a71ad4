//! Several edits as one commit.
//!
//! While a transaction is open, an edit is *staged*: written behind the end of the file like any
//! other, but not switched to. Nothing on disk leads to what it wrote; the handle goes on from
//! there, so that reads and further edits see it. Committing the transaction switches once, from
//! what the file held when it began to what was staged last. Rolling it back cuts the file to the
//! length it had.

use super::{
    commit::{Committed, Failed, Step, publish},
    path_copy::SiblingLinks,
    record::{CommitRecord, Relink},
    tail::Tail,
};
use crate::{
    error::{Error, Result},
    file::File,
    image::{Address, Image},
    store::{self, Store},
};

/// What a transaction began with.
#[derive(Debug)]
pub(crate) struct Savepoint {
    state: Committed,
    image: Image,
    links: SiblingLinks,
}

impl File {
    /// Opens a transaction: until it is [committed](Self::commit), edits can be seen through this
    /// handle only, and all of them become the content of the file at once or not at all.
    ///
    /// Transactions nest. An inner one that is committed is a part of the outer; one that is rolled
    /// back takes only its own edits with it. Dropping the file rolls back what is open.
    ///
    /// # Errors
    /// As [`edit`](Self::edit).
    ///
    /// # Examples
    /// ```
    /// use h5lite::{DatasetOptions, File};
    ///
    /// let mut file = File::create_in_memory()?;
    /// file.begin()?;
    /// let mut edit = file.edit()?;
    /// edit.write("/a", &1_u8.into(), &DatasetOptions::contiguous())?;
    /// edit.commit()?;
    /// assert!(file.contains("/a")?);
    /// file.roll_back();
    /// assert!(!file.contains("/a")?);
    /// # Ok::<(), h5lite::Error>(())
    /// ```
    pub fn begin(&mut self) -> Result<()> {
        super::preconditions::check(self)?;
        let state = self.state()?.clone();
        let store = self.store.as_deref().ok_or(Error::ReadOnly)?;
        state.check_unchanged(store, state.len)?;
        self.savepoints.push(Savepoint {
            state,
            image: self.image.clone(),
            links: self.links.clone(),
        });
        Ok(())
    }

    /// Whether a transaction is open.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        !self.savepoints.is_empty()
    }

    /// Commits the transaction opened last: the outermost one as [`Edit::commit`](crate::Edit)
    /// does, and returns once it is durable. Without a transaction, nothing happens.
    ///
    /// # Errors
    /// As [`Edit::commit`](crate::Edit::commit). The transaction is closed all the same, and this
    /// handle shows what the file held when it began.
    pub fn commit(&mut self) -> Result<()> {
        let Some(savepoint) = self.savepoints.pop() else {
            return Ok(());
        };
        if self.in_transaction() {
            return Ok(());
        }
        let staged = self.state()?.clone();
        if staged.superblock == savepoint.state.superblock {
            return Ok(());
        }
        let before = savepoint.state.clone();
        let mut store = self.store.take().ok_or(Error::ReadOnly)?;
        let mut tail = Tail::new(before.superblock.base, staged.len);
        let root = staged.superblock.root;
        let links = std::mem::replace(&mut self.links, savepoint.links.clone());
        let result = match seal(&before, root, &mut *store, &mut tail, &links, None) {
            Ok(after) => switch(self, &mut *store, &before, after, None),
            Err(error) => Err(NotSwitched {
                error,
                untouched: true,
            }),
        };
        self.store = Some(store);
        result.map_err(|failed| {
            if failed.untouched {
                let longest = tail.written(staged.len).map(|lengths| *lengths.end());
                self.go_back_to(savepoint, longest.unwrap_or(staged.len));
            } else {
                self.show(&savepoint.state, savepoint.image);
            }
            failed.error
        })
    }

    /// Rolls back the transaction opened last: the file is byte for byte as it was when that
    /// began, but for bytes of others. Without a transaction, nothing happens.
    ///
    /// Should the system refuse to cut the file, some bytes that nothing leads to stay behind its
    /// end.
    pub fn roll_back(&mut self) {
        let longest = self.committed.as_ref().map_or(0, |staged| staged.len);
        if let Some(savepoint) = self.savepoints.pop() {
            self.go_back_to(savepoint, longest);
        }
    }

    /// Rolls back every transaction that is open.
    pub(crate) fn roll_back_all(&mut self) {
        self.savepoints.truncate(1);
        self.roll_back();
    }

    /// Goes back to what a transaction began with, of a file that is at most `longest` bytes long.
    fn go_back_to(&mut self, savepoint: Savepoint, longest: u64) {
        let Savepoint {
            mut state,
            image,
            links,
        } = savepoint;
        self.links = links;
        self.show(&state, image);
        if let Some(store) = self.store.as_deref_mut()
            && longest > state.len
        {
            let ours = state.len..=longest;
            let cut = state.cut_back(store, ours.clone());
            if let (Err(Error::Io { .. }), Ok(len)) = (cut, store::len(store))
                && ours.contains(&len)
            {
                // The system refuses even that.
                state.len = len;
            }
        }
        self.committed = Some(state);
    }

    /// Reads from now on what the file held in this state.
    fn show(&mut self, state: &Committed, image: Image) {
        self.image = image;
        self.superblock = state.superblock.clone();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.roll_back_all();
    }
}

/// What a switch leads to.
#[derive(Debug)]
pub(super) struct Sealed {
    after: Committed,
    /// What is to be written once the switch is durable.
    relinks: Vec<Relink>,
}

/// Ends what was appended, and says what the file will be with this root.
///
/// # Errors
/// As [`Committed::switched`], and [`Error::Io`].
pub(super) fn seal(
    before: &Committed,
    root: Address,
    store: &mut dyn Store,
    tail: &mut Tail,
    links: &SiblingLinks,
    left_out: Option<Step>,
) -> Result<Sealed> {
    let relinks = links.finish(before, store, tail)?;
    let whole = before.superblock.version < 2 && relinks.is_empty();
    let after = if whole || left_out == Some(Step::Record) {
        before.switched(root, tail.end())?
    } else {
        let listed = match left_out {
            Some(Step::RecordRelinks) => &[],
            _ => &relinks[..],
        };
        let start = before.superblock.base + tail.next().0;
        let len = CommitRecord::len(before.bytes.len(), listed.len())?;
        let after = before.switched(root, start + len as u64)?;
        tail.append(store, &CommitRecord::new(before, &after, listed).encode()?)?;
        after
    };
    tail.flush(store)?;
    Ok(Sealed { after, relinks })
}

/// A switch that did not happen, or may not have.
#[derive(Debug)]
pub(super) struct NotSwitched {
    pub(super) error: Error,
    /// The superblock is as it was, and what was appended may be cut off.
    pub(super) untouched: bool,
}

/// Switches the file from one state to the other, whose bytes are all written, and goes on with it.
/// Where that fails, the handle goes on with what the file is then.
pub(super) fn switch(
    file: &mut File,
    store: &mut dyn Store,
    before: &Committed,
    sealed: Sealed,
    left_out: Option<Step>,
) -> Result<(), NotSwitched> {
    let Sealed { after, relinks } = sealed;
    // Whatever can fail is done before the switch: behind it, the commit has happened.
    let source = store.source(file.mapped).map_err(|error| NotSwitched {
        error,
        untouched: true,
    })?;
    let failed = |error, untouched| Err(NotSwitched { error, untouched });
    let unknown = match publish(store, before, &after, &relinks, left_out) {
        Ok(()) => {
            file.switched_to(source, after);
            return Ok(());
        }
        Err(Failed::Untouched(error)) => return failed(error, true),
        Err(Failed::Longer(error)) => match before.longer(store, &after) {
            Ok(state) => {
                file.committed = Some(state);
                return failed(error, false);
            }
            // Nor can it be looked up what the file is now.
            Err(_) => error,
        },
        Err(Failed::Unknown(error)) => error,
    };
    file.doubt = Some(unknown.to_string());
    failed(Error::CommitUnknown(Box::new(unknown)), false)
}
