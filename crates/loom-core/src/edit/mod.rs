//! Changing Loom files: every call one commit, and every file by the conventions of its version.

mod append;
mod atomically;
mod attrs;
mod change;
mod columns;
mod create;
mod dense;
mod fill;
mod fit;
mod global_attrs;
mod graphs;
mod layers;
pub(crate) mod layout;
mod matrix;
mod sums;
mod tiles;
mod triplets;
mod values;

pub use attrs::AttrsMut;
pub use columns::Columns;
pub use create::{Create, NewFile, create, create_from, new};
pub use fill::Fill;
pub use global_attrs::GlobalAttrsMut;
pub use graphs::GraphsMut;
pub use layers::LayersMut;
pub use matrix::Matrix;
pub use triplets::Triplets;

pub(crate) use change::Change;
pub(crate) use fit::fit;
pub(crate) use tiles::{ENOUGH, tiles};
pub(crate) use values::{Elements, Values};

use crate::{
    connection::name_of,
    error::{Error, Result},
    state::State,
};

impl State {
    /// Makes one change and commits it.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], what `make` returns, and where the file cannot be written. Nothing was
    /// changed then, unless it is [`h5lite::Error::CommitUnknown`].
    pub(crate) fn change<R>(
        &mut self,
        make: impl FnOnce(&mut Change<'_, '_>) -> Result<R>,
    ) -> Result<R> {
        self.check_writable()?;
        let (version, shape) = (self.version, self.shape);
        let mut edit = self.file.edit()?;
        let mut change = Change::new(&mut edit, version, shape)?;
        let result = make(&mut change)?;
        change.stamp_file()?;
        edit.commit()?;
        self.shape = self.matrix_shape();
        Ok(result)
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.file.is_writable() {
            return Ok(());
        }
        Err(Error::ReadOnly {
            name: name_of(&self.file),
        })
    }
}
