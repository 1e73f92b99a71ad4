//! Edits of files that another program, or a disk, has left with something that cannot be read.

use super::{
    super::DatasetOptions,
    numbers,
    refused::{growing, says, small, unsupported},
};
use crate::{
    File, LinkTarget, RepackOptions, Result,
    edit::{Edit, tree::Target},
};

/// The file with one run of bytes in the place of another of the same length.
fn patched(file: File, from: &[u8], to: &[u8]) -> File {
    let mut bytes = file.into_bytes().unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from);
    let at = at.unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    File::from_bytes_rw(bytes).unwrap()
}

#[test]
fn a_group_with_text_that_is_not_utf8_is_not_written_anew() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    edit.soft_link("/g/link", "/elsewhere").unwrap();
    edit.commit().unwrap();
    let file = patched(file, b"/elsewhere", b"/els\xffwhere");
    let error = file.repack_to_bytes(&RepackOptions::new()).unwrap_err();
    assert!(error.is_unsupported(), "{error:?}");
    says(&error, &["/g", "soft links that are not UTF-8"]);
    let inside = |edit: &mut Edit<'_>| edit.create_group("/g/h");
    unsupported(file, inside, &["soft links that are not UTF-8"]);

    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    let (name, path) = ("other.h5".to_owned(), "/x".to_owned());
    let target = LinkTarget::External { file: name, path };
    edit.place("/g/link", Target::Elsewhere(target)).unwrap();
    edit.commit().unwrap();
    let file = patched(file, b"other.h5", b"oth\xffr.h5");
    unsupported(file, inside, &["external links that are not UTF-8"]);
}

/// What it refers to is not known, so that nothing may move.
#[test]
fn a_file_with_an_object_that_cannot_be_read_is_not_edited() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    edit.commit().unwrap();
    let at = usize::try_from(file.object("/a").unwrap().address().0).unwrap();
    let mut bytes = file.into_bytes().unwrap();
    // No version of an object header.
    bytes[at] = 99;
    let calls: [fn(&mut Edit<'_>) -> Result<()>; 2] =
        [|edit| edit.remove("/a"), |edit| edit.create_group("/g/h")];
    for call in calls {
        let mut file = File::from_bytes_rw(bytes.clone()).unwrap();
        let mut edit = file.edit().unwrap();
        call(&mut edit).unwrap();
        let error = edit.commit().unwrap_err();
        assert!(error.is_corrupt(), "{error:?}");
        says(&error, &["/a", "object header", "version 99"]);
        assert!(file.into_bytes().unwrap() == bytes);
    }
}

#[test]
fn a_dataset_whose_edge_cannot_be_read_does_not_shrink() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let values = numbers(&[10]);
    edit.write("/a", &values, &growing().fletcher32()).unwrap();
    edit.commit().unwrap();
    // The last chunk holds 8 and 9, then its checksum.
    let edge = [8_f32.to_le_bytes(), 9_f32.to_le_bytes()].concat();
    let mut file = patched(file, &edge, &[0xee; 8]);
    let mut edit = file.edit().unwrap();
    let error = edit.resize("/a", &[9]).unwrap_err();
    says(&error, &["/a"]);
    assert!(error.is_corrupt(), "{error:?}");
    // Without that chunk it does.
    edit.resize("/a", &[8]).unwrap();
    edit.commit().unwrap();
    let left = file.dataset("/a").unwrap().read_any(&[]).unwrap();
    assert_eq!(left, numbers(&[8]));
}

#[test]
fn a_sequence_longer_than_what_is_stored_is_not_copied() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write(
        "/s",
        &["abc"].as_slice().into(),
        &DatasetOptions::contiguous(),
    )
    .unwrap();
    edit.commit().unwrap();
    // How many bytes, where the collection starts, which object of it.
    let mut element = file.dataset("/s").unwrap().read_bytes(&[]).unwrap();
    assert_eq!(element[..4], [3, 0, 0, 0]);
    element[0] = 200;
    let mut edit = file.edit().unwrap();
    edit.write_bytes_at("/s", &[], &element).unwrap();
    edit.commit().unwrap();
    let error = file.repack_to_bytes(&RepackOptions::new()).unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
    says(&error, &["/s", "has 3 bytes, not 200 x 1"]);
}
