//! Row and column attributes, to be changed.

use h5lite::Array;

use crate::{
    attrs::Attrs,
    axis::Axis,
    connection::LoomConnection,
    error::{Error, Result},
    state::State,
};

/// The attributes of one axis, to be changed: loompy's `ds.ra[name] = values`. Each call is one
/// commit.
#[derive(Debug)]
pub struct AttrsMut<'ds> {
    state: &'ds mut State,
    axis: Axis,
}

impl LoomConnection {
    /// Row attributes, to be changed.
    pub fn ra_mut(&mut self) -> AttrsMut<'_> {
        self.axis_attrs_mut(Axis::Rows)
    }

    /// Column attributes, to be changed.
    pub fn ca_mut(&mut self) -> AttrsMut<'_> {
        self.axis_attrs_mut(Axis::Cols)
    }

    /// The attributes of an axis, to be changed.
    pub fn axis_attrs_mut(&mut self, axis: Axis) -> AttrsMut<'_> {
        AttrsMut {
            state: &mut self.state,
            axis,
        }
    }
}

impl AttrsMut<'_> {
    /// The attributes as they are.
    #[must_use]
    pub fn as_ref(&self) -> Attrs<'_> {
        Attrs::new(self.state, self.axis)
    }

    /// Sets an attribute: one value, or array of values, for each row or column, along the first
    /// axis. One of the same name is replaced. Before there is a matrix, any length will do.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Name`]; [`Error::Shape`] for another number of values;
    /// [`Error::Text`] for text with NUL or, before version 3, a character that no reference
    /// stands for.
    pub fn insert(&mut self, name: &str, values: impl Into<Array>) -> Result<()> {
        let values = values.into();
        (self.state).change(|change| change.write_attr(self.axis, name, &values))
    }

    /// Removes an attribute.
    ///
    /// # Errors
    /// [`Error::ReadOnly`]; [`Error::NotFound`], also for a field of a compound attribute.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.require(name)?;
        (self.state).change(|change| change.remove(self.axis.attrs_path(), name))
    }

    /// Gives an attribute another name.
    ///
    /// # Errors
    /// As [`remove`](Self::remove); [`Error::Name`]; [`Error::Exists`] where an attribute has the
    /// new name.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.require(from)?;
        let (what, path) = (self.axis.attribute(), self.axis.attrs_path());
        (self.state).change(|change| change.rename(what, path, from, to))
    }

    fn require(&self, name: &str) -> Result<()> {
        self.state.check_writable()?;
        if self.state.holds(self.axis.attrs_path(), name)? {
            return Ok(());
        }
        Err(Error::not_found(self.axis.attribute(), name))
    }
}
