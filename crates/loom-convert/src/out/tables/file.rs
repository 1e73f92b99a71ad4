//! One table in a file: Arrow IPC or Parquet.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::Path,
};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use loom_core::{Error, Result};
use parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError,
    file::properties::WriterProperties,
};

/// Lines in a row group of Parquet.
const GROUP: usize = 1 << 20;

/// A table that is being written.
pub(super) enum TableFile {
    Arrow(FileWriter<BufWriter<File>>),
    Parquet(Box<ArrowWriter<File>>),
}

/// The form of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Arrow,
    Parquet,
}

impl Form {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }
}

impl TableFile {
    pub(super) fn create(path: &Path, form: Form, schema: &SchemaRef) -> Result<Self> {
        let file = File::create_new(path)?;
        Ok(match form {
            Form::Arrow => Self::Arrow(FileWriter::try_new_buffered(file, schema).map_err(arrow)?),
            Form::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_max_row_group_row_count(Some(GROUP))
                    .set_created_by("loom-convert".to_owned())
                    .build();
                let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties));
                Self::Parquet(Box::new(writer.map_err(parquet)?))
            }
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Arrow(writer) => writer.write(batch).map_err(arrow),
            Self::Parquet(writer) => writer.write(batch).map_err(parquet),
        }
    }

    /// Bytes that wait in memory.
    pub(super) fn waiting(&self) -> usize {
        match self {
            Self::Arrow(_) => 0,
            Self::Parquet(writer) => writer.memory_size(),
        }
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<()> {
        match self {
            Self::Arrow(_) => Ok(()),
            Self::Parquet(writer) => writer.flush().map_err(parquet),
        }
    }

    /// Writes what is left, and makes the file durable.
    pub(super) fn finish(self) -> Result<()> {
        let file = match self {
            Self::Arrow(mut writer) => {
                writer.finish().map_err(arrow)?;
                let out = writer.into_inner().map_err(arrow)?;
                out.into_inner().map_err(io::IntoInnerError::into_error)?
            }
            Self::Parquet(writer) => writer.into_inner().map_err(parquet)?,
        };
        Ok(file.sync_all()?)
    }
}

/// What the writers say, as the failure to write that it is.
pub(super) fn arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => error.into(),
        other => io::Error::other(other).into(),
    }
}

fn parquet(error: ParquetError) -> Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => io::Error::other(error).into(),
        },
        other => io::Error::other(other).into(),
    }
}
