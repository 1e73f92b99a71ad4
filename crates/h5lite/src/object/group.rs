//! Groups: named links to other objects.

use std::sync::{Arc, OnceLock};

use super::{Dataset, Node, Object, links, path};
use crate::{
    error::{Error, InObject, Result},
    format::message::LinkTarget,
};

/// A group.
#[derive(Clone, Debug)]
pub struct Group<'f> {
    pub(super) node: Node<'f>,
    /// All its links, once one was asked for. The file cannot change while it is borrowed.
    links: Arc<OnceLock<Vec<Link>>>,
}

/// A name in a group and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The name.
    pub name: String,
    /// What it leads to.
    pub target: LinkTarget,
}

impl<'f> Group<'f> {
    pub(super) fn new(node: Node<'f>) -> Self {
        Self {
            node,
            links: Arc::default(),
        }
    }

    /// All links in the order h5py lists them: by name, or in order of creation where the group
    /// tracks it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and its kin.
    pub fn links(&self) -> Result<Vec<Link>> {
        Ok(self.known_links()?.to_vec())
    }

    /// The same, read from the file the first time only.
    pub(crate) fn known_links(&self) -> Result<&[Link]> {
        if let Some(links) = self.links.get() {
            return Ok(links);
        }
        let file = self.node.file;
        let links = links::all(file.image(), &self.node.header, file.limits());
        let links = links.in_object(&self.node.path)?;
        Ok(self.links.get_or_init(|| links))
    }

    /// The links that can be read, and why the others cannot.
    pub(crate) fn readable_links(&self) -> (Vec<Link>, Option<Error>) {
        let limits = self.node.file.limits();
        links::readable(self.node.file.image(), &self.node.header, limits)
    }

    /// The link of this name, if there is one.
    pub(super) fn link(&self, name: &str) -> Result<Option<&Link>> {
        Ok(self.known_links()?.iter().find(|link| link.name == name))
    }

    /// The names of all links, in the order of [`links`](Self::links).
    ///
    /// # Errors
    /// As [`links`](Self::links).
    pub fn names(&self) -> Result<Vec<String>> {
        let links = self.known_links()?.iter();
        Ok(links.map(|link| link.name.clone()).collect())
    }

    /// How many links there are.
    ///
    /// # Errors
    /// As [`links`](Self::links).
    pub fn len(&self) -> Result<usize> {
        Ok(self.known_links()?.len())
    }

    /// Whether there is no link.
    ///
    /// # Errors
    /// As [`links`](Self::links).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.known_links()?.is_empty())
    }

    /// Whether a link has this name, wherever it leads.
    ///
    /// # Errors
    /// As [`links`](Self::links).
    pub fn contains(&self, name: &str) -> Result<bool> {
        Ok(self.link(name)?.is_some())
    }

    /// The object with this path, seen from here.
    ///
    /// # Errors
    /// As [`File::object`](crate::File::object).
    pub fn object(&self, path: &str) -> Result<Object<'f>> {
        path::resolve(self, path)
    }

    /// The group with this path, seen from here.
    ///
    /// # Errors
    /// As [`File::group`](crate::File::group).
    pub fn group(&self, path: &str) -> Result<Self> {
        self.object(path)?.into_group()
    }

    /// The dataset with this path, seen from here.
    ///
    /// # Errors
    /// As [`File::dataset`](crate::File::dataset).
    pub fn dataset(&self, path: &str) -> Result<Dataset<'f>> {
        self.object(path)?.into_dataset()
    }

    /// The path of the link of this name.
    pub(crate) fn child_path(&self, name: &str) -> String {
        format!("{}/{name}", self.node.path.trim_end_matches('/'))
    }
}
