//! What an edit does to names: groups, links, removing and renaming.

use super::{
    Edit,
    tree::{Id, Kind, Links, Target, Tree},
};
use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::message::LinkTarget,
};

impl Edit<'_> {
    /// The object with this path: its node, if there is one. Soft links are not followed.
    fn find(&mut self, path: &str) -> Result<Option<Id>> {
        let (context, tree) = self.parts()?;
        let mut at = Tree::ROOT;
        for name in names(path) {
            let Kind::Group(links) = &tree.content(context.file, at)?.kind else {
                return Ok(None);
            };
            match links.by_name.get(name) {
                Some((Target::Object(id), _)) => at = *id,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    pub(super) fn require(&mut self, path: &str) -> Result<Id> {
        self.find(path)?.ok_or_else(|| not_found(path))
    }

    /// Whether there is an object with this path. Soft links are not followed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and its kin, where a group on the way cannot be read.
    pub fn contains(&mut self, path: &str) -> Result<bool> {
        Ok(self.find(path)?.is_some())
    }

    /// Makes a group, and those around it that do not exist. One that exists is left as it is.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group.
    pub fn create_group(&mut self, path: &str) -> Result<()> {
        self.group(path).map(drop)
    }

    /// The last group on the way to `path` that exists, and the names that follow it.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group, or a name cannot be one.
    fn reach<'p>(&mut self, path: &'p str) -> Result<(Id, Vec<&'p str>)> {
        let (context, tree) = self.parts()?;
        let mut at = Tree::ROOT;
        let mut rest = names(path);
        loop {
            let links = tree.links(context.file, at, path)?;
            let mut ahead = rest.clone();
            let found = ahead.next().and_then(|name| links.by_name.get(name));
            match found {
                Some((Target::Object(id), _)) => at = *id,
                Some((Target::Elsewhere(_), _)) => {
                    let source = Error::unsupported("change through a soft or external link");
                    return Err(source).in_object(path);
                }
                None => break,
            }
            rest = ahead;
        }
        let missing: Vec<&str> = rest.collect();
        missing.iter().try_for_each(|name| check_name(name))?;
        Ok((at, missing))
    }

    /// The group with this path, made where it does not exist.
    fn group(&mut self, path: &str) -> Result<Id> {
        let (mut at, missing) = self.reach(path)?;
        let (context, tree) = self.parts()?;
        for name in missing {
            let id = tree.add(Kind::Group(Links::default()), Vec::new());
            link(tree, context.file, at, name, Target::Object(id))?;
            at = id;
        }
        Ok(at)
    }

    /// Whether something could be put at `path`: nothing is made yet.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub(super) fn check_place(&mut self, path: &str) -> Result<()> {
        let (parent, _) = split(path)?;
        self.reach(parent).map(drop)
    }

    /// Puts a link into the group around `path`, in the place of whatever has that name.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group.
    pub(super) fn place(&mut self, path: &str, target: Target) -> Result<()> {
        let (parent, name) = split(path)?;
        let group = self.group(parent)?;
        self.unlink(group, name)?;
        let (context, tree) = self.parts()?;
        link(tree, context.file, group, name, target)
    }

    /// Takes a name out of a group. Whether it was there.
    fn unlink(&mut self, group: Id, name: &str) -> Result<bool> {
        let (context, tree) = self.parts()?;
        let file = context.file;
        if !tree.links(file, group, name)?.by_name.contains_key(name) {
            return Ok(false);
        }
        tree.change(file, group)?;
        let removed = tree.links(file, group, name)?.by_name.remove(name);
        if let Some((Target::Object(id), _)) = removed {
            tree.release(file, id)?;
        }
        Ok(true)
    }

    /// Makes a soft link at `path` to the path `target`, in the place of whatever is there.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where something on the way is no group.
    pub fn soft_link(&mut self, path: &str, target: &str) -> Result<()> {
        check_name(target)?;
        self.place(path, Target::Elsewhere(LinkTarget::Soft(target.to_owned())))
    }

    /// Removes the name `path`; the object too, unless it has other names.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let (parent, name) = split(path)?;
        let group = self.require(parent)?;
        if self.unlink(group, name)? {
            Ok(())
        } else {
            Err(not_found(path))
        }
    }

    /// Gives the object at `from` the path `to`. The groups around `to` are made where they do not
    /// exist.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Exists`] where something has the new path; [`Error::Mismatch`]
    /// for a group that would move into itself.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let inside = names(from).eq(names(to).take(names(from).count()));
        if inside {
            return Err(Error::Mismatch {
                expected: "a path outside the object itself".to_owned(),
                found: to.to_owned(),
            });
        }
        let (from_parent, from_name) = split(from)?;
        let (to_parent, to_name) = split(to)?;
        let from_group = self.require(from_parent)?;
        let (context, tree) = self.parts()?;
        let links = tree.links(context.file, from_group, from_parent)?;
        let found = links.by_name.get(from_name).cloned();
        let (target, _) = found.ok_or_else(|| not_found(from))?;
        let (to_group, missing) = self.reach(to_parent)?;
        let (context, tree) = self.parts()?;
        let links = tree.links(context.file, to_group, to_parent)?;
        if missing.is_empty() && links.by_name.contains_key(to_name) {
            return Err(Error::Exists(to.to_owned()));
        }
        // From here on nothing fails: the object is never without a name.
        let to_group = self.group(to_parent)?;
        let (context, tree) = self.parts()?;
        link(tree, context.file, to_group, to_name, target)?;
        tree.change(context.file, from_group)?;
        let links = tree.links(context.file, from_group, from_parent)?;
        links.by_name.remove(from_name);
        Ok(())
    }
}

fn not_found(path: &str) -> Error {
    Error::NotFound {
        what: "object",
        name: path.to_owned(),
    }
}

/// Adds a link to a group.
fn link(tree: &mut Tree, file: &File, group: Id, name: &str, target: Target) -> Result<()> {
    tree.change(file, group)?;
    let links = tree.links(file, group, name)?;
    let order = links.next_order;
    links.next_order = order.map(|order| order + 1);
    links.by_name.insert(name.to_owned(), (target, order));
    Ok(())
}

/// The names a path consists of.
fn names(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|name| !name.is_empty())
}

/// The group around a path, and the last name.
fn split(path: &str) -> Result<(&str, &str)> {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
    check_name(name)?;
    Ok((parent, name))
}

/// Whether a link or attribute can have this name.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.contains('\0') || name == "." || name == ".." {
        return Err(Error::Mismatch {
            expected: "a name".to_owned(),
            found: format!("{name:?}"),
        });
    }
    Ok(())
}
