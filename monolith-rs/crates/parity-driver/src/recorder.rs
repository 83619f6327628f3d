//! Recorder of the trace of one play.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};

use crate::state_files::StateFiles;
use crate::wire::events::{Event, ThreadFate, TimedEvent};

/// Recorder of events in the format of `docs/trace-format.md`.
///
/// The mutex is held while one event is recorded and the state before it is observed.
pub struct Recorder {
    clock: VirtualClock,
    model_dir: String,
    state: Mutex<State>,
}

struct State {
    files: StateFiles,
    events: Vec<TimedEvent>,
    /// The observer of the barrier, while a session is open.
    look: Option<Box<Look>>,
    blocked: Vec<usize>,
}

/// Function that returns the barrier's set indices, ascending; `None` while they can't be read.
type Look = dyn Fn() -> Option<Vec<usize>> + Send;

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Creates a recorder, which writes the path of `model_dir` as `<model_dir>`.
    pub(crate) fn new(clock: VirtualClock, model_dir: &Path) -> Self {
        Self {
            clock,
            model_dir: model_dir.display().to_string(),
            state: Mutex::new(State {
                files: StateFiles::new(model_dir),
                events: Vec::new(),
                look: None,
                blocked: Vec::new(),
            }),
        }
    }

    /// Starts observing the barrier of a new session.
    ///
    /// The recorder calls `look` just before it records any event, and whenever a lane gives way.
    /// `look` returns the set indices, ascending, or `None` while there is no session. It must not
    /// wait.
    pub fn open(&self, look: impl Fn() -> Option<Vec<usize>> + Send + 'static) {
        self.state().look = Some(Box::new(look));
    }

    /// Observes the barrier for the last time in this session.
    ///
    /// Called when every hook's `end` has been called, or when an exception leaves the session.
    pub fn close(&self) {
        self.look();
        self.state().look = None;
    }

    /// Records an event of the lane that has the turn.
    ///
    /// # Panics
    ///
    /// Panics if the calling thread is no lane, that is, if [`Clock`](crate::clock::Clock) didn't
    /// start it. The play then fails as well.
    #[track_caller]
    pub fn record(&self, event: Event) {
        self.record_on(&self.clock.label(), event);
    }

    /// Records an event on the given lane.
    pub fn record_on(&self, lane: &str, event: Event) {
        self.look_on(lane);
        let (ms, lane) = (self.clock.now_ms(), lane.to_owned());
        self.state().events.push(TimedEvent { ms, lane, event });
    }

    /// Records that an error left the session or a worker's step.
    pub(crate) fn raised(&self, error: &Error) {
        self.record(Event::Raised {
            error: error.kind().to_string(),
            message: self.message_of(error),
        });
    }

    /// Returns the message of an error, without the path of this play's model directory.
    pub fn message_of(&self, error: &Error) -> String {
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
        // A session that is closed and not yet replaced can't be observed.
        let Some(blocked) = state.look.as_ref().and_then(|look| look()) else {
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
