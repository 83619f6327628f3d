//! The trace of one play.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};
use monolith_training::session::Session;

use super::state_files::StateFiles;
use crate::wire::events::{Event, ThreadFate, TimedEvent};

/// Writes down events as `docs/trace-format.md` says.
///
/// The mutex is held for one event and what is looked at with it.
pub(crate) struct Recorder {
    clock: VirtualClock,
    model_dir: String,
    state: Mutex<State>,
}

struct State {
    files: StateFiles,
    events: Vec<TimedEvent>,
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
            state: Mutex::new(State {
                files: StateFiles::new(model_dir),
                events: Vec::new(),
                open: None,
                blocked: Vec::new(),
            }),
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
    pub(crate) fn record(&self, event: Event) {
        self.record_on(&self.clock.label(), event);
    }

    /// Records an event on a lane.
    pub(crate) fn record_on(&self, lane: &str, event: Event) {
        self.look_on(lane);
        let (ms, lane) = (self.clock.now_ms(), lane.to_owned());
        self.state().events.push(TimedEvent { ms, lane, event });
    }

    /// Records that this error left the session, or a worker's step.
    pub(crate) fn raised(&self, error: &Error) {
        self.record(Event::Raised {
            error: error.kind().to_string(),
            message: self.message_of(error),
        });
    }

    /// The message of an error, without this play's own path.
    pub(crate) fn message_of(&self, error: &Error) -> String {
        error.message().replace(&self.model_dir, "<model_dir>")
    }

    pub(crate) fn take_events(&self) -> Vec<TimedEvent> {
        std::mem::take(&mut self.state().events)
    }

    fn look(&self) {
        self.look_on(&self.clock.label());
    }

    fn look_on(&self, lane: &str) {
        let ms = self.clock.now_ms();
        let mut state = self.state();
        let changes = state.files.changes();
        let changes = changes.into_iter().map(|event| TimedEvent {
            ms,
            lane: lane.to_owned(),
            event,
        });
        state.events.extend(changes);
        let look = state.open.as_ref();
        let look = look.map(|(barrier_op, session)| barrier_op.get_blocked_indices(session));
        // A session that is closed and not yet replaced can't be looked at.
        let Some(Ok(blocked)) = look else {
            return;
        };
        if blocked != state.blocked {
            state.blocked.clone_from(&blocked);
            state.events.push(TimedEvent {
                ms,
                lane: lane.to_owned(),
                event: Event::Barrier { blocked },
            });
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
        let fate = match error {
            Some(_) => ThreadFate::Died,
            None => ThreadFate::Returned,
        };
        let thread = label.to_owned();
        self.record_on(
            label,
            Event::Thread {
                thread,
                fate,
                error,
            },
        );
    }
}
