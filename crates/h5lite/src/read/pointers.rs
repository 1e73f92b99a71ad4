//! Where stored elements lead: to values in the global heap, to objects of the file.

use crate::{
    error::{Error, Result},
    format::{
        field::{Encoder, Fields, to_u64},
        global_heap::GlobalHeap,
        message::{Class, Datatype, ReferenceKind},
    },
    image::{Address, Sizes},
};

const NAME: &str = "variable-length value";

/// What a part of an element leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pointer<'t> {
    /// An object of the global heap that holds elements of this type.
    Sequence(&'t Datatype),
    /// An object of the file, by the address of its header.
    Object,
    /// An object of the global heap that names a dataset and positions in it.
    Region,
    /// Something that is not decoded.
    Unknown,
}

/// Whether elements of this type lead anywhere.
pub(crate) fn leads_elsewhere(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Reference(_) | Class::VariableLength { .. } => true,
        Class::Array { base, .. } => leads_elsewhere(base),
        Class::Compound(members) => members.iter().any(|m| leads_elsewhere(&m.datatype)),
        _ => false,
    }
}

/// Whether elements of this type lead to objects of the file.
pub(crate) fn refers(datatype: &Datatype) -> bool {
    match &datatype.class {
        Class::Reference(_) => true,
        Class::Array { base, .. } | Class::VariableLength { base, .. } => refers(base),
        Class::Compound(members) => members.iter().any(|member| refers(&member.datatype)),
        _ => false,
    }
}

/// Calls `visit` with each part of stored elements that leads elsewhere, and its bytes.
///
/// # Errors
/// What `visit` returns.
pub(crate) fn each_pointer(
    datatype: &Datatype,
    elements: &mut [u8],
    visit: &mut dyn FnMut(Pointer<'_>, &mut [u8]) -> Result<()>,
) -> Result<()> {
    if !leads_elsewhere(datatype) {
        return Ok(());
    }
    for element in elements.chunks_exact_mut((datatype.size as usize).max(1)) {
        match &datatype.class {
            Class::Reference(ReferenceKind::Object) => visit(Pointer::Object, element)?,
            Class::Reference(ReferenceKind::Region) => visit(Pointer::Region, element)?,
            Class::Reference(ReferenceKind::Other(_)) => visit(Pointer::Unknown, element)?,
            Class::VariableLength { base, .. } => visit(Pointer::Sequence(base), element)?,
            Class::Array { base, .. } => each_pointer(base, element, visit)?,
            Class::Compound(members) => {
                for member in members {
                    let start = member.offset as usize;
                    let end = start.saturating_add(member.datatype.size as usize);
                    if let Some(value) = element.get_mut(start..end) {
                        each_pointer(&member.datatype, value, visit)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The place of an object in the global heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeapId {
    /// The collection.
    pub(crate) collection: Address,
    /// Which of its objects.
    pub(crate) index: u32,
}

impl HeapId {
    /// The object a sequence is in, and its number of elements, which may be 0. `None`: it was never
    /// written.
    pub(crate) fn of_sequence(element: &[u8], sizes: Sizes) -> Result<Option<(u32, Self)>> {
        let mut fields = Fields::new(NAME, Address(0), sizes, element);
        let count = fields.u32()?;
        Ok(Self::parse(&mut fields)?.map(|id| (count, id)))
    }

    /// The object a region reference is in. `None`: it was never set.
    pub(crate) fn of_region(element: &[u8], sizes: Sizes) -> Result<Option<Self>> {
        Self::parse(&mut Fields::new(NAME, Address(0), sizes, element))
    }

    /// Checks that `object`, which this names, is a sequence of `count` elements of `size` bytes. libhdf5
    /// stores exactly those, and reads nothing else.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it is longer or shorter.
    pub(crate) fn check_sequence(self, object: &[u8], count: u32, size: u32) -> Result<()> {
        if to_u64(object.len()) == u64::from(count) * u64::from(size) {
            return Ok(());
        }
        let reason = format_args!(
            "object {} has {} bytes, not {count} x {size}",
            self.index,
            object.len()
        );
        Err(Error::corrupt(GlobalHeap::NAME, self.collection, reason))
    }

    fn parse(fields: &mut Fields<'_>) -> Result<Option<Self>> {
        let collection = fields.offset()?.filter(|address| address.0 != 0);
        let index = fields.u32()?;
        Ok(collection.map(|collection| Self { collection, index }))
    }

    /// Puts an ID where the last one of `element` stands.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the element is shorter than an ID.
    pub(crate) fn put(id: Option<Self>, element: &mut [u8], sizes: Sizes) -> Result<()> {
        let mut out = Encoder::new(sizes);
        out.offset(Some(id.map_or(Address(0), |id| id.collection)));
        out.u32(id.map_or(0, |id| id.index));
        let bytes = out.finish();
        let place = element.len().checked_sub(bytes.len());
        let place = place.and_then(|start| element.get_mut(start..));
        let place = place.ok_or_else(|| {
            Error::corrupt(NAME, Address(0), "an element too short for its heap ID")
        })?;
        place.copy_from_slice(&bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn heap_ids_come_back(at in 1_u64..1 << 40, index: u32, count in 1_u32..) {
            let sizes = Sizes::default();
            let id = HeapId { collection: Address(at), index };
            let mut sequence = [count.to_le_bytes().to_vec(), vec![9; 12]].concat();
            HeapId::put(Some(id), &mut sequence, sizes).unwrap();
            prop_assert_eq!(HeapId::of_sequence(&sequence, sizes).unwrap(), Some((count, id)));
            let mut region = vec![9; 12];
            HeapId::put(Some(id), &mut region, sizes).unwrap();
            prop_assert_eq!(HeapId::of_region(&region, sizes).unwrap(), Some(id));
            HeapId::put(None, &mut region, sizes).unwrap();
            prop_assert_eq!(HeapId::of_region(&region, sizes).unwrap(), None);
            prop_assert!(HeapId::put(Some(id), &mut [0; 5], sizes).unwrap_err().is_corrupt());
        }
    }
}
