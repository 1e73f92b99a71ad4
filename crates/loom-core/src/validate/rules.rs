//! The rules of the file format specification.

use h5lite::{Attribute, DType, Dataset, File, Group, Object};

use super::{
    Report,
    dtype_name::{dtype_name, tuple},
};
use crate::axis::Axis;

/// The version whose global attributes are in `/attrs` and whose text has variable length.
/// loompy compares the text, so 3.0.1 is judged as the versions before 3.
const V3: &str = "3.0.0";

/// Judges a file by `report.version`.
pub(super) fn check(file: &File, report: &mut Report) {
    let v3 = report.version == V3;
    let mut rules = Rules {
        root: file.root(),
        report,
        v3,
        shape: None,
        width: 0,
    };
    let row_attrs = rules.group("row_attrs", Some("'row_attrs' group is missing"));
    let col_attrs = rules.group("col_attrs", Some("'col_attrs' group is missing"));
    let globals = rules.globals();
    rules.set_width(
        &[&row_attrs, &col_attrs, &globals.group],
        &globals.attributes,
    );
    rules.report.summary("Global attributes:");
    rules.check_globals(&globals);
    rules.check_matrix();
    if let Some(layers) = rules.group("layers", None) {
        rules.check_layers(&layers);
    }
    for (axis, attrs) in [(Axis::Rows, &row_attrs), (Axis::Cols, &col_attrs)] {
        rules.check_attrs(axis, attrs.as_ref());
    }
    for (axis, path) in [(Axis::Rows, "row_graphs"), (Axis::Cols, "col_graphs")] {
        rules.report.summary(format!("{} graphs:", title(axis)));
        if let Some(graphs) = rules.group(path, None) {
            rules.check_graphs(axis, path, &graphs);
        }
    }
}

/// "Row" or "Column".
fn title(axis: Axis) -> &'static str {
    match axis {
        Axis::Rows => "Row",
        Axis::Cols => "Column",
    }
}

/// Where the global attributes are.
struct Globals<'f> {
    group: Option<Group<'f>>,
    attributes: Vec<Attribute<'f>>,
}

struct Rules<'f, 'r> {
    /// One handle for all that is in it: its links are read once.
    root: h5lite::Result<Group<'f>>,
    report: &'r mut Report,
    v3: bool,
    /// Shape of the main matrix, once it is known.
    shape: Option<Vec<usize>>,
    /// Characters of the longest name, for the summary.
    width: usize,
}

