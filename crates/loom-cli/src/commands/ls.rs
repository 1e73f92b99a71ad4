//! `loom ls`: groups, datasets and links of any HDF5 file.

mod entry;
mod print;

use std::{collections::HashMap, io::Write};

use h5lite::{Address, File, Group, Link, LinkTarget, Object};

use crate::{args::Ls, error::Result, open, write};

use entry::Entry;

/// Groups nested deeper than this are not looked into.
const MAX_DEPTH: usize = 200;

/// Writes what is in a group, or about a dataset.
pub(super) fn run(args: &Ls, out: &mut impl Write) -> Result<()> {
    let file = open::hdf5(&args.file)?;
    let entries = entries(&file, args)?;
    if args.json {
        let file = args.file.display().to_string();
        write::document(&entry::Listing { file, entries }, out)?;
    } else if args.tree {
        print::tree(&entries, args, out)?;
    } else if args.long {
        print::long(&entries, args, out)?;
    } else {
        print::names(&entries, args, out)?;
    }
    Ok(())
}

/// Everything asked for, each group before what is in it.
fn entries(file: &File, args: &Ls) -> Result<Vec<Entry>> {
    let object = file.object(&args.path)?;
    let mut walk = Walk {
        file,
        tree: args.tree,
        entries: Vec::new(),
        seen: HashMap::new(),
    };
    match &object {
        Object::Group(group) => {
            if args.tree {
                walk.seen.insert(group.address(), group.path().to_owned());
                walk.entries.push(Entry::object(group.path(), &object));
            }
            walk.group(group, 0);
        }
        _ => walk.entries.push(Entry::object(object.path(), &object)),
    }
    Ok(walk.entries)
}

struct Walk<'f> {
    file: &'f File,
    tree: bool,
    entries: Vec<Entry>,
    /// The groups that were listed, and where: each is listed once, so that links back to a group
    /// end, and files with many ways to one group do too.
    seen: HashMap<Address, String>,
}

impl Walk<'_> {
    fn group(&mut self, group: &Group<'_>, depth: usize) {
        let links = match group.links() {
            Ok(links) => links,
            Err(error) => {
                let path = group.path().to_owned();
                return self.entries.push(Entry::unreadable(path, &error));
            }
        };
        for link in links {
            self.link(group, &link, depth);
        }
    }

    fn link(&mut self, group: &Group<'_>, link: &Link, depth: usize) {
        let path = format!("{}/{}", group.path().trim_end_matches('/'), link.name);
        let LinkTarget::Hard(address) = link.target else {
            return self.entries.push(Entry::link(path, &link.target));
        };
        let object = match self.file.object_at(&path, address) {
            Ok(object) => object,
            Err(error) => return self.entries.push(Entry::unreadable(path, &error)),
        };
        let mut entry = Entry::object(&path, &object);
        if let (Object::Group(group), true) = (&object, self.tree) {
            if let Some(first) = self.seen.get(&group.address()) {
                entry.same_as = Some(first.clone());
            } else if depth < MAX_DEPTH {
                self.seen.insert(group.address(), path);
                self.entries.push(entry);
                return self.group(group, depth + 1);
            } else {
                entry.error = Some(format!("more than {MAX_DEPTH} groups deep"));
            }
        }
        self.entries.push(entry);
    }
}
