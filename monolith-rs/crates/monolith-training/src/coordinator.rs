//! Asking threads to stop and waiting until they have.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::thread::{Thread, relock};

/// Tells the threads that it knows of to stop, and waits for them.
///
/// One belongs to each session that is created. Its mutexes guard single values
/// and are never held across a call out of this module.
#[derive(Debug, Default)]
pub struct Coordinator {
    stop: Mutex<bool>,
    stopped: Condvar,
    threads: Mutex<Vec<Arc<Thread>>>,
}

impl Coordinator {
    /// A coordinator that nobody has asked to stop.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// From now on [`should_stop`](Self::should_stop) is true.
    pub fn request_stop(&self) {
        *relock(&self.stop) = true;
        self.stopped.notify_all();
    }

    /// Whether a stop was requested.
    pub fn should_stop(&self) -> bool {
        *relock(&self.stop)
    }

    /// Waits in real time for a requested stop, `timeout` at most.
    ///
    /// Hooks ask their [`Clock`](crate::clock::Clock) instead.
    pub fn wait_for_stop(&self, timeout: Option<Duration>) -> bool {
        let stop = relock(&self.stop);
        match timeout {
            None => *self
                .stopped
                .wait_while(stop, |stop| !*stop)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                *self
                    .stopped
                    .wait_timeout_while(stop, timeout, |stop| !*stop)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        }
    }

    /// Has [`join`](Self::join) wait for this thread.
    pub fn register_thread(&self, thread: Arc<Thread>) {
        relock(&self.threads).push(thread);
    }

    /// Has `wait` wait for the registered threads, unless all have ended.
    ///
    /// How is for the clock to say. Threads that are still alive then are logged and
    /// forgotten.
    pub fn join(&self, wait: impl FnOnce(&[Arc<Thread>])) {
        let threads = std::mem::take(&mut *relock(&self.threads));
        if threads.iter().any(|thread| thread.is_alive()) {
            wait(&threads);
        }
        let stragglers: Vec<&str> = threads
            .iter()
            .filter(|thread| thread.is_alive())
            .map(|thread| thread.name())
            .collect();
        if !stragglers.is_empty() {
            tracing::info!(
                "Coordinator stopped with threads still running: {}",
                stragglers.join(" ")
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn a_requested_stop_is_seen_at_once() {
        let coord = Coordinator::new();
        assert!(!coord.wait_for_stop(Some(Duration::ZERO)));
        coord.request_stop();
        assert!(coord.should_stop());
        assert!(coord.wait_for_stop(None));
    }

    #[test]
    fn join_waits_for_registered_threads() {
        let coord = Coordinator::new();
        let clock = SystemClock;
        let waiting = Arc::clone(&coord);
        let thread = clock.start_thread(
            "waits",
            Some(&coord),
            Box::new(move || {
                waiting.wait_for_stop(None);
                Ok(())
            }),
        );
        let thread = thread.unwrap();
        assert!(thread.is_alive());
        coord.request_stop();
        coord.join(|threads| clock.join(threads, Duration::from_secs(120)));
        assert!(!thread.is_alive());
    }
}
