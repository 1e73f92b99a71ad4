//! Values of cells by the names people give them: attributes, and genes.

use std::collections::HashSet;

use loom_core::{Array, Axis, LoomConnection, Number, Selection, h5lite::with_numbers};
use loom_plot::{Categories, Color, MAX_COLORS, Numbers, Scale};

use crate::{
    args::{KindOf, Plot},
    commands::table,
    error::{Cause, Result},
    labels, open,
    positions::Picked,
    write::cell_text,
};

/// Names of genes that are shown when there is none of the name.
const NEAR: usize = 5;

/// A name on the command line.
enum Name<'a> {
    Attribute(&'a str),
    Gene(&'a str),
}

impl<'a> Name<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once(':') {
            Some(("gene", name)) => Self::Gene(name),
            Some(("ca", name)) => Self::Attribute(name),
            _ => Self::Attribute(text),
        }
    }
}

/// Values of the cells of a file.
pub(super) struct Values<'a> {
    ds: &'a LoomConnection,
    args: &'a Plot,
}

impl<'a> Values<'a> {
    pub(super) fn new(ds: &'a LoomConnection, args: &'a Plot) -> Self {
        Self { ds, args }
    }

    /// Numbers, of an attribute or a gene.
    pub(super) fn numbers(&self, name: &str) -> Result<Numbers> {
        match Name::of(name) {
            Name::Gene(gene) => self.expression(gene),
            Name::Attribute(name) => {
                let (name, values) = self.attribute(name)?;
                as_numbers(&name, values)
            }
        }
    }

    /// What colours stand for: categories, or numbers that are scaled as was asked for.
    pub(super) fn color(&self, name: Option<&str>) -> Result<Color> {
        let Some(name) = name else {
            return Ok(Color::Plain);
        };
        let numbers = |numbers: Numbers, highest_on_top| Color::Numbers {
            numbers: numbers.scale(self.scale()),
            highest_on_top,
        };
        match Name::of(name) {
            Name::Gene(gene) => Ok(numbers(self.expression(gene)?, true)),
            Name::Attribute(name) => {
                let (name, values) = self.attribute(name)?;
                let kind = self.args.kind_of;
                match kind.unwrap_or_else(|| kind_of(&values)) {
                    KindOf::Category => Ok(Color::Categories(as_categories(&name, &values))),
                    KindOf::Number => Ok(numbers(as_numbers(&name, values)?, false)),
                }
            }
        }
    }

    /// Categories, of an attribute.
    pub(super) fn categories(&self, name: &str) -> Result<Categories> {
        match Name::of(name) {
            Name::Attribute(name) => {
                let (name, values) = self.attribute(name)?;
                Ok(as_categories(&name, &values))
            }
            Name::Gene(_) => Err(Cause::asked(format!(
                "{name} is expression, and categories are asked for"
            ))),
        }
    }

    /// The scale that was asked for.
    pub(super) fn scale(&self) -> Scale {
        match self.args.log {
            true => Scale::Log1p,
            false => Scale::Linear,
        }
    }

    /// An attribute with one value for each cell, and what it is called: `NAME[0]` as `NAME.0`.
    fn attribute(&self, name: &str) -> Result<(String, Array)> {
        let attrs = self.ds.ca();
        let place = |name: &str| {
            let (start, place) = name.strip_suffix(']')?.rsplit_once('[')?;
            Some(format!("{start}.{place}"))
        };
        let name = match place(name) {
            Some(place) if !attrs.contains(name)? => place,
            _ => name.to_owned(),
        };
        let columns = table::named(self.ds, Axis::Cols, &name)?;
        let names: Vec<String> = columns.iter().flat_map(|c| c.names.clone()).collect();
        let [column] = &columns[..] else {
            return Err(several(&name, &names));
        };
        if names.len() != 1 {
            return Err(several(&name, &names));
        }
        let values = (column.read)(Selection::All)?;
        Ok((name, values))
    }

    /// What the cells hold of a gene.
    fn expression(&self, gene: &str) -> Result<Numbers> {
        let layer = open::layer(self.ds, &self.args.layer)?;
        let row = self.row(gene)?;
        let values = layer.read_lossy::<f64>(vec![row], ..)?;
        Ok(Numbers::new(
            self.of_layer(gene),
            values.into_iter().collect(),
        ))
    }

