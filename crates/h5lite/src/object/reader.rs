//! Many small reads of one dataset.

use crate::{
    error::{InObject, Result},
    read::{Values, Worker},
    value::{Number, Selection},
};

/// Reads numbers of a [`Dataset`](crate::Dataset) on the caller's thread, and keeps its decoder, its
/// buffers and what it knows of the chunk index from one read to the next.
///
/// Programs that share out the parts of a dataset among their threads give each one of these.
#[derive(Debug)]
pub struct Reader<'d> {
    values: &'d Values<'d>,
    path: &'d str,
    worker: Worker<'d>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(values: &'d Values<'d>, path: &'d str) -> Result<Self> {
        let worker = values.worker().in_object(path)?;
        Ok(Self {
            values,
            path,
            worker,
        })
    }

    /// Reads numbers into a buffer, as [`Dataset::read_into`](crate::Dataset::read_into) does.
    ///
    /// # Errors
    /// As [`Dataset::read_into`](crate::Dataset::read_into).
    pub fn read_into<T: Number>(&mut self, selections: &[Selection], out: &mut [T]) -> Result<()> {
        let read = (self.values).read_with(&mut self.worker, selections, out);
        read.in_object(self.path)
    }
}
