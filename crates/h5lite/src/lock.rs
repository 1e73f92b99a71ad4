//! File locks as libhdf5 takes them: `flock`, shared for readers, exclusive for writers.

use std::{
    env,
    fs::{File, TryLockError},
    io,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// What to do about locks when a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Locking {
    /// As libhdf5 does: fail at once where the file is locked, unless the environment variable
    /// `HDF5_USE_FILE_LOCKING` says `FALSE` (take no lock) or `BEST_EFFORT` (go on where the file
    /// system has none).
    #[default]
    FromEnvironment,
    /// Wait this long for whoever holds the file.
    Wait(Duration),
    /// Take no lock. Another program may change the file meanwhile.
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
    lock(locking, || file.try_lock_shared(), "it is open for writing")
}

/// Takes an exclusive lock on `file`; the rest as [`lock_shared`].
///
/// # Errors
/// As [`lock_shared`], where a reader holds the file too.
pub(crate) fn lock_exclusive(file: &File, locking: Locking) -> Result<bool> {
    lock(
        locking,
        || file.try_lock(),
        "it is open for reading or writing",
    )
}

fn lock(
    locking: Locking,
    try_lock: impl Fn() -> Result<(), TryLockError>,
    reason: &str,
) -> Result<bool> {
    let setting = env::var("HDF5_USE_FILE_LOCKING").unwrap_or_default();
    let deadline = match locking {
        Locking::Off => return Ok(false),
        Locking::FromEnvironment if matches!(setting.as_str(), "FALSE" | "0") => return Ok(false),
        Locking::FromEnvironment => Instant::now(),
        Locking::Wait(patience) => Instant::now() + patience,
    };
    loop {
        match try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(RETRY),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked(format!(
                    "{reason}; close it there, wait, or set HDF5_USE_FILE_LOCKING=FALSE if you are \
                     sure that nobody writes to it"
                )));
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => return Ok(false),
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
        assert!(!lock_shared(&late, Locking::Off).unwrap());
        let release = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60));
            drop(writer);
        });
        assert!(lock_shared(&late, Locking::Wait(Duration::from_secs(20))).unwrap());
        release.join().unwrap();
    }
}
