//! The workloads by name. What comes before a workload, such as selecting columns, is not measured.

mod reading;

use std::{error::Error, path::PathBuf};

use loom_core::Connect;

use crate::numpy_random::Generator;

/// What is measured; it comes to a number that is the same for every implementation.
pub(crate) type Work = Box<dyn FnOnce() -> Result<f64, Box<dyn Error>>>;

/// On what a workload runs.
pub(crate) struct Setting {
    file: PathBuf,
    threads: usize,
    random: Generator,
    /// Where files are written.
    #[allow(dead_code, reason = "for the workloads that write")]
    scratch: PathBuf,
}

impl Setting {
    pub(crate) fn new(file: PathBuf, threads: usize, seed: u64, scratch: PathBuf) -> Self {
        let random = Generator::new(seed);
        Self {
            file,
            threads,
            random,
            scratch,
        }
    }

    fn options(&self) -> Connect {
        Connect::new().validate(false).threads(self.threads)
    }

    /// Some positions of an axis, sorted.
    fn positions(&mut self, length: usize, count: usize) -> Vec<usize> {
        let mut positions = self.random.choice(length, count.min(length));
        positions.sort_unstable();
        positions
    }
}

/// The work of a workload.
///
/// # Errors
/// Where there is none of this name, or what it needs cannot be had.
pub(crate) fn prepare(mut setting: Setting, name: &str) -> Result<Work, Box<dyn Error>> {
    let work = reading::prepare(&mut setting, name)?;
    work.ok_or_else(|| format!("no workload is named {name:?}").into())
}
