//! Tables as text: a column for each attribute.

use std::path::Path;

use h5lite::Array;

use super::{Lines, bad, number, text};
use crate::error::Result;

/// How a text file is read as a table of attributes.
#[derive(Clone, Debug, Default)]
pub struct ReadTable {
    names: Option<Vec<String>>,
    delimiter: Option<u8>,
}

/// Attributes by name, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<(String, Array)>,
    len: usize,
}

impl ReadTable {
    /// A line for each row or column of a matrix, and their names in the first line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the columns are called, in a file whose first line does not say so.
    #[must_use]
    pub fn names(mut self, names: Vec<String>) -> Self {
        self.names = Some(names);
        self
    }

    /// What stands between the fields; as for [`ReadMatrix`](super::ReadMatrix::delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Reads a table, compressed with gzip or not.
    ///
    /// A column is `int64` where all of it are integers as they are usually written, `float64` where
    /// all of it are numbers, or missing (empty, `NA`, `NaN`), and text otherwise. Integers that a
    /// float would round, beyond 2^53, stay text.
    ///
    /// # Errors
    /// [`Error::NoFile`](crate::Error::NoFile); [`Error::Import`](crate::Error::Import) with the
    /// line for what is no table.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let lines = Lines::open(path)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter.unwrap_or_else(|| text::delimiter(path)))
            .from_reader(lines.into_rest());
        let mut names = self.names.clone();
        let mut columns: Vec<Vec<String>> = Vec::new();
        let mut record = csv::ByteRecord::new();
        let mut len = 0;
        while (reader.read_byte_record(&mut record)).map_err(|error| text::of_csv(path, &error))? {
            let wrong = |reason| bad(path, record.position().map(csv::Position::line), reason);
            let fields = text::texts(record.iter()).map_err(wrong)?;
            let Some(names) = &names else {
                names = Some(fields);
                continue;
            };
            if fields.len() != names.len() {
                let reason = format!(
                    "{} fields, where there are {} columns",
                    fields.len(),
                    names.len()
                );
                return Err(wrong(reason));
            }
            columns.resize(names.len(), Vec::new());
            for (column, field) in columns.iter_mut().zip(fields) {
                column.push(field);
            }
            len += 1;
        }
        let names = names.unwrap_or_default();
        if let Some(name) = (names.iter().enumerate())
            .find_map(|(at, name)| names[..at].contains(name).then_some(name))
        {
            return Err(bad(
                path,
                Some(1),
                format!("two columns are called {name:?}"),
            ));
        }
        columns.resize(names.len(), Vec::new());
        let columns = names.into_iter().zip(columns.into_iter().map(typed));
        Ok(Table {
            columns: columns.collect(),
            len,
        })
    }
}

impl Table {
    /// How many lines there are, without names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The column of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Array> {
        let mut columns = self.columns.iter();
        columns.find_map(|(known, values)| (known == name).then_some(values))
    }

    /// The columns in the order of the file.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Array)> {
        (self.columns.iter()).map(|(name, values)| (name.as_str(), values))
    }
}

/// Texts of a missing number.
const MISSING: [&str; 6] = ["", "NA", "NaN", "nan", "N/A", "null"];

/// Texts as numbers, where that loses nothing.
fn typed(texts: Vec<String>) -> Array {
    let integer = |text: &String| {
        let number: i64 = text.parse().ok()?;
        (number.to_string() == *text).then_some(number)
    };
    if texts.is_empty() {
        return texts.into();
    }
    if let Some(integers) = texts.iter().map(integer).collect::<Option<Vec<i64>>>() {
        return integers.into();
    }
    let float = |text: &String| match text {
        text if MISSING.contains(&text.as_str()) => Some(f64::NAN),
        // Codes such as 007 are names, and stay them; Rust takes words for numbers, too.
        text if text.starts_with('0') && text.len() > 1 && !text.starts_with("0.") => None,
        text if !text.bytes().any(|byte| byte.is_ascii_digit()) && !is_infinite(text) => None,
        text if is_integer(text) && number(text.as_bytes()).is_err() => None,
        text => text.parse().ok(),
    };
    let any_number = texts.iter().any(|text| !MISSING.contains(&text.as_str()));
    match texts.iter().map(float).collect::<Option<Vec<f64>>>() {
        Some(floats) if any_number => floats.into(),
        _ => texts.into(),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_infinite(text: &str) -> bool {
    matches!(text.trim_start_matches(['-', '+']), "inf" | "Inf")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(texts: &[&str]) -> Array {
        typed(texts.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn a_column_has_the_narrowest_type_that_loses_nothing() {
        assert_eq!(types(&["1", "-2"]), vec![1_i64, -2].into());
        assert_eq!(types(&["1", "2.5", "1e3"]), vec![1.0, 2.5, 1000.0].into());
        assert_eq!(types(&["0.5", "-inf"]), vec![0.5, f64::NEG_INFINITY].into());
        let large = types(&["9007199254740992", "2e20"]);
        assert_eq!(large, vec![9_007_199_254_740_992.0, 2e20].into());
        for texts in [
            &["007", "8"][..],
            &["+1", "x"],
            &["", ""],
            &["NA", "nan"],
            &["infinity", "1"],
            &["1", "x"],
            // A float would round them.
            &["18446744073709551615", "1"],
            &["9007199254740993", "0.5"],
            &["-9007199254740993", "NA"],
        ] {
            let expected: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(types(texts), expected.into(), "{texts:?}");
        }
        let Array::F64(missing) = types(&["1", "NA", ""]) else {
            panic!("numbers with gaps are floats");
        };
        assert_eq!(missing[0], 1.0);
        assert!(missing[1].is_nan() && missing[2].is_nan());
    }
}
