//! References between objects: values that hold the address of an object, which must not move.

use std::collections::HashSet;

use super::{
    tree::{Kind, Tree},
    write::reachable,
};
use crate::{
    error::{Error, InObject, Result},
    file::File,
    format::{
        field::Fields,
        global_heap::GlobalHeap,
        message::{Datatype, LinkTarget},
    },
    image::Address,
    object::{Object, Worklist},
    read::{HeapId, Pointer, each_pointer, refers},
};

/// Where the references in the values of a file lead.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    targets: HashSet<Address>,
    /// Path of an object whose references are of a kind that is not decoded.
    unknown: Option<String>,
}

/// Whether the changed objects may move: a reference would go on leading to the old place.
///
/// An edit moves each object it changes and the groups that lead there; the root always. What
/// refers to what is looked up once for each file that is opened for writing, in the headers of
/// its objects: an edit adds no references, so it can only be out of date on the safe side, and is
/// looked up again before an edit is refused.
///
/// # Errors
/// [`Error::Unsupported`] where an object that moves is referred to.
pub(super) fn check(file: &File, tree: &Tree) -> Result<()> {
    let refuse = |why: &str| Err(Error::unsupported(format_args!("edit in place: {why}")));
    let mut moved = HashSet::new();
    for id in reachable(tree) {
        let node = tree.node(id);
        let Some(address) = node.committed else {
            continue;
        };
        let content = node.content.as_ref();
        if content.is_some_and(|content| matches!(content.kind, Kind::Other)) {
            return refuse("a committed datatype would move away from what refers to it");
        }
        moved.insert(address);
    }
    let known = if let Some(known) = file.references.get() {
        known
    } else {
        let found = References::find(file)?;
        file.references.get_or_init(|| found)
    };
    if known.allow(&moved) {
        return Ok(());
    }
    let known = References::find(file)?;
    match &known.unknown {
        _ if known.allow(&moved) => Ok(()),
        Some(path) => refuse(&format!(
            "{path} holds references of a kind that cannot be followed"
        )),
        None => {
            refuse("an object reference or region reference leads to an object that would move")
        }
    }
}

impl References {
    fn allow(&self, moved: &HashSet<Address>) -> bool {
        self.unknown.is_none() && self.targets.is_disjoint(moved)
    }

    /// Looks at every object of the file.
    fn find(file: &File) -> Result<Self> {
        let mut found = Self::default();
        let mut worklist = Worklist::new(file);
        while let Some((place, address)) = worklist.next() {
            let path = place.path();
            let object = Object::open(file, &path, address)?;
            for attribute in object.attributes()? {
                if refers(attribute.datatype()) {
                    let mut values = attribute.read_bytes()?;
                    found.add(file, &path, attribute.datatype(), &mut values)?;
                }
            }
            match object {
                Object::Group(group) => {
                    for link in group.known_links()? {
                        if let LinkTarget::Hard(address) = link.target {
                            worklist.push(&place, &link.name, address)?;
                        }
                    }
                }
                Object::Dataset(dataset) if refers(dataset.datatype()) => {
                    let mut values = dataset.read_bytes(&[])?;
                    found.add(file, &path, dataset.datatype(), &mut values)?;
                }
                Object::Dataset(_) | Object::Datatype(_) => {}
            }
        }
        Ok(found)
    }

    /// Adds the targets of stored values of this type.
    fn add(
        &mut self,
        file: &File,
        path: &str,
        datatype: &Datatype,
        values: &mut [u8],
    ) -> Result<()> {
        let image = file.image();
        let sizes = image.sizes();
        let target = |bytes: &[u8]| {
            let target = Fields::new("reference", Address(0), sizes, bytes).offset()?;
            // Address 0 is a reference that was never set.
            Ok(target.filter(|target| target.0 != 0))
        };
        let mut visit = |pointer: Pointer<'_>, element: &mut [u8]| {
            match pointer {
                Pointer::Object => self.targets.extend(target(element)?),
                Pointer::Region => {
                    if let Some(id) = HeapId::of_region(element, sizes)? {
                        // The object, then which of its values.
                        let heap = GlobalHeap::read(image, id.collection)?;
                        self.targets.extend(target(heap.object(id.index)?)?);
                    }
                }
                Pointer::Sequence(base) if refers(base) => {
                    if let Some((1.., id)) = HeapId::of_sequence(element, sizes)? {
                        let heap = GlobalHeap::read(image, id.collection)?;
                        let mut values = heap.object(id.index)?.to_vec();
                        self.add(file, path, base, &mut values)?;
                    }
                }
                Pointer::Sequence(_) => {}
                Pointer::Unknown => {
                    self.unknown.get_or_insert_with(|| path.to_owned());
                }
            }
            Ok(())
        };
        each_pointer(datatype, values, &mut visit).in_object(path)
    }
}
