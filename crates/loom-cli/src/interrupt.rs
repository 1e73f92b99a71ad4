//! Ctrl-C, and other polite requests to end.
//!
//! What has nothing to tidy up ends at once, as any program does. What writes a file is asked to
//! stop, undoes what it did, and the process then ends by the signal all the same. A second request
//! is not polite any longer: it ends the process at once.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{consts, flag, low_level};

/// The keyboard, `kill`, and on Unix a terminal that is closed.
const SIGNALS: &[i32] = &[
    consts::SIGINT,
    consts::SIGTERM,
    #[cfg(unix)]
    consts::SIGHUP,
];

/// The signal that came; 0 before.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// From now on, signals are noted and not obeyed.
///
/// # Errors
/// Where the system refuses; then they end the process as before.
pub(crate) fn hold() -> io::Result<()> {
    if SIGNAL.get().is_some() {
        return Ok(());
    }
    let number = Arc::clone(SIGNAL.get_or_init(Arc::default));
    let again = Arc::new(AtomicBool::new(false));
    for &signal in SIGNALS {
        flag::register_conditional_default(signal, Arc::clone(&again))?;
        flag::register(signal, Arc::clone(&again))?;
        let value = usize::try_from(signal).unwrap_or_default();
        flag::register_usize(signal, Arc::clone(&number), value)?;
    }
    Ok(())
}

/// Whether a signal came that was noted.
pub(crate) fn requested() -> bool {
    signal() != 0
}

/// Obeys the signal that was noted, if one was: the process ends by it.
pub(crate) fn obey() {
    let Ok(signal @ 1..) = i32::try_from(signal()) else {
        return;
    };
    // Where that fails, the exit status says that something did.
    let _ = low_level::emulate_default_handler(signal);
}

fn signal() -> usize {
    (SIGNAL.get()).map_or(0, |number| number.load(Ordering::SeqCst))
}
