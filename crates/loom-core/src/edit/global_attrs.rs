//! Global attributes, to be changed.

use h5lite::Array;

use crate::{
    connection::LoomConnection,
    error::{Error, Result},
    global_attrs::{GlobalAttrs, WHAT},
    spec,
    state::State,
};

/// The attributes of the whole file, to be changed: loompy's `ds.attrs[name] = value`. Each call is
/// one commit.
#[derive(Debug)]
pub struct GlobalAttrsMut<'ds> {
    state: &'ds mut State,
}

impl LoomConnection {
    /// Global attributes, to be changed.
    pub fn attrs_mut(&mut self) -> GlobalAttrsMut<'_> {
        GlobalAttrsMut {
            state: &mut self.state,
        }
    }
}

impl GlobalAttrsMut<'_> {
    /// The attributes as they are.
    #[must_use]
    pub fn as_ref(&self) -> GlobalAttrs<'_> {
        GlobalAttrs::new(self.state)
    }

    /// Sets an attribute: a single value, or an array of any shape. (loompy cannot store a list of
    /// strings.)
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Name`], [`Error::Text`]; [`Error::Misuse`] for another
    /// version of the specification than the file's; [`h5lite::Error::Unsupported`] for more than
    /// 64,000 bytes in a file before version 3.
    pub fn insert(&mut self, name: &str, value: impl Into<Array>) -> Result<()> {
        let value = value.into();
        self.check_version(name, Some(&value))?;
        (self.state).change(|change| change.write_global(name, &value))
    }

    /// Removes an attribute.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NotFound`]; [`Error::Misuse`] for the version of the
    /// specification.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.require(name)?;
        self.check_version(name, None)?;
        self.state.change(|change| {
            if change.globals_in_group()? {
                change.remove(spec::ATTRS, name)
            } else {
                Ok(change.edit.remove_attribute("/", name)?)
            }
        })
    }

    /// Gives an attribute another name.
    ///
    /// # Errors
    /// As [`remove`](Self::remove); [`Error::Name`]; [`Error::Exists`] where an attribute has the
    /// new name.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.require(from)?;
        self.check_version(from, None)?;
        self.check_version(to, None)?;
        spec::check_name(WHAT, to)?;
        if self.as_ref().contains(to)? {
            let name = to.to_owned();
            return Err(Error::Exists { what: WHAT, name });
        }
        self.state.change(|change| {
            if change.globals_in_group()? {
                change.rename(WHAT, spec::ATTRS, from, to)
            } else {
                Ok(change.edit.rename_attribute("/", from, to)?)
            }
        })
    }

    fn require(&self, name: &str) -> Result<()> {
        self.state.check_writable()?;
        if self.as_ref().contains(name)? && spec::is_name(name) {
            return Ok(());
        }
        Err(Error::not_found(WHAT, name))
    }

    /// Refuses to change the version: everything else in the file would have to be stored anew.
    fn check_version(&self, name: &str, value: Option<&Array>) -> Result<()> {
        let current = Array::from(self.state.version.to_string());
        if name != spec::LOOM_SPEC_VERSION || value == Some(&current) {
            return Ok(());
        }
        Err(Error::Misuse(format!(
            "{WHAT} {name:?} says how the whole file is stored; it changes when the file is \
             converted, and not by itself"
        )))
    }
}
