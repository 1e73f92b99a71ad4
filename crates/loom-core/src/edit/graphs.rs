//! Row and column graphs, to be changed.

use h5lite::{Array, DType, DatasetOptions, Number};

use super::Change;
use crate::{
    axis::Axis,
    connection::LoomConnection,
    coo::Coo,
    error::{Error, Result},
    graphs::Graphs,
    spec,
    state::State,
};

/// The graphs of one axis, to be changed: loompy's `ds.col_graphs[name] = graph`. Each call is one
/// commit.
#[derive(Debug)]
pub struct GraphsMut<'ds> {
    state: &'ds mut State,
    axis: Axis,
}

impl LoomConnection {
    /// Graphs between rows, to be changed.
    pub fn row_graphs_mut(&mut self) -> GraphsMut<'_> {
        self.axis_graphs_mut(Axis::Rows)
    }

    /// Graphs between columns, to be changed.
    pub fn col_graphs_mut(&mut self) -> GraphsMut<'_> {
        self.axis_graphs_mut(Axis::Cols)
    }

    /// The graphs of an axis, to be changed.
    pub fn axis_graphs_mut(&mut self, axis: Axis) -> GraphsMut<'_> {
        GraphsMut {
            state: &mut self.state,
            axis,
        }
    }
}

impl GraphsMut<'_> {
    /// The graphs as they are.
    #[must_use]
    pub fn as_ref(&self) -> Graphs<'_> {
        Graphs::new(self.state, self.axis)
    }

    /// Sets a graph. One of the same name is replaced. Weights that are integers become `f64`:
    /// the specification wants floats.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Name`]; [`Error::Shape`] where the graph does not have a
    /// vertex for each row or column; [`Error::Type`] for a 64-bit integer that no `f64` is.
    pub fn insert<T: Number>(&mut self, name: &str, graph: &Coo<T>) -> Result<()>
    where
        Array: From<Vec<T>>,
    {
        (self.state).change(|change| change.write_graph(self.axis, name, graph))
    }

    /// Removes a graph.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::NotFound`].
    pub fn remove(&mut self, name: &str) -> Result<()> {
        self.require(name)?;
        let [path, _] = self.axis.graphs_paths();
        self.state.change(|change| change.remove(path, name))
    }

    /// Gives a graph another name.
    ///
    /// # Errors
    /// As [`remove`](Self::remove); [`Error::Name`]; [`Error::Exists`] where a graph has the new
    /// name.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.require(from)?;
        let ([path, _], what) = (self.axis.graphs_paths(), self.axis.graph());
        (self.state).change(|change| change.rename(what, path, from, to))
    }

    fn require(&self, name: &str) -> Result<()> {
        self.state.check_writable()?;
        if self.as_ref().contains(name)? {
            return Ok(());
        }
        Err(Error::not_found(self.axis.graph(), name))
    }
}

impl Change<'_, '_> {
    /// Writes a graph, in the place of one of the same name.
    ///
    /// # Errors
    /// As [`GraphsMut::insert`].
    pub(crate) fn write_graph<T: Number>(
        &mut self,
        axis: Axis,
        name: &str,
        graph: &Coo<T>,
    ) -> Result<()>
    where
        Array: From<Vec<T>>,
    {
        let length = axis.of(self.shape);
        if graph.shape() != (length, length) {
            return Err(Error::Shape {
                what: format!("{} {name:?}", axis.graph()),
                expected: format!("[{length}, {length}], a vertex for each of the {axis},"),
                found: vec![graph.shape().0, graph.shape().1],
            });
        }
        self.put_graph(axis, name, graph)
    }

    /// The same, however many vertices it has.
    pub(crate) fn put_graph<T: Number>(
        &mut self,
        axis: Axis,
        name: &str,
        graph: &Coo<T>,
    ) -> Result<()>
    where
        Array: From<Vec<T>>,
    {
        spec::check_name(axis.graph(), name)?;
        let what = || format!("{} {name:?}", axis.graph());
        let [graphs, _] = axis.graphs_paths();
        let path = format!("{graphs}/{name}");
        if self.edit.contains(&path)? {
            self.edit.remove(&path)?;
        }
        self.edit.create_group(&path)?;
        let weights = weights(&what, graph.data())?;
        let options = DatasetOptions::contiguous();
        self.edit.write(&format!("{path}/w"), &weights, &options)?;
        self.write_edges(axis, name, graph.row(), graph.col())
    }

    /// Writes the ends of a graph's edges.
    pub(crate) fn write_edges(
        &mut self,
        axis: Axis,
        name: &str,
        a: &[u32],
        b: &[u32],
    ) -> Result<()> {
        let [graphs, _] = axis.graphs_paths();
        let path = format!("{graphs}/{name}");
        for (member, ends) in [("a", a), ("b", b)] {
            let options = DatasetOptions::contiguous();
            self.edit
                .write(&format!("{path}/{member}"), &vertices(ends), &options)?;
        }
        self.stamp(&path)?;
        self.stamp(graphs)
    }
}

/// Vertices as scipy has them: 32-bit, unless one is larger.
fn vertices(numbers: &[u32]) -> Array {
    let narrow: Result<Vec<i32>, _> = numbers.iter().map(|&n| i32::try_from(n)).collect();
    match narrow {
        Ok(narrow) => narrow.into(),
        Err(_) => {
            let wide: Vec<i64> = numbers.iter().map(|&n| i64::from(n)).collect();
            wide.into()
        }
    }
}

/// Up to here, every integer is an `f64`.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Weights as floats.
fn weights<T: Number>(what: &dyn Fn() -> String, weights: &[T]) -> Result<Array>
where
    Array: From<Vec<T>>,
{
    if T::DTYPE.is_float() {
        return Ok(weights.to_vec().into());
    }
    let mut floats = Vec::with_capacity(weights.len());
    for &weight in weights {
        let float = weight.to_f64();
        if float.abs() > EXACT {
            return Err(Error::Type {
                what: format!("the weight {weight:?} of {}", what()),
                expected: DType::F64.to_string(),
                found: T::DTYPE.to_string(),
            });
        }
        floats.push(float);
    }
    Ok(floats.into())
}
