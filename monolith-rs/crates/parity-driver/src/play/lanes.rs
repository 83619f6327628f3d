//! Lanes beside main that a step starts: background steps and branches.

use std::sync::{Arc, Mutex};

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::clock::{Thread, relock};

/// A lane beside main, and the reason if its step can't be played.
pub(super) struct Lane<E> {
    thread: Arc<Thread>,
    outcome: Arc<Mutex<Result<(), E>>>,
}

impl<E: Send + 'static> Lane<E> {
    /// Starts a lane, which runs when main gives way.
    ///
    /// Lanes that are started at one instant with the same `twin` do the same.
    pub(super) fn start(
        clock: &VirtualClock,
        label: &str,
        twin: Option<String>,
        body: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> Self {
        let outcome = Arc::new(Mutex::new(Ok(())));
        let own = Arc::clone(&outcome);
        let body = move || {
            let result = body();
            *relock(&own) = result;
        };
        let thread = match twin {
            Some(twin) => clock.start_twin(label, twin, body),
            None => clock.start_lane(label, body),
        };
        Self { thread, outcome }
    }
}

/// Waits until all lanes have ended, and returns the first error.
pub(super) fn wait_for<E: Clone>(clock: &VirtualClock, lanes: &[Lane<E>]) -> Result<(), E> {
    let threads: Vec<_> = lanes.iter().map(|lane| Arc::clone(&lane.thread)).collect();
    clock.wait_until(move || !threads.iter().any(|thread| thread.is_alive()));
    lanes
        .iter()
        .try_for_each(|lane| relock(&lane.outcome).clone())
}
