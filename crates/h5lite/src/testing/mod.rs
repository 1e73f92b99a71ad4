//! What tests outside this crate need beyond the public interface: a file whose system fails, and
//! for fuzzing every parser by itself, with its round trip.
//!
//! Each function takes any bytes and panics only where a promise is broken.

use std::{collections::HashSet, fmt::Debug};

use h5lite_filters::deflate::referee as codec;

use crate::{
    error::Result,
    filter::{Decoder, Encoder as Filters},
    format::{
        btree_v1::{ChunkTree, walk_group},
        btree_v2::{BTreeV2, NodeCache},
        checksum::lookup3,
        chunk_grid::{AxisChunks, ChunkGrid, StoredChunk},
        extensible_array::ExtensibleArray,
        field::{Encoder, Fields},
        fixed_array::FixedArray,
        fractal_heap::FractalHeap,
        global_heap::GlobalHeap,
        local_heap::LocalHeap,
        message::{
            AttributeInfo, AttributeMessage, ChunkIndex, Continuation, DataLayout, Dataspace,
            Datatype, FillValue, Filter, FilterId, FilterPipeline, LinkInfo, LinkMessage, Message,
            OldFillValue, SymbolTableMessage,
        },
        object_header::ObjectHeader,
        superblock::{BtreeK, Superblock},
        symbol_table::SymbolTableNode,
    },
    image::{Address, Image, Sizes},
    limits::Limits,
    source::Source,
};

mod faulty_file;
pub use faulty_file::FaultyFile;

/// The shape of the chunks and the grid of a walk over an index.
const CHUNK: [u64; 2] = [4, 4];
const GRID: u64 = 6;

/// The checksum of a structure with these bytes in front of it.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    lookup3(bytes)
}

/// Reads the bytes as one of the messages of an object header; what was understood is written and
/// must be read back as the same.
///
/// The first byte says as which, the second how wide offsets and lengths are.
///
/// # Panics
/// Where what comes back is another message.
pub fn message(data: &[u8]) {
    let Some((&[kind, widths], body)) = data.split_first_chunk() else {
        return;
    };
    let sizes = sizes(widths);
    match kind % 14 {
        0 => round_trip::<AttributeInfo>(body, sizes),
        1 => round_trip::<AttributeMessage>(body, sizes),
        2 => round_trip::<Continuation>(body, sizes),
        3 => data_layout(body, sizes),
        4 => round_trip::<Dataspace>(body, sizes),
        5 => round_trip::<FillValue>(body, sizes),
        6 => round_trip::<OldFillValue>(body, sizes),
        7 => round_trip::<FilterPipeline>(body, sizes),
        8 => round_trip::<LinkInfo>(body, sizes),
        9 => round_trip::<LinkMessage>(body, sizes),
        10 => round_trip::<SymbolTableMessage>(body, sizes),
        11 => round_trip::<BtreeK>(body, sizes),
        _ => {
            round_trip::<Datatype>(body, sizes);
            let mut fields = Fields::new(Datatype::NAME, Address(0), sizes, body);
            if let Ok(datatype) = Datatype::parse(&mut fields) {
                let _ = (datatype.to_string(), datatype.is_boolean());
                let _ = datatype.little_endian(body);
            }
        }
    }
}

/// Reads one of the structures that stand by themselves.
///
/// The first byte says which, the second how wide offsets and lengths are, the next four where it
/// starts in the file that follows.
///
/// # Panics
/// Where what is written of it is read as something else, or a walk comes by a place twice.
pub fn structure(data: &[u8]) {
    let Some((&[kind, widths, start @ ..], body)) = data.split_first_chunk::<6>() else {
        return;
    };
    let sizes = sizes(widths);
    let start = Address(u64::from(u32::from_le_bytes(start)));
    let image = |bytes: &[u8]| {
        let end = bytes.len() as u64;
        Image::whole(Source::from(bytes.to_vec())).narrowed(0, end, sizes)
    };
    let file = image(body);
    match kind % 12 {
        0 => superblock(body),
        1 => object_header(&file, start, &image),
        2 => symbol_table_node(&file, start, &image),
        3 => {
            if let Ok(heap) = LocalHeap::read(&file, start) {
                (0..body.len() as u64).for_each(|offset| drop(heap.name(offset)));
            }
        }
        4 => {
            if let Ok(heap) = GlobalHeap::read(&file, start) {
                (0..=u32::from(u16::MAX))
                    .step_by(7)
                    .for_each(|index| drop(heap.object(index)));
            }
        }
        5 => {
            let mut visited = HashSet::new();
            let _ = walk_group(&file, start, &mut |node| {
                assert!(visited.insert(node), "a node was visited twice");
                Ok(())
            });
        }
        6 => {
            let tree = ChunkTree::new(&file, start, &CHUNK);
            in_order(|grid, visit| tree.and_then(|tree| tree.walk(grid, visit)));
        }
        7 => {
            if let Ok(tree) = BTreeV2::read(&file, start, &[5, 8]) {
                let _ = tree.walk(&mut |_| Ok(()));
            }
        }
        8 => {
            let tree = BTreeV2::read(&file, start, &BTreeV2::CHUNKS);
            let mut nodes = NodeCache::default();
            in_order(|grid, visit| tree?.walk_chunks(grid, &mut nodes, visit));
        }
        9 => {
            let max = [Some(GRID), Some(GRID)];
            let array = FixedArray::read(&file, start);
            in_order(|grid, visit| array.and_then(|mut array| array.walk(grid, &max, visit)));
        }
        10 => {
            let max = [None, Some(GRID)];
            let array = ExtensibleArray::read(&file, start);
            in_order(|grid, visit| array.and_then(|mut array| array.walk(grid, &max, visit)));
        }
        _ => {
            if let Ok(mut heap) = FractalHeap::read(&file, start) {
                for id in body.windows(8).take(500) {
                    let _ = heap.object(id, &Limits::default());
                }
            }
        }
    }
}

