//! The conventions on names and types of attributes.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use h5lite::{Array, DType, File, with_array};

use super::{Report, dtype_name::tuple};
use crate::{
    axis::Axis,
    spec::{self, SpecVersion},
    text,
};

/// Judges a file by the conventions.
pub(super) fn check(file: &File, report: &mut Report) {
    let shape = match file.dataset(spec::MATRIX) {
        Ok(matrix) => matrix.shape().to_vec(),
        Err(_) => Vec::new(),
    };
    let escaped = report.version.parse().is_ok_and(SpecVersion::escapes_text);
    let mut conventions = Conventions {
        file,
        report,
        shape,
        escaped,
    };
    conventions.check_globals();
    conventions.check_clusters();
    if let Some(values) = conventions.required(Axis::Cols, "CellID") {
        conventions.text(Axis::Cols, "CellID", &values);
        conventions.unique(Axis::Cols, "CellID", &values);
    }
    conventions.flags(Axis::Cols, "Valid");
    conventions.flags(Axis::Cols, "Outliers");
    if let Some(values) = conventions.required(Axis::Rows, "Accession") {
        conventions.text(Axis::Rows, "Accession", &values);
        conventions.unique(Axis::Rows, "Accession", &values);
    }
    if let Some(values) = conventions.required(Axis::Rows, "Gene") {
        conventions.text(Axis::Rows, "Gene", &values);
    }
    conventions.flags(Axis::Rows, "Valid");
    conventions.flags(Axis::Rows, "Selected");
}

struct Conventions<'f, 'r> {
    file: &'f File,
    report: &'r mut Report,
    /// Shape of the main matrix; empty where there is none.
    shape: Vec<usize>,
    /// Whether text holds character references.
    escaped: bool,
}

impl Conventions<'_, '_> {
    fn check_globals(&mut self) {
        let names: Result<Vec<String>, h5lite::Error> = match self.file.group(spec::ATTRS) {
            Ok(group) => group.names(),
            Err(_) => self
                .file
                .root()
                .and_then(|root| root.attributes())
                .map(|attributes| {
                    attributes
                        .iter()
                        .map(|attribute| attribute.name().to_owned())
                        .collect()
                }),
        };
        let names: HashSet<String> = names.unwrap_or_default().into_iter().collect();
        for name in [
            "Description",
            "Journal",
            "Authors",
            "Title",
            "Year",
            "CreationDate",
        ] {
            if !names.contains(name) {
                self.report
                    .warning(format!("Optional global attribute '{name}' is missing"));
            }
        }
    }

    /// What errors call an attribute.
    fn what(axis: Axis, name: &str) -> String {
        match axis {
            Axis::Rows => format!("Row attribute '{name}'"),
            Axis::Cols => format!("Column attribute '{name}'"),
        }
    }

    /// The values of an attribute; `None` and no word where there is no such attribute.
    fn values(&mut self, axis: Axis, name: &str) -> Option<Array> {
        let values = match self.file.dataset(&format!("{}/{name}", axis.attrs_path())) {
            Err(error) if error.is_not_found() => return None,
            Err(error) => Err(error),
            Ok(dataset) => dataset.read_any(&[]),
        };
        match values {
            Ok(Array::Str(values)) if self.escaped => Some(
                values
                    .mapv_into(|value| text::unescape(&value).into_owned())
                    .into(),
            ),
            Ok(values) => Some(values),
            Err(error) => {
                self.report.unreadable(&Self::what(axis, name), &error);
                None
            }
        }
    }

    fn exists(&self, axis: Axis, name: &str) -> bool {
        self.file
            .contains(&format!("{}/{name}", axis.attrs_path()))
            .unwrap_or(false)
    }

    /// The values of an attribute that must be there.
    fn required(&mut self, axis: Axis, name: &str) -> Option<Array> {
        if !self.exists(axis, name) {
            self.report
                .error(format!("{} is missing", Self::what(axis, name)));
            return None;
        }
        self.values(axis, name)
    }

    /// The values of an attribute that may be there.
    fn optional(&mut self, axis: Axis, name: &str) -> Option<Array> {
        if !self.exists(axis, name) {
            let kind = axis.attribute();
            self.report
                .warning(format!("Optional {kind} '{name}' is missing"));
            return None;
        }
        self.values(axis, name)
    }

