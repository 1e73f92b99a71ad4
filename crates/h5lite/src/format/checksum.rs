//! The metadata checksum: Bob Jenkins' lookup3 (`hashlittle`, initial value 0), used by every
//! structure with a checksum in the specification.

/// Checksum of `bytes`.
pub(crate) fn lookup3(bytes: &[u8]) -> u32 {
    let seed = u32::try_from(bytes.len() & 0xffff_ffff)
        .unwrap_or(0)
        .wrapping_add(0xdead_beef);
    let (mut a, mut b, mut c) = (seed, seed, seed);
    // The last 1 to 12 bytes are mixed differently, so a full block may only be consumed here
    // while more follow.
    let mut rest = bytes;
    while rest.len() > 12 {
        let (block, more) = rest.split_at(12);
        let [x, y, z] = words(block);
        a = a.wrapping_add(x);
        b = b.wrapping_add(y);
        c = c.wrapping_add(z);
        (a, b, c) = mix(a, b, c);
        rest = more;
    }
    if rest.is_empty() {
        return c;
    }
    let [x, y, z] = words(rest);
    finish(a.wrapping_add(x), b.wrapping_add(y), c.wrapping_add(z))
}

/// Up to 12 bytes as three words, zeros behind the end.
fn words(block: &[u8]) -> [u32; 3] {
    let mut out = [0_u32; 3];
    for (word, bytes) in out.iter_mut().zip(block.chunks(4)) {
        let mut wide = [0; 4];
        for (to, from) in wide.iter_mut().zip(bytes) {
            *to = *from;
        }
        *word = u32::from_le_bytes(wide);
    }
    out
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for (rotate_a, rotate_b, rotate_c) in [(4, 6, 8), (16, 19, 4)] {
        a = a.wrapping_sub(c) ^ c.rotate_left(rotate_a);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(rotate_b);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(rotate_c);
        b = b.wrapping_add(a);
    }
    (a, b, c)
}

fn finish(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // From the published test driver of lookup3, initial value 0.
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