    /// The name of what is read from the layer.
    pub(super) fn of_layer(&self, name: &str) -> String {
        match &self.args.layer[..] {
            "" => name.to_owned(),
            layer => format!("{name} ({layer})"),
        }
    }

    /// The row of a gene.
    fn row(&self, gene: &str) -> Result<usize> {
        let attrs = self.ds.ra();
        let attr = match &self.args.gene_attr {
            Some(name) => name.clone(),
            None if attrs.contains("Gene")? => "Gene".to_owned(),
            None => labels::attribute(self.ds, Axis::Rows).ok_or_else(|| {
                Cause::asked("no attribute names its genes; --gene-attr says which could")
            })?,
        };
        if !attrs.contains(&attr)? {
            let others = open::instead(&attrs.keys()?);
            let reason = format!("no attribute of the genes is named {attr:?}{others}");
            return Err(Cause::asked(reason));
        }
        let all = Picked::run(0..self.ds.shape().0);
        let names = labels::read(self.ds, Axis::Rows, Some(&attr), &all)?;
        let rows: Vec<usize> = (names.iter().enumerate())
            .filter(|(_, name)| *name == gene)
            .map(|(row, _)| row)
            .collect();
        match rows[..] {
            [row] => Ok(row),
            [] => Err(Cause::asked(format!(
                "no gene has the {attr} {gene:?}; near it: {}",
                near(gene, names).join(", ")
            ))),
            _ => Err(Cause::asked(format!(
                "{} genes have the {attr} {gene:?}, in rows {}; --gene-attr names an attribute \
                 that tells them apart",
                rows.len(),
                (rows.iter().take(NEAR).map(ToString::to_string))
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
        }
    }
}

fn several(name: &str, names: &[String]) -> Cause {
    Cause::asked(format!(
        "{name} has {} values for each cell{}",
        names.len(),
        open::instead(names)
    ))
}

/// The names that are most like one that there is not, with other cases, or misspelled.
fn near(gene: &str, names: Vec<String>) -> Vec<String> {
    let gene = gene.to_lowercase();
    let mut names: Vec<(f64, String)> = (names.into_iter())
        .map(|name| (strsim::jaro_winkler(&gene, &name.to_lowercase()), name))
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    names.dedup_by(|a, b| a.1 == b.1);
    names.truncate(NEAR);
    names.into_iter().map(|(_, name)| name).collect()
}

/// Text, and whole numbers of few different values, are categories.
fn kind_of(values: &Array) -> KindOf {
    if matches!(values, Array::F32(_) | Array::F64(_)) {
        return KindOf::Number;
    }
    let mut seen = HashSet::new();
    let few = with_numbers!(values, values => values.iter().all(|value| {
        seen.insert(value.to_f64().to_bits());
        seen.len() <= MAX_COLORS
    }), text => true);
    match few {
        true => KindOf::Category,
        false => KindOf::Number,
    }
}

/// Each value a category; what is not a number is none.
fn as_categories(name: &str, values: &Array) -> Categories {
    let is_float = matches!(values, Array::F32(_) | Array::F64(_));
    let texts = (0..values.len()).map(|at| cell_text(values, at));
    let texts = texts.map(|text| (!is_float || text != "NaN").then_some(text));
    Categories::new(name, texts, Clone::clone)
}

/// Each value a number, text by what it says.
fn as_numbers(name: &str, values: Array) -> Result<Numbers> {
    let numbers: Vec<f64> = match values {
        Array::Str(texts) => (texts.iter().enumerate())
            .map(|(at, text)| {
                text.trim().parse().map_err(|_| {
                    Cause::asked(format!(
                        "{name} is not a number in cell {at}: it is {text:?}"
                    ))
                })
            })
            .collect::<Result<_>>()?,
        numbers => with_numbers!(numbers, numbers => {
            numbers.into_iter().map(Number::to_f64).collect()
        }, text => Vec::new()),
    };
    Ok(Numbers::new(name, numbers))
}
