//! The B-tree of a symbol-table group.

use std::collections::HashSet;

use super::{Kind, Node};
use crate::{
    error::Result,
    image::{Address, Image},
};

/// Calls `visit` with the address of each symbol table node below `root`, ordered by name.
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt) where a node is broken or reached twice, and whatever
/// `visit` returns.
pub(crate) fn walk_group(
    image: &Image,
    root: Address,
    visit: &mut dyn FnMut(Address) -> Result<()>,
) -> Result<()> {
    descend(image, root, None, &mut HashSet::new(), visit)
}

/// `visited` keeps a small file from claiming a large tree by sharing nodes. The recursion ends
/// because levels fall.
fn descend(
    image: &Image,
    address: Address,
    parent: Option<u8>,
    visited: &mut HashSet<Address>,
    visit: &mut dyn FnMut(Address) -> Result<()>,
) -> Result<()> {
    let node = Node::read(image, address, Kind::Group, parent, Vec::new())?;
    for index in 0..node.count {
        let child = node.child(index)?;
        if !visited.insert(child) {
            return Err(node.corrupt(format_args!("child {child} is reached twice")));
        }
        if node.level == 0 {
            visit(child)?;
        } else {
            descend(image, child, Some(node.level), visited, visit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::build::{BulkLoad, GroupEntries},
        *,
    };
    use crate::{format::field::to_u64, image::Sizes, source::Source};

    /// Where the symbol table nodes would be, far from the tree.
    const NODES: u64 = 1 << 32;

    fn tree(children: &[(Address, u64)], k: u16) -> (Image, Address) {
        let entries = GroupEntries(children);
        let load = BulkLoad::new(&entries, Sizes::default(), k).unwrap();
        let mut bytes = vec![0xff; 16];
        let root = load.write(Address(16), &mut |node| {
            bytes.extend_from_slice(node);
            Ok(())
        });
        assert_eq!(to_u64(bytes.len()), 16 + load.len());
        (Image::whole(Source::from(bytes)), root.unwrap())
    }

    proptest! {
        #[test]
        fn every_child_is_visited_once_in_order(count in 0_u64..300, k in 1_u16..5) {
            let children: Vec<_> = (0..count).map(|i| (Address(NODES + i), i)).collect();
            let (image, root) = tree(&children, k);
            let mut seen = Vec::new();
            walk_group(&image, root, &mut |address| { seen.push(address); Ok(()) }).unwrap();
            let expected: Vec<_> = children.iter().map(|(address, _)| *address).collect();
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn shared_and_circular_nodes_are_corrupt() {
        let children: Vec<_> = (0..8).map(|i| (Address(NODES + i), i)).collect();
        let (image, root) = tree(&children, 1);
        let bytes = image.bytes("", Address(0), image.len()).unwrap().to_vec();
        let child = usize::try_from(root.0).unwrap() + 24 + 8;
        for other in [root.0, 16, root.0 - 1, u64::MAX] {
            let mut bytes = bytes.clone();
            bytes[child..child + 8].copy_from_slice(&other.to_le_bytes());
            let image = Image::whole(Source::from(bytes));
            let error = walk_group(&image, root, &mut |_| Ok(())).unwrap_err();
            assert!(error.is_corrupt(), "{other}");
        }
        let mut bytes = bytes.clone();
        let second = bytes[child + 16..child + 24].to_vec();
        bytes[child..child + 8].copy_from_slice(&second);
        let image = Image::whole(Source::from(bytes));
        assert!(
            walk_group(&image, root, &mut |_| Ok(()))
                .unwrap_err()
                .is_corrupt()
        );
    }
}
