//! Progress for people who wait: a bar on the terminal, once it takes longer than a second.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nothing is drawn before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far something has come. Nothing of it stays on the terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
    shown: bool,
}

impl Progress {
    /// Something that takes `total` steps; `what` is a participle: "writing columns".
    pub(crate) fn new(what: &'static str, total: usize) -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style).with_message(what),
            start: Instant::now(),
            // There is nobody to show it to.
            shown: !stderr().is_terminal(),
        }
    }

    /// So many steps have been taken.
    pub(crate) fn advance(&mut self, steps: usize) {
        self.bar.inc(steps as u64);
        if !self.shown && self.start.elapsed() > PATIENCE {
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
