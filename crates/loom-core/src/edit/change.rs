//! A change to a Loom file that is being prepared.

use std::borrow::Cow;

use h5lite::{Array, DatasetOptions, Datatype, Edit};

use super::layout;
use crate::{
    axis::Axis,
    error::{Error, Result},
    global_attrs,
    spec::{self, SpecVersion},
    text, timestamp,
};

/// An HDF5 edit that keeps the conventions of the file's version.
///
/// | | before 3.0.0 | from 3.0.0 on |
/// |---|---|---|
/// | text | ASCII of fixed length, character references for the rest | UTF-8 of variable length |
/// | global attributes | HDF5 attributes of `/` | datasets in `/attrs`, where there is such a group |
///
/// Groups that early files lack are made, and `row_edges` and `col_edges` get their present names,
/// as loompy does when it opens a file for writing.
pub(crate) struct Change<'e, 'f> {
    pub(crate) edit: &'e mut Edit<'f>,
    /// (rows, columns) of the main matrix; (0, 0) while there is none.
    pub(crate) shape: (usize, usize),
    version: SpecVersion,
    /// The time of the change.
    now: String,
    /// Whether the edit gives `/attrs/last_modified` a value of its own.
    stamped: bool,
}

impl<'e, 'f> Change<'e, 'f> {
    /// Prepares a change to a file of this version and shape.
    pub(crate) fn new(
        edit: &'e mut Edit<'f>,
        version: SpecVersion,
        shape: (usize, usize),
    ) -> Result<Self> {
        let mut change = Self {
            edit,
            shape,
            version,
            now: timestamp::now(),
            stamped: false,
        };
        change.make_groups()?;
        Ok(change)
    }

    fn make_groups(&mut self) -> Result<()> {
        self.edit.create_group(spec::LAYERS)?;
        for axis in Axis::BOTH {
            self.edit.create_group(axis.attrs_path())?;
            let [graphs, early] = axis.graphs_paths();
            if self.edit.contains(early)? && !self.edit.contains(graphs)? {
                self.edit.rename(early, graphs)?;
            }
            self.edit.create_group(graphs)?;
            if self.edit.contains(early)? {
                self.move_early_graphs(early, graphs)?;
            }
        }
        Ok(())
    }

    /// Moves graphs of early files to where they are today. One whose name is taken stays: nobody
    /// reads it, but it is not ours to throw away.
    fn move_early_graphs(&mut self, early: &str, graphs: &str) -> Result<()> {
        let mut left = 0;
        for name in self.edit.file().group(early)?.names()? {
            let (from, to) = (format!("{early}/{name}"), format!("{graphs}/{name}"));
            if self.edit.contains(&to)? {
                left += 1;
            } else {
                self.edit.rename(&from, &to)?;
            }
        }
        if left == 0 {
            self.edit.remove(early)?;
        }
        Ok(())
    }

    /// The time of the change.
    pub(crate) fn now(&self) -> &str {
        &self.now
    }

    /// Notes on an object that it changed now.
    pub(crate) fn stamp(&mut self, path: &str) -> Result<()> {
        let now = self.now.as_str().into();
        Ok(self.edit.set_attribute(path, spec::LAST_MODIFIED, &now)?)
    }

    /// Notes on the file that it changed now: where loompy 3 writes it, and where loompy 3 reads it.
    pub(crate) fn stamp_file(&mut self) -> Result<()> {
        if self.stamped {
            return Ok(());
        }
        self.stamp("/")?;
        if self.globals_in_group()? {
            let now = Array::from(self.now.as_str());
            self.write_global(spec::LAST_MODIFIED, &now)?;
        }
        Ok(())
    }

