//! How new datasets are stored: as loompy stores them.

use h5lite::{Class, DatasetOptions, Datatype};

/// Rows and columns of a chunk of a matrix, at most.
pub(crate) const CHUNK: usize = 64;
/// Level of DEFLATE, which loompy always uses.
const LEVEL: u32 = 2;

/// A matrix: small chunks, so that both axes can be read at equal cost; more columns can be added.
pub(crate) fn matrix(shape: (usize, usize)) -> DatasetOptions {
    let (height, width) = chunk(shape);
    DatasetOptions::chunked(&[height, width])
        .max_shape(&[Some(shape.0 as u64), None])
        .deflate(LEVEL)
}

/// Rows and columns of a chunk of a matrix of this shape.
pub(crate) fn chunk(shape: (usize, usize)) -> (usize, usize) {
    (shape.0.clamp(1, CHUNK), shape.1.clamp(1, CHUNK))
}

/// A row or column attribute, with elements of this type. A second axis can grow.
pub(crate) fn attribute(shape: &[usize], datatype: Datatype) -> DatasetOptions {
    let size = match datatype.class {
        // In the file it is 16 bytes; h5py counts numpy's pointer.
        Class::VariableLength { .. } => 8,
        _ => datatype.size as usize,
    };
    // libhdf5 wants chunks within the maximum.
    let first = match shape.first() {
        Some(&0) | None => None,
        Some(&length) => Some(length as u64),
    };
    let mut max = vec![None; shape.len()];
    if let Some(max) = max.first_mut() {
        *max = first;
    }
    DatasetOptions::chunked(&guess_chunk(shape, size))
        .max_shape(&max)
        .deflate(LEVEL)
        .datatype(datatype)
}

/// Bytes of a chunk of a dataset of 1 MiB.
const CHUNK_BASE: f64 = 16.0 * 1024.0;
/// Bytes of a chunk, at least, where there are so many.
const CHUNK_MIN: f64 = 8.0 * 1024.0;
/// Bytes of a chunk, at most.
const CHUNK_MAX: f64 = 1024.0 * 1024.0;

/// The chunk that h5py chooses for this shape and this many bytes an element (`guess_chunk` in its
/// `filters.py`), so that files come out as loompy's do.
fn guess_chunk(shape: &[usize], size: usize) -> Vec<usize> {
    let mut chunk: Vec<usize> = shape
        .iter()
        .map(|&length| if length == 0 { 1024 } else { length })
        .collect();
    let bytes = |chunk: &[usize]| chunk.iter().map(|&n| n as f64).product::<f64>() * size as f64;
    let scale = (bytes(&chunk) / CHUNK_MAX).log10();
    let target = (CHUNK_BASE * scale.exp2()).clamp(CHUNK_MIN, CHUNK_MAX);
    for axis in (0..shape.len()).cycle() {
        let now = bytes(&chunk);
        let near = now < target || (now - target).abs() / target < 0.5;
        if near && now < CHUNK_MAX || chunk.iter().all(|&n| n == 1) {
            break;
        }
        chunk[axis] = chunk[axis].div_ceil(2);
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What h5py 3.16 chose.
    #[test]
    fn chunks_are_those_of_h5py() {
        let cases: &[(&[usize], usize, &[usize])] = &[
            (&[30], 16, &[30]),
            (&[512], 16, &[512]),
            (&[1_000], 16, &[500]),
            (&[10_000], 16, &[625]),
            (&[100_000], 16, &[1563]),
            (&[1_024], 8, &[1_024]),
            (&[10_000], 8, &[1_250]),
            (&[0], 8, &[1_024]),
            (&[3, 0, 7], 4, &[1, 512, 4]),
            (&[100_000, 50], 8, &[3_125, 2]),
            (&[1, 1], 2_000_000, &[1, 1]),
        ];
        for (shape, size, chunk) in cases {
            assert_eq!(guess_chunk(shape, *size), *chunk, "{shape:?} of {size}");
        }
    }

    #[test]
    fn text_counts_as_in_h5py() {
        let text = Datatype::of(h5lite::DType::Str);
        let expected = DatasetOptions::chunked(&[1_500])
            .max_shape(&[Some(3_000)])
            .deflate(LEVEL)
            .datatype(text.clone());
        let options = attribute(&[3_000], text);
        assert_eq!(format!("{options:?}"), format!("{expected:?}"));
    }
}