/// Undoes filters on the bytes, and applies them and undoes that.
///
/// The first byte chooses the filters, the second the length of an element, the third how long the
/// chunk claims to be.
///
/// # Panics
/// Where another chunk comes back, or more bytes come out than a chunk has room for.
pub fn filters(data: &[u8]) {
    let Some((&[chosen, width, claimed], body)) = data.split_first_chunk() else {
        return;
    };
    let filter = |id, parameter: u8| Filter {
        id,
        optional: false,
        parameters: vec![u32::from(parameter)],
        name: None,
    };
    let all = [
        filter(FilterId::SHUFFLE, width % 17),
        filter(FilterId::DEFLATE, width % 10),
        filter(FilterId::FLETCHER32, 0),
        filter(FilterId::LZF, 0),
    ];
    let chosen: Vec<Filter> = (all.into_iter().enumerate())
        .filter(|(bit, _)| chosen >> bit & 1 == 1)
        .map(|(_, filter)| filter)
        .collect();
    let len = usize::from(claimed) * 16;
    let mut decoder = Decoder::new(&chosen).expect("known filters");
    if let Ok(out) = decoder.decode(body, 0, len, Address(0)) {
        assert!(out.len() >= len, "too few bytes");
    }
    let Ok(mut encoder) = Filters::new(&chosen) else {
        return;
    };
    let (stored, mask) = encoder.encode(body).expect("any chunk can be encoded");
    match decoder.decode(stored, mask, body.len(), Address(0)) {
        Ok(out) => assert!(out == body, "another chunk comes back"),
        // A shuffle of elements without bytes is not undone.
        Err(error) => assert!(width % 17 == 0, "{error}"),
    }
}

/// Inflates the bytes as zlib-rs does, deflates them so that it inflates them again.
///
/// The first byte chooses the level.
///
/// # Panics
/// Where ours and zlib-rs make different bytes of the same.
pub fn deflate(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    codec::agree(body);
    // With a header in front, and the right checksum behind, more of it gets through.
    codec::agree(&codec::completed(body));
    let _ = codec::comes_back(body, u32::from(first % 10));
}

/// Inputs for [`message`]: those of the headers in a file.
#[must_use]
pub fn messages_of(file: &[u8]) -> Vec<Vec<u8>> {
    let image = Image::whole(Source::from(file.to_vec()));
    let headers = places(file, b"OHDR").chain((0..file.len()).step_by(8));
    let headers = headers.filter_map(|at| ObjectHeader::read(&image, Address(at as u64)).ok());
    let kinds = [
        AttributeInfo::KIND,
        AttributeMessage::KIND,
        Continuation::KIND,
        DataLayout::KIND,
        Dataspace::KIND,
        FillValue::KIND,
        OldFillValue::KIND,
        FilterPipeline::KIND,
        LinkInfo::KIND,
        LinkMessage::KIND,
        SymbolTableMessage::KIND,
        BtreeK::KIND,
        Datatype::KIND,
    ];
    let mut inputs = Vec::new();
    for message in headers.flat_map(|header| header.messages) {
        let kind = kinds.iter().position(|&kind| kind == message.kind);
        if let Some(kind) = kind.and_then(|kind| u8::try_from(kind).ok()) {
            inputs.push([&[kind, 0xff][..], &message.body].concat());
        }
    }
    inputs.sort();
    inputs.dedup();
    inputs
}

