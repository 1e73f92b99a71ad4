//! What describes the columns of the result (or its rows, where rows are appended).

use std::collections::{BTreeMap, BTreeSet};

use h5lite::Array;

use super::{
    Input,
    kind::{Kind, Type},
};
use crate::{
    axis::Axis,
    edit::{Fill, Values},
    error::{Error, Result},
    ops::{bands, types::repeat},
    spec,
};

/// Which attributes there are.
pub(crate) struct Rules<'r> {
    /// That of the attributes.
    pub(crate) axis: Axis,
    /// Names to leave out.
    pub(crate) skipped: &'r [String],
    /// Whether what a file lacks is filled.
    pub(crate) fill: &'r Fill,
    /// Whether global attributes that differ become attributes.
    pub(crate) convert_attrs: bool,
    /// The attribute that names the file.
    pub(crate) source: Option<&'r str>,
}

/// An attribute of the result.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    kind: Kind,
    /// Where its values are in each file.
    from: Vec<From>,
}

/// Where the values of one file are.
#[derive(Clone, Debug)]
enum From {
    /// In its attribute of the same name.
    Attribute,
    /// One value for all of the file.
    Value(Array),
    /// Nowhere.
    Missing,
}

impl Column {
    /// All of its values.
    pub(crate) fn values(&self, axis: Axis, inputs: &[Input<'_>]) -> Result<Values> {
        let parts = self.from.iter().zip(inputs).map(|(from, input)| {
            let count = input.positions.len();
            match from {
                From::Attribute => {
                    let positions = bands::together(&input.positions);
                    input.ds.axis_attrs(axis).values_at(&self.name, positions)
                }
                From::Value(value) => Ok(Values::Known(repeat(value, count))),
                From::Missing => Ok(self.kind.zeros(count)),
            }
        });
        self.kind.concatenate(parts.collect::<Result<_>>()?)
    }
}

/// The attributes of the result, what was left out, and the global attributes that are attributes
/// now.
pub(crate) struct Plan {
    pub(crate) columns: Vec<Column>,
    pub(crate) dropped: Vec<String>,
    pub(crate) converted: BTreeSet<String>,
}

impl Plan {
    pub(crate) fn new(how: &Rules<'_>, inputs: &[Input<'_>]) -> Result<Self> {
        let axis = how.axis;
        let mut named: BTreeMap<String, Vec<From>> = BTreeMap::new();
        let missing = || vec![From::Missing; inputs.len()];
        for (number, input) in inputs.iter().enumerate() {
            for name in input.ds.axis_attrs(axis).keys()? {
                if !how.skipped.contains(&name) {
                    named.entry(name).or_insert_with(missing)[number] = From::Attribute;
                }
            }
        }
        if let Some(name) = how.source {
            if named.contains_key(name) {
                let (what, name) = (axis.attribute(), name.to_owned());
                return Err(Error::Exists { what, name });
            }
            spec::check_name(axis.attribute(), name)?;
            let names = inputs
                .iter()
                .map(|input| From::Value(input.name.as_str().into()));
            named.insert(name.to_owned(), names.collect());
        }
        let converted = match how.convert_attrs {
            true => convert(&mut named, inputs)?,
            false => BTreeSet::new(),
        };
        let (mut columns, mut dropped) = (Vec::new(), Vec::new());
        for (name, mut from) in named {
            let keep = converted.contains(&name) || fill(how, &name, &mut from, inputs)?;
            let kind = match keep {
                true => kind(axis, &name, &from, inputs)?,
                false => None,
            };
            match kind {
                Some(kind) => columns.push(Column { name, kind, from }),
                None => dropped.push(name),
            }
        }
        Ok(Self {
            columns,
            dropped,
            converted,
        })
    }
}

/// Fills in what files lack; whether the attribute is kept.
fn fill(how: &Rules<'_>, name: &str, from: &mut [From], inputs: &[Input<'_>]) -> Result<bool> {
    let missing = from.iter().any(|from| matches!(from, From::Missing));
    let values = match how.fill {
        Fill::Values(values) if missing => values,
        Fill::Drop => return Ok(!missing),
        _ => return Ok(true),
    };
    let Some(value) = values.get(name) else {
        return Err(Error::not_found("fill value", name));
    };
    let known = kind(how.axis, name, from, inputs)?;
    if let Some(Kind {
        elements: Type::Stored(_),
        ..
    }) = known
    {
        return Err(Error::Type {
            what: format!("the fill value for {} {name:?}", how.axis.attribute()),
            expected: "a compound, which only auto gives,".to_owned(),
            found: value.dtype().to_string(),
        });
    }
    let shape = known.map(|kind| kind.shape);
    if shape.as_ref().is_some_and(|shape| shape != value.shape()) {
        return Err(Error::Shape {
            what: format!("the fill value for {} {name:?}", how.axis.attribute()),
            expected: format!("{:?}, that of the values,", shape.unwrap_or_default()),
            found: value.shape().to_vec(),
        });
    }
    for from in from {
        if matches!(from, From::Missing) {
            *from = From::Value(value.clone());
        }
    }
    Ok(true)
}

/// Global attributes that differ between files, or that some of them lack, become attributes.
fn convert(
    named: &mut BTreeMap<String, Vec<From>>,
    inputs: &[Input<'_>],
) -> Result<BTreeSet<String>> {
    let mut globals: BTreeMap<String, Vec<Option<Array>>> = BTreeMap::new();
    for (number, input) in inputs.iter().enumerate() {
        for attr in input.ds.attrs().iter()? {
            let (name, value) = attr?;
            if !matches!(name.as_str(), spec::LOOM_SPEC_VERSION | spec::LAST_MODIFIED) {
                let values = globals
                    .entry(name)
                    .or_insert_with(|| vec![None; inputs.len()]);
                values[number] = Some(value);
            }
        }
    }
    globals.retain(|_, values| values.iter().any(|value| *value != values[0]));
    for (name, values) in &globals {
        let from = named
            .entry(name.clone())
            .or_insert_with(|| vec![From::Missing; inputs.len()]);
        for (from, value) in from.iter_mut().zip(values) {
            if let (From::Missing, Some(value)) = (&from, value) {
                *from = From::Value(value.clone());
            }
        }
    }
    Ok(globals.into_keys().collect())
}

/// The type that holds the values of all files; `None` where they differ in shape, or are
/// compounds that cannot follow each other.
fn kind(axis: Axis, name: &str, from: &[From], inputs: &[Input<'_>]) -> Result<Option<Kind>> {
    let mut kind: Option<(Kind, &Input<'_>)> = None;
    for (from, input) in from.iter().zip(inputs) {
        let found = match from {
            From::Attribute => Kind::of(input.ds.axis_attrs(axis), name)?,
            From::Value(value) => Some(Kind::of_value(value)),
            From::Missing => continue,
        };
        let Some(found) = found else {
            return Ok(None);
        };
        kind = match kind {
            None => Some((found, input)),
            Some((before, _)) if before.shape != found.shape => return Ok(None),
            Some((before, first)) => {
                let what = format!("{} {name:?}", axis.attribute());
                let types = ((&before.elements, first), (&found.elements, input));
                let Some(elements) = Type::common(&what, types.0, types.1)? else {
                    return Ok(None);
                };
                Some((Kind { elements, ..before }, first))
            }
        };
    }
    Ok(kind.map(|(kind, _)| kind))
}
