//! The cores of a run: how many things are computed at the same time, and how a node lends its core to its own parts.
//!
//! Each node at work is a thread of its own that holds a core. A node with independent parts gives its core back, lets
//! the parts run in a pool of as many threads as there are cores, each part holding one, and takes a core again. So no
//! more is computed at a time than there are cores, and no thread that waits for its parts ever works on another node:
//! a node holds its lock no longer than it needs, and its seconds are its own.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A fixed number of cores.
#[derive(Debug)]
pub struct Cores {
    free: Mutex<usize>,
    freed: Condvar,
    pool: rayon::ThreadPool,
}

/// A core that is held until this is dropped.
#[derive(Debug)]
struct Core<'a>(&'a Cores);

impl Cores {
    /// So many cores, at least one.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(count: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = count.max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).stack_size(STACK).build()?;
        Ok(Self { free: Mutex::new(count), freed: Condvar::new(), pool })
    }

    /// Computes something while it holds a core, once one is free.
    pub fn hold<T>(&self, compute: impl FnOnce() -> T) -> T {
        let _core = self.take();
        compute()
    }

    /// For a thread that holds a core: lends it to `parallel`, which runs in the pool, and takes one again afterwards.
    pub fn lend<T: Send>(&self, parallel: impl FnOnce() -> T + Send) -> T {
        drop(Core(self));
        let value = self.pool.install(parallel);
        std::mem::forget(self.take());
        value
    }

    fn take(&self) -> Core<'_> {
        let mut free = self.free();
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Core(self)
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Enough for the deepest expression that the language allows, in every thread that may meet one.
pub const STACK: usize = 16 << 20;

impl Drop for Core<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_is_computed_at_a_time_than_there_are_cores() {
        let cores = Cores::new(2).expect("threads");
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(2));
            busy.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    cores.hold(|| {
                        work();
                        cores.lend(|| (0..8).into_par_iter().for_each(|_| cores.hold(work)));
                        work();
                    });
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert_eq!(*cores.free(), 2);
    }
}
