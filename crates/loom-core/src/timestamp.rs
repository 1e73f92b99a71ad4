//! The times of last change that Loom files carry: compact UTC text such as
//! `20260131T235959.123456Z`, which sorts as the times do.

use std::time::SystemTime;

use h5lite::{Array, Attribute};

use crate::error::Result;

/// The time in a `last_modified` attribute; `None` where there is none, or no text in it.
pub(crate) fn read(attribute: h5lite::Result<Attribute<'_>>) -> Result<Option<String>> {
    match attribute {
        Ok(attribute) => Ok(text(attribute.read_any()?)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The time in a value: the text, or the first of an array.
pub(crate) fn text(value: Array) -> Option<String> {
    match value {
        Array::Str(text) => text.into_iter().next(),
        _ => None,
    }
}

/// The present time.
pub(crate) fn now() -> String {
    let time = humantime::format_rfc3339_micros(SystemTime::now());
    time.to_string().replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_written_as_loompy_writes_it() {
        let now = now();
        let shape: String = (now.chars())
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "00000000T000000.000000Z");
        assert!(now.as_str() > "20260101T000000.000000Z");
    }
}
