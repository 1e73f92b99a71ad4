//! Other writers, edits that are dropped, and superblocks that are not where they say.

use super::{
    Array, ArrayD, Base, CHANGES, CrashStore, DatasetOptions, Error, File, IxDyn, LOOMPY, Result,
    SUPERBLOCK_1, SUPERBLOCK_2, SUPERBLOCK_3, Step, Store, USER_BLOCK_0, USER_BLOCK_3, change,
    digest, digest_after, fixture, matrix, open, power::crash,
};

/// What another program may do to a file while we have it open.
fn interferences(base: Base, old: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let store = CrashStore::new(old.to_vec());
    change(&mut open(store.clone()).unwrap(), base, CHANGES[12].1, None).unwrap();
    let longer = [old, &[1; 100]].concat();
    vec![
        ("committed", store.bytes()),
        ("appended", longer),
        ("cut", old[..old.len() - 1].to_vec()),
    ]
}

#[test]
fn a_file_that_somebody_else_changed_is_left_alone() {
    for base in [
        LOOMPY,
        SUPERBLOCK_1,
        SUPERBLOCK_2,
        SUPERBLOCK_3,
        USER_BLOCK_0,
        USER_BLOCK_3,
    ] {
        let old = fixture(base.name);
        for (what, theirs) in interferences(base, &old) {
            let refused = |result: Result<()>, store: &CrashStore, when| {
                let refused = matches!(result, Err(Error::ChangedUnderUs));
                assert!(refused, "{}, {what} {when}: {result:?}", base.name);
                assert!(
                    store.bytes() == theirs,
                    "{}, {what} {when}: touched",
                    base.name
                );
            };
            // Between opening and the edit.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            store.replace(theirs.clone());
            refused(file.edit().map(drop), &store, "before the edit");
            // In the edit, before anything was written.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let mut edit = file.edit().unwrap();
            edit.create_group("/new").unwrap();
            store.replace(theirs.clone());
            refused(edit.commit(), &store, "in the edit");
            // Even if the edit wrote some of its bytes before: 1 MiB is more than it holds back.
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let mut edit = file.edit().unwrap();
            let large = Array::from(ArrayD::<f64>::zeros(IxDyn(&[200_000])));
            edit.write("/large", &large, &DatasetOptions::contiguous())
                .unwrap();
            assert!(store.bytes().len() > old.len() + 1_000_000);
            store.replace(theirs.clone());
            refused(edit.commit(), &store, "late in the edit");
            refused(file.edit().map(drop), &store, "behind the edit");
        }
    }
}

#[test]
fn the_check_for_other_writers_is_needed() {
    // A superblock that another program changed and a length that is as it should be: only the
    // check in front of the switch sees that.
    for base in [USER_BLOCK_0, USER_BLOCK_3] {
        let old = fixture(base.name);
        for left_out in [None, Some(Step::CheckUnchanged)] {
            let store = Meddled(CrashStore::new(old.clone()), base);
            let mut file = open(store.clone()).unwrap();
            let result = change(&mut file, base, CHANGES[0].1, left_out);
            let refused = matches!(result, Err(Error::ChangedUnderUs));
            assert_eq!(refused, left_out.is_none(), "{}: {result:?}", base.name);
        }
    }
}

/// A file in whose superblock somebody writes while we sync.
#[derive(Clone, Debug)]
struct Meddled(CrashStore, Base);

impl Store for Meddled {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(at, buffer)
    }
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write_at(at, bytes)
    }
    fn sync(&mut self) -> std::io::Result<()> {
        let mut bytes = self.0.bytes();
        let base = File::from_bytes(fixture(self.1.name))
            .unwrap()
            .user_block_len();
        bytes[usize::try_from(base).unwrap() + 36] ^= 1;
        self.0.replace(bytes);
        self.0.sync()
    }
    fn set_len(&mut self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }
    fn source(&self, mapped: bool) -> Result<crate::source::Source> {
        self.0.source(mapped)
    }
}

#[test]
fn a_dropped_edit_leaves_every_byte_as_it_was() {
    for base in [
        LOOMPY,
        SUPERBLOCK_1,
        SUPERBLOCK_2,
        SUPERBLOCK_3,
        USER_BLOCK_0,
        USER_BLOCK_3,
    ] {
        for trailing in [0, 3000] {
            let mut old = fixture(base.name);
            old.resize(old.len() + trailing, 0x5a);
            let store = CrashStore::new(old.clone());
            let mut file = open(store.clone()).unwrap();
            let (shape, dtype) = matrix(&file, base);
            let mut edit = file.edit().unwrap();
            for (_, kind) in CHANGES.iter().take(8) {
                kind(&mut edit, base, &shape, dtype).unwrap();
            }
            let large = Array::from(ArrayD::<f64>::ones(IxDyn(&[200_000])));
            edit.write("/large", &large, &DatasetOptions::contiguous())
                .unwrap();
            assert_ne!(store.bytes().len(), old.len(), "it has written something");
            let refused = edit.remove("/not/there").unwrap_err();
            assert!(refused.is_not_found());
            drop(edit);
            assert!(store.bytes() == old, "{}", base.name);
            change(&mut file, base, CHANGES[0].1, None).unwrap();
            assert!(store.bytes()[old.len() - trailing..].starts_with(&vec![0x5a; trailing]));
        }
    }
}

#[test]
fn a_user_block_put_in_front_of_a_file_stays_in_front_of_it() {
    // As h5jam does it: no address in the file changes, not even the base address.
    for base in [LOOMPY, SUPERBLOCK_1, SUPERBLOCK_2, SUPERBLOCK_3] {
        let moved = [&vec![7; 1024][..], &fixture(base.name)].concat();
        let before = digest(&File::from_bytes(fixture(base.name)).unwrap()).unwrap();
        for name in ["create a group", "grow"] {
            let (_, kind) = CHANGES.iter().find(|(kind, _)| *kind == name).unwrap();
            let make = |file: &mut File| change(file, base, *kind, None);
            let (judged, bad) = crash(&moved, &make);
            assert_eq!((judged > 0, bad), (true, Vec::new()));
            let new = digest_after(&moved, &make);
            assert_eq!(new, digest_after(&fixture(base.name), &make));
            assert_ne!(new, before);
        }
    }
}

#[test]
fn a_version_1_superblock_is_not_switched_across_4_gib() {
    let file = open(CrashStore::new(fixture(SUPERBLOCK_1.name))).unwrap();
    let state = file.state().unwrap();
    let root = crate::Address(4000);
    assert!(state.switched(root, u64::from(u32::MAX)).is_ok());
    let refused = state.switched(root, 1 << 32).unwrap_err();
    assert!(refused.is_unsupported(), "{refused}");
}
