//! A thread as clocks and coordinators know it, and what every clock needs beside:
//! its mutexes poisoned or not, and the text of a panic.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A thread that a clock started: its name and whether it has ended.
#[derive(Debug)]
pub struct Thread {
    name: String,
    alive: Mutex<bool>,
    ended: Condvar,
}

impl Thread {
    /// A thread that counts as running from now on.
    pub fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            alive: Mutex::new(true),
            ended: Condvar::new(),
        })
    }

    /// The name it was started with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is still running.
    pub fn is_alive(&self) -> bool {
        *relock(&self.alive)
    }

    /// Marks it as ended, and wakes whoever waits for that.
    pub fn end(&self) {
        *relock(&self.alive) = false;
        self.ended.notify_all();
    }

    pub(super) fn wait_until(&self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now());
        let alive = relock(&self.alive);
        drop(self.ended.wait_timeout_while(alive, left, |alive| *alive));
    }
}

/// Takes a mutex whose holders never leave it half-changed, poisoned or not.
pub fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The message of a panic, if it has one.
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
