//! [`FaultyFile`]: what of a file with a failing system the tests of other crates see.

use crate::{
    error::Result,
    file::File,
    limits::Limits,
    store::faulty::{ENOSPC, Fault, FaultyStore, Plan},
};

/// A file in memory whose system fails: for tests of what stands on this crate.
#[derive(Debug)]
pub struct FaultyFile(FaultyStore);

impl FaultyFile {
    /// A file with these bytes. The calls to write, sync or cut it fail from the one with this
    /// number on, counted from 1, so many `times`. A write of more bytes behind its end has done
    /// half of its work then.
    #[must_use]
    pub fn new(bytes: Vec<u8>, call: usize, times: usize) -> Self {
        let fault = Fault::Half(ENOSPC);
        let plan = Plan { call, times, fault };
        Self(FaultyStore::new(bytes, plan))
    }

    /// Opens the file for reading and writing.
    ///
    /// # Errors
    /// As [`File::from_bytes_rw`].
    pub fn open(&self) -> Result<File> {
        File::from_store(Box::new(self.0.clone()), Limits::default(), false)
    }

    /// From now on nothing fails. Whether something had.
    #[must_use]
    pub fn heal(&self) -> bool {
        self.0.heal()
    }

    /// What the file holds now.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.file.bytes()
    }
}
