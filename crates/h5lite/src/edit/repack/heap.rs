//! Values of variable length on their way from one global heap into another.

use std::collections::HashMap;

use crate::{
    edit::tail::Tail,
    error::{Error, Result},
    format::global_heap::{GlobalHeap, GlobalHeapBuilder},
    image::{Address, Image},
    read::HeapId,
    store::Store,
};

/// Collections grow up to this size.
const LARGEST: usize = 1 << 16;
/// The smallest that libraries know.
const SMALLEST: usize = 4096;
/// Bytes of old collections that are kept, in case the next value is in one of them.
const KEPT: u64 = 32 << 20;

/// Collections to read from, and the one that is being filled. Other data may be appended while a
/// collection is filled: its room is set aside first.
#[derive(Debug)]
pub(super) struct HeapWriter<'a> {
    image: &'a Image,
    old: HashMap<Address, GlobalHeap<'a>>,
    kept: u64,
    /// What may still be copied: values of a sound file do not overlap.
    left: u64,
    open: Option<Open>,
    /// Bytes of all new collections.
    written: usize,
}

/// A collection that is being filled.
#[derive(Debug)]
struct Open {
    place: Address,
    room: usize,
    objects: GlobalHeapBuilder,
}

impl<'a> HeapWriter<'a> {
    pub(super) fn new(image: &'a Image) -> Self {
        Self {
            image,
            old: HashMap::new(),
            kept: 0,
            left: image.len(),
            open: None,
            written: 0,
        }
    }

    /// A value of the original.
    pub(super) fn read(&mut self, id: HeapId) -> Result<Vec<u8>> {
        let HeapId { collection, index } = id;
        if !self.old.contains_key(&collection) {
            let heap = GlobalHeap::read(self.image, collection)?;
            if self.kept > KEPT {
                self.old.clear();
                self.kept = 0;
            }
            self.kept += heap.len();
            self.old.insert(collection, heap);
        }
        let missing = || Error::corrupt(GlobalHeap::NAME, collection, "it is not there");
        let heap = self.old.get(&collection).ok_or_else(missing)?;
        let object = heap.object(index)?;
        let left = self.left.checked_sub(object.len() as u64);
        let overlap = || Error::corrupt(GlobalHeap::NAME, collection, "its values overlap");
        self.left = left.ok_or_else(overlap)?;
        Ok(object.to_vec())
    }

    /// Puts a value into the new heap.
    pub(super) fn push(
        &mut self,
        store: &mut dyn Store,
        tail: &mut Tail,
        object: &[u8],
    ) -> Result<HeapId> {
        let wanted = GlobalHeapBuilder::len_with(self.image.sizes(), object.len());
        let fits = |open: &Open| {
            !open.objects.is_full() && open.objects.len_after(object.len()) <= open.room
        };
        if !self.open.as_ref().is_some_and(fits) {
            self.close(store, tail)?;
            // What stays empty in the last one is a small part of all.
            let room = (self.written / 64).clamp(SMALLEST, LARGEST);
            let room = room.max(wanted).next_multiple_of(8);
            self.written = self.written.saturating_add(room);
            let place = tail.append(store, &vec![0; room])?;
            let objects = GlobalHeapBuilder::new(self.image.sizes());
            self.open = Some(Open {
                place,
                room,
                objects,
            });
        }
        let open = self.open.as_mut();
        let pushed = open.and_then(|open| Some((open.place, open.objects.push(object)?)));
        let full = || Error::corrupt(GlobalHeap::NAME, Address(0), "it is full");
        let (collection, index) = pushed.ok_or_else(full)?;
        Ok(HeapId {
            collection,
            index: index.into(),
        })
    }

    /// Writes the collection that is being filled.
    fn close(&mut self, store: &mut dyn Store, tail: &mut Tail) -> Result<()> {
        match self.open.take() {
            Some(open) => tail.overwrite(store, open.place, &open.objects.encode_in(open.room)),
            None => Ok(()),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(mut self, store: &mut dyn Store, tail: &mut Tail) -> Result<()> {
        self.close(store, tail)
    }
}
