//! From a path to an object, over hard and soft links.

use super::{Group, Object};
use crate::{
    error::{Error, Result},
    format::message::LinkTarget,
};

/// How many soft links one path may lead over, as in the library (`H5Pset_nlinks`).
const MAX_SOFT_LINKS: usize = 16;

/// The object that `path` leads to from `start`; from the root where it begins with a slash.
pub(crate) fn resolve<'f>(start: &Group<'f>, path: &str) -> Result<Object<'f>> {
    let mut soft_links = MAX_SOFT_LINKS;
    follow(start, path, &mut soft_links).map_err(|error| match error {
        // The whole path is what the caller knows.
        Error::NotFound { what, .. } => Error::NotFound {
            what,
            name: path.to_owned(),
        },
        other => other,
    })
}

fn follow<'f>(start: &Group<'f>, path: &str, soft_links: &mut usize) -> Result<Object<'f>> {
    let file = start.node.file;
    let start = if path.starts_with('/') {
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
        at = match group.link(name)?.ok_or_else(|| missing(path))?.target {
            LinkTarget::Hard(address) => Object::open(file, &group.child_path(name), address)?,
            LinkTarget::Soft(target) => {
                *soft_links = soft_links.checked_sub(1).ok_or_else(|| {
                    Error::unsupported(format_args!(
                        "path over more than {MAX_SOFT_LINKS} soft links"
                    ))
                })?;
                let mut found = follow(&group, &target, soft_links)?;
                found.node_mut().path = group.child_path(name);
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

fn missing(path: &str) -> Error {
    Error::NotFound {
        what: "object",
        name: path.to_owned(),
    }
}
