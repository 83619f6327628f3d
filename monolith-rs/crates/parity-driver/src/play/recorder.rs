//! The trace of one play.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};
use monolith_training::session::Session;
use serde_json::{Value, json};

/// Writes down events as `docs/trace-format.md` says.
///
/// The mutex is held for one event and what is looked at with it.
pub(crate) struct Recorder {
    clock: VirtualClock,
    model_dir: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: Vec<Value>,
    /// The barrier, and the chief's session while it may be looked at.
    open: Option<(Arc<BarrierOp>, Arc<Session>)>,
    blocked: Vec<usize>,
}

impl Recorder {
    /// In what is recorded the path of `model_dir` is `<model_dir>`.
    pub(crate) fn new(clock: VirtualClock, model_dir: &Path) -> Self {
        Self {
            clock,
            model_dir: model_dir.display().to_string(),
            state: Mutex::default(),
        }
    }

    /// The session in which this barrier is looked at from now on.
    pub(crate) fn open(&self, barrier_op: &Arc<BarrierOp>, session: &Arc<Session>) {
        self.state().open = Some((Arc::clone(barrier_op), Arc::clone(session)));
    }

    /// Looks for the last time in this session.
    pub(crate) fn close(&self) {
        self.look();
        self.state().open = None;
    }

    /// Records an event of the lane that has the turn.
    pub(crate) fn record(&self, kind: &str, fields: Value) {
        self.record_on(&self.clock.label(), kind, fields);
    }

    /// Records an event on a lane.
    pub(crate) fn record_on(&self, lane: &str, kind: &str, mut fields: Value) {
        self.look_on(lane);
        fields["kind"] = kind.into();
        fields["lane"] = lane.into();
        fields["ms"] = self.clock.now_ms().into();
        self.state().events.push(fields);
    }

    /// Records that this error left the session, or a worker's step.
    pub(crate) fn raised(&self, error: &Error) {
        self.record("raised", self.error_fields(error));
    }

    /// The name of an error, and its message without this play's own path.
    pub(crate) fn error_fields(&self, error: &Error) -> Value {
        let message = error.message().replace(&self.model_dir, "<model_dir>");
        json!({"error": error.kind().to_string(), "message": message})
    }

    pub(crate) fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut self.state().events)
    }

    fn look(&self) {
        self.look_on(&self.clock.label());
    }

    fn look_on(&self, lane: &str) {
        let ms = self.clock.now_ms();
        let mut state = self.state();
        let look = state.open.as_ref();
        let look = look.map(|(barrier_op, session)| barrier_op.get_blocked_indices(session));
        // A session that is closed and not yet replaced can't be looked at.
        let Some(Ok(blocked)) = look else {
            return;
        };
        if blocked != state.blocked {
            let event = json!({"kind": "barrier", "lane": lane, "ms": ms, "blocked": blocked});
            state.events.push(event);
            state.blocked = blocked;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        relock(&self.state)
    }
}

impl Watcher for Recorder {
    fn gives_way(&self) {
        self.look();
    }

    fn thread_ended(&self, label: &str, outcome: &Result<()>) {
        let error = outcome.as_ref().err().map(|error| error.kind().to_string());
        let fate = if error.is_some() { "died" } else { "returned" };
        let fields = json!({"thread": label, "fate": fate, "error": error});
        self.record_on(label, "thread", fields);
    }
}