impl<'f> Rules<'f, '_> {
    /// The group of this name, or the error `missing`.
    fn group(&mut self, name: &str, missing: Option<&str>) -> Option<Group<'f>> {
        let root = match &self.root {
            Ok(root) => root,
            Err(error) => {
                self.report.unreadable(&format!("'{name}'"), error);
                return None;
            }
        };
        match root.object(name) {
            Ok(Object::Group(group)) => return Some(group),
            Ok(_) => self.report.error(format!("'{name}' is not a group")),
            Err(error) if error.is_not_found() => {
                if let Some(missing) = missing {
                    self.report.error(missing);
                }
            }
            Err(error) => self.report.unreadable(&format!("'{name}'"), &error),
        }
        None
    }

    /// What a group holds.
    fn names(&mut self, group: &Group<'f>) -> Vec<String> {
        group.names().unwrap_or_else(|error| {
            self.report
                .unreadable(&format!("'{}'", group.path()), &error);
            Vec::new()
        })
    }

    /// A dataset of a group; `what` names it in errors.
    fn dataset(&mut self, group: &Group<'f>, name: &str, what: &str) -> Option<Dataset<'f>> {
        match group.dataset(name) {
            Ok(dataset) => Some(dataset),
            Err(error) => {
                self.report.unreadable(what, &error);
                None
            }
        }
    }

    fn globals(&mut self) -> Globals<'f> {
        if self.v3 {
            let group = self.group("attrs", Some("Global attributes missing"));
            return Globals {
                group,
                attributes: Vec::new(),
            };
        }
        let mut attributes = Vec::new();
        match self.root.as_ref().map(Group::attributes) {
            Ok(Ok(found)) => attributes = found,
            Ok(Err(error)) => self.report.unreadable("Global attributes", &error),
            Err(error) => self.report.unreadable("Global attributes", error),
        }
        Globals {
            group: None,
            attributes,
        }
    }

    fn set_width(&mut self, groups: &[&Option<Group<'f>>], attributes: &[Attribute<'f>]) {
        let length = |name: &str| name.chars().count();
        // Errors are reported where the names are used.
        let names = groups
            .iter()
            .copied()
            .flatten()
            .flat_map(|g| g.names().unwrap_or_default());
        let lengths = names.map(|name| length(&name));
        self.width = lengths
            .chain(attributes.iter().map(|a| length(a.name())))
            .max()
            .unwrap_or(0);
    }

    fn check_globals(&mut self, globals: &Globals<'f>) {
        let width = self.width;
        for attribute in &globals.attributes {
            let (name, dtype) = (attribute.name(), dtype_name(attribute.datatype()));
            if dtype == "object" && attribute.shape().is_empty() && !attribute.is_null() {
                self.report.warning(format!(
                    "Global attribute '{name}' has dtype string, which will be deprecated in \
                     future Loom versions"
                ));
                self.report.summary(format!("{name: >width$} string"));
            } else {
                self.report
                    .summary(format!("{name: >width$} {}", short(&dtype)));
            }
        }
        let Some(group) = &globals.group else {
            return;
        };
        for name in self.names(group) {
            let what = format!("Global attribute '{name}'");
            if let Some(dataset) = self.dataset(group, &name, &what) {
                let dtype = dtype_name(dataset.datatype());
                self.report.summary(match dataset.shape() {
                    [] => format!("{name: >width$} {} (scalar)", short(&dtype)),
                    shape => format!("{name: >width$} {} {}", short(&dtype), tuple(shape)),
                });
            }
        }
    }

    fn check_matrix(&mut self) {
        let root = match &self.root {
            Ok(root) => root.clone(),
            Err(error) => return self.report.unreadable("'/'", error),
        };
        match root.contains("matrix") {
            Ok(true) => {}
            Ok(false) => return self.report.error("Main matrix missing"),
            Err(error) => return self.report.unreadable("Main matrix", &error),
        }
        let Some(matrix) = self.dataset(&root, "matrix", "Main matrix") else {
            return;
        };
        let dtype = self.numbers(&matrix, "Main matrix", |dtype| {
            format!("Main matrix dtype={dtype} is not allowed")
        });
        let shape = tuple(matrix.shape());
        self.report.require(matrix.shape().len() == 2, || {
            format!("Main matrix shape {shape} does not have two dimensions")
        });
        self.shape = Some(matrix.shape().to_vec());
        let width = self.width;
        self.report.summary(format!("Layers shape={shape}:"));
        self.report
            .summary(format!("{: >width$} {dtype}", "Main matrix"));
    }

    fn check_layers(&mut self, layers: &Group<'f>) {
        let width = self.width;
        for name in self.names(layers) {
            let what = format!("Layer '{name}'");
            let Some(layer) = self.dataset(layers, &name, &what) else {
                continue;
            };
            if let Some(expected) = &self.shape {
                self.report.require(layer.shape() == expected, || {
                    format!(
                        "{what} shape {} does not match main matrix shape {}",
                        tuple(layer.shape()),
                        tuple(expected)
                    )
                });
            }
            let dtype = self.numbers(&layer, &what, |dtype| {
                format!("{what} dtype={dtype} is not allowed")
            });
            self.report.summary(format!("{name: >width$} {dtype}"));
        }
    }

    /// The type of a dataset, which must be one of the allowed numbers.
    fn numbers(
        &mut self,
        dataset: &Dataset<'f>,
        what: &str,
        line: impl FnOnce(&str) -> String,
    ) -> String {
        let dtype = dtype_name(dataset.datatype());
        if self.report.require(is_number(&dtype), || line(&dtype)) {
            self.decodable(dataset, what);
        }
        dtype
    }

    /// An error where a type has the name of an allowed one, but another layout.
    fn decodable(&mut self, dataset: &Dataset<'f>, what: &str) {
        if let Err(error) = dataset.dtype() {
            self.report.unreadable(what, &error);
        }
    }

    fn check_attrs(&mut self, axis: Axis, group: Option<&Group<'f>>) {
        self.report.summary(format!("{} attributes:", title(axis)));
        let Some(group) = group else {
            return;
        };
        let width = self.width;
        let names = self.names(group);
        for name in &names {
            let what = format!("{} attribute '{name}'", title(axis));
            let Some(dataset) = self.dataset(group, name, &what) else {
                continue;
            };
            let shape = dataset.shape();
            if let Some(matrix) = &self.shape {
                let expected = matrix.get(axis.index());
                let first = shape.first();
                self.report
                    .require(first.is_some() && first == expected, || {
                        format!(
                            "{what} shape {} first dimension does not match {} dimension {}",
                            first.map_or_else(|| tuple(shape), usize::to_string),
                            title(axis).to_lowercase(),
                            tuple(matrix)
                        )
                    });
            }
            let dtype = dtype_name(dataset.datatype());
            let is_text = if self.v3 {
                dtype == "object"
            } else {
                dtype.starts_with("|S")
            };
            let allowed = is_text || is_number(&dtype);
            if self
                .report
                .require(allowed, || format!("{what} dtype {dtype} is not allowed"))
            {
                self.decodable(&dataset, &what);
            }
            let shape = if shape.len() > 1 {
                tuple(shape)
            } else {
                String::new()
            };
            self.report
                .summary(format!("{name: >width$} {} {shape}", short(&dtype)));
        }
        if names.is_empty() {
            self.report.summary("    (none)");
        }
    }

    fn check_graphs(&mut self, axis: Axis, path: &str, graphs: &Group<'f>) {
        let names = self.names(graphs);
        for name in &names {
            let what = format!("{} graph '{name}'", title(axis));
            match graphs.group(name) {
                Ok(graph) => self.check_graph(&what, &format!("/{path}/{name}"), name, &graph),
                Err(error) => self.report.unreadable(&what, &error),
            }
        }
        if names.is_empty() {
            self.report.summary("    (none)");
        }
    }

    fn check_graph(&mut self, what: &str, path: &str, name: &str, graph: &Group<'f>) {
        let mut lengths = Vec::new();
        for (vector, meaning, kind) in [
            ("a", "start vertices", "integer"),
            ("b", "end vertices", "integer"),
            ("w", "vertex weights", "float"),
        ] {
            match graph.contains(vector) {
                Ok(true) => {}
                Ok(false) => {
                    let line = format!("{what} is missing vector '{vector}', denoting {meaning}");
                    self.report.error(line);
                    continue;
                }
                Err(error) => {
                    self.report.unreadable(what, &error);
                    continue;
                }
            }
            let Some(dataset) = self.dataset(graph, vector, &format!("{path}/{vector}")) else {
                continue;
            };
            let dtype = dtype_name(dataset.datatype());
            let is_float = DType::from_name(&dtype).is_some_and(DType::is_float);
            let allowed = is_number(&dtype) && is_float == (kind == "float");
            self.report.require(allowed, || {
                format!("{path}/{vector}.dtype {dtype} must be {kind}")
            });
            lengths.push(dataset.shape().first().copied());
        }
        if let [a, b, w] = *lengths {
            self.report.require(a.is_some() && a == b && a == w, || {
                format!("{what} sparse vectors a, b and w must have equal length")
            });
        }
        if let Some(Some(edges)) = lengths.first() {
            self.report
                .summary(format!("    '{name}' with {edges} edges"));
        }
    }
}

/// Whether numpy's name of a type is that of a number in the machine's byte order.
fn is_number(dtype: &str) -> bool {
    DType::from_name(dtype).is_some_and(|dtype| dtype != DType::Str)
}

/// A type as the summary gives it.
fn short(dtype: &str) -> &str {
    if dtype.starts_with("|S") {
        "string"
    } else {
        dtype
    }
}
