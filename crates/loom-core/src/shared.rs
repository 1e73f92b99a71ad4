//! Values that several owners share until one of them changes its own.

#![allow(
    clippy::into_iter_without_iter,
    reason = "it has `iter` and `iter_mut` of what it holds"
)]

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A value whose copies share its memory; the first change of a copy makes it one of its own.
///
/// It is used as what it holds: `Shared<BTreeMap<..>>` as the map.
#[derive(Default, PartialEq, Eq)]
pub struct Shared<T>(Arc<T>);

impl<T: Clone> Shared<T> {
    /// The value itself: taken out where there is no other copy.
    #[must_use]
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<I, T: FromIterator<I>> FromIterator<I> for Shared<T> {
    fn from_iter<S: IntoIterator<Item = I>>(items: S) -> Self {
        T::from_iter(items).into()
    }
}

impl<T: Clone + IntoIterator> IntoIterator for Shared<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(self) -> T::IntoIter {
        self.into_inner().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Shared<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&*self.0).into_iter()
    }
}

impl<'a, T: Clone> IntoIterator for &'a mut Shared<T>
where
    &'a mut T: IntoIterator,
{
    type Item = <&'a mut T as IntoIterator>::Item;
    type IntoIter = <&'a mut T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        Arc::make_mut(&mut self.0).into_iter()
    }
}

/// As what it holds.
impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_in_one_copy() {
        let first: Shared<Vec<i32>> = [1, 2].into_iter().collect();
        let mut second = first.clone();
        assert!(std::ptr::eq(&raw const *first, &raw const *second));
        second.push(3);
        assert_eq!((first.len(), second.len()), (2, 3));
        assert_eq!(format!("{first:?} {second:?}"), "[1, 2] [1, 2, 3]");
        for value in &mut second {
            *value *= 2;
        }
        assert_eq!(first.iter().sum::<i32>(), 3);
        assert_eq!(second.into_inner(), [2, 4, 6]);
        assert_eq!(first.into_iter().sum::<i32>(), 3);
    }
}
