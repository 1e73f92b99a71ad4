//! What describes the rows of the result (or its columns, where rows are appended).

use super::{
    Combine, Input,
    align::Alignment,
    kind::{Kind, Type},
};
use crate::{
    edit::{NewFile, Values},
    error::Result,
    ops::bands,
};

impl Combine {
    /// Row attributes: each value from the first file that has the row and the attribute.
    pub(super) fn copy_row_attrs(
        &self,
        file: &mut NewFile<'_, '_>,
        inputs: &[Input<'_>],
        rows: &Alignment,
    ) -> Result<()> {
        let axis = self.axis.other();
        for name in inputs[0].ds.axis_attrs(axis).keys()? {
            if !self.skipped.contains(&name) {
                let values = self.row_values(&name, inputs, rows)?;
                file.axis_values(axis, &name, &values)?;
            }
        }
        Ok(())
    }

    fn row_values(&self, name: &str, inputs: &[Input<'_>], rows: &Alignment) -> Result<Values> {
        let axis = self.axis.other();
        let first = inputs[0].ds.axis_attrs(axis);
        let Some(mut kind) = Kind::of(first, name)? else {
            // The error says why it cannot be moved.
            return first.values_at(name, ..);
        };
        // Places of the result, and their values, file by file.
        let mut places: Vec<usize> = Vec::with_capacity(rows.len);
        let mut parts = Vec::new();
        let mut open: Vec<usize> = (0..rows.len).collect();
        for (input, of_file) in inputs.iter().zip(&rows.files) {
            let attrs = input.ds.axis_attrs(axis);
            if open.is_empty() || !attrs.contains(name)? {
                continue;
            }
            let Some(found) = Kind::of(attrs, name)?.filter(|found| found.shape == kind.shape)
            else {
                continue;
            };
            let (here, rest): (Vec<usize>, Vec<usize>) =
                (open.iter()).partition(|&&place| of_file[place].is_some());
            if here.is_empty() {
                continue;
            }
            let what = format!("{} {name:?}", axis.attribute());
            let types = ((&kind.elements, &inputs[0]), (&found.elements, input));
            let Some(both) = Type::common(&what, types.0, types.1)? else {
                continue;
            };
            kind.elements = both;
            let positions: Vec<usize> = here.iter().filter_map(|&at| of_file[at]).collect();
            parts.push(attrs.values_at(name, bands::together(&positions))?);
            places.extend(here);
            open = rest;
        }
        parts.push(kind.zeros(open.len()));
        places.extend(open);
        let mut order = vec![0; places.len()];
        for (at, &place) in places.iter().enumerate() {
            order[place] = at;
        }
        kind.concatenate(parts)?.take(&order)
    }
}
