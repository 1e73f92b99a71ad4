//! Chunk indexes that are copied along a path: sound as trees, and no more than the path is written.

use ndarray::{Array2, s};
use proptest::{collection::vec, prelude::*};

use super::super::{DatasetOptions, Edit, group::empty_file_of, preconditions::btree_k};
use crate::{
    Address, Array, DType, File, Result, Selection,
    format::{
        btree_v1::{ChunkNode, ChunkNodes},
        message::ChunkIndex,
        superblock::BtreeK,
    },
};

/// What is wrong with the version 1 B-tree of a dataset's chunks: keys that contradict each other,
/// and siblings that are not.
pub(in crate::edit) fn unsound_index(file: &File, path: &str) -> Option<String> {
    let dataset = match file.dataset(path) {
        Ok(dataset) => dataset,
        Err(error) => return Some(error.to_string()),
    };
    let values = dataset.values();
    let Some(ChunkIndex::BtreeV1(Some(root))) = values.storage.chunk_index() else {
        return None;
    };
    let chunk: Vec<u64> = dataset
        .chunk_shape()?
        .iter()
        .map(|&dim| dim as u64)
        .collect();
    let nodes = ChunkNodes {
        sizes: file.image().sizes(),
        chunk: &chunk,
        element_size: values.datatype.size.into(),
        k: btree_k(file).unwrap().chunk,
    };
    unsound(file, nodes, root).unwrap_or_else(|error| Some(error.to_string()))
}

/// The position a key holds, without the one inside an element.
fn position(key: &[u8], chunk: &[u64]) -> Vec<u64> {
    let fields = key[8..].chunks_exact(8);
    let offsets = fields.map(|field| u64::from_le_bytes(field.try_into().unwrap()));
    offsets.zip(chunk).map(|(at, chunk)| at / chunk).collect()
}

fn unsound(file: &File, nodes: ChunkNodes<'_>, root: Address) -> Result<Option<String>> {
    let mut parent = None;
    let mut level = vec![(root, None)];
    loop {
        let read = |&(at, _): &(Address, _)| Ok((at, nodes.read(file.image(), at, parent)?));
        let found = level.iter().map(read);
        let found: Vec<(Address, ChunkNode)> = found.collect::<Result<_>>()?;
        let mut last = None;
        for (i, (at, node)) in found.iter().enumerate() {
            let left = i.checked_sub(1).map(|i| found[i].0);
            let right = found.get(i + 1);
            let expected = [left, right.map(|(at, _)| *at)];
            if node.siblings != expected {
                let level = node.level;
                return Ok(Some(format!(
                    "{at} on level {level}: {:?}, not {expected:?}",
                    node.siblings
                )));
            }
            let Some(first) = node.children.first() else {
                return Ok(Some(format!("{at} is empty")));
            };
            if level[i].1.as_ref().is_some_and(|key| *key != first.at) {
                return Ok(Some(format!(
                    "{at} starts at {:?}, not {:?}",
                    first.at, level[i].1
                )));
            }
            if node.children.len() > nodes.capacity() {
                return Ok(Some(format!("{at} is too full")));
            }
            let end = position(&node.end, nodes.chunk);
            if right.is_some_and(|(_, right)| {
                right.children.first().is_none_or(|first| first.at != end)
            }) {
                return Ok(Some(format!("{at} ends at {end:?}, in front of {right:?}")));
            }
            for child in &node.children {
                if last.as_ref().is_some_and(|last| *last >= child.at) || child.at >= end {
                    return Ok(Some(format!(
                        "{:?} in {at} between {last:?} and {end:?}",
                        child.at
                    )));
                }
                last = Some(child.at.clone());
            }
        }
        let (_, first) = &found[0];
        if first.level == 0 {
            return Ok(None);
        }
        parent = Some(first.level);
        let children = found.into_iter().flat_map(|(_, node)| node.children);
        level = children
            .map(|child| (child.stored.address, Some(child.at)))
            .collect();
    }
}

/// An empty file whose nodes of chunks have room for `2 * k`.
fn small_nodes(k: u16) -> File {
    let k = BtreeK {
        chunk: k,
        ..BtreeK::default()
    };
    File::from_bytes_rw(empty_file_of(1, k).unwrap()).unwrap()
}

const FILL: i32 = -7;

