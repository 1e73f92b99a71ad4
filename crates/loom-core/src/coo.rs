//! A sparse matrix as triplets, which is what a graph is on disk.

use h5lite::Number;
use ndarray::Array2;

use crate::error::{Error, Result};

/// A sparse matrix as (row, column, value) triplets: scipy's `coo_matrix`.
///
/// Every triplet lies inside the shape, and the three lists have one length. Triplets may come in
/// any order, and several of one position add up, as in scipy.
#[derive(Clone, Debug, PartialEq)]
pub struct Coo<T> {
    shape: (usize, usize),
    row: Vec<u32>,
    col: Vec<u32>,
    data: Vec<T>,
}

impl<T: Copy> Coo<T> {
    /// A matrix from its triplets.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the lists differ in length, a triplet lies outside the shape, or an
    /// axis is longer than 32-bit numbers can address.
    pub fn new(shape: (usize, usize), row: Vec<u32>, col: Vec<u32>, data: Vec<T>) -> Result<Self> {
        addressable(shape)?;
        if row.len() != col.len() || row.len() != data.len() {
            return Err(Error::Misuse(format!(
                "a sparse matrix of {} row numbers, {} column numbers and {} values",
                row.len(),
                col.len(),
                data.len()
            )));
        }
        for (axis, numbers, length) in [("row", &row, shape.0), ("column", &col, shape.1)] {
            if let Some(number) = numbers.iter().find(|&&n| n as usize >= length) {
                return Err(Error::Misuse(format!(
                    "{axis} {number} in a sparse matrix of shape {shape:?}"
                )));
            }
        }
        Ok(Self {
            shape,
            row,
            col,
            data,
        })
    }

    /// (rows, columns).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Row number of each triplet; in a graph, `a`, where the edge starts.
    #[must_use]
    pub fn row(&self) -> &[u32] {
        &self.row
    }

    /// Column number of each triplet; in a graph, `b`, where the edge ends.
    #[must_use]
    pub fn col(&self) -> &[u32] {
        &self.col
    }

    /// Value of each triplet; in a graph, `w`, the weight.
    #[must_use]
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// Number of triplets; in a graph, of edges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no triplet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The triplets: (row, column, value).
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, u32, T)> + '_ {
        (self.row.iter())
            .zip(&self.col)
            .zip(&self.data)
            .map(|((&row, &col), &value)| (row, col, value))
    }

    /// The lists themselves: rows, columns, values.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u32>, Vec<u32>, Vec<T>) {
        (self.row, self.col, self.data)
    }

    /// The graph among these vertices, renumbered to their places in `vertices`.
    ///
    /// An edge stays where both of its ends are selected; the edges keep their order. A vertex
    /// selected several times gets a copy of its edges each time, towards each copy of the other
    /// end: what `g[vertices][:, vertices]` gives in scipy. (loompy renumbers to the *sorted*
    /// order of the selection, whatever order was asked for.)
    ///
    /// # Errors
    /// [`Error::Misuse`] for a matrix that is not square, or a selection longer than 32-bit numbers
    /// can address; [`h5lite::Error::OutOfBounds`] for a vertex outside the graph.
    pub fn select(&self, vertices: &[usize]) -> Result<Self> {
        if self.shape.0 != self.shape.1 {
            return Err(Error::Misuse(format!(
                "vertices of a matrix of shape {:?}, which is not a graph",
                self.shape
            )));
        }
        let shape = (vertices.len(), vertices.len());
        addressable(shape)?;
        let places = Places::new(vertices, self.shape.0)?;
        let mut selected = Self {
            shape,
            row: Vec::new(),
            col: Vec::new(),
            data: Vec::new(),
        };
        for (row, col, value) in self.iter() {
            for &a in places.of(row) {
                for &b in places.of(col) {
                    selected.row.push(a);
                    selected.col.push(b);
                    selected.data.push(value);
                }
            }
        }
        Ok(selected)
    }
}

impl<T: Number> Coo<T> {
    /// The matrix with every value in its place; values at one position add up.
    #[must_use]
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros(self.shape);
        for (row, col, value) in self.iter() {
            if let Some(place) = dense.get_mut((row as usize, col as usize)) {
                *place += value.to_f64();
            }
        }
        dense
    }
}

/// Refuses a shape whose positions do not fit in 32 bits.
pub(crate) fn addressable(shape: (usize, usize)) -> Result<()> {
    match u32::try_from(shape.0.max(shape.1)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Misuse(format!(
            "a sparse matrix of shape {shape:?}, whose positions do not fit in 32 bits"
        ))),
    }
}

/// Where each position of an axis went in a selection: nowhere, to one place, or to several.
pub(crate) struct Places {
    /// The places of position `p` are `places[starts[p]..starts[p + 1]]`.
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Places {
    /// The places of the positions of an axis of `length` in `selected`, whose length fits 32 bits.
    pub(crate) fn new(selected: &[usize], length: usize) -> Result<Self> {
        let mut starts = vec![0_u32; length + 1];
        for &position in selected {
            match starts.get_mut(position + 1) {
                Some(count) => *count += 1,
                None => {
                    return Err(h5lite::Error::OutOfBounds {
                        axis: 0,
                        index: position,
                        length,
                    }
                    .into());
                }
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut next = starts.clone();
        let mut places = vec![0; selected.len()];
        for (place, &position) in (0..).zip(selected) {
            places[next[position] as usize] = place;
            next[position] += 1;
        }
        Ok(Self { starts, places })
    }

    /// The places of one position, in increasing order.
    pub(crate) fn of(&self, position: u32) -> &[u32] {
        let position = position as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(position), self.starts.get(position + 1))
        else {
            return &[];
        };
        &self.places[start as usize..end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triplets_lie_inside_the_shape() {
        let coo = |shape, row: &[u32], col: &[u32], data: &[f64]| {
            Coo::new(shape, row.to_vec(), col.to_vec(), data.to_vec())
        };
        assert!(coo((2, 3), &[1], &[2], &[0.5]).is_ok());
        assert!(coo((2, 3), &[2], &[2], &[0.5]).is_err());
        assert!(coo((2, 3), &[1], &[3], &[0.5]).is_err());
        assert!(coo((2, 3), &[1], &[2, 0], &[0.5]).is_err());
        assert!(coo((2, 3), &[1], &[2], &[]).is_err());
        // Indexes have 32 bits.
        let longest = coo((usize::MAX, 3), &[], &[], &[]);
        assert_eq!(longest.is_ok(), usize::BITS == 32);
        assert!(coo((2, 3), &[], &[], &[]).unwrap().select(&[0]).is_err());
        assert!(coo((3, 3), &[], &[], &[]).unwrap().select(&[3]).is_err());
    }

    #[test]
    fn values_at_one_position_add_up() {
        let coo = Coo::new((2, 2), vec![0, 1, 0], vec![1, 1, 1], vec![1_u8, 2, 3]).unwrap();
        assert_eq!(coo.to_dense(), ndarray::arr2(&[[0.0, 4.0], [0.0, 2.0]]));
    }
}
