//! What becomes of the column attributes.

use std::{collections::BTreeMap, str::FromStr};

use h5lite::{Array, DType, Number, with_array};
use ndarray::ArrayD;

use super::{
    Aggregate,
    func::Func,
    groups::{Groups, check_shape, is_numeric, labels_as_given, ranks},
    row::{self, Cell},
};
use crate::{
    connection::LoomConnection,
    error::{Error, Result},
    numpy_text::entries,
};

/// What a column attribute becomes: the functions that loompy has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnFunc {
    /// For each different value an attribute `NAME_VALUE` of how often it occurs, as `int64`. In
    /// the names `/` in text becomes `-` and `.` becomes `_`; values whose names become the same
    /// are counted together. Numbers that are not a number are counted too (loompy: 0).
    Tally,
    /// The most frequent value, the smallest of several, in the attribute's own type. (loompy 3.0.8
    /// fails here with every scipy since 1.11.)
    Mode,
    /// The mean: of `float32` as `float32`, of other numbers as `float64`.
    Mean,
    /// The value of the first column, in the attribute's own type.
    First,
}

/// loompy's name.
impl FromStr for ColumnFunc {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "tally" => Ok(Self::Tally),
            "mode" => Ok(Self::Mode),
            "mean" => Ok(Self::Mean),
            "first" => Ok(Self::First),
            other => Err(Error::Misuse(format!(
                "no function named {other:?} for column attributes; there are tally, mode, mean, \
                 first"
            ))),
        }
    }
}

/// The column attributes of the result.
pub(super) fn aggregate(
    ds: &LoomConnection,
    how: &Aggregate,
    groups: &Groups,
) -> Result<BTreeMap<String, Array>> {
    let ca = ds.ca();
    let cols = groups.of().len();
    let mut result = BTreeMap::new();
    if how.columns_if_equal {
        for attribute in ca.iter()? {
            let (name, values) = attribute?;
            if how.columns.contains_key(&name) {
                continue;
            }
            if values.shape() == [cols] && is_uniform(&values, groups) {
                let first = values.take(&firsts(groups))?;
                result.insert(name, first);
            }
        }
    }
    for (name, function) in &how.columns {
        let values = ca.get_any(name)?;
        check_shape(&format!("column attribute {name:?}"), &values, cols)?;
        match function {
            ColumnFunc::First => {
                result.insert(name.clone(), values.take(&firsts(groups))?);
            }
            ColumnFunc::Mode => {
                result.insert(name.clone(), values.take(&modes(&values, groups))?);
            }
            ColumnFunc::Mean => {
                result.insert(name.clone(), means(name, &values, groups)?);
            }
            ColumnFunc::Tally => {
                let stored = ca.dataset(name)?.dtype()?;
                tally(ds, name, &values, stored, groups, &mut result)?;
            }
        }
    }
    Ok(result)
}

/// The first column of each group.
fn firsts(groups: &Groups) -> Vec<usize> {
    groups
        .members()
        .filter_map(|columns| columns.first().copied())
        .collect()
}

/// Whether all columns of a group have one value, in every group.
fn is_uniform(values: &Array, groups: &Groups) -> bool {
    fn of<T: PartialEq>(values: &ArrayD<T>, groups: &Groups) -> bool {
        groups.members().all(|columns| {
            let value = |&column: &usize| values.get([column].as_slice());
            columns.split_first().is_none_or(|(first, others)| {
                others.iter().all(|other| value(other) == value(first))
            })
        })
    }
    with_array!(values, a => of(a, groups))
}

/// For each group the column that has its most frequent value.
fn modes(values: &Array, groups: &Groups) -> Vec<usize> {
    let ranks = ranks(&labels_as_given(values));
    let rank = |column: usize| ranks.get(column).copied().unwrap_or(0);
    groups
        .members()
        .filter_map(|columns| {
            let mut sorted = columns.to_vec();
            sorted.sort_by_key(|&column| rank(column));
            let runs = sorted.chunk_by(|&a, &b| rank(a) == rank(b));
            // Of runs equally long the last one wins, hence from the greatest value down.
            let runs: Vec<_> = runs.collect();
            runs.into_iter()
                .rev()
                .max_by_key(|run| run.len())?
                .first()
                .copied()
        })
        .collect()
}

fn means(name: &str, values: &Array, groups: &Groups) -> Result<Array> {
    fn of<T: Cell>(values: &ArrayD<T>, groups: &Groups) -> Vec<f64> {
        let values: Vec<T> = values.iter().copied().collect();
        row::aggregate(Func::Mean, &values, groups)
    }
    Ok(match values {
        Array::F32(a) => of(a, groups)
            .into_iter()
            .map(f32::from_f64)
            .collect::<Vec<_>>()
            .into(),
        Array::F64(a) => of(a, groups).into(),
        Array::I8(a) => of(a, groups).into(),
        Array::I16(a) => of(a, groups).into(),
        Array::I32(a) => of(a, groups).into(),
        Array::I64(a) => of(a, groups).into(),
        Array::U8(a) => of(a, groups).into(),
        Array::U16(a) => of(a, groups).into(),
        Array::U32(a) => of(a, groups).into(),
        Array::U64(a) => of(a, groups).into(),
        Array::Str(_) => {
            return Err(Error::Type {
                what: format!("column attribute {name:?}"),
                expected: "numbers to take the mean of".to_owned(),
                found: DType::Str.to_string(),
            });
        }
    })
}

/// How often each value occurs in each group.
fn tally(
    ds: &LoomConnection,
    name: &str,
    values: &Array,
    stored: DType,
    groups: &Groups,
    result: &mut BTreeMap<String, Array>,
) -> Result<()> {
    let ranks = ranks(&labels_as_given(values));
    let count = ranks.iter().max().map_or(0, |&last| last + 1);
    ds.state
        .afford("a tally, in bytes,", &[count, groups.len()], 8)?;
    let mut columns = vec![0; count];
    let mut counts = vec![vec![0_i64; groups.len()]; count];
    for (column, (&rank, &group)) in ranks.iter().zip(groups.of()).enumerate() {
        counts[rank][group] += 1;
        columns[rank] = column;
    }
    let mut named: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (text, counts) in entries(&values.take(&columns)?, stored)
        .into_iter()
        .zip(counts)
    {
        let text = if is_numeric(values) {
            text
        } else {
            text.replace('/', "-").replace('.', "_")
        };
        let sums = named
            .entry(format!("{name}_{text}"))
            .or_insert_with(|| vec![0; counts.len()]);
        sums.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    result.extend(
        named
            .into_iter()
            .map(|(name, counts)| (name, counts.into())),
    );
    Ok(())
}
