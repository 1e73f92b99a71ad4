//! All positions of a grid, one after another.

/// Counts through all combinations of positions, the last axis fastest.
pub(super) struct Odometer {
    lengths: Vec<usize>,
    /// Where it stands.
    pub(super) at: Vec<usize>,
    /// Whether it has been everywhere.
    pub(super) done: bool,
}

impl Odometer {
    /// At the first combination; done at once where an axis has no position.
    pub(super) fn new(lengths: Vec<usize>) -> Self {
        let (at, done) = (vec![0; lengths.len()], lengths.contains(&0));
        Self { lengths, at, done }
    }

    /// On to the next.
    pub(super) fn step(&mut self) {
        for axis in (0..self.at.len()).rev() {
            self.at[axis] += 1;
            if self.at[axis] < self.lengths[axis] {
                return;
            }
            self.at[axis] = 0;
        }
        self.done = true;
    }
}
