//! Triplets in any order, brought into the order of their columns through temporary files.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
};

use h5lite::DType;

use super::{BATCH, Numbers, array_of};
use crate::{
    coo::addressable,
    edit::{Matrix, Triplets},
    error::Result,
};

/// Triplets a file takes, if they are spread evenly.
const PER_FILE: u64 = 1 << 20;
/// More files are not opened at a time.
const FILES: usize = 200;
/// Bytes of a triplet.
const RECORD: usize = 16;

/// Triplets, those of neighbouring columns in a file of their own.
#[derive(Debug)]
pub(super) struct Spill {
    files: Vec<BufWriter<File>>,
    /// Columns in a file: whole batches.
    width: usize,
    pub(super) numbers: Numbers,
}

impl Spill {
    /// For a matrix of this shape with about so many triplets.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for axes longer than 32-bit numbers can address;
    /// [`Error::Write`](crate::Error::Write).
    pub(super) fn new(shape: (usize, usize), count: u64, scratch: Option<&Path>) -> Result<Self> {
        addressable(shape)?;
        let files = usize::try_from(count / PER_FILE).unwrap_or(FILES) + 1;
        let width = shape.1.div_ceil(files.min(FILES)).next_multiple_of(BATCH);
        let files = (0..shape.1.div_ceil(width))
            .map(|_| {
                let file = match scratch {
                    Some(folder) => tempfile::tempfile_in(folder),
                    None => tempfile::tempfile(),
                };
                Ok(BufWriter::new(file?))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            files,
            width,
            numbers: Numbers::default(),
        })
    }

    /// Adds a triplet, which lies inside the shape.
    pub(super) fn push(&mut self, row: u32, col: u32, value: f64) -> Result<()> {
        self.numbers.see(value);
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&row.to_le_bytes());
        record[4..8].copy_from_slice(&col.to_le_bytes());
        record[8..].copy_from_slice(&value.to_le_bytes());
        Ok(self.files[col as usize / self.width].write_all(&record)?)
    }

    /// All triplets have been added.
    pub(super) fn finish(&mut self) -> Result<()> {
        Ok(self.files.iter_mut().try_for_each(Write::flush)?)
    }

    /// The columns of one batch. `loaded` keeps the triplets of its file for the next.
    pub(super) fn columns(
        &self,
        columns: Range<usize>,
        rows: usize,
        dtype: DType,
        loaded: &mut Option<Loaded>,
    ) -> Result<Matrix<'static>> {
        let number = columns.start / self.width;
        let all = match loaded {
            Some(loaded) if loaded.number == number => &loaded.triplets,
            _ => {
                let triplets = self.load(number)?;
                &loaded.insert(Loaded { number, triplets }).triplets
            }
        };
        let before = |end: usize| all.partition_point(|triplet| (triplet.col as usize) < end);
        let batch = &all[before(columns.start)..before(columns.end)];
        let first = u32::try_from(columns.start).unwrap_or(u32::MAX);
        let row = batch.iter().map(|triplet| triplet.row).collect();
        let col = batch.iter().map(|triplet| triplet.col - first).collect();
        let data = array_of(batch.iter().map(|triplet| triplet.value), dtype);
        let shape = (rows, columns.len());
        Ok(Matrix::Sparse(Triplets::new(shape, row, col, data)?))
    }

    /// The triplets of a file in the order of their columns.
    fn load(&self, number: usize) -> Result<Vec<Triplet>> {
        let mut file = self.files[number].get_ref();
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        let mut triplets = Vec::with_capacity(length / RECORD);
        let mut record = [0; RECORD];
        while let Some(()) = whole(&mut reader, &mut record)? {
            let [r0, r1, r2, r3, c0, c1, c2, c3, value @ ..] = record;
            triplets.push(Triplet {
                row: u32::from_le_bytes([r0, r1, r2, r3]),
                col: u32::from_le_bytes([c0, c1, c2, c3]),
                value: f64::from_le_bytes(value),
            });
        }
        triplets.sort_unstable_by_key(|triplet: &Triplet| (triplet.col, triplet.row));
        Ok(triplets)
    }
}

/// A value and its place.
struct Triplet {
    row: u32,
    col: u32,
    value: f64,
}

/// The triplets of a file.
pub(super) struct Loaded {
    number: usize,
    triplets: Vec<Triplet>,
}

/// Reads a record; `None` at the end.
fn whole(reader: &mut impl Read, record: &mut [u8; RECORD]) -> Result<Option<()>> {
    match reader.read_exact(record) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}
