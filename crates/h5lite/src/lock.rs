//! File locks as libhdf5 takes them: `flock`, shared for readers, exclusive for writers.

use std::{
    env,
    fs::{File, TryLockError},
    io,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// What to do about locks when a file is opened.
///
/// A file system that has no locks is no obstacle, except where the environment insists: an edit
/// notices what others wrote in spite of it
/// ([`Error::ChangedUnderUs`](crate::Error::ChangedUnderUs)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Locking {
    /// As the environment variable `HDF5_USE_FILE_LOCKING` tells libhdf5: `FALSE` or `0` takes no
    /// lock; `TRUE` or `1` fails also where the file system has none; otherwise (`BEST_EFFORT`, or
    /// not set) as [`Fail`](Self::Fail).
    #[default]
    FromEnvironment,
    /// Fail at once where the file is locked, whatever the environment says.
    Fail,
    /// Wait this long for whoever holds the file, whatever the environment says.
    Wait(Duration),
    /// Go without a lock. Another program may change the file meanwhile.
    Off,
}

/// Pause between two tries.
const RETRY: Duration = Duration::from_millis(20);

/// Takes a shared lock on `file`. Whether it was granted; it is held until the file is closed.
///
/// A file system without locks is no error: nobody else can hold one there either.
///
/// # Errors
/// [`Error::Locked`] where a writer holds the file, [`Error::Io`] where the system refuses.
pub(crate) fn lock_shared(file: &File, locking: Locking) -> Result<bool> {
    let refused = "the shared lock for reading is refused: the file is open for writing";
    let setting = env::var("HDF5_USE_FILE_LOCKING").unwrap_or_default();
    lock((locking, &setting), || file.try_lock_shared(), refused)
}

/// Takes an exclusive lock on `file`; the rest as [`lock_shared`].
///
/// # Errors
/// As [`lock_shared`], where a reader holds the file too.
pub(crate) fn lock_exclusive(file: &File, locking: Locking) -> Result<bool> {
    let refused =
        "the exclusive lock for writing is refused: the file is open for reading or writing";
    let setting = env::var("HDF5_USE_FILE_LOCKING").unwrap_or_default();
    lock((locking, &setting), || file.try_lock(), refused)
}

fn lock(
    (locking, setting): (Locking, &str),
    try_lock: impl Fn() -> Result<(), TryLockError>,
    refused: &str,
) -> Result<bool> {
    let from_environment = locking == Locking::FromEnvironment;
    let deadline = match locking {
        Locking::Off => return Ok(false),
        Locking::FromEnvironment if matches!(setting, "FALSE" | "0") => return Ok(false),
        Locking::FromEnvironment | Locking::Fail => Some(Instant::now()),
        // Longer than time can be counted is for ever.
        Locking::Wait(patience) => Instant::now().checked_add(patience),
    };
    let insists = from_environment && matches!(setting, "TRUE" | "1");
    loop {
        match try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock)
                if deadline.is_none_or(|deadline| Instant::now() < deadline) =>
            {
                std::thread::sleep(RETRY);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked(format!(
                    "{refused}; close it there, wait, or set HDF5_USE_FILE_LOCKING=FALSE if you are \
                     sure that nobody writes to it"
                )));
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) && !insists => {
                return Ok(false);
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock the file", error)),
        }
    }
}

/// Whether the file system says that it knows no locks.
fn has_no_locks(error: &io::Error) -> bool {
    // ENOLCK, which std has no kind for; ENOSYS and EOPNOTSUPP are `Unsupported`.
    error.kind() == io::ErrorKind::Unsupported || error.raw_os_error() == Some(37)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_and_a_writer_excludes() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let [one, two, writer] = [0; 3].map(|_| File::open(path.path()).unwrap());
        assert!(lock_shared(&one, Locking::FromEnvironment).unwrap());
        assert!(lock_shared(&two, Locking::FromEnvironment).unwrap());
        drop((one, two));
        writer.lock().unwrap();
        let late = File::open(path.path()).unwrap();
        let refused = lock_shared(&late, Locking::FromEnvironment).unwrap_err();
        assert!(matches!(refused, Error::Locked(_)), "{refused}");
        assert!(refused.to_string().contains("shared lock"), "{refused}");
        let refused = lock_exclusive(&late, Locking::Fail).unwrap_err();
        assert!(refused.to_string().contains("exclusive lock"), "{refused}");
        assert!(!lock_shared(&late, Locking::Off).unwrap());
        let release = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60));
            drop(writer);
        });
        assert!(lock_shared(&late, Locking::Wait(Duration::from_secs(20))).unwrap());
        release.join().unwrap();
    }

    #[test]
    fn the_environment_can_forbid_locks_and_insist_on_them() {
        let without = || Err(TryLockError::Error(io::ErrorKind::Unsupported.into()));
        let taken = || Err(TryLockError::WouldBlock);
        let environment = Locking::FromEnvironment;
        for setting in ["", "BEST_EFFORT"] {
            assert!(
                !lock((environment, setting), without, "").unwrap(),
                "{setting}"
            );
            assert!(
                lock((environment, setting), taken, "").is_err(),
                "{setting}"
            );
        }
        for setting in ["FALSE", "0"] {
            assert!(
                !lock((environment, setting), taken, "").unwrap(),
                "{setting}"
            );
            assert!(
                lock((Locking::Fail, setting), taken, "").is_err(),
                "{setting}"
            );
            let soon = Locking::Wait(Duration::from_millis(1));
            assert!(lock((soon, setting), taken, "").is_err(), "{setting}");
        }
        for setting in ["TRUE", "1"] {
            let refused = lock((environment, setting), without, "").unwrap_err();
            assert!(refused.to_string().contains("cannot lock"), "{refused}");
            assert!(!lock((Locking::Fail, setting), without, "").unwrap());
        }
    }
}