/// Inputs for [`structure`]: those of a file whose superblock stands at its start.
#[must_use]
pub fn structures_of(file: &[u8]) -> Vec<Vec<u8>> {
    let signatures: [(u8, &[u8]); 12] = [
        (0, b"\x89HDF\r\n\x1a\n"),
        (1, b"OHDR"),
        (2, b"SNOD"),
        (3, b"HEAP"),
        (4, b"GCOL"),
        (5, b"TREE\0"),
        (6, b"TREE\x01"),
        (7, b"BTHD\0\x05"),
        (8, b"BTHD\0\x0a"),
        (9, b"FAHD"),
        (10, b"EAHD"),
        (11, b"FRHP"),
    ];
    let mut inputs = Vec::new();
    for (kind, signature) in signatures {
        for at in places(file, signature).take(2) {
            let at = u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes();
            inputs.push([&[kind, 0xff][..], &at, file].concat());
        }
    }
    inputs
}

/// Where these bytes stand in the file.
fn places<'a>(file: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    (0..file.len()).filter(move |&at| file.get(at..).is_some_and(|rest| rest.starts_with(wanted)))
}

/// Two, four or eight bytes for offsets and for lengths.
fn sizes(choice: u8) -> Sizes {
    let width = |choice: u8| match choice % 4 {
        0 => 2,
        1 => 4,
        _ => 8,
    };
    Sizes {
        offset: width(choice),
        length: width(choice >> 4),
    }
}

fn round_trip<M: Message + Debug + PartialEq>(body: &[u8], sizes: Sizes) {
    let parse = |body: &[u8]| M::parse(&mut Fields::new(M::NAME, Address(0), sizes, body));
    let Ok(message) = parse(body) else {
        return;
    };
    let mut out = Encoder::new(sizes);
    message.encode(&mut out);
    let written = out.finish();
    match parse(&written) {
        Ok(again) => assert_eq!(again, message, "written as {written:x?}"),
        Err(error) => panic!("{message:?} is written as {written:x?}: {error}"),
    }
}

/// A layout that version 3 cannot express is never written; all others come back.
fn data_layout(body: &[u8], sizes: Sizes) {
    let mut fields = Fields::new(DataLayout::NAME, Address(0), sizes, body);
    let Ok(layout) = DataLayout::parse(&mut fields) else {
        return;
    };
    let written = match layout {
        DataLayout::Compact(_) | DataLayout::Virtual { .. } => true,
        DataLayout::Contiguous { size, .. } => size.is_some(),
        DataLayout::Chunked { index, .. } => matches!(index, ChunkIndex::BtreeV1(_)),
    };
    if written {
        round_trip::<DataLayout>(body, sizes);
    }
}

fn superblock(body: &[u8]) {
    let parse = |bytes: &[u8]| Superblock::parse(bytes, 0, u64::MAX);
    if let Ok(superblock) = parse(body) {
        let again = parse(&superblock.encode()).expect("a superblock that was written");
        assert_eq!(again, superblock);
    }
    let _ = Superblock::find(&Image::whole(Source::from(body.to_vec())));
}

fn object_header(file: &Image, start: Address, image: &dyn Fn(&[u8]) -> Image) {
    let Ok(mut header) = ObjectHeader::read(file, start) else {
        return;
    };
    for message in &mut header.messages {
        let padded = message.body.len().next_multiple_of(8);
        message.body.resize(padded, 0);
        // A header of version 2 may know the order of its messages, and has other lengths.
        (message.creation_order, message.address) = (None, Address(0));
        if padded > usize::from(u16::MAX) {
            return;
        }
    }
    let bytes = header.encode(file.sizes());
    let mut again = ObjectHeader::read(&image(&bytes), Address(0)).expect("a header as written");
    again
        .messages
        .iter_mut()
        .for_each(|message| message.address = Address(0));
    assert_eq!(again.messages, header.messages);
}

fn symbol_table_node(file: &Image, start: Address, image: &dyn Fn(&[u8]) -> Image) {
    let Ok(node) = SymbolTableNode::read(file, start) else {
        return;
    };
    let Ok(bytes) = node.encode(file.sizes(), node.entries.len()) else {
        return;
    };
    let again = SymbolTableNode::read(&image(&bytes), Address(0)).expect("a node as written");
    assert_eq!(again, node);
}

/// Walks over an index in a grid of 36 chunks: each comes once at most.
fn in_order(
    walk: impl FnOnce(&ChunkGrid, &mut dyn FnMut(&[u64], StoredChunk) -> Result<()>) -> Result<()>,
) {
    let grid = ChunkGrid::new(vec![AxisChunks::Range(0..GRID), AxisChunks::Range(0..GRID)]);
    let mut seen = HashSet::new();
    let _ = walk(&grid, &mut |at, _| {
        assert!(at.iter().all(|&at| at < GRID), "{at:?} was not asked for");
        assert!(seen.insert(at.to_vec()), "{at:?} comes twice");
        Ok(())
    });
}
