//! A clock that holds sleepers until they are released.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use monolith_training::clock::{Clock, HandlerPool, RawLock, SystemClock, Target, Thread, relock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Result;

/// The system clock, except that a sleep lasts until all sleepers are let go.
///
/// `state` is locked only for a moment; `changed` signals each change of it.
#[derive(Debug, Default)]
pub(super) struct HoldingClock {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: usize,
    let_go: bool,
}

impl HoldingClock {
    /// Waits until this many threads sleep, and returns whether they do.
    pub(super) fn wait_for(&self, sleepers: usize, patience: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), patience, |state| state.held < sleepers);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.held >= sleepers
    }

    /// Returns the number of sleeping threads.
    pub(super) fn held(&self) -> usize {
        self.state().held
    }

    /// Ends every sleep; later ones end at once.
    pub(super) fn let_go(&self) {
        self.state().let_go = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        relock(&self.state)
    }
}

impl Clock for HoldingClock {
    fn sleep(&self, _: Duration) {
        let mut state = self.state();
        state.held += 1;
        self.changed.notify_all();
        let held = self.changed.wait_while(state, |state| !state.let_go);
        held.unwrap_or_else(PoisonError::into_inner).held -= 1;
    }

    fn now(&self) -> Duration {
        SystemClock.now()
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        SystemClock.wait_for_stop(coord, timeout)
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        SystemClock.join(threads, grace);
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        SystemClock.start_thread(name, coord, target)
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        SystemClock.raw_lock()
    }

    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool> {
        SystemClock.handler_pool(workers, name)
    }
}
