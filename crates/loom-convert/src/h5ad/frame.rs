//! The tables `obs` and `var`, and the arrays beside them.

use std::collections::{BTreeMap, HashSet};

use loom_core::{
    Array, Axis, DType, LoomConnection, Result,
    h5lite::{Edit, File},
};
use ndarray::ArrayD;

use super::{
    Side, array, columns_in, columns_out,
    element::{Element, names, wrong},
    group, is_key, mark,
    notes::{OfLoom, Table},
};
use crate::Report;

/// The attributes of a side, its names among them.
pub(super) type Attributes = BTreeMap<String, Array>;

/// What an index is called in pandas when it has no name.
const UNNAMED: [&str; 2] = ["_index", "index"];
/// The group in which anndata 0.7 keeps the categories of a table.
const EARLY: &str = "__categories";

/// Reads a table and what is beside it.
///
/// # Errors
/// Where it cannot be read, contradicts itself, or has an encoding that is not known.
pub(super) fn read(
    file: &File,
    side: Side,
    of_loom: &OfLoom,
    report: &mut Report,
) -> Result<(Table, Attributes)> {
    let path = side.table();
    let element = Element::open(file, path)?;
    if element.kind != "dataframe" {
        let reason = match element.group() {
            Ok(_) => format!("a table is needed, and this is {}", element.kind),
            Err(_) => {
                "written by anndata before 0.7; a later version reads and rewrites it".to_owned()
            }
        };
        return Err(wrong(file, path, reason));
    }
    let index = element.object.attribute("_index")?.read::<String>()?;
    let index = index.first().cloned().unwrap_or_default();
    let values = file.dataset(&format!("{path}/{index}"))?.read_any(&[])?;
    let length = values.len();
    let mut table = Table::default();
    let mut attributes = Attributes::new();
    let numbered = of_loom.numbered.iter().any(|numbered| numbered == path);
    let mut order = columns_of(&element)?;
    for name in element.group()?.names()? {
        if name != index && name != EARLY && !order.contains(&name) {
            order.push(name);
        }
    }
    if !numbered {
        let name = match UNNAMED.contains(&index.as_str()) {
            true => side.names()[0].to_owned(),
            false => index.clone(),
        };
        if order.contains(&name) {
            report.leave_out(
                format!("{path}/{name}"),
                "the names are called so in a Loom file",
            );
            order.retain(|column| *column != name);
        }
        table.index = Some((index, name.clone()));
        attributes.insert(name, values);
    }
    for name in order {
        let to = format!("{path}/{name}");
        let column = Element::open(file, &to)?;
        let read = columns_in::read(file, &column, &mut |why| report.change(to.clone(), why))?;
        let Some((values, kind)) = read else {
            report.leave_out(to.clone(), format!("a column of encoding {}", column.kind));
            continue;
        };
        if values.len() != length {
            let reason = format!("{} values for {length} names", values.len());
            return Err(wrong(file, &to, reason));
        }
        if let Some(kind) = kind {
            table.kinds.insert(name.clone(), kind);
        }
        table.order.push(name.clone());
        attributes.insert(name, values);
    }
    arrays(file, (side, length), of_loom, &mut attributes, report)?;
    Ok((table, attributes))
}

/// The names of the columns in their order.
fn columns_of(element: &Element<'_>) -> Result<Vec<String>> {
    let attribute = element.object.attribute("column-order")?;
    match attribute.shape() {
        // pandas has no type for the names of no column.
        [0] => Ok(Vec::new()),
        _ => Ok(attribute.read::<String>()?.into_iter().collect()),
    }
}

/// Arrays with a row for each: attributes with several values.
fn arrays(
    file: &File,
    (side, length): (Side, usize),
    of_loom: &OfLoom,
    attributes: &mut Attributes,
    report: &mut Report,
) -> Result<()> {
    let pairs = match side {
        Side::Obs => &of_loom.obsm,
        Side::Var => &of_loom.varm,
    };
    for name in names(file, side.arrays())? {
        let path = format!("{}/{name}", side.arrays());
        let element = Element::open(file, &path)?;
        let Ok(dataset) = element.dataset() else {
            report.leave_out(
                path,
                format!("{}, where an array of numbers has a place", element.kind),
            );
            continue;
        };
        if !matches!(dataset.dtype(), Ok(dtype) if dtype != DType::Str) {
            report.leave_out(path, "no array of numbers");
            continue;
        }
        if dataset.shape().first() != Some(&length) {
            let reason = format!("shape {:?} for {length} names", dataset.shape());
            return Err(wrong(file, &path, reason));
        }
        let values = dataset.read_any(&[])?;
        match pairs.get(&name) {
            Some(apart) if values.shape() == [length, apart.len()] => {
                for (at, name) in apart.iter().enumerate() {
                    let column = values.part(1, at..at + 1)?;
                    attributes.insert(name.clone(), flat(column));
                }
            }
            _ if attributes.contains_key(&name) => {
                report.leave_out(path, "a column of the table is called so, too");
            }
            _ => drop(attributes.insert(name, values)),
        }
    }
    Ok(())
}

/// An array of one axis.
fn flat(values: Array) -> Array {
    fn of<T: Clone>(values: ArrayD<T>) -> Vec<T> {
        values.into_iter().collect()
    }
    loom_core::h5lite::with_array!(values, values => of(values).into())
}

