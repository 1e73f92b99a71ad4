//! Long calls, followed and ended from outside.

use std::{fmt, ops::ControlFlow, sync::Arc};

use crate::error::{Error, Result};

/// Is told how many of how many steps a call has taken, and says whether it goes on.
type Watcher = dyn Fn(u64, u64) -> ControlFlow<()> + Send + Sync;

/// Who follows a long call: for a progress bar, and to end it. By default nobody does.
///
/// A call that is ended returns [`Error::Stopped`] and undoes what it did, as after any other
/// error.
///
/// # Examples
/// ```
/// use std::{
///     ops::ControlFlow,
///     sync::{Arc, atomic::{AtomicBool, Ordering}},
/// };
/// use h5lite::Watch;
///
/// let enough = Arc::new(AtomicBool::new(false));
/// let asked = Arc::clone(&enough);
/// let watch = Watch::new(move |done, total| {
///     println!("{done} of {total}");
///     match asked.load(Ordering::Relaxed) {
///         true => ControlFlow::Break(()),
///         false => ControlFlow::Continue(()),
///     }
/// });
/// let mut steps = watch.begin(10)?;
/// steps.advance(3)?;
/// enough.store(true, Ordering::Relaxed);
/// assert!(steps.advance(3).is_err());
/// # Ok::<(), h5lite::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<Watcher>>);

impl Watch {
    /// Tells `watcher` at every step how many of how many have been taken; what a step is depends
    /// on the call. [`ControlFlow::Break`] ends it.
    pub fn new(watcher: impl Fn(u64, u64) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watcher)))
    }

    /// Begins a call of so many steps.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn begin(&self, total: u64) -> Result<Steps> {
        let mut steps = Steps {
            watch: self.clone(),
            done: 0,
            total,
        };
        steps.advance(0)?;
        Ok(steps)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "Watch(..)",
            None => "Watch(nobody)",
        })
    }
}

/// The steps of a call that is [watched](Watch).
#[derive(Debug)]
pub struct Steps {
    watch: Watch,
    done: u64,
    total: u64,
}

impl Steps {
    /// So many more have been taken.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn advance(&mut self, steps: u64) -> Result<()> {
        self.done = self.done.saturating_add(steps).min(self.total);
        match &self.watch.0 {
            Some(watcher) if watcher(self.done, self.total).is_break() => Err(Error::Stopped),
            _ => Ok(()),
        }
    }
}
