//! Time as a port: how hooks wait, start threads, take locks and serve RPCs.
//!
//! Nothing else in this crate sleeps, reads the time, starts a thread that runs
//! its code, or makes a lock that is held over a wait. [`SystemClock`] is the
//! machine's own; the crate `monolith-testing` has the other implementation,
//! under which a whole run is played at once and repeats itself exactly.

mod system;
pub(crate) mod thread;

use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub use self::system::SystemClock;
pub use self::thread::{Thread, panic_text, relock};

use crate::coordinator::Coordinator;
use crate::errors::Error;

/// What a thread runs; an error that leaves it is its death.
pub type Target = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// One request's handler, ready to run.
pub type Job = Box<dyn FnOnce() + Send>;

/// What the hooks need of time and threads.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time since this clock's own epoch.
    fn now(&self) -> Duration;

    /// Lets this much time pass for the calling thread.
    fn sleep(&self, time: Duration);

    /// Waits until `coord` is asked to stop; false if `timeout` passes first.
    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool;

    /// Waits until all of these threads have ended, `grace` at most.
    fn join(&self, threads: &[Arc<Thread>], grace: Duration);

    /// Starts a thread, registered with `coord` first where one is given.
    ///
    /// Nobody waits for it but the coordinator. An error that leaves `target`
    /// ends the thread and reaches only the log (a virtual clock keeps it as
    /// the thread's fate), and so does a panic. Where the system makes no more threads it is a
    /// `RuntimeError`, as in Python.
    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>, Error>;

    /// Whether a panic with this payload is how this clock ends a thread, as a virtual one does
    /// with those that are left at the end of a play. Whoever catches the panics of something
    /// that may wait resumes such a one.
    fn ends_thread_by(&self, _payload: &(dyn Any + Send)) -> bool {
        false
    }

    /// What a new [`Lock`] is made on.
    fn raw_lock(&self) -> Box<dyn RawLock>;

    /// Where a server runs its handlers, `workers` at a time, the rest in a queue.
    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool>;
}

/// Mutual exclusion, not reentrant, whose waiting the clock knows about.
pub trait RawLock: fmt::Debug + Send + Sync {
    /// Returns once the lock is the caller's.
    fn acquire(&self);

    /// Gives it back; only its holder may.
    fn release(&self);
}

/// Runs handlers; shared by all connections of a server.
pub trait HandlerPool: fmt::Debug + Send + Sync {
    /// Runs the job as soon as a worker is free, in order of submission. Never blocks. A
    /// job that panics is logged, and its worker is free again. Where the system makes no
    /// thread at all for it, the job is dropped.
    fn submit(&self, job: Job);
}

/// A value behind a lock that may be held while time passes.
///
/// A `std::sync::Mutex` is for state that nobody holds across a call into the
/// clock; this one is for the other kind. Leaving a scope by an error or by
/// unwinding frees it, and the value is never poisoned: every holder leaves the
/// value whole before it calls anything that can fail.
#[derive(Debug)]
pub struct Lock<T> {
    raw: Box<dyn RawLock>,
    value: Mutex<T>,
}

impl<T> Lock<T> {
    /// A free lock on `clock`.
    pub fn new(clock: &dyn Clock, value: T) -> Self {
        Self {
            raw: clock.raw_lock(),
            value: Mutex::new(value),
        }
    }

    /// Waits, in the clock's sense, until the lock is free, and takes it.
    pub fn lock(&self) -> LockGuard<'_, T> {
        self.raw.acquire();
        LockGuard {
            value: Some(relock(&self.value)),
            raw: &*self.raw,
        }
    }
}

/// Holds a [`Lock`] until it is dropped.
#[derive(Debug)]
pub struct LockGuard<'a, T> {
    value: Option<MutexGuard<'a, T>>,
    raw: &'a dyn RawLock,
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => unreachable!("the value is taken by drop alone"),
        }
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.value {
            Some(value) => value,
            None => unreachable!("the value is taken by drop alone"),
        }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        self.value = None;
        self.raw.release();
    }
}
