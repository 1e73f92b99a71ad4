//! Several edits as one commit.

use crate::{DatasetOptions, Error, File, Limits, Result, store::CrashStore};

fn put(file: &mut File, path: &str, value: u8) -> Result<()> {
    let mut edit = file.edit()?;
    edit.write(path, &value.into(), &DatasetOptions::contiguous())?;
    edit.commit()
}

fn value(file: &File, path: &str) -> Option<u8> {
    let dataset = file.dataset(path).ok()?;
    dataset.read::<u8>(&[]).unwrap().first().copied()
}

/// A file with `/a`, open for writing, and the bytes it has.
fn file() -> (File, CrashStore) {
    let empty = File::create_in_memory().unwrap().into_bytes().unwrap();
    let store = CrashStore::new(empty);
    let mut file = File::from_store(Box::new(store.clone()), Limits::default(), false).unwrap();
    put(&mut file, "/a", 1).unwrap();
    store.forget();
    (file, store)
}

#[test]
fn nobody_else_sees_a_part_of_a_transaction() {
    let (mut file, store) = file();
    let old = store.bytes();
    let content_len = file.content_len();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    put(&mut file, "/b", 3).unwrap();
    put(&mut file, "/c", 4).unwrap();
    assert_eq!((value(&file, "/b"), value(&file, "/c")), (Some(3), Some(4)));
    assert!(file.content_len() > content_len);
    let outside = File::from_bytes(store.bytes()).unwrap();
    assert_eq!(
        (value(&outside, "/a"), value(&outside, "/b")),
        (Some(1), None)
    );
    assert_eq!(store.bytes()[..old.len()], old, "not even the superblock");
    file.commit().unwrap();
    assert!(!file.in_transaction());
    let outside = File::from_bytes(store.bytes()).unwrap();
    for file in [&file, &outside] {
        let values = ["/a", "/b", "/c"].map(|path| value(file, path));
        assert_eq!(values, [Some(1), Some(3), Some(4)]);
    }
    put(&mut file, "/d", 5).unwrap();
    assert_eq!(value(&file, "/b"), Some(3));
}

#[test]
fn what_is_rolled_back_or_dropped_leaves_every_byte_as_it_was() {
    let (mut file, store) = file();
    let old = store.bytes();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    file.roll_back();
    assert_eq!(store.bytes(), old);
    assert_eq!((value(&file, "/a"), value(&file, "/b")), (Some(1), None));
    file.begin().unwrap();
    file.commit().unwrap();
    assert_eq!(store.bytes(), old, "nothing was changed");
    file.begin().unwrap();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    drop(file);
    assert_eq!(store.bytes(), old);
    let mut file = File::from_store(Box::new(store.clone()), Limits::default(), false).unwrap();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    assert_eq!(file.into_bytes().unwrap(), old);
}

#[test]
fn inner_transactions_join_the_outer_or_go_alone() {
    let (mut file, store) = file();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    file.begin().unwrap();
    put(&mut file, "/a", 9).unwrap();
    put(&mut file, "/c", 3).unwrap();
    file.roll_back();
    assert_eq!((value(&file, "/a"), value(&file, "/b")), (Some(1), Some(2)));
    file.begin().unwrap();
    put(&mut file, "/d", 4).unwrap();
    file.commit().unwrap();
    let outside = File::from_bytes(store.bytes()).unwrap();
    assert_eq!(value(&outside, "/d"), None);
    file.commit().unwrap();
    let outside = File::from_bytes(store.bytes()).unwrap();
    let values = ["/a", "/b", "/c", "/d"].map(|path| value(&outside, path));
    assert_eq!(values, [Some(1), Some(2), None, Some(4)]);
}

#[test]
fn an_edit_that_is_dropped_takes_nothing_else_with_it() {
    let (mut file, store) = file();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    let staged = store.bytes();
    let mut edit = file.edit().unwrap();
    let large = vec![1_u8; 3 << 20];
    let large = large.as_slice().into();
    edit.write("/large", &large, &DatasetOptions::contiguous())
        .unwrap();
    drop(edit);
    assert_eq!(store.bytes(), staged);
    file.commit().unwrap();
    assert_eq!(value(&file, "/b"), Some(2));
}

#[test]
fn another_program_ends_a_transaction() {
    let (mut file, store) = file();
    file.begin().unwrap();
    put(&mut file, "/b", 2).unwrap();
    let mut theirs = store.bytes();
    theirs.extend([7; 10]);
    store.replace(theirs.clone());
    assert!(matches!(file.commit(), Err(Error::ChangedUnderUs)));
    assert_eq!(store.bytes(), theirs, "theirs is not cut off");
    assert_eq!((value(&file, "/a"), value(&file, "/b")), (Some(1), None));
    assert!(matches!(file.edit(), Err(Error::ChangedUnderUs)));
    assert!(matches!(file.begin(), Err(Error::ChangedUnderUs)));
}

#[test]
fn a_file_for_reading_has_no_transactions() {
    let bytes = File::create_in_memory().unwrap().into_bytes().unwrap();
    let mut file = File::from_bytes(bytes).unwrap();
    assert!(matches!(file.begin(), Err(Error::ReadOnly)));
    file.roll_back();
    file.commit().unwrap();
}
