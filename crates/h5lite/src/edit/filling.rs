//! Numbers that a caller makes part by part, for code that does not know their type.

use std::ops::Range;

use super::values;
use crate::{error::Error, format::message::Datatype, value::Number};

/// Appends the stored elements of a part of a dataset, given by its place on each axis, and returns
/// whether there are any.
pub(super) type Filling<'a, E> =
    Box<dyn FnMut(&[Range<usize>], &Datatype, &mut Vec<u8>) -> Result<bool, Failed<E>> + 'a>;

/// Makes a thread its [`Filling`].
pub(super) type MakeFilling<'a, E> = dyn Fn() -> Filling<'a, E> + Sync + 'a;

/// Why values were not written that a caller makes.
pub(super) enum Failed<E> {
    /// The caller's own reason.
    Filling(E),
    Writing(Error),
}

impl<E> From<Error> for Failed<E> {
    fn from(error: Error) -> Self {
        Self::Writing(error)
    }
}

/// The numbers that `fill` makes of zeros. All that is compiled for each type of number is this.
pub(super) fn filling<'a, T: Number, E: 'a>(
    fill: &'a (impl Fn(&[Range<usize>], &mut [T]) -> Result<bool, E> + Sync),
) -> Filling<'a, E> {
    let mut numbers = Vec::<T>::new();
    Box::new(move |place, datatype, out| {
        numbers.clear();
        numbers.resize(place.iter().map(Range::len).product(), T::default());
        if !fill(place, &mut numbers).map_err(Failed::Filling)? {
            return Ok(false);
        }
        values::numbers(&numbers, datatype, out)?;
        Ok(true)
    })
}