    /// Writes a row or column attribute, in the place of one of the same name.
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::Shape`] where there is not one value for each row or column;
    /// [`Error::Text`].
    pub(crate) fn write_attr(&mut self, axis: Axis, name: &str, values: &Array) -> Result<()> {
        let (length, empty) = (axis.of(self.shape), self.shape == (0, 0));
        let found = values.shape();
        if found.first().is_none_or(|&found| !empty && found != length) {
            let expected = match empty {
                true => "one value for each of the".to_owned(),
                false => format!("one value for each of {length}"),
            };
            return Err(Error::Shape {
                what: format!("{} {name:?}", axis.attribute()),
                expected: format!("{expected} {axis}"),
                found: found.to_vec(),
            });
        }
        self.put_attr(axis, name, values)
    }

    /// The same, whatever its length.
    pub(crate) fn put_attr(&mut self, axis: Axis, name: &str, values: &Array) -> Result<()> {
        spec::check_name(axis.attribute(), name)?;
        let what = format!("{} {name:?}", axis.attribute());
        let (values, datatype) = self.stored(&what, values)?;
        let options = layout::attribute(values.shape(), datatype);
        let path = format!("{}/{name}", axis.attrs_path());
        self.edit.write(&path, &values, &options)?;
        self.stamp(&path)?;
        self.stamp(axis.attrs_path())
    }

    /// Whether global attributes are datasets in `/attrs`.
    pub(crate) fn globals_in_group(&mut self) -> Result<bool> {
        Ok(self.edit.contains(spec::ATTRS)?)
    }

    /// Writes a global attribute, in the place of one of the same name.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Text`]; [`h5lite::Error::Unsupported`] for what does not fit into
    /// an HDF5 attribute, in a file that keeps them there.
    pub(crate) fn write_global(&mut self, name: &str, values: &Array) -> Result<()> {
        spec::check_name(global_attrs::WHAT, name)?;
        self.stamped |= name == spec::LAST_MODIFIED;
        let what = format!("{} {name:?}", global_attrs::WHAT);
        let (values, datatype) = self.stored(&what, values)?;
        if self.globals_in_group()? {
            let options = DatasetOptions::contiguous().datatype(datatype);
            let path = format!("{}/{name}", spec::ATTRS);
            self.edit.write(&path, &values, &options)?;
        } else {
            (self.edit).set_attribute_as("/", name, &values, &datatype)?;
        }
        Ok(())
    }

    /// Whether text beyond ASCII is stored as character references.
    pub(super) fn escapes_text(&self) -> bool {
        self.version.escapes_text()
    }

    /// Values as this file stores them, and their type.
    pub(super) fn stored<'v>(
        &self,
        what: &str,
        values: &'v Array,
    ) -> Result<(Cow<'v, Array>, Datatype)> {
        let Array::Str(text) = values else {
            return Ok((Cow::Borrowed(values), Datatype::of(values.dtype())));
        };
        let refused = |text: &str, reason: String| Error::Text {
            what: what.to_owned(),
            text: text.to_owned(),
            reason,
        };
        if let Some(text) = text.iter().find(|text| text.contains('\0')) {
            return Err(refused(text, "NUL ends text in HDF5".to_owned()));
        }
        if !self.version.escapes_text() {
            return Ok((Cow::Borrowed(values), Datatype::of(values.dtype())));
        }
        let mut width = 1;
        let mut escaped = text.clone();
        for value in &mut escaped {
            let ascii = text::escape(value).map_err(|c| {
                let version = self.version;
                let reason = format!("files of version {version} cannot store {c:?}");
                refused(value, reason)
            })?;
            width = width.max(ascii.len());
            if let Cow::Owned(ascii) = ascii {
                *value = ascii;
            }
        }
        let width = u32::try_from(width).map_err(|_| {
            let expected = "at most 4 GiB".to_owned();
            let found = format!("{width} bytes");
            h5lite::Error::Mismatch { expected, found }
        })?;
        Ok((Cow::Owned(escaped.into()), Datatype::fixed_string(width)))
    }

    /// Removes an object from its group, and notes on the group that it changed.
    pub(crate) fn remove(&mut self, group: &str, name: &str) -> Result<()> {
        self.edit.remove(&format!("{group}/{name}"))?;
        self.stamp(group)
    }

    /// Gives an object of a group another name, and notes on both that they changed.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Exists`].
    pub(crate) fn rename(
        &mut self,
        what: &'static str,
        group: &str,
        from: &str,
        to: &str,
    ) -> Result<()> {
        spec::check_name(what, to)?;
        let (from, path) = (format!("{group}/{from}"), format!("{group}/{to}"));
        if self.edit.contains(&path)? {
            let name = to.to_owned();
            return Err(Error::Exists { what, name });
        }
        self.edit.rename(&from, &path)?;
        self.stamp(&path)?;
        self.stamp(group)
    }
}
