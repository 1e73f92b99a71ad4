//! Shuffle: the first bytes of all elements, then the second bytes, and so on.

/// Replaces the content of `out` by the elements of `size` bytes that `input` holds shuffled.
///
/// Bytes behind the last whole element are not shuffled.
pub fn unshuffle(input: &[u8], out: &mut Vec<u8>, size: u32) {
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    let count = input.len() / size;
    out.clear();
    out.resize(input.len(), 0);
    if count < 2 || size < 2 {
        out.copy_from_slice(input);
        return;
    }
    let (planes, tail) = input.split_at(count * size);
    let (elements, out_tail) = out.split_at_mut(count * size);
    for (byte, plane) in planes.chunks_exact(count).enumerate() {
        for (element, &value) in elements.chunks_exact_mut(size).zip(plane) {
            element[byte] = value;
        }
    }
    out_tail.copy_from_slice(tail);
}

/// Replaces the content of `out` by the elements of `size` bytes in `input`, shuffled.
pub fn shuffle(input: &[u8], out: &mut Vec<u8>, size: u32) {
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    let count = input.len() / size;
    let (elements, tail) = input.split_at(count * size);
    out.clear();
    for byte in 0..if count == 0 { 0 } else { size } {
        out.extend(elements.chunks_exact(size).map(|element| element[byte]));
    }
    out.extend_from_slice(tail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_elements() {
        let mut out = Vec::new();
        unshuffle(&[1, 2, 3, 11, 12, 13, 99], &mut out, 2);
        assert_eq!(out, [1, 11, 2, 12, 3, 13, 99]);
        unshuffle(&[1, 2, 3], &mut out, 0);
        assert_eq!(out, [1, 2, 3]);
        unshuffle(&[1, 2, 3], &mut out, u32::MAX);
        assert_eq!(out, [1, 2, 3]);
    }
}
