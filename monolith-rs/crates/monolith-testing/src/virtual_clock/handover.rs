//! Requests over real sockets, which know nothing of virtual time.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::schedule::{Condition, LaneId, Park};
use super::{Shared, State, VirtualClock};
use monolith_training::clock::relock;

/// A request on its way from a lane to a handler pool.
pub(super) struct Handover {
    pub(super) client_label: String,
    pub(super) handler: Option<LaneId>,
}

impl VirtualClock {
    /// Hands a request over to a server and returns its result.
    ///
    /// `send` starts the request over a real socket and arranges for its result to reach the
    /// [`Reply`]. The lane keeps the turn until a handler has the request, then parks until that
    /// handler has ended. It parks for at most `deadline` from now; after that it returns `None`.
    /// A handler that has begun isn't told and runs on; one that still waits for a worker ends
    /// without doing anything.
    pub fn call<T>(&self, deadline: Option<Duration>, send: impl FnOnce(Reply<T>)) -> Option<T> {
        let deadline = deadline.map(|deadline| self.after(deadline));
        let slot = Arc::new(Mutex::new(None));
        let client_label = self.label();
        relock(&self.shared.state).handover = Some(Handover {
            client_label,
            handler: None,
        });
        send(Reply {
            slot: Arc::clone(&slot),
            shared: Arc::clone(&self.shared),
        });
        let accepted_or_answered = |state: &mut State| {
            let handler = state.handover.as_ref().and_then(|at| at.handler);
            handler.is_none() && relock(&slot).is_none()
        };
        self.shared.wait_while(accepted_or_answered);
        let handover = relock(&self.shared.state).handover.take();
        if let Some(handler) = handover.and_then(|handover| handover.handler) {
            self.park(Park::until(deadline, Condition::LaneEnded(handler)));
            if self.gives_up(handler) {
                return None;
            }
            self.shared.wait_while(|_| relock(&slot).is_none());
        }
        match relock(&slot).take() {
            Some(result) => Some(result),
            None => unreachable!("waited until the reply was there"),
        }
    }

    /// Returns whether the client gave up, that is, whether the handler hasn't ended.
    fn gives_up(&self, handler: LaneId) -> bool {
        let mut state = relock(&self.shared.state);
        if state.schedule.has_ended(handler) {
            return false;
        }
        if state.schedule.waits_for_a_worker(handler) {
            // When a server hears of it depends on real time, so this doesn't rely on the server.
            state.abandoned.insert(handler);
        }
        true
    }
}

/// The destination of a request's result.
pub struct Reply<T> {
    slot: Arc<Mutex<Option<T>>>,
    shared: Arc<Shared>,
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

impl<T> Reply<T> {
    /// Delivers the result to the waiting lane.
    pub fn send(self, result: T) {
        *relock(&self.slot) = Some(result);
        // Taking the state's mutex ensures that the waiter can't miss the notification.
        drop(relock(&self.shared.state));
        self.shared.changed.notify_all();
    }
}
