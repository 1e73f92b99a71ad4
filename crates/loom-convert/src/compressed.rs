//! Compressed sparse matrices in HDF5: `data`, `indices` and `indptr`, as 10x and anndata have them.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use loom_core::{
    DType, Error, Matrix, Result, Triplets,
    h5lite::{Dataset, File},
    import::BATCH,
};

use crate::{
    import::{Batches, Layer},
    lists::bad,
};

/// Opens a file whose matrices are read from the first value to the last: by position, because
/// values that are not compressed would stay in memory through a map, all of them.
pub(crate) fn open(path: &Path) -> Result<Arc<File>> {
    Ok(Arc::new(File::options().positioned(true).open(path)?))
}

/// A matrix whose columns, the cells, are stored one after the other.
#[derive(Debug)]
pub(crate) struct Compressed {
    file: Arc<File>,
    group: String,
    /// Where the values of each cell begin, and where those of the last end.
    starts: Vec<u64>,
    rows: usize,
    dtype: DType,
}

impl Compressed {
    /// The matrix in this group, with so many rows (genes) and columns (cells).
    ///
    /// # Errors
    /// [`Error::Import`] where the parts do not fit together.
    pub(crate) fn open(file: &Arc<File>, group: &str, shape: (usize, usize)) -> Result<Self> {
        let mut opened = Self {
            file: Arc::clone(file),
            group: group.to_owned(),
            starts: Vec::new(),
            rows: shape.0,
            dtype: DType::U8,
        };
        opened.dtype = opened.part("data")?.dtype()?;
        if opened.dtype == DType::F16 {
            opened.dtype = DType::F32;
        }
        if opened.dtype == DType::Str {
            return Err(opened.wrong("data: text, where numbers are needed"));
        }
        let starts = opened.part("indptr")?.read_lossy::<i64>(&[])?;
        let starts: Option<Vec<u64>> = starts.iter().map(|&at| u64::try_from(at).ok()).collect();
        let starts = starts.ok_or_else(|| opened.wrong("indptr: a negative number"))?;
        let count = opened.count()?;
        let orderly = starts.is_sorted() && starts.first() == Some(&0);
        if shape.1.checked_add(1) != Some(starts.len()) || !orderly || starts.last() != Some(&count)
        {
            return Err(opened.wrong(&format!(
                "indptr: {} numbers, where one more than {} is needed, from 0 to {count} and never \
                 falling",
                starts.len(),
                shape.1
            )));
        }
        opened.starts = starts;
        Ok(opened)
    }

    /// (rows, columns).
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.rows, self.starts.len() - 1)
    }

    /// How many values are stored.
    pub(crate) fn count(&self) -> Result<u64> {
        let data = self.part("data")?.shape().to_vec();
        let indices = self.part("indices")?.shape().to_vec();
        match (&data[..], &indices[..]) {
            (&[data], &[indices]) if data == indices => Ok(data as u64),
            _ => Err(self.wrong(&format!(
                "data and indices have shapes {data:?} and {indices:?}"
            ))),
        }
    }

    /// The end of the columns from `start` on that hold so many values, or one more column.
    pub(crate) fn columns_with(&self, start: usize, values: u64) -> usize {
        let bound = self.starts[start].saturating_add(values);
        let end = self.starts.partition_point(|&at| at <= bound) - 1;
        end.clamp(start + 1, self.shape().1.max(start + 1))
    }

    /// Row numbers and values of some columns, and the column of each.
    pub(crate) fn columns(&self, columns: Range<usize>) -> Result<Triplets<'static>> {
        let start = self.starts[columns.start];
        let end = self.starts[columns.end];
        let place = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
        let indices = self
            .part("indices")?
            .read_lossy::<i64>(&[place.clone().into()])?
            .into_raw_vec_and_offset()
            .0;
        let data = self.part("data")?.read_any(&[place.into()])?;
        let mut row = Vec::with_capacity(indices.len());
        for &index in &indices {
            match u32::try_from(index) {
                Ok(index) if (index as usize) < self.rows => row.push(index),
                _ => {
                    return Err(self.wrong(&format!(
                        "indices: {index} where 0 to {} are possible",
                        self.rows.saturating_sub(1)
                    )));
                }
            }
        }
        let mut col = Vec::with_capacity(row.len());
        for (number, bounds) in (0..).zip(self.starts[columns.start..=columns.end].windows(2)) {
            if let [from, to] = bounds {
                let count = usize::try_from(to - from).unwrap_or(0);
                col.resize(col.len() + count, number);
            }
        }
        Triplets::new((self.rows, columns.len()), row, col, data)
    }

    fn part(&self, name: &str) -> Result<Dataset<'_>> {
        Ok(self.file.dataset(&format!("{}/{name}", self.group))?)
    }

    fn wrong(&self, reason: &str) -> Error {
        let path = self
            .file
            .path()
            .map_or_else(PathBuf::new, ToOwned::to_owned);
        bad(&path, format!("{}: {reason}", self.group))
    }
}

impl Layer for Compressed {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn batches(&self) -> Batches<'_> {
        let cols = self.shape().1;
        Box::new((0..cols).step_by(BATCH).map(move |start| {
            let columns = start..cols.min(start + BATCH);
            Ok(Matrix::Sparse(self.columns(columns)?))
        }))
    }
}
