//! Whole files gone through object by object.

use std::{collections::HashMap, rc::Rc};

use crate::{
    error::{Error, Result},
    file::File,
    image::Address,
    limits::Limits,
};

/// The objects that are still to be visited, each once, under the first path that led there.
///
/// Paths share their beginnings, and all names together are no longer than the file: a group with a
/// long name and many links does not multiply it.
#[derive(Debug)]
pub(crate) struct Worklist<'f> {
    limits: &'f Limits,
    seen: HashMap<Address, Place>,
    waiting: Vec<Address>,
    /// Bytes of names that no link has used yet.
    names: u64,
}

/// The last step of a path.
#[derive(Debug)]
struct Step {
    /// The group the link is in; `None` for the root.
    parent: Option<Rc<Self>>,
    name: String,
    depth: u64,
}

/// Where a visited object was found.
#[derive(Clone, Debug)]
pub(crate) struct Place(Rc<Step>);

impl<'f> Worklist<'f> {
    /// The root of a file.
    pub(crate) fn new(file: &'f File) -> Self {
        let (root, name) = (file.superblock().root, String::new());
        let place = Place(Rc::new(Step {
            parent: None,
            name,
            depth: 0,
        }));
        Self {
            limits: file.limits(),
            seen: HashMap::from([(root, place)]),
            waiting: vec![root],
            names: file.image().len(),
        }
    }

    /// The object to visit next.
    pub(crate) fn next(&mut self) -> Option<(Place, Address)> {
        let address = self.waiting.pop()?;
        Some((self.seen.get(&address)?.clone(), address))
    }

    /// Adds what a link of the group at `place` leads to, or returns where it was met before.
    ///
    /// # Errors
    /// [`Error::Limit`] where it is one object too many or too deep; [`Error::Corrupt`] where links
    /// share the bytes of their names.
    pub(crate) fn push(
        &mut self,
        place: &Place,
        name: &str,
        address: Address,
    ) -> Result<Option<Place>> {
        if let Some(first) = self.seen.get(&address) {
            return Ok(Some(first.clone()));
        }
        let (Limits { depth, objects, .. }, parent) = (self.limits, &place.0);
        let below = parent.depth.saturating_add(1);
        Limits::check("groups inside each other", below, *depth, "depth")?;
        let count = self.seen.len() as u64 + 1;
        Limits::check("objects of the file", count, *objects, "objects")?;
        let overlap = || Error::corrupt("group", address, "names of links overlap");
        self.names = self
            .names
            .checked_sub(name.len() as u64)
            .ok_or_else(overlap)?;
        let step = Step {
            parent: Some(Rc::clone(parent)),
            name: name.to_owned(),
            depth: below,
        };
        self.seen.insert(address, Place(Rc::new(step)));
        self.waiting.push(address);
        Ok(None)
    }
}

impl Place {
    /// The path from the root on.
    pub(crate) fn path(&self) -> String {
        let mut names = Vec::new();
        let mut at = &self.0;
        while let Some(parent) = &at.parent {
            names.push(at.name.as_str());
            at = parent;
        }
        names.push("");
        names.reverse();
        match &names[..] {
            [_] => "/".to_owned(),
            names => names.join("/"),
        }
    }
}

impl Drop for Step {
    /// A chain of parents is let go one by one: however long it is, the stack is not.
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(mut step) = next.and_then(Rc::into_inner) {
            next = step.parent.take();
        }
    }
}
