//! A sound file, and what is done to its bytes.

use std::{fs, ops::Range};

use h5lite::{Array, DType, DatasetOptions, Edit, File, Result, testing::checksum};
use loom_tests::fixture;

/// The undefined address.
pub(crate) const UNDEFINED: u64 = u64::MAX;

/// The bytes of a file on its way to becoming a trap.
#[derive(Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// A file of our own making: superblock version 0, the classic structures.
    pub(crate) fn made(make: impl FnOnce(&mut Edit<'_>) -> Result<()>) -> Self {
        let mut file = File::create_in_memory().unwrap();
        let mut edit = file.edit().unwrap();
        make(&mut edit).unwrap();
        edit.commit().unwrap();
        Self(file.into_bytes().unwrap())
    }

    /// A file of h5py's making.
    pub(crate) fn fixture(name: &str) -> Self {
        Self(fs::read(fixture(name)).unwrap())
    }

    /// A file with `/matrix`, numbers in deflated chunks.
    pub(crate) fn matrix(shape: &[usize], chunk: &[usize]) -> Self {
        Self::made(|edit| {
            let options = DatasetOptions::chunked(chunk).deflate(2);
            edit.write("/matrix", &numbers(shape), &options)
        })
    }

    /// Where this stands, which does so once.
    pub(crate) fn find(&self, what: &[u8]) -> usize {
        let found = self.find_all(what);
        assert_eq!(found.len(), 1, "{what:?} at {found:?}");
        found[0]
    }

    /// Everywhere this stands.
    pub(crate) fn find_all(&self, what: &[u8]) -> Vec<usize> {
        let windows = self.0.windows(what.len()).enumerate();
        windows
            .filter(|(_, bytes)| *bytes == what)
            .map(|(at, _)| at)
            .collect()
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Puts something in the place of something, where that stands last: headers and names come
    /// behind values and indexes.
    pub(crate) fn replace(&mut self, what: &[u8], by: &[u8]) {
        assert_eq!(what.len(), by.len());
        let at = *self.find_all(what).last().unwrap();
        self.put(at, by);
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())
    }

    /// Where the end of the file is, which what is appended next will have as its address.
    pub(crate) fn end(&self) -> u64 {
        self.0.len().next_multiple_of(8) as u64
    }

    /// Appends bytes, and says so in the superblock.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> u64 {
        let address = self.end();
        self.0.resize(index(address), 0);
        self.0.extend_from_slice(bytes);
        let len = self.0.len() as u64;
        match self.0[8] {
            0 => self.put(40, &len.to_le_bytes()),
            _ => {
                self.put(28, &len.to_le_bytes());
                self.seal(0..44);
            }
        }
        address
    }

    /// Puts the right checksum behind a structure.
    pub(crate) fn seal(&mut self, structure: Range<usize>) {
        let sum = checksum(&self.0[structure.clone()]);
        self.put(structure.end, &sum.to_le_bytes());
    }

    /// Where the addresses of the root group's tree and local heap stand.
    pub(crate) fn root_table(&self) -> usize {
        let header = index(self.u64(64));
        assert_eq!(self.0[header + 16..header + 20], [0x11, 0, 16, 0]);
        header + 24
    }

    /// Where the layout message of a dataset in chunks stands that is the only one of its kind: version
    /// 3, of 4-byte elements unless told otherwise.
    pub(crate) fn layout(&self, chunk: &[u32], element: u32) -> usize {
        let dims: Vec<u8> = chunk
            .iter()
            .chain([&element])
            .flat_map(|dim| dim.to_le_bytes())
            .collect();
        let at = self.find(&dims) - 11;
        assert_eq!(self.0[at..at + 2], [3, 2]);
        at
    }
}

/// An address as a place in the bytes.
pub(crate) fn index(address: u64) -> usize {
    usize::try_from(address).unwrap()
}

/// The bytes of 64-bit words.
pub(crate) fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Numbers that DEFLATE finds something in.
pub(crate) fn numbers(shape: &[usize]) -> Array {
    let count: usize = shape.iter().product();
    let value = |i: usize| f32::from(u16::try_from(i % 5).unwrap());
    let values: Vec<f32> = (0..count).map(value).collect();
    ndarray::ArrayD::from_shape_vec(shape, values)
        .unwrap()
        .into()
}

/// An empty dataset of bytes in one run.
pub(crate) fn empty(edit: &mut Edit<'_>, path: &str) -> Result<()> {
    edit.create(path, DType::U8, &[4], &DatasetOptions::contiguous())
}

/// A node of a version 1 B-tree of chunks: size, mask and position of each, and what it leads to.
pub(crate) fn chunk_node(level: u8, children: &[(u32, Vec<u64>, u64)], end: &[u64]) -> Vec<u8> {
    let count = u16::try_from(children.len()).unwrap();
    let mut node = [&b"TREE\x01"[..], &[level], &count.to_le_bytes()].concat();
    node.extend(words(&[UNDEFINED, UNDEFINED]));
    for (size, at, child) in children {
        node.extend(words(&[u64::from(*size)]));
        node.extend(words(at));
        node.extend(words(&[0, *child]));
    }
    node.extend(words(&[0]));
    node.extend(words(end));
    node.extend(words(&[0]));
    node
}
