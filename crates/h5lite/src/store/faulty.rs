//! A file whose system fails at the N-th call from the first that writes on.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{CrashStore, Store};
use crate::{
    error::{Error, Result},
    source::Source,
};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// With this error number, and without effect.
    Error(i32),
    /// With this error number; a write that makes the file longer has done half of it.
    Half(i32),
    /// A write does half of what it should and says so; other calls fail as on a full disk.
    Short,
}

/// `EIO`, `ENOSPC` and `EINTR` of Linux.
pub(crate) const EIO: i32 = 5;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EINTR: i32 = 4;

/// When which call fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The number of the call, counted from 1.
    pub(crate) call: usize,
    /// How many calls fail from there on.
    pub(crate) times: usize,
    /// How they fail.
    pub(crate) fault: Fault,
}

/// The store. Clones are the same file.
#[derive(Clone, Debug)]
pub(crate) struct FaultyStore {
    /// The file itself, with everything that was done to it.
    pub(crate) file: CrashStore,
    plan: Arc<Mutex<(Option<Plan>, usize)>>,
}

impl FaultyStore {
    /// A file with these bytes that fails as planned.
    pub(crate) fn new(bytes: Vec<u8>, plan: Plan) -> Self {
        let plan = Arc::new(Mutex::new((Some(plan), 0)));
        Self {
            file: CrashStore::new(bytes),
            plan,
        }
    }

    fn plan(&self) -> MutexGuard<'_, (Option<Plan>, usize)> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing fails. Whether something had.
    pub(crate) fn heal(&self) -> bool {
        let (plan, calls) = &mut *self.plan();
        plan.take().is_some_and(|plan| *calls >= plan.call)
    }

    /// The fault of the call that is being made.
    fn next(&self) -> Option<Fault> {
        let (plan, calls) = &mut *self.plan();
        *calls += 1;
        let plan = plan.as_ref()?;
        let fails = (plan.call..plan.call.saturating_add(plan.times)).contains(calls);
        fails.then_some(plan.fault)
    }

    /// The same where it only looks at the file: opening it is no part of what is tried, and
    /// nothing here is interrupted.
    fn next_look(&self) -> Option<Fault> {
        let opens = self.plan().1 == 0;
        let fault = if opens { None } else { self.next() };
        fault.filter(|fault| *fault != Fault::Error(EINTR))
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Self::Error(number) | Self::Half(number) => io::Error::from_raw_os_error(number),
            Self::Short => io::Error::from_raw_os_error(ENOSPC),
        }
    }
}

impl Store for FaultyStore {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self.next_look() {
            None => self.file.read_at(at, buffer),
            Some(fault) => Err(fault.error()),
        }
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let Some(fault) = self.next() else {
            return self.file.write_at(at, bytes);
        };
        // Words stay whole: that much is assumed of every disk.
        let end = (at + bytes.len() as u64 / 2) / 8 * 8;
        let half = usize::try_from(end.saturating_sub(at)).unwrap_or(0);
        let longer = at >= self.file.len()?;
        match fault {
            Fault::Half(_) if longer && half > 0 => {
                self.file.write_at(at, &bytes[..half])?;
                Err(fault.error())
            }
            Fault::Short if half > 0 => self.file.write_at(at, &bytes[..half]),
            Fault::Short => Ok(0),
            _ => Err(fault.error()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.next() {
            None => self.file.sync(),
            // Interrupted, it has neither happened nor failed.
            Some(Fault::Error(EINTR)) => Err(Fault::Error(EINTR).error()),
            Some(fault) => {
                self.file.fail_sync();
                Err(fault.error())
            }
        }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        match self.next() {
            None => self.file.set_len(len),
            Some(fault) => Err(fault.error()),
        }
    }

    fn source(&self, mapped: bool) -> Result<Source> {
        match self.next_look() {
            None => self.file.source(mapped),
            Some(fault) => Err(Error::io("look at the file", fault.error())),
        }
    }
}
