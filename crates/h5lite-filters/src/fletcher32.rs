//! Fletcher-32: a checksum of four bytes behind the data.

/// The data without its checksum, once that has been verified.
///
/// # Errors
/// The stored and the computed checksum where they differ.
pub fn verify(input: &[u8]) -> Result<&[u8], String> {
    let Some((data, stored)) = input.split_last_chunk::<4>() else {
        return Err("too short for a checksum".to_owned());
    };
    let stored = u32::from_le_bytes(*stored);
    let computed = checksum(data);
    // HDF5 before 1.6.3 on little-endian machines stored it with the bytes of each half swapped.
    let swapped = computed.swap_bytes().rotate_left(16);
    if stored == computed || stored == swapped {
        return Ok(data);
    }
    Err(format!(
        "checksum {stored:#010x}, its bytes give {computed:#010x}"
    ))
}

/// Replaces the content of `out` by the data and its checksum behind it.
pub fn append(data: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(data);
    out.extend(checksum(data).to_le_bytes());
}

/// The library's variant: words of two bytes, most significant first, in ones' complement.
fn checksum(data: &[u8]) -> u32 {
    let (mut first, mut second) = (0_u32, 0_u32);
    // 360 words are the most whose sums fit into 32 bits.
    for block in data.chunks(720) {
        for word in block.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            first += u32::from(word[0]) << 8 | u32::from(low);
            second += first;
        }
        first = (first & 0xffff) + (first >> 16);
        second = (second & 0xffff) + (second >> 16);
    }
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
    second << 16 | first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // What HDF5 2.0.0 stored behind chunks of these bytes.
        let long: Vec<u8> = (0..=255).cycle().take(2048).collect();
        assert_eq!(checksum(b"abcde"), 0x4ff0_29c7);
        assert_eq!(checksum(&long), 0x282e_01fe);
        assert_eq!(checksum(&[0xff; 2000]), 0xffff_ffff);
    }

    #[test]
    fn the_checksum_is_cut_off_and_verified() {
        let mut stored = b"abcde\xc7\x29\xf0\x4f".to_vec();
        assert_eq!(verify(&stored).unwrap(), b"abcde");
        stored[5..].copy_from_slice(&[0x29, 0xc7, 0x4f, 0xf0]);
        assert_eq!(
            verify(&stored).unwrap(),
            b"abcde",
            "as HDF5 before 1.6.3 wrote it"
        );
        stored[0] ^= 1;
        assert!(verify(&stored).is_err());
        assert!(verify(&[1, 2]).is_err());
    }
}
