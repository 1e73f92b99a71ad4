//! Long calls, followed for people who wait: a bar on the terminal, once it takes longer than a
//! second, and an end where one is asked for.

use std::{
    io::{IsTerminal, stderr},
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loom_core::Watch;

use crate::{error::Result, interrupt};

/// Nothing is drawn before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Follows a call that writes a file; `what` is a participle: "writing columns". A signal ends it.
///
/// # Errors
/// Where the system does not let signals be noted.
pub(crate) fn watch(what: &'static str) -> Result<Watch> {
    interrupt::hold()?;
    let progress = Mutex::new(Progress::new(what));
    Ok(Watch::new(move |done, total| {
        (progress.lock().unwrap_or_else(PoisonError::into_inner)).at(done, total);
        match interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }))
}

/// How far something has come. Nothing of it stays on the terminal.
struct Progress {
    bar: ProgressBar,
    start: Instant,
    shown: bool,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style).with_message(what),
            start: Instant::now(),
            // There is nobody to show it to.
            shown: !stderr().is_terminal(),
        }
    }

    /// So many of so many steps have been taken.
    fn at(&mut self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        if done == total {
            self.bar.finish_and_clear();
        } else if !self.shown && self.start.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
