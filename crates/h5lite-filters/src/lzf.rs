//! LZF, the filter h5py brings along: literal runs and references back.

/// Replaces the content of `out` by what `input` decompresses to, which is at most `max` bytes.
///
/// # Errors
/// Where the stream breaks off, refers to before its start, or more than `max` bytes come out.
pub fn decompress(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), String> {
    out.clear();
    let mut rest = input.iter().copied();
    let mut next = || {
        rest.next()
            .ok_or_else(|| "the stream ends too early".to_owned())
    };
    while let Ok(control) = next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(next()?);
            }
        } else {
            let mut len = usize::from(control >> 5);
            if len == 7 {
                len += usize::from(next()?);
            }
            let back = usize::from(control & 31) << 8 | usize::from(next()?);
            let Some(start) = out.len().checked_sub(back + 1) else {
                return Err("a reference to before the start".to_owned());
            };
            // The copy may run into what it writes.
            for at in start..start + len + 2 {
                out.push(out[at]);
            }
        }
        if out.len() > max {
            return Err(format!("more than {max} bytes come out"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_references() {
        let mut out = Vec::new();
        // What h5py 3.16 stored for "abc" twenty times over, five at a time, and "xyz".
        let stored = [3, 97, 98, 99, 97, 224, 255, 2, 225, 23, 7, 2, 120, 121, 122];
        decompress(&stored, &mut out, 303).unwrap();
        assert_eq!(out, [&b"abc".repeat(100)[..], b"xyz"].concat());
    }

    #[test]
    fn damage_is_an_error() {
        let mut out = Vec::new();
        assert!(decompress(&[0x20, 2], &mut out, 100).is_err());
        assert!(decompress(&[5, 1, 2], &mut out, 100).is_err());
        assert!(decompress(&[0, 1, 0xe0, 255, 0, 0xe0, 255, 0], &mut out, 300).is_err());
    }
}
