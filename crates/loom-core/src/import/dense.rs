//! A dense matrix on disk.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
};

use h5lite::{Array, DType};
use ndarray::Array2;

use crate::{
    error::{Error, Result},
    numeric::with_number,
};

/// Values in a file, one after the other.
#[derive(Debug)]
pub(super) struct DenseFile {
    pub(super) file: File,
    /// Where the first value stands, in bytes.
    pub(super) start: u64,
    /// How many lines of values there are, and how many values in a line.
    pub(super) lines: usize,
    pub(super) line: usize,
    /// Whether a line is a column.
    pub(super) by_column: bool,
    pub(super) dtype: DType,
    pub(super) big_endian: bool,
}

impl DenseFile {
    /// Some columns, or rows where rows and columns are exchanged, as columns.
    pub(super) fn block(
        &self,
        transposed: bool,
        columns: Range<usize>,
        dtype: DType,
    ) -> Result<Array> {
        // Whether what is asked for are whole lines.
        let whole = self.by_column != transposed;
        let lines = if whole {
            columns.clone()
        } else {
            0..self.lines
        };
        let values = if whole { 0..self.line } else { columns };
        with_number!(dtype, T => {
            use h5lite::Element;
            let convert = T::converter(self.dtype).ok_or_else(|| Error::Type {
                what: "a matrix".to_owned(),
                expected: "numbers".to_owned(),
                found: self.dtype.to_string(),
            })?;
            let mut block = Array2::<T>::default((lines.len(), values.len()));
            let mut bytes = vec![0; values.len() * self.size()];
            for (mut out, line) in block.rows_mut().into_iter().zip(lines) {
                self.read(line, values.start, &mut bytes)?;
                if let Some(out) = out.as_slice_mut() {
                    convert(&bytes, out);
                }
            }
            let block = if whole { block.reversed_axes() } else { block };
            Ok(block.as_standard_layout().into_owned().into())
        }, text => Err(Error::Misuse("a matrix of text".to_owned())))
    }

    fn size(&self) -> usize {
        self.dtype.size().unwrap_or(1)
    }

    /// Reads values of a line, and brings them into little-endian order.
    fn read(&self, line: usize, first: usize, bytes: &mut [u8]) -> Result<()> {
        let size = self.size();
        let at = (line * self.line + first) as u64 * size as u64;
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.start + at))?;
        file.read_exact(bytes)?;
        if self.big_endian {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(())
    }
}
