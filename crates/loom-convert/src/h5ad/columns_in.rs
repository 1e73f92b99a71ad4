//! Columns of `obs` and `var` as attributes.

use loom_core::{
    Array, DType, Result,
    h5lite::{Dataset, File, Number, with_numbers},
};

use super::{
    element::{Element, wrong},
    notes::{Categories, Kind},
};

/// A column: its values, and how it was stored, where that is more than numbers.
pub(super) type Column = (Array, Option<Kind>);

/// Reads a column; `None` for what is no column of one value each.
///
/// # Errors
/// Where it cannot be read, or contradicts itself; `changed` is told what changes for good.
pub(super) fn read(
    file: &File,
    element: &Element<'_>,
    changed: &mut dyn FnMut(&str),
) -> Result<Option<Column>> {
    let path = element.path();
    let part = |name: &str| -> Result<Dataset<'_>> { Ok(file.dataset(&format!("{path}/{name}"))?) };
    match element.kind.as_str() {
        "array" | "string-array" => {
            let dataset = element.dataset()?;
            if dataset.shape().len() != 1 || dataset.dtype().is_err() {
                return Ok(None);
            }
            if let Some(categories) = early_categories(file, path)? {
                return categorical(file, path, dataset, &categories, changed).map(Some);
            }
            let values = dataset.read_any(&[])?;
            let kind = match values.dtype() {
                DType::Str => Some(Kind::Text),
                _ if dataset.is_boolean() => Some(Kind::Boolean),
                _ => None,
            };
            Ok(Some((values, kind)))
        }
        "categorical" => {
            let (codes, categories) = (part("codes")?, part("categories")?);
            categorical(file, path, &codes, &categories, changed).map(Some)
        }
        "nullable-integer" | "nullable-boolean" | "nullable-string-array" => {
            let values = part("values")?;
            let mask = part("mask")?.read_lossy::<u8>(&[])?;
            let missing: Vec<bool> = mask.iter().map(|&missing| missing != 0).collect();
            if values.shape() != [missing.len()] {
                let reason = format!(
                    "{:?} values for a mask of {}",
                    values.shape(),
                    missing.len()
                );
                return Err(wrong(file, path, reason));
            }
            let values = values.read_any(&[])?;
            let kind = match element.kind.as_str() {
                "nullable-integer" => Kind::NullableInteger(values.dtype().to_string()),
                "nullable-boolean" => Kind::NullableBoolean,
                _ => Kind::NullableText,
            };
            Ok(Some((without(values, &missing, changed), Some(kind))))
        }
        _ => Ok(None),
    }
}

/// Where anndata 0.7 has the categories of a column of codes.
fn early_categories<'f>(file: &'f File, path: &str) -> Result<Option<Dataset<'f>>> {
    let Some((table, name)) = path.rsplit_once('/') else {
        return Ok(None);
    };
    match file.dataset(&format!("{table}/__categories/{name}")) {
        Ok(categories) => Ok(Some(categories)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Values of a list.
fn categorical(
    file: &File,
    path: &str,
    codes: &Dataset<'_>,
    categories: &Dataset<'_>,
    changed: &mut dyn FnMut(&str),
) -> Result<Column> {
    let flag = |path: &str| match file
        .object(path)
        .and_then(|object| object.attribute("ordered"))
    {
        Ok(ordered) => Ok(ordered.read_any()? == Array::from(1_u8)),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    };
    let ordered = flag(path)? || flag(categories.path())?;
    let boolean = categories.is_boolean();
    let codes = codes.read_lossy::<i64>(&[])?;
    let categories = categories.read_any(&[])?;
    let mut places = Vec::with_capacity(codes.len());
    for &code in &codes {
        match usize::try_from(code) {
            Ok(code) if code < categories.len() => places.push(Some(code)),
            Err(_) => places.push(None),
            Ok(code) => {
                let reason = format!("code {code} of {} categories", categories.len());
                return Err(wrong(file, path, reason));
            }
        }
    }
    let missing: Vec<bool> = places.iter().map(Option::is_none).collect();
    let listed = match &categories {
        Array::Str(texts) => Categories::Texts(texts.iter().cloned().collect()),
        numbers => {
            let dtype = if boolean {
                "bool".to_owned()
            } else {
                numbers.dtype().to_string()
            };
            Categories::Numbers(dtype, floats(numbers))
        }
    };
    let values = if categories.is_empty() {
        match categories.dtype() {
            DType::Str => vec![String::new(); places.len()].into(),
            _ => vec![f64::NAN; places.len()].into(),
        }
    } else {
        let places: Vec<usize> = places.into_iter().map(Option::unwrap_or_default).collect();
        without(categories.take(&places)?, &missing, changed)
    };
    Ok((
        values,
        Some(Kind::Categorical {
            ordered,
            categories: listed,
        }),
    ))
}

/// Values, of which those that are missing become empty, or NaN.
fn without(values: Array, missing: &[bool], changed: &mut dyn FnMut(&str)) -> Array {
    if !missing.contains(&true) {
        return values;
    }
    match values {
        Array::Str(mut texts) => {
            let mut any_empty = false;
            for (text, &missing) in texts.iter_mut().zip(missing) {
                any_empty |= !missing && text.is_empty();
                if missing {
                    text.clear();
                }
            }
            if any_empty {
                changed("what is missing became empty text, which is there as well");
            }
            texts.into()
        }
        numbers => {
            /// From here on, floats leave integers out.
            const EXACT: f64 = (1_u64 << 53) as f64;
            let mut floats = floats(&numbers);
            if floats.iter().any(|value| value.abs() > EXACT) {
                changed("integers beyond 2^53 were rounded, because some are missing");
            }
            for (value, &missing) in floats.iter_mut().zip(missing) {
                if missing {
                    *value = f64::NAN;
                }
            }
            floats.into()
        }
    }
}

/// Numbers as floats.
pub(super) fn floats(values: &Array) -> Vec<f64> {
    with_numbers!(
        values,
        values => values.iter().map(|value| value.to_f64()).collect(),
        text => Vec::new()
    )
}
