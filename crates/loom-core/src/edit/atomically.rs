//! Several calls as one change.

use crate::{connection::LoomConnection, error::Result};

impl LoomConnection {
    /// Makes everything that `change` does to the file one change: others see all of it at once or
    /// nothing, whatever interrupts it. Within, each call sees those before it.
    ///
    /// An error that `change` returns (or a panic) undoes all of it. Within another such call, this
    /// one is a part of that; an error undoes this part.
    ///
    /// # Errors
    /// What `change` returns; [`Error::ReadOnly`](crate::Error::ReadOnly); and where the file
    /// cannot be written.
    ///
    /// # Examples
    /// ```
    /// use loom_core::{Array, LoomView, create, connect, Mode};
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.loom");
    /// let mut view = LoomView::default();
    /// view.layers.insert(String::new(), ndarray::arr2(&[[1, 2, 3], [4, 5, 6]]).into());
    /// create(&path, &view)?;
    /// let mut ds = connect(&path, Mode::ReadWrite)?;
    /// ds.atomically(|ds| {
    ///     ds.ca_mut().insert("Age", vec![1.0, 2.0, 3.0])?;
    ///     ds.attrs_mut().insert("title", "an example")
    /// })?;
    /// # Ok::<(), loom_core::Error>(())
    /// ```
    pub fn atomically<R>(&mut self, change: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.state.check_writable()?;
        self.state.file.begin()?;
        let mut open = Open {
            ds: self,
            committed: false,
        };
        let result = change(open.ds)?;
        open.committed = true;
        open.ds.state.file.commit()?;
        Ok(result)
    }
}

/// A transaction that is rolled back unless it is committed.
struct Open<'a> {
    ds: &'a mut LoomConnection,
    committed: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.committed {
            self.ds.state.file.roll_back();
        }
        self.ds.state.shape = self.ds.state.matrix_shape();
    }
}
