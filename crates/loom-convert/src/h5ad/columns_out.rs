//! Attributes as columns of `obs` and `var`.

use std::collections::HashMap;

use loom_core::{
    Array, DType, Result,
    h5lite::{Edit, Number, with_number},
};

use super::{
    array, boolean, booleans,
    columns_in::floats,
    group, is_boolean,
    notes::{Categories, Kind},
};

/// Writes a column, in the way it was stored before where it still can be: text of which some occurs
/// several times becomes a categorical, as anndata does it.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn write(
    edit: &mut Edit<'_>,
    path: &str,
    values: &Array,
    kind: Option<&Kind>,
) -> Result<()> {
    match (kind, values) {
        (Some(Kind::Boolean), values) if is_boolean(values) => booleans(edit, path, values),
        (Some(Kind::NullableInteger(dtype)), Array::F64(_)) => {
            let dtype = DType::from_name(dtype).unwrap_or(DType::I64);
            nullable(edit, path, "nullable-integer", values, dtype)
        }
        (Some(Kind::NullableInteger(_)), values) if values.dtype().is_integer() => {
            nullable(edit, path, "nullable-integer", values, values.dtype())
        }
        (Some(Kind::NullableBoolean), values) if can_be_nullable_boolean(values) => {
            nullable(edit, path, "nullable-boolean", values, DType::U8)
        }
        (Some(Kind::NullableText), Array::Str(texts)) => {
            let missing = texts.iter().map(String::is_empty).map(u8::from).collect();
            group(edit, path, "nullable-string-array", "0.1.0")?;
            array(edit, &format!("{path}/values"), values)?;
            masked(edit, path, missing)
        }
        (
            Some(Kind::Categorical {
                ordered,
                categories,
            }),
            values,
        ) => match codes(values, categories) {
            Some(codes) => {
                categorical(edit, path, codes, &listed(categories), *ordered, categories)
            }
            None => plain(edit, path, values),
        },
        (Some(Kind::Text), Array::Str(_)) => array(edit, path, values),
        _ => plain(edit, path, values),
    }
}

/// A column of which nothing is known.
fn plain(edit: &mut Edit<'_>, path: &str, values: &Array) -> Result<()> {
    let Array::Str(texts) = values else {
        return array(edit, path, values);
    };
    let mut distinct: Vec<String> = texts.iter().cloned().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() == texts.len() {
        return array(edit, path, values);
    }
    let categories = Categories::Texts(distinct);
    match codes(values, &categories) {
        Some(codes) => categorical(edit, path, codes, &listed(&categories), false, &categories),
        None => array(edit, path, values),
    }
}

/// The place of each value in the list, -1 for those that are missing; `None` where one is not in it.
fn codes(values: &Array, categories: &Categories) -> Option<Vec<i64>> {
    match (values, categories) {
        (Array::Str(texts), Categories::Texts(list)) => {
            let places: HashMap<&str, i64> = list.iter().map(String::as_str).zip(0..).collect();
            let code = |text: &String| match places.get(text.as_str()) {
                Some(&place) => Some(place),
                None => text.is_empty().then_some(-1),
            };
            texts.iter().map(code).collect()
        }
        (Array::Str(_), _) | (_, Categories::Texts(_)) => None,
        (numbers, Categories::Numbers(_, list)) => {
            let places: HashMap<u64, i64> =
                list.iter().map(|value| value.to_bits()).zip(0..).collect();
            let code = |value: f64| match places.get(&value.to_bits()) {
                Some(&place) => Some(place),
                None => value.is_nan().then_some(-1),
            };
            floats(numbers).into_iter().map(code).collect()
        }
    }
}

fn listed(categories: &Categories) -> Array {
    match categories {
        Categories::Texts(texts) => texts.clone().into(),
        Categories::Numbers(dtype, values) => {
            let dtype = DType::from_name(dtype).unwrap_or(DType::U8);
            numbers(values, dtype)
        }
    }
}

/// Writes a categorical, with codes as narrow as pandas has them.
fn categorical(
    edit: &mut Edit<'_>,
    path: &str,
    codes: Vec<i64>,
    list: &Array,
    ordered: bool,
    categories: &Categories,
) -> Result<()> {
    group(edit, path, "categorical", "0.2.0")?;
    let ordered = Array::from(u8::from(ordered));
    edit.set_attribute_as(path, "ordered", &ordered, &boolean())?;
    let dtype = match list.len() {
        ..128 => DType::I8,
        128..32_768 => DType::I16,
        _ => DType::I32,
    };
    let codes: Vec<f64> = codes.into_iter().map(|code| code as f64).collect();
    array(edit, &format!("{path}/codes"), &numbers(&codes, dtype))?;
    let to = format!("{path}/categories");
    match categories {
        Categories::Numbers(dtype, _) if dtype == "bool" => booleans(edit, &to, list),
        _ => array(edit, &to, list),
    }
}

fn can_be_nullable_boolean(values: &Array) -> bool {
    let boolean = |value: f64| value.is_nan() || value == 0.0 || value == 1.0;
    values.dtype() != DType::Str && floats(values).into_iter().all(boolean)
}

/// Writes numbers, of which those that are NaN are missing.
fn nullable(
    edit: &mut Edit<'_>,
    path: &str,
    kind: &str,
    values: &Array,
    dtype: DType,
) -> Result<()> {
    group(edit, path, kind, "0.1.0")?;
    let to = format!("{path}/values");
    let mut missing = vec![0; values.len()];
    let whole = match values {
        Array::F64(floats) => {
            let whole: Vec<f64> = (floats.iter().zip(&mut missing))
                .map(|(value, missing)| {
                    *missing = u8::from(value.is_nan());
                    if value.is_nan() { 1.0 } else { *value }
                })
                .collect();
            numbers(&whole, dtype)
        }
        integers => integers.clone(),
    };
    match kind {
        "nullable-boolean" => booleans(edit, &to, &whole)?,
        _ => array(edit, &to, &whole)?,
    }
    masked(edit, path, missing)
}

fn masked(edit: &mut Edit<'_>, path: &str, missing: Vec<u8>) -> Result<()> {
    booleans(edit, &format!("{path}/mask"), &missing.into())
}

/// Floats as numbers of another type.
fn numbers(values: &[f64], dtype: DType) -> Array {
    with_number!(
        dtype,
        T => values.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>().into(),
        text => Vec::<u8>::new().into()
    )
}