#[derive(Clone, Debug)]
enum Op {
    Resize((usize, usize)),
    Write {
        from: (usize, usize),
        to: (usize, usize),
        step: usize,
        seed: i32,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let shape = || (0_usize..25, 0_usize..25);
    prop_oneof![
        shape().prop_map(Op::Resize),
        (shape(), shape(), 1_usize..6, any::<i32>()).prop_map(|(from, to, step, seed)| Op::Write {
            from,
            to,
            step,
            seed
        }),
    ]
}

fn apply(edit: &mut Edit<'_>, model: &mut Array2<i32>, op: &Op) {
    match *op {
        Op::Resize(shape) => {
            let old = std::mem::take(model);
            *model = Array2::from_shape_fn(shape, |at| old.get(at).copied().unwrap_or(FILL));
            edit.resize("/a", &[shape.0, shape.1]).unwrap();
        }
        Op::Write {
            from,
            to,
            step,
            seed,
        } => {
            let (rows, columns) = model.dim();
            let range = |a: usize, b: usize, len: usize| (a.min(b).min(len), a.max(b).min(len));
            let (i, end_i) = range(from.0, to.0, rows);
            let (j, end_j) = range(from.1, to.1, columns);
            let mut part = model.slice_mut(s![i..end_i; step, j..end_j; step]);
            let value =
                |(i, j): (usize, usize)| seed.wrapping_add(i32::try_from(i * 1000 + j).unwrap());
            let new = Array2::from_shape_fn(part.dim(), value);
            part.assign(&new);
            let range = |start, end| Selection::Range {
                start,
                end: Some(end),
                step,
            };
            edit.write_at("/a", &[range(i, end_i), range(j, end_j)], &new.into())
                .unwrap();
        }
    }
}

proptest! {
    #[test]
    fn a_copied_index_is_sound_and_leads_to_what_was_committed(
        k in 2_u16..5,
        chunk in (1_usize..4, 1_usize..4),
        edits in vec((vec(op(), 1..6), 0_u64..30, 1_usize..60), 1..12),
    ) {
        let mut file = small_nodes(k);
        let mut edit = file.edit().unwrap();
        let options = DatasetOptions::chunked(&[chunk.0, chunk.1])
            .max_shape(&[None, None])
            .fill(FILL.into());
        edit.create("/a", DType::I32, &[20, 20], &options).unwrap();
        edit.commit().unwrap();
        let mut model = Array2::from_elem((20, 20), FILL);
        for (ops, copied_above, held) in &edits {
            let mut edit = file.edit().unwrap();
            edit.set_index_limits(*copied_above, *held);
            for op in ops {
                apply(&mut edit, &mut model, op);
            }
            edit.commit().unwrap();
            // A file in memory reads a copy that was made before the siblings were written.
            file = File::from_bytes_rw(file.into_bytes().unwrap()).unwrap();
            prop_assert_eq!(unsound_index(&file, "/a"), None);
            let found = file.dataset("/a").unwrap().read_any(&[]).unwrap();
            prop_assert_eq!(found, Array::from(model.clone()));
        }
    }
}

/// 100 rows of 40 chunks, in nodes of at most 4.
fn wide() -> File {
    let mut file = small_nodes(2);
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::chunked(&[1, 1]).max_shape(&[None, None]);
    let values = Array2::from_shape_fn((100, 40), |(i, j)| i32::try_from(i * 100 + j).unwrap());
    edit.write("/a", &values.into(), &options).unwrap();
    edit.commit().unwrap();
    file
}

#[test]
fn no_more_is_written_than_the_path_to_what_changed() {
    let node = 24 + 5 * 32 + 4 * 8;
    // 1,000 leaves under 250, 63, 16, 4 and 1.
    for (what, selection, nodes) in [
        ("a chunk", [(50..51).into(), (20..21).into()], 6),
        (
            "a row",
            [(50..51).into(), Selection::All],
            11 + 5 + 4 + 3 + 2,
        ),
    ] {
        let mut file = wide();
        let before = file.state().unwrap().len;
        let mut edit = file.edit().unwrap();
        edit.set_index_limits(1000, 100_000);
        let shape = [selection[0].count(0, 100), selection[1].count(1, 40)].map(Result::unwrap);
        let new = Array2::from_elem((shape[0], shape[1]), -1);
        edit.write_at("/a", &selection, &new.into()).unwrap();
        edit.commit().unwrap();
        let written = file.state().unwrap().len - before;
        // With the chunks, the object headers and the group, and the record.
        let most = nodes * node + 8 * shape[1] as u64 + 2500;
        assert!(written < most, "{what}: {written} bytes, at most {most}");
        let file = File::from_bytes(file.into_bytes().unwrap()).unwrap();
        assert_eq!(unsound_index(&file, "/a"), None);
    }
}

#[test]
fn nothing_is_written_of_an_index_that_does_not_change() {
    let mut file = wide();
    for shape in [[100, 90], [200, 90]] {
        let before = file.state().unwrap().len;
        let mut edit = file.edit().unwrap();
        edit.resize("/a", &shape).unwrap();
        edit.commit().unwrap();
        let written = file.state().unwrap().len - before;
        assert!(written < 2500, "{written} bytes");
    }
}

#[test]
fn chunks_can_be_read_and_changed_while_they_are_in_an_index_of_the_edit() {
    let mut file = small_nodes(2);
    let mut edit = file.edit().unwrap();
    edit.set_index_limits(0, 7);
    let options = DatasetOptions::chunked(&[2, 2]).max_shape(&[None, None]);
    edit.create("/a", DType::I32, &[0, 6], &options).unwrap();
    let mut model = Array2::<i32>::zeros((0, 6));
    for row in 0..30 {
        let mut grown = Array2::zeros((row + 1, 6));
        grown.slice_mut(s![..row, ..]).assign(&model);
        grown
            .slice_mut(s![row, ..])
            .fill(i32::try_from(row).unwrap());
        model = grown;
        edit.resize("/a", &[row + 1, 6]).unwrap();
        let new = model.slice(s![row..=row, ..]).to_owned();
        edit.write_at("/a", &[row.into(), Selection::All], &new.into())
            .unwrap();
        if row % 8 == 5 {
            edit.resize("/a", &[row + 1, 3]).unwrap();
            edit.resize("/a", &[row + 1, 6]).unwrap();
            model.slice_mut(s![.., 3..]).fill(0);
        }
    }
    edit.commit().unwrap();
    let found = file.dataset("/a").unwrap().read_any(&[]).unwrap();
    assert_eq!(found, Array::from(model));
    assert_eq!(unsound_index(&file, "/a"), None);
}
