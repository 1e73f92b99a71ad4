//! numpy's file format: a header in Python's notation, then the values in C order
//! (numpy's `numpy.lib.format`, versions 1.0, 2.0 and 3.0).

use std::io::{self, Write};

use loom_core::DType;

/// numpy's code of a type, of text in `width` characters: `<f4`, `|u1`, `<U12`.
#[must_use]
pub fn code(dtype: DType, width: usize) -> String {
    let kind = match dtype {
        DType::Str => return format!("<U{width}"),
        _ if dtype.is_float() => 'f',
        _ if dtype.is_signed() => 'i',
        _ => 'u',
    };
    match dtype.size() {
        Some(1) => format!("|{kind}1"),
        size => format!("<{kind}{}", size.unwrap_or_default()),
    }
}

/// Writes the magic, the version, and the header, so that values begin at a multiple of 64 bytes.
/// `dtype` is in Python's notation: `'<f4'`.
///
/// # Errors
/// Where `out` fails, or the header is longer than the format has room for.
pub fn header(dtype: &str, shape: &[usize], out: &mut impl Write) -> io::Result<()> {
    let lengths: Vec<String> = shape.iter().map(|length| format!("{length},")).collect();
    let mut text = format!(
        "{{'descr': {dtype}, 'fortran_order': False, 'shape': ({}), }}",
        lengths.join(" ")
    );
    // Magic, version and length take 10 bytes in version 1, 12 in versions 2 and 3.
    let (version, before) = match (text.is_ascii(), text.len() < 65_000) {
        (true, true) => (1, 10),
        (true, false) => (2, 12),
        (false, _) => (3, 12),
    };
    let end = (before + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(end - before - text.len() - 1));
    text.push('\n');
    out.write_all(&[0x93, b'N', b'U', b'M', b'P', b'Y', version, 0])?;
    let too_long =
        |_| io::Error::other("so many columns that a header for numpy cannot hold their names");
    if version == 1 {
        let length = u16::try_from(text.len()).map_err(too_long)?;
        out.write_all(&length.to_le_bytes())?;
    } else {
        let length = u32::try_from(text.len()).map_err(too_long)?;
        out.write_all(&length.to_le_bytes())?;
    }
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.lib.format.header_data_from_array_1_0` and `write_array_header_1_0` of numpy
    /// 1.26 make of an array of shape (3,) and type float32, as far as the braces go.
    #[test]
    fn the_header_is_numpys() {
        let mut out = Vec::new();
        header("'<f4'", &[3], &mut out).unwrap();
        assert!(out.starts_with(
            b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
        ));
        assert_eq!((out.len(), out.last()), (128, Some(&b'\n')));
    }
}
