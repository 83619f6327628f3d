//! Lanes beside main that a step starts: calls in the background, and branches.

use std::sync::{Arc, Mutex};

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::clock::{Thread, relock};

/// A lane beside main, and why what it does can't be played.
pub(super) struct Lane<E> {
    thread: Arc<Thread>,
    outcome: Arc<Mutex<Result<(), E>>>,
}

impl<E: Send + 'static> Lane<E> {
    /// Starts it; it runs when main gives way. Lanes that are started at one instant
    /// with the same `twin` do the same.
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

/// Waits until all have ended; the first reason, if one can't be played.
pub(super) fn wait_for<E: Clone>(clock: &VirtualClock, lanes: &[Lane<E>]) -> Result<(), E> {
    let threads: Vec<_> = lanes.iter().map(|lane| Arc::clone(&lane.thread)).collect();
    clock.wait_until(move || !threads.iter().any(|thread| thread.is_alive()));
    lanes
        .iter()
        .try_for_each(|lane| relock(&lane.outcome).clone())
}
