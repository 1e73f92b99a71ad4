//! What a file's bytes are used for: every structure that its root leads to, and what is left over.

mod ranges;
mod walk;

pub(crate) use self::{ranges::Ranges, walk::Walk};
use crate::{error::Result, file::File, image::Extent};

/// How much of a file its content takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes of the whole file, user block included.
    pub total: u64,
    /// Bytes that nothing leads to: what edits, crashes and removed objects have left, and what
    /// stands behind the end of the content. Gaps of less than eight bytes, which alignment leaves,
    /// do not count.
    pub unreachable: u64,
}

impl File {
    /// Calls `visit` with every structure that can be reached from the superblock, and the path of
    /// the object it belongs to (`/` for those of the whole file): object headers, heaps, indexes,
    /// chunks, raw data.
    ///
    /// Each is visited once, also where several objects share it; two that overlap are two extents.
    /// Values of variable length count by the collections they are in, whole: what of a collection
    /// is no longer used is not told apart. Values are read only where they lead to collections.
    ///
    /// # Errors
    /// What `visit` returns; [`Error::Corrupt`](crate::Error::Corrupt) and its kin, with the path of
    /// the object that cannot be followed.
    pub fn each_extent(&self, visit: &mut dyn FnMut(&str, &Extent) -> Result<()>) -> Result<()> {
        Walk::new(self)?.run(
            &mut |(_, path), extent| visit(path, extent),
            &mut |_, error| Err(error),
        )
    }

    /// How much of the file its content takes, and how much nothing leads to.
    ///
    /// # Errors
    /// As [`each_extent`](Self::each_extent).
    pub fn space(&self) -> Result<Space> {
        let mut ranges = Ranges::default();
        self.each_extent(&mut |_, extent| {
            let end = extent.address.0.saturating_add(extent.len);
            ranges.add(extent.address.0..end.min(self.content_len()));
            Ok(())
        })?;
        let behind = self.image().source().len() - self.user_block_len() - self.content_len();
        Ok(Space {
            total: self.image().source().len(),
            unreachable: ranges.unused(self.content_len()) + behind,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{DatasetOptions, value::Array};

    fn extents(file: &File) -> Vec<(Extent, String)> {
        let mut extents = Vec::new();
        let all = file.each_extent(&mut |path, extent| {
            extents.push((*extent, path.to_owned()));
            Ok(())
        });
        all.unwrap_or_else(|error| panic!("{:?}: {error}", file.path()));
        extents.sort_by_key(|(extent, _)| extent.address);
        extents
    }

    #[test]
    fn no_structure_of_a_sound_file_overlaps_another_or_leaves_it() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
        let mut files = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if !path
                .extension()
                .is_some_and(|end| end == "h5" || end == "loom")
            {
                continue;
            }
            files += 1;
            let file = File::open(&path).unwrap();
            let extents = extents(&file);
            for pair in extents.windows(2) {
                let [(one, owner), (next, other)] = pair else {
                    continue;
                };
                let end = one.address.0 + one.len;
                assert!(
                    end <= next.address.0,
                    "{path:?}: {owner} {one:?}, {other} {next:?}"
                );
            }
            let (last, owner) = extents.last().unwrap();
            assert!(
                last.address.0 + last.len <= file.content_len(),
                "{path:?}: {owner} {last:?}"
            );
        }
        assert!(files > 50);
    }

    #[test]
    fn a_collection_of_empty_texts_is_reached() {
        let mut file = File::create_in_memory().unwrap();
        let mut edit = file.edit().unwrap();
        let texts = ["abc"].as_slice().into();
        edit.write("/s", &texts, &DatasetOptions::contiguous())
            .unwrap();
        edit.commit().unwrap();
        let mut bytes = file.repack_to_bytes(&crate::RepackOptions::new()).unwrap();
        let before = File::from_bytes(bytes.clone()).unwrap().space().unwrap();
        // As h5py writes an empty text: no bytes, in an object that is there.
        let find = |bytes: &[u8], what: &[u8]| {
            let mut windows = bytes.windows(what.len());
            windows.position(|window| window == what).unwrap()
        };
        let heap = find(&bytes, b"GCOL");
        let count = find(&bytes, &[&[3, 0, 0, 0][..], &heap.to_le_bytes()].concat());
        bytes[heap + 24..heap + 48].fill(0);
        bytes[count] = 0;
        let file = File::from_bytes(bytes).unwrap();
        let text = file.dataset("/s").unwrap().read::<String>(&[]).unwrap();
        assert_eq!(text.into_raw_vec_and_offset().0, [""]);
        assert_eq!(file.space().unwrap(), before);
    }

    #[test]
    fn what_an_edit_leaves_behind_is_counted() {
        let mut file = File::create_in_memory().unwrap();
        let write = |file: &mut File, bytes: usize| {
            let mut edit = file.edit().unwrap();
            let values = Array::from(ndarray::Array1::from_elem(bytes, 7_u8).into_dyn());
            edit.write("/data", &values, &DatasetOptions::contiguous())
                .unwrap();
            edit.commit().unwrap();
        };
        write(&mut file, 10_000);
        let before = file.space().unwrap();
        write(&mut file, 5_000);
        let after = file.space().unwrap();
        let (lost, grown) = (
            after.unreachable - before.unreachable,
            after.total - before.total,
        );
        assert!(
            (10_000..=grown + 5_000).contains(&lost),
            "{before:?} {after:?}"
        );
        let mut bytes = file.into_bytes().unwrap();
        bytes.extend([0; 100]);
        let longer = File::from_bytes(bytes).unwrap().space().unwrap();
        assert_eq!(longer.unreachable, after.unreachable + 100);
    }
}
