//! The workloads by name. What comes before a workload, such as selecting columns, is not measured.

mod reading;
mod writing;

use std::{error::Error, path::PathBuf};

use loom_core::Connect;

use crate::numpy_random::Generator;

/// Runs an expression with `$T` as the Rust type of stored numbers; text fails.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        with_number!(@ $dtype, $T, $body,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64,
            F16 f32, F32 f32, F64 f64)
    };
    (@ $dtype:expr, $T:ident, $body:expr, $($variant:ident $type:ty),*) => {
        match $dtype {
            $(loom_core::DType::$variant => {
                type $T = $type;
                $body
            })*
            loom_core::DType::Str => return Err("a matrix of text".into()),
        }
    };
}

use with_number;

/// Why there is no result.
pub(crate) type Failure = Box<dyn Error>;

/// What is measured; it comes to a number that is the same for every implementation.
pub(crate) type Work = Box<dyn FnOnce() -> Result<f64, Failure>>;

/// On what a workload runs.
pub(crate) struct Setting {
    file: PathBuf,
    threads: usize,
    random: Generator,
    /// Where files are written.
    scratch: PathBuf,
    /// Whether the file is read by position in any case.
    pub(crate) positioned: bool,
}

impl Setting {
    pub(crate) fn new(file: PathBuf, threads: usize, seed: u64, scratch: PathBuf) -> Self {
        let random = Generator::new(seed);
        Self {
            file,
            threads,
            random,
            scratch,
            positioned: false,
        }
    }

    fn options(&self) -> Connect {
        let options = Connect::new().validate(false).threads(self.threads);
        if self.positioned {
            options.positioned(true)
        } else {
            options
        }
    }

    /// Where a file is written, in the place of what an earlier run left there.
    fn scratch(&self, name: &str) -> PathBuf {
        self.scratch.join(format!("ours-{name}.loom"))
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
pub(crate) fn prepare(mut setting: Setting, name: &str) -> Result<Work, Failure> {
    if let Some(work) = reading::prepare(&mut setting, name)? {
        return Ok(work);
    }
    let work = writing::prepare(&mut setting, name)?;
    work.ok_or_else(|| format!("no workload is named {name:?}").into())
}
