//! numpy's file format: a header in Python's words, then the values.

use std::{
    fs::File,
    io::{Read as _, Seek},
    path::Path,
};

use h5lite::DType;

use super::{Content, DenseFile, Found, Read, bad};
use crate::error::Result;

/// What the file begins with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Longer headers are taken for no header.
const LONGEST: usize = 1 << 16;

/// Opens a matrix: an array of two axes.
pub(super) fn open(path: &Path) -> Result<Read> {
    let wrong = |reason: String| bad(path, None, reason);
    let io = |error: std::io::Error| wrong(error.to_string());
    let mut file = File::open(path).map_err(io)?;
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(io)?;
    let len = if start[6] < 2 {
        let mut len = [0; 2];
        file.read_exact(&mut len).map_err(io)?;
        usize::from(u16::from_le_bytes(len))
    } else {
        let mut len = [0; 4];
        file.read_exact(&mut len).map_err(io)?;
        u32::from_le_bytes(len) as usize
    };
    if len > LONGEST {
        return Err(wrong(format!("a header of {len} bytes")));
    }
    let mut header = vec![0; len];
    file.read_exact(&mut header).map_err(io)?;
    let header = String::from_utf8_lossy(&header);
    let unclear = || wrong(format!("not a header of an npy file: {}", header.trim()));
    let descr = value(&header, "descr").ok_or_else(unclear)?;
    let (dtype, big_endian) = number_type(descr.trim_matches(['\'', '"']))
        .ok_or_else(|| wrong(format!("values of type {descr}, where numbers are needed")))?;
    let shape: Option<Vec<u64>> = value(&header, "shape")
        .ok_or_else(unclear)?
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().ok())
        .collect();
    let &[rows, cols] = shape.as_deref().ok_or_else(unclear)? else {
        return Err(wrong(format!("shape {shape:?}, where two axes are needed")));
    };
    let by_column = value(&header, "fortran_order").ok_or_else(unclear)? == "True";
    let start = file.stream_position().map_err(io)?;
    let size = dtype.size().unwrap_or(1) as u64;
    let wanted = rows
        .checked_mul(cols)
        .and_then(|count| count.checked_mul(size));
    let found = file.metadata().map_err(io)?.len() - start;
    if wanted.is_none_or(|wanted| wanted > found) {
        return Err(wrong(format!(
            "{found} bytes of values, too few for {rows} x {cols}"
        )));
    }
    let addressable = usize::try_from(rows).ok().zip(usize::try_from(cols).ok());
    let (rows, cols) = addressable.ok_or_else(|| {
        wrong(format!(
            "{rows} x {cols} values, more than this machine can number"
        ))
    })?;
    let (lines, line) = if by_column {
        (cols, rows)
    } else {
        (rows, cols)
    };
    Ok(Read {
        content: Content::Dense(DenseFile {
            file,
            start,
            lines,
            line,
            by_column,
            dtype,
            big_endian,
        }),
        shape: (rows, cols),
        found: Found {
            dtype: if dtype == DType::F16 {
                DType::F32
            } else {
                dtype
            },
            integers: dtype.is_integer(),
            range: None,
        },
        names: (None, None),
    })
}

/// The value of a key in the header, without the parentheses of a tuple.
fn value<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    let rest = rest.trim_start();
    let text = match rest.strip_prefix('(') {
        Some(tuple) => tuple.split(')').next()?,
        None => rest.split([',', '}']).next()?,
    };
    Some(text.trim())
}

/// The type that `descr` means, and whether it is big-endian.
fn number_type(descr: &str) -> Option<(DType, bool)> {
    let (order, name) = descr.split_at_checked(1)?;
    let dtype = match name {
        "b1" | "u1" => DType::U8,
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "i8" => DType::I64,
        "u2" => DType::U16,
        "u4" => DType::U32,
        "u8" => DType::U64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        _ => return None,
    };
    match order {
        "<" | "|" => Some((dtype, false)),
        ">" => Some((dtype, true)),
        _ => None,
    }
}