/// Writes a table and what is beside it.
///
/// # Errors
/// Where an attribute cannot be read, or the file not be written.
pub(super) fn write(
    edit: &mut Edit<'_>,
    ds: &LoomConnection,
    side: Side,
    table: &Table,
    of_loom: &mut OfLoom,
    report: &mut Report,
) -> Result<()> {
    let axis = side.axis();
    let length = axis.of(ds.shape());
    let attributes = ds.axis_attrs(axis);
    let mut left: Vec<String> = attributes.columns()?;
    group(edit, side.arrays(), "dict", "0.1.0")?;
    group(edit, side.table(), "dataframe", "0.2.0")?;
    let index = index(ds, axis, side, table)?;
    let (stored, values) = match index {
        Some((attribute, stored, values)) => {
            left.retain(|name| *name != attribute);
            (stored, values)
        }
        None => {
            of_loom.numbered.push(side.table().to_owned());
            let usual = side.names().join(" or ");
            let reason = format!("numbers are the names, because there is no text {usual}");
            report.change(side.table(), reason);
            let numbers: Vec<String> = (0..length).map(|number| number.to_string()).collect();
            (UNNAMED[0].to_owned(), numbers.into())
        }
    };
    let unique: HashSet<&String> = match &values {
        Array::Str(texts) => texts.iter().collect(),
        _ => HashSet::new(),
    };
    if unique.len() < length {
        let reason = format!(
            "{} of {length} names occur again, of which anndata warns",
            length - unique.len()
        );
        report.change(side.attribute(&stored), reason);
    }
    array(edit, &format!("{}/{stored}", side.table()), &values)?;
    edit.set_attribute(side.table(), "_index", &stored.as_str().into())?;
    pairs(edit, ds, side, &mut left, of_loom)?;

    let mut order: Vec<String> = table.order.clone();
    order.retain(|name| left.contains(name));
    left.retain(|name| !order.contains(name));
    order.extend(left);
    let mut columns = Vec::new();
    for name in order {
        let values = attributes.get_at(&name, ..)?;
        let key = name.replace('/', ".");
        if key != name {
            report.change(
                side.attribute(&name),
                format!("a field of a compound, now {key}"),
            );
        }
        if !is_key(&key) || key == stored || UNNAMED[0] == key {
            report.leave_out(side.attribute(&name), "its name is taken");
        } else if values.ndim() == 1 {
            let path = format!("{}/{key}", side.table());
            columns_out::write(edit, &path, &values, table.kinds.get(&name))?;
            columns.push(key);
        } else if values.dtype() == DType::Str {
            report.leave_out(
                side.attribute(&name),
                "several texts for each, which have no place",
            );
        } else {
            array(edit, &format!("{}/{key}", side.arrays()), &values)?;
        }
    }
    let order = Array::from(columns);
    edit.set_attribute(side.table(), "column-order", &order)?;
    mark(edit, side.table(), "dataframe", "0.2.0")
}

/// The attribute of the names, what it is called in the table, and its values.
fn index(
    ds: &LoomConnection,
    axis: Axis,
    side: Side,
    table: &Table,
) -> Result<Option<(String, String, Array)>> {
    let attributes = ds.axis_attrs(axis);
    let read = |name: &str| -> Result<Option<Array>> {
        if !attributes.contains(name)? || attributes.dataset(name)?.dtype().ok() != Some(DType::Str)
        {
            return Ok(None);
        }
        let values = attributes.get_at(name, ..)?;
        Ok((values.ndim() == 1).then_some(values))
    };
    if let Some((stored, attribute)) = &table.index
        && let Some(values) = read(attribute)?
    {
        return Ok(Some((attribute.clone(), stored.clone(), values)));
    }
    let mut found = None;
    for name in side.names() {
        let Some(values) = read(name)? else { continue };
        let Array::Str(texts) = &values else { continue };
        let unique = texts.iter().collect::<HashSet<_>>().len() == texts.len();
        let this = ((*name).to_owned(), (*name).to_owned(), values);
        if unique {
            return Ok(Some(this));
        }
        found = found.or(Some(this));
    }
    Ok(found)
}

/// Attributes that are the coordinates of one embedding, and what anndata calls that.
const PAIRS: [(&str, &str, &str); 3] = [
    ("_X", "_Y", "X_embedding"),
    ("UMAP1", "UMAP2", "X_umap"),
    ("TSNE1", "TSNE2", "X_tsne"),
];

/// Writes pairs of coordinates as arrays.
fn pairs(
    edit: &mut Edit<'_>,
    ds: &LoomConnection,
    side: Side,
    left: &mut Vec<String>,
    of_loom: &mut OfLoom,
) -> Result<()> {
    let plain = |name: &str| match name {
        "_X" | "_Y" => name.to_owned(),
        other => other.replace('_', "").to_uppercase(),
    };
    let attributes = ds.axis_attrs(side.axis());
    for (first, second, key) in PAIRS {
        let find = |wanted: &str| left.iter().find(|name| plain(name) == wanted).cloned();
        let (Some(x), Some(y)) = (find(first), find(second)) else {
            continue;
        };
        if left.iter().any(|name| name == key) {
            continue;
        }
        let (xs, ys) = (attributes.get_at(&x, ..)?, attributes.get_at(&y, ..)?);
        if xs.dtype() != ys.dtype() || !xs.dtype().is_float() || xs.ndim() != 1 || ys.ndim() != 1 {
            continue;
        }
        let both = Array::concatenate(0, vec![xs, ys])?;
        let both = loom_core::h5lite::with_array!(both, both => {
            let length = both.len() / 2;
            let both = both.into_shape_with_order((2, length)).unwrap_or_default();
            let both: Array = both.reversed_axes().as_standard_layout().into_owned().into();
            both
        });
        array(edit, &format!("{}/{key}", side.arrays()), &both)?;
        left.retain(|name| *name != x && *name != y);
        let of_side = match side {
            Side::Obs => &mut of_loom.obsm,
            Side::Var => &mut of_loom.varm,
        };
        of_side.insert(key.to_owned(), vec![x, y]);
    }
    Ok(())
}