    fn one_axis(&mut self, axis: Axis, name: &str, values: &Array) {
        let length = self.shape.get(axis.index()).copied().unwrap_or(0);
        self.report
            .require(tuple(values.shape()) == tuple(&[length]), || {
                format!(
                    "{} must be 1-dimensional array of {length} elements",
                    Self::what(axis, name)
                )
            });
    }

    fn text(&mut self, axis: Axis, name: &str, values: &Array) {
        self.report.require(values.dtype() == DType::Str, || {
            let what = Self::what(axis, name);
            format!(
                "{what} must be an array of strings, not '{}'",
                values.dtype()
            )
        });
        self.one_axis(axis, name, values);
    }

    fn unique(&mut self, axis: Axis, name: &str, values: &Array) {
        self.report.require(distinct(values) == values.len(), || {
            format!("{} cannot contain duplicate values", Self::what(axis, name))
        });
    }

    /// An optional attribute of zeros and ones.
    fn flags(&mut self, axis: Axis, name: &str) {
        let Some(values) = self.optional(axis, name) else {
            return;
        };
        let what = Self::what(axis, name);
        self.report.require(is_integer(&values), || {
            format!("{what} must be integer dtype, not '{}'", values.dtype())
        });
        let binary = numbers(&values).is_some_and(|v| v.into_iter().all(is_binary));
        self.report
            .require(binary, || format!("{what} must be integers 0 or 1 only"));
        self.one_axis(axis, name, &values);
    }

    fn check_clusters(&mut self) {
        let what = Self::what(Axis::Cols, "ClusterID");
        let ids = self.required(Axis::Cols, "ClusterID");
        if let Some(ids) = &ids {
            let line = || format!("{what} must be integer dtype");
            self.report.require(is_integer(ids), line);
            self.report.require(is_gapless(ids), || {
                format!("{what} must be integers 0, 1, 2, ... with no missing values")
            });
            self.one_axis(Axis::Cols, "ClusterID", ids);
        }
        let Some(names) = self.optional(Axis::Cols, "ClusterName") else {
            return;
        };
        self.report.require(names.dtype() == DType::Str, || {
            format!(
                "{} must be an array of strings",
                Self::what(Axis::Cols, "ClusterName")
            )
        });
        self.one_axis(Axis::Cols, "ClusterName", &names);
        if let Some(ids) = ids {
            self.report
                .require(is_one_to_one(&keys(&ids), &keys(&names)), || {
                    "ClusterName must correspond 1:1 with ClusterID".to_owned()
                });
        }
    }
}

fn is_integer(values: &Array) -> bool {
    !values.dtype().is_float() && values.dtype() != DType::Str
}

/// The values as `f64`; `None` for text.
fn numbers(values: &Array) -> Option<Vec<f64>> {
    use h5lite::Number;
    Some(match values {
        Array::I8(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::I16(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::I32(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::I64(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::U8(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::U16(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::U32(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::U64(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::F32(a) => a.iter().map(|x| x.to_f64()).collect(),
        Array::F64(a) => a.iter().copied().collect(),
        Array::Str(_) => return None,
    })
}

/// Whether the values are 0, 1, 2, ..., each at least once.
fn is_gapless(values: &Array) -> bool {
    let Some(numbers) = numbers(values) else {
        return false;
    };
    let mut sorted = numbers;
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let places = sorted.iter().enumerate();
    !sorted.is_empty() && places.into_iter().all(|(at, &number)| is_whole(number, at))
}

#[allow(clippy::float_cmp, reason = "whole numbers, compared exactly")]
fn is_binary(number: f64) -> bool {
    number == 0.0 || number == 1.0
}

#[allow(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "as above; places are small"
)]
fn is_whole(number: f64, place: usize) -> bool {
    number == place as f64
}

/// Something to tell values apart by: their text.
fn keys(values: &Array) -> Vec<String> {
    with_array!(values, a => a.iter().map(ToString::to_string).collect())
}

fn distinct(values: &Array) -> usize {
    keys(values).into_iter().collect::<BTreeSet<_>>().len()
}

/// Whether each value on one side goes with a single value on the other.
fn is_one_to_one<T: Eq + Hash>(left: &[T], right: &[T]) -> bool {
    let agree = |from: &[T], to: &[T]| {
        let mut partner = HashMap::new();
        from.iter()
            .zip(to)
            .all(|(a, b)| *partner.entry(a).or_insert(b) == b)
    };
    left.len() == right.len() && agree(left, right) && agree(right, left)
}
