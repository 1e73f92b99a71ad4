//! Where the chunks of one row of chunks go, whatever the type of the values: what a thread does is there
//! once, and not for each type.

use crate::read::{
    gather::{Call, Output},
    plan::Piece,
    scatter::Scatter,
};

/// The parts of a result that come out of one row of chunks.
pub(super) trait Targets {
    /// Copies what is wanted of a chunk, at its place in the grid, whose packed items have these strides.
    /// `None`: it has too few.
    fn place(
        &mut self,
        call: &Call<'_>,
        chunk: (&[u64], &[u8]),
        item_strides: &[usize],
    ) -> Option<()>;

    /// Copies runs of several chunks of a matrix, each with the packed items of its chunk. `None`, with
    /// a part of it done: one of them has too few.
    fn place_runs(&mut self, call: &Call<'_>, runs: &[(Piece, &[u8])]) -> Option<()>;
}

/// A run of the result's first axis and what of a chunk goes into it.
pub(super) type Target<'o, O> = (Vec<Piece>, &'o mut [O]);

/// Parts of a result of this type.
pub(super) struct Typed<'o, O> {
    pub(super) output: &'o Output<O>,
    pub(super) parts: Vec<Target<'o, O>>,
}

impl<O> Targets for Typed<'_, O> {
    fn place(
        &mut self,
        call: &Call<'_>,
        chunk: (&[u64], &[u8]),
        item_strides: &[usize],
    ) -> Option<()> {
        let scatter = scatter(self.output, call, item_strides);
        let mut parts = self.parts.iter_mut();
        parts.try_for_each(|(first, out)| scatter.chunk(&call.plan.bands, chunk, first, out))
    }

    fn place_runs(&mut self, call: &Call<'_>, runs: &[(Piece, &[u8])]) -> Option<()> {
        let scatter = scatter(self.output, call, &call.plan.item_strides);
        let mut parts = self.parts.iter_mut();
        parts.try_for_each(|(first, out)| scatter.lines_of_runs(runs, first, out))
    }
}

/// What copies chunks whose items have these strides.
fn scatter<'a, O>(
    output: &'a Output<O>,
    call: &'a Call<'_>,
    item_strides: &'a [usize],
) -> Scatter<'a, O> {
    Scatter {
        item_len: call.gather.packed_len(),
        item_strides,
        strides: &call.plan.strides,
        output,
    }
}
