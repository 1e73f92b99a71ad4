//! What one thread does of a read: row of chunks after row of chunks, with one decoder.

use crate::{
    error::Result,
    filter::Decoder,
    format::chunk_grid::ChunkGrid,
    image::{Address, Image},
    read::{
        gather::Call,
        index::{ChunkEntry, Known},
        storage::Storage,
        targets::Targets,
    },
};

/// Chunks no further apart than this are read at once, with what lies between.
const GAP: u64 = 4 << 10;
/// So many bytes are read at once, unless a chunk has more.
const READ: u64 = 256 << 10;

/// What one thread needs to read chunks of a dataset, kept from one row of chunks to the next.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    image: &'a Image,
    storage: &'a Storage,
    decoder: Decoder<'a>,
    /// What was read last of the index.
    known: Known<'a>,
    /// Chunks as stored.
    stored: Vec<u8>,
    cut: Vec<u8>,
    packed: Vec<u8>,
    /// Memory of chunks that have been placed together.
    spare: Vec<Vec<u8>>,
}

impl<'a> Worker<'a> {
    /// A worker for a dataset.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) naming a filter that is not known.
    pub(super) fn new(image: &'a Image, storage: &'a Storage) -> Result<Self> {
        Ok(Self {
            image,
            storage,
            decoder: Decoder::new(&storage.filters)?,
            known: Known::default(),
            stored: Vec::new(),
            cut: Vec::new(),
            packed: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// Reads one row of chunks into all parts of the result that come out of it, in the order in
    /// which they stand in the file.
    pub(super) fn band(
        &mut self,
        call: &Call<'_>,
        chunk: u64,
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let image = self.image;
        let grid = call.grid(chunk);
        let before = self.known.read();
        let mut entries = (self.storage).entries_from(image, &grid, &mut self.known)?;
        call.count_index(self.known.read() - before)?;
        if call.fills() {
            self.unwritten(call, &grid, &entries, targets)?;
        }
        in_file_order(&mut entries);
        let mut waiting = Vec::with_capacity(call.together);
        let mut rest = &entries[..];
        while let Some(first) = rest.first() {
            // What is not compressed is taken in place, of which often little is wanted.
            let in_place = self.storage.filters.is_empty();
            let (count, len) = if in_place {
                (1, first.size)
            } else {
                run(first, rest, image.len())
            };
            let (run, behind) = rest.split_at(count);
            rest = behind;
            run.iter().try_for_each(|entry| call.count(entry))?;
            let bytes = if in_place {
                image.window("chunk", first.address, len, &mut self.stored)?
            } else {
                image.fetch("chunk", first.address, len, &mut self.stored)?
            };
            for entry in run {
                let at = usize::try_from(entry.address.0 - first.address.0).unwrap_or(usize::MAX);
                let stored = bytes.get(at..).unwrap_or_default();
                let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
                let stored = stored.get(..size).unwrap_or(stored);
                let whole = self.storage.len_at(&entry.coordinates);
                let (mask, address) = (entry.filter_mask, entry.address);
                if call.together == 1 {
                    let elements = (self.decoder).decode(stored, mask, whole, address)?;
                    let items = (call.gather).items(elements, &mut self.cut, &mut self.packed);
                    call.scatter(&entry.coordinates, address, items, targets)?;
                    continue;
                }
                let mut items = self.spare.pop().unwrap_or_default();
                (self.decoder).decode_into(stored, mask, whole, address, &mut items)?;
                waiting.push((entry, items));
                if waiting.len() == call.together {
                    place(call, &mut waiting, targets, &mut self.spare)?;
                }
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        place(call, &mut waiting, targets, &mut self.spare)
    }

    /// Fills in for the chunks of the grid that no entry is for: with the values themselves where
    /// they are in memory, else with the fill value.
    fn unwritten(
        &mut self,
        call: &Call<'_>,
        grid: &ChunkGrid,
        entries: &[ChunkEntry],
        targets: &mut dyn Targets,
    ) -> Result<()> {
        let mut entries = entries.iter().peekable();
        let mut next = grid.first();
        while let Some(mut coordinates) = next {
            let written = entries.next_if(|entry| entry.coordinates == coordinates);
            match (written, self.storage.memory()) {
                (Some(_), _) => {}
                (None, Some(elements)) => {
                    let items = (call.gather).items(elements, &mut self.cut, &mut self.packed);
                    call.scatter(&coordinates, Address(0), items, targets)?;
                }
                (None, None) => call.scatter_fill(&coordinates, targets)?,
            }
            next = grid.step(&mut coordinates).then_some(coordinates);
        }
        Ok(())
    }
}

/// Places decoded chunks, and keeps their memory.
fn place(
    call: &Call<'_>,
    waiting: &mut Vec<(&ChunkEntry, Vec<u8>)>,
    targets: &mut dyn Targets,
    spare: &mut Vec<Vec<u8>>,
) -> Result<()> {
    call.scatter_together(waiting, targets)?;
    // But not where what was stored is far longer than the shape.
    let usual = (call.gather.storage.chunk_len().saturating_mul(2)).saturating_add(1024);
    let items = waiting.drain(..).map(|(_, items)| items);
    spare.extend(items.filter(|items| items.capacity() <= usual));
    Ok(())
}

/// Puts entries in the order in which their chunks stand in the file.
fn in_file_order(entries: &mut [ChunkEntry]) {
    entries.sort_by_key(|entry| entry.address);
}

/// How many of `entries`, which are in the order of the file and begin with `first`, are read at
/// once, and how many bytes that are. What leaves the file is read alone, to fail alone.
fn run(first: &ChunkEntry, entries: &[ChunkEntry], file_len: u64) -> (usize, u64) {
    let end_of = |entry: &ChunkEntry| entry.address.0.saturating_add(entry.size);
    let start = first.address.0;
    let mut end = end_of(first);
    let mut count = 1;
    for entry in entries.iter().skip(1) {
        let longer = end.max(end_of(entry));
        let near = entry.address.0 <= end.saturating_add(GAP) && longer - start <= READ;
        if !near || longer > file_len {
            break;
        }
        end = longer;
        count += 1;
    }
    (count, end - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_together_is_read_at_once() {
        let entries = |extents: &[(u64, u64)]| -> Vec<ChunkEntry> {
            let entry = |&(address, size): &(u64, u64)| ChunkEntry {
                coordinates: vec![],
                address: Address(address),
                size,
                filter_mask: 0,
            };
            extents.iter().map(entry).collect()
        };
        let of = |extents: &[(u64, u64)]| {
            let entries = entries(extents);
            run(&entries[0], &entries, 1 << 30)
        };
        assert_eq!(of(&[(100, 10)]), (1, 10));
        assert_eq!(of(&[(100, 10), (120, 5), (125, 5)]), (3, 30));
        assert_eq!(of(&[(100, 10), (110 + GAP, 5)]), (2, 15 + GAP));
        assert_eq!(of(&[(100, 10), (111 + GAP, 5)]), (1, 10));
        assert_eq!(of(&[(0, READ), (READ, 1)]), (1, READ));
        assert_eq!(of(&[(0, READ + 5), (9, 1)]), (1, READ + 5));
        // One inside the other.
        assert_eq!(of(&[(0, 50), (10, 5), (50, 5)]), (3, 55));
        assert_eq!(of(&[(0, 50), (10, 1 << 31)]), (1, 50));
        assert_eq!(of(&[(1 << 30, 50), (1 << 30, 5)]), (1, 50));
    }
}
