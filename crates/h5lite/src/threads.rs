//! How many threads work on one call.

#[cfg(feature = "rayon")]
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use crate::error::Result;

/// The threads that share the work of a call.
///
/// What comes out never depends on how many they are.
#[derive(Clone, Debug, Default)]
pub struct Threads(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    /// The caller's.
    #[cfg_attr(not(feature = "rayon"), default)]
    One,
    /// Those of rayon's pool in which the call is made: one for each core, unless the caller has
    /// made another.
    #[cfg(feature = "rayon")]
    #[default]
    Shared,
    /// Those of a pool of its own.
    #[cfg(feature = "rayon")]
    Own(Arc<rayon::ThreadPool>),
}

impl Threads {
    /// The caller's thread alone.
    pub const ONE: Self = Self(Kind::One);

    /// So many threads; 0 for as many as there are cores. One is the caller's own.
    ///
    /// Without the feature `rayon` all work is done on the caller's thread.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where the system has no threads left.
    pub fn new(count: usize) -> Result<Self> {
        match count {
            0 => Ok(Self::default()),
            1 => Ok(Self::ONE),
            more => Self::pool(more),
        }
    }

    #[cfg(feature = "rayon")]
    fn pool(count: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        let pool = pool.map_err(|error| {
            crate::Error::io(
                format_args!("start {count} threads"),
                std::io::Error::other(error),
            )
        })?;
        Ok(Self(Kind::Own(Arc::new(pool))))
    }

    #[cfg(not(feature = "rayon"))]
    #[allow(clippy::unnecessary_wraps, reason = "the twin with threads can fail")]
    fn pool(_: usize) -> Result<Self> {
        Ok(Self::ONE)
    }

    /// How many they are at the most.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.0 {
            Kind::One => 1,
            #[cfg(feature = "rayon")]
            Kind::Shared => rayon::current_num_threads(),
            #[cfg(feature = "rayon")]
            Kind::Own(pool) => pool.current_num_threads(),
        }
    }

    /// Does `work` for each item; the results come in the order of the items. Each thread makes
    /// itself what it needs with `worker` and keeps it from item to item.
    ///
    /// # Errors
    /// The first error in the order of the items, whichever came first in time.
    pub fn each<I: Send, W, R: Send, E: Send>(
        &self,
        items: Vec<I>,
        worker: impl Fn() -> Result<W, E> + Send + Sync,
        work: impl Fn(&mut W, I) -> Result<R, E> + Send + Sync,
    ) -> Result<Vec<R>, E> {
        #[cfg(feature = "rayon")]
        match &self.0 {
            _ if items.len() < 2 => {}
            Kind::One => {}
            Kind::Shared => return in_parallel(items, worker, work),
            Kind::Own(pool) => return pool.install(|| in_parallel(items, worker, work)),
        }
        let mut made = None;
        (items.into_iter())
            .map(|item| work(once(&mut made, &worker)?, item))
            .collect()
    }

    /// Does both, at once where there are two threads.
    ///
    /// What they find they put where the caller has a place for it: so there is one of this in a program,
    /// and not one for each kind of work.
    pub fn both(&self, first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
        match &self.0 {
            Kind::One => {
                first();
                second();
            }
            #[cfg(feature = "rayon")]
            Kind::Shared => drop(rayon::join(first, second)),
            #[cfg(feature = "rayon")]
            Kind::Own(pool) => drop(pool.join(first, second)),
        }
    }
}

/// What `make` makes, the first time.
fn once<'a, W, E>(
    made: &'a mut Option<W>,
    make: &impl Fn() -> Result<W, E>,
) -> Result<&'a mut W, E> {
    match made {
        Some(made) => Ok(made),
        None => Ok(made.insert(make()?)),
    }
}

/// An item, until a thread takes it, and what became of it.
#[cfg(feature = "rayon")]
type Slot<I, R, E> = Mutex<(Option<I>, Option<Result<R, E>>)>;

#[cfg(feature = "rayon")]
fn in_parallel<I: Send, W, R: Send, E: Send>(
    items: Vec<I>,
    worker: impl Fn() -> Result<W, E> + Send + Sync,
    work: impl Fn(&mut W, I) -> Result<R, E> + Send + Sync,
) -> Result<Vec<R>, E> {
    let slot = |item| Mutex::new((Some(item), None));
    let slots: Vec<Slot<I, R, E>> = items.into_iter().map(slot).collect();
    let locked = |number: usize| {
        let slot = slots.get(number)?;
        Some(slot.lock().unwrap_or_else(PoisonError::into_inner))
    };
    let next = AtomicUsize::new(0);
    // What stands behind an error is not worth doing any more; what stands before it may be one too.
    let first_error = AtomicUsize::new(usize::MAX);
    on_all(slots.len(), &|| {
        let mut made = None;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > first_error.load(Ordering::Relaxed) {
                break;
            }
            let Some(item) = locked(number).map(|mut slot| slot.0.take()) else {
                break;
            };
            let Some(item) = item else { continue };
            let result = once(&mut made, &worker).and_then(|worker| work(worker, item));
            if result.is_err() {
                first_error.fetch_min(number, Ordering::Relaxed);
            }
            if let Some(mut slot) = locked(number) {
                slot.1 = Some(result);
            }
        }
    });
    let results = slots.into_iter().filter_map(|slot| {
        let (_, result) = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        result
    });
    results.collect()
}

/// Does the same work on all threads of the pool, on no more than `most`. There is one of this in a
/// program, and not one for each kind of work.
#[cfg(feature = "rayon")]
fn on_all(most: usize, work: &(dyn Fn() + Sync)) {
    use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
    let threads = rayon::current_num_threads().min(most);
    let threads = (0..threads).into_par_iter().with_max_len(1);
    threads.for_each(|_| work());
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_and_errors_come_in_order() {
        for count in [0, 1, 2, 8] {
            let threads = Threads::new(count).unwrap();
            assert!(
                count == 0 || threads.count() == if cfg!(feature = "rayon") { count } else { 1 }
            );
            let each = |bad: usize| {
                let items = (0..1000).collect();
                threads.each(
                    items,
                    || Ok(()),
                    |(), item: usize| {
                        if item % bad == bad - 1 {
                            Err(item)
                        } else {
                            Ok(2 * item)
                        }
                    },
                )
            };
            assert_eq!(each(2000), Ok((0..1000).map(|item| 2 * item).collect()));
            assert_eq!(each(7), Err(6));
            assert_eq!(each(700), Err(699));
        }
    }

    #[test]
    fn both_are_done() {
        for count in [0, 1, 2] {
            let threads = Threads::new(count).unwrap();
            let (mut a, mut b) = (Vec::new(), Vec::new());
            threads.both(&mut || a.push(1), &mut || b.push("x"));
            assert_eq!((&a[..], &b[..]), (&[1][..], &["x"][..]));
        }
    }

    #[test]
    fn a_thread_keeps_what_it_has_made() {
        let made = AtomicUsize::new(0);
        let worker = || Ok(made.fetch_add(1, Ordering::Relaxed));
        let work = |_: &mut usize, _: usize| Ok::<_, ()>(());
        Threads::ONE.each((0..100).collect(), worker, work).unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
