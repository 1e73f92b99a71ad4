//! Row and column graphs: loompy's `ds.row_graphs` and `ds.col_graphs`.

use h5lite::{DType, Dataset, Number};

use crate::{
    axis::Axis,
    coo::{self, Coo},
    error::{Error, Result},
    spec,
    state::State,
    timestamp,
};

/// The graphs of one axis: name to edges between rows, or between columns.
///
/// Files from before the present names keep them in `/row_edges` and `/col_edges`; both are read.
#[derive(Clone, Copy, Debug)]
pub struct Graphs<'ds> {
    state: &'ds State,
    axis: Axis,
}

impl<'ds> Graphs<'ds> {
    pub(crate) fn new(state: &'ds State, axis: Axis) -> Self {
        Self { state, axis }
    }

    /// Which axis' rows or columns are the vertices.
    #[must_use]
    pub fn axis(self) -> Axis {
        self.axis
    }

    /// Names, in the file's order.
    ///
    /// # Errors
    /// Where a group cannot be read.
    pub fn keys(self) -> Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        for path in self.axis.graphs_paths() {
            for name in self.state.names(path)? {
                if !keys.contains(&name) {
                    keys.push(name);
                }
            }
        }
        Ok(keys)
    }

    /// Number of graphs.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn len(self) -> Result<usize> {
        Ok(self.keys()?.len())
    }

    /// Whether there is no graph.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn is_empty(self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether there is a graph of this name.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn contains(self, name: &str) -> Result<bool> {
        Ok(self.path(name)?.is_some())
    }

    /// A graph with its weights as `T`, converted where no weight can change; `f64` takes every
    /// type of weight.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::BreaksSpec`] where `a`, `b` and `w` differ in length or are
    /// not lists, or an edge leads outside the axis or to a vertex that is not a whole number;
    /// a type error for an unsafe conversion.
    pub fn get<T: Number>(self, name: &str) -> Result<Coo<T>> {
        self.read(name, |w| w.read(&[]))
    }

    /// As [`get`](Self::get), converting any weight to `T` as Rust's `as` does.
    ///
    /// # Errors
    /// As [`get`](Self::get), except that any number can be converted.
    pub fn get_lossy<T: Number>(self, name: &str) -> Result<Coo<T>> {
        self.read(name, |w| w.read_lossy(&[]))
    }

    /// The type in which a graph's weights are stored.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where the weights are not numbers.
    pub fn dtype(self, name: &str) -> Result<DType> {
        Ok(self.member(name, "w")?.dtype()?)
    }

    /// Number of edges of a graph, without reading them.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where the weights cannot be found.
    pub fn edges(self, name: &str) -> Result<usize> {
        Ok(self.member(name, "w")?.shape().iter().product())
    }

    /// Names and graphs.
    ///
    /// # Errors
    /// As [`keys`](Self::keys); each graph as [`get`](Self::get).
    pub fn iter(self) -> Result<impl Iterator<Item = Result<(String, Coo<f64>)>> + 'ds> {
        Ok((self.keys()?.into_iter()).map(move |name| Ok((name.clone(), self.get(&name)?))))
    }

    /// When these graphs, or one of them, last changed, as far as the file says.
    ///
    /// # Errors
    /// Where the stamps cannot be read.
    pub fn last_modified(self) -> Result<Option<String>> {
        let mut latest = None;
        for path in self.axis.graphs_paths() {
            if let Some(group) = self.state.group(path)? {
                latest = latest.max(timestamp::read(group.attribute(spec::LAST_MODIFIED))?);
            }
        }
        for name in self.keys()? {
            latest = latest.max(self.last_modified_of(&name)?);
        }
        Ok(latest)
    }

    /// When a graph last changed, as far as the file says.
    ///
    /// # Errors
    /// [`Error::NotFound`], or where the stamp cannot be read.
    pub fn last_modified_of(self, name: &str) -> Result<Option<String>> {
        let path = self.path(name)?.ok_or_else(|| self.not_found(name))?;
        match self.state.group(&path)? {
            Some(group) => timestamp::read(group.attribute(spec::LAST_MODIFIED)),
            None => Ok(None),
        }
    }

    fn not_found(self, name: &str) -> Error {
        Error::not_found(self.axis.graph(), name)
    }

    fn broken(self, name: &str, reason: String) -> Error {
        Error::BreaksSpec {
            what: format!("{} {name:?}", self.axis.graph()),
            reason,
        }
    }

    /// Where the graph is.
    fn path(self, name: &str) -> Result<Option<String>> {
        for path in self.axis.graphs_paths() {
            if self.state.holds(path, name)? {
                return Ok(Some(format!("{path}/{name}")));
            }
        }
        Ok(None)
    }

    fn member(self, name: &str, member: &str) -> Result<Dataset<'ds>> {
        let path = self.path(name)?.ok_or_else(|| self.not_found(name))?;
        match self.state.file.dataset(&format!("{path}/{member}")) {
            Err(error) if error.is_not_found() => {
                Err(self.broken(name, format!("it has no {member}")))
            }
            other => Ok(other?),
        }
    }

    fn read<T: Number>(
        self,
        name: &str,
        weights: impl FnOnce(&Dataset<'ds>) -> h5lite::Result<ndarray::ArrayD<T>>,
    ) -> Result<Coo<T>> {
        let [a, b, w] = [
            self.member(name, "a")?,
            self.member(name, "b")?,
            self.member(name, "w")?,
        ];
        let edges = match *w.shape() {
            [edges] => edges,
            ref other => {
                return Err(self.broken(name, format!("w has shape {other:?}, not one axis")));
            }
        };
        for (member, dataset) in [("a", &a), ("b", &b)] {
            if *dataset.shape() != [edges] {
                return Err(self.broken(
                    name,
                    format!(
                        "{member} has shape {:?} where w has {:?}",
                        dataset.shape(),
                        w.shape()
                    ),
                ));
            }
        }
        let length = self.state.length(self.axis);
        coo::addressable((length, length))?;
        let (a, b) = (self.vertices(name, "a", &a)?, self.vertices(name, "b", &b)?);
        // Fresh from the file, an array is nothing but its values in order.
        let (w, _) = weights(&w)?.into_raw_vec_and_offset();
        Coo::new((length, length), a, b, w)
    }

    /// Vertices as 32-bit numbers. Stored as floats they must be whole (`LoomExperiment` writes
    /// them so).
    fn vertices(self, name: &str, member: &str, dataset: &Dataset<'ds>) -> Result<Vec<u32>> {
        let length = self.state.length(self.axis);
        // Numbers too large for an exact f64 are far outside any axis, and stay so when rounded.
        let (stored, _) = dataset.read_lossy::<f64>(&[])?.into_raw_vec_and_offset();
        let mut vertices = Vec::with_capacity(stored.len());
        for (edge, &vertex) in stored.iter().enumerate() {
            let number = u32::from_f64(vertex);
            if number.to_f64().to_bits() != (vertex + 0.0).to_bits() || number as usize >= length {
                return Err(self.broken(
                    name,
                    format!(
                        "{member}[{edge}] is {vertex}, which is none of the {length} {}",
                        self.axis
                    ),
                ));
            }
            vertices.push(number);
        }
        Ok(vertices)
    }
}
