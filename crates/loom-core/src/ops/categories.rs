//! The rows or columns that have each value of an attribute.

use h5lite::{Array, Selection};

use super::aggregate::{labels_as_given, ranks};
use crate::{
    attrs::Attrs,
    error::{Error, Result},
};

/// The different values of an attribute, and the positions of the axis that have each.
#[derive(Clone, Debug, PartialEq)]
pub struct Categories {
    values: Array,
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Categories {
    /// The different values in increasing order, `NaN` last.
    #[must_use]
    pub fn values(&self) -> &Array {
        &self.values
    }

    /// For each position of the axis the number of its value.
    #[must_use]
    pub fn of(&self) -> &[usize] {
        &self.of
    }

    /// For each value the positions that have it, in increasing order.
    #[must_use]
    pub fn members(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        self.members.iter().map(Vec::as_slice)
    }
}

impl Attrs<'_> {
    /// The categories that an attribute divides the axis into: numbers and text as they are.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Shape`] where it has not one value for each row or column.
    pub fn categories(self, name: &str) -> Result<Categories> {
        let values = self.get_at(name, Selection::All)?;
        if values.ndim() != 1 {
            return Err(Error::Shape {
                what: format!("{} {name:?}", self.axis().attribute()),
                expected: "one value for each position".to_owned(),
                found: values.shape().to_vec(),
            });
        }
        // Labels, their order and the lists, in bytes.
        (self.state()).afford("categories, in bytes,", &[values.len()], 64)?;
        let of = ranks(&labels_as_given(&values));
        let mut members = vec![Vec::new(); of.iter().max().map_or(0, |&last| last + 1)];
        for (position, &category) in of.iter().enumerate() {
            members[category].push(position);
        }
        let firsts: Vec<usize> = (members.iter())
            .filter_map(|positions: &Vec<usize>| positions.first().copied())
            .collect();
        Ok(Categories {
            values: values.take(&firsts)?,
            of,
            members,
        })
    }
}
