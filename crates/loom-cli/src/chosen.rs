//! Rows and columns that the arguments of a command choose.

use std::{collections::HashMap, path::Path};

use loom_core::{Axis, LoomConnection, Selection};

use crate::{
    args::Wanted,
    condition::Condition,
    error::{Cause, Result},
    labels,
    positions::Positions,
    tables,
};

/// The positions of an axis for which everything holds that is asked for, in the order asked for.
pub(crate) fn positions(ds: &LoomConnection, axis: Axis, wanted: &Wanted) -> Result<Selection> {
    let (condition, positions, ids, attribute) = match axis {
        Axis::Rows => (
            &wanted.rows_where,
            &wanted.rows,
            &wanted.row_ids,
            &wanted.row_id_attr,
        ),
        Axis::Cols => (
            &wanted.cols_where,
            &wanted.cols,
            &wanted.ids,
            &wanted.id_attr,
        ),
    };
    let chosen = match ids {
        Some(path) => Some(named(ds, axis, path, attribute.as_deref())?),
        None => at(positions.as_ref(), axis.of(ds.shape()))?,
    };
    let chosen = match (chosen, condition) {
        (None, None) => return Ok(Selection::All),
        (Some(chosen), None) => chosen,
        (chosen, Some(condition)) => holding(ds, axis, condition, chosen)?,
    };
    if chosen.is_empty() {
        return Err(Cause::asked(format!("none of the {axis} is chosen")));
    }
    Ok(chosen.into())
}

fn at(positions: Option<&Positions>, length: usize) -> Result<Option<Vec<usize>>> {
    (positions.map(|positions| Ok(positions.resolve(length)?.iter().collect()))).transpose()
}

fn holding(
    ds: &LoomConnection,
    axis: Axis,
    condition: &Condition,
    among: Option<Vec<usize>>,
) -> Result<Vec<usize>> {
    let mask = condition.mask(ds, axis)?;
    let holds = |position: &usize| mask.get(*position).copied().unwrap_or(false);
    Ok(match among {
        Some(among) => among.into_iter().filter(holds).collect(),
        None => (0..mask.len()).filter(holds).collect(),
    })
}

/// The positions whose names are in a file, in the order of the file.
fn named(
    ds: &LoomConnection,
    axis: Axis,
    path: &Path,
    attribute: Option<&str>,
) -> Result<Vec<usize>> {
    let attribute = match attribute {
        Some(attribute) => attribute.to_owned(),
        None => labels::attribute(ds, axis)
            .ok_or_else(|| Cause::asked(format!("no attribute names the {axis}")))?,
    };
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    let names = tables::texts(&ds.axis_attrs(axis).get_any(&attribute)?);
    for (position, name) in names.into_iter().enumerate() {
        places.entry(name).or_default().push(position);
    }
    let mut found = Vec::new();
    for name in tables::lines_of(path)? {
        match places.get(&name) {
            Some(positions) => found.extend(positions),
            None => {
                return Err(Cause::asked(format!(
                    "{}: no {attribute} is {name:?}",
                    path.display()
                )));
            }
        }
    }
    Ok(found)
}
