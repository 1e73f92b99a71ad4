//! From a path to an object, over hard and soft links.

use std::collections::HashMap;

use super::{Group, Object};
use crate::{
    error::{Error, Result},
    format::message::LinkTarget,
    image::Address,
    limits::Limits,
};

/// How many soft links one path may lead over, as in the library (`H5Pset_nlinks`).
const MAX_SOFT_LINKS: usize = 16;

/// The object that `path` leads to from `start`; from the root where it begins with a slash.
pub(crate) fn resolve<'f>(start: &Group<'f>, path: &str) -> Result<Object<'f>> {
    let mut way = Way {
        soft_links: MAX_SOFT_LINKS,
        steps: 0,
        links: HashMap::new(),
    };
    follow(start, path, &mut way).map_err(|error| match error {
        // The whole path is what the caller knows.
        Error::NotFound { what, .. } => Error::NotFound {
            what,
            name: path.to_owned(),
        },
        other => other,
    })
}

/// How far a path has come.
struct Way {
    /// Soft links it may still lead over.
    soft_links: usize,
    steps: u64,
    /// The groups it has led through, with all their links once it came back to one.
    links: HashMap<Address, Option<HashMap<String, LinkTarget>>>,
}

impl Way {
    /// Where the link of this name leads. A way that goes round in circles reads each group twice.
    fn link(&mut self, group: &Group<'_>, name: &str) -> Result<Option<LinkTarget>> {
        let Some(known) = self.links.get_mut(&group.address()) else {
            self.links.insert(group.address(), None);
            return Ok(group.link(name)?.map(|link| link.target.clone()));
        };
        if known.is_none() {
            let links = group.known_links()?.iter().cloned();
            *known = Some(links.map(|link| (link.name, link.target)).collect());
        }
        Ok(known.as_ref().and_then(|links| links.get(name).cloned()))
    }
}

fn follow<'f>(start: &Group<'f>, path: &str, way: &mut Way) -> Result<Object<'f>> {
    let file = start.node.file;
    let is_root = &*start.node.path == "/" && start.address() == file.superblock().root;
    let start = if path.starts_with('/') && !is_root {
        file.root()?
    } else {
        start.clone()
    };
    let mut at = Object::Group(start);
    for name in path
        .split('/')
        .filter(|name| !name.is_empty() && *name != ".")
    {
        let Object::Group(group) = at else {
            return Err(missing(path));
        };
        way.steps = way.steps.saturating_add(1);
        Limits::check("steps of a path", way.steps, file.limits().depth, "depth")?;
        at = match way.link(&group, name)?.ok_or_else(|| missing(path))? {
            LinkTarget::Hard(address) => Object::open(file, &group.child_path(name), address)?,
            LinkTarget::Soft(target) => {
                let left = way.soft_links.checked_sub(1);
                way.soft_links = left.ok_or_else(|| Error::unsupported(endless()))?;
                let mut found = follow(&group, &target, way)?;
                found.node_mut().path = group.child_path(name).into();
                found
            }
            LinkTarget::External { file, path } => {
                return Err(Error::unsupported(format_args!(
                    "external link to {path} in {file}"
                )));
            }
            LinkTarget::Other(class) => {
                return Err(Error::unsupported(format_args!(
                    "user-defined link of class {class}"
                )));
            }
        };
    }
    Ok(at)
}

fn endless() -> String {
    format!("path over more than {MAX_SOFT_LINKS} soft links")
}

/// Whether a path was given up because of its soft links, which lead in a circle then: nobody
/// makes so long a chain of others.
pub(crate) fn is_endless(error: &Error) -> bool {
    matches!(error.root_cause(), Error::Unsupported(what) if *what == endless())
}

fn missing(path: &str) -> Error {
    Error::NotFound {
        what: "object",
        name: path.to_owned(),
    }
}
