//! The trace of one play.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};

use crate::state_files::StateFiles;
use crate::wire::events::{Event, ThreadFate, TimedEvent};

/// Writes down events as `docs/trace-format.md` says.
///
/// The mutex is held for one event and what is looked at with it.
pub struct Recorder {
    clock: VirtualClock,
    model_dir: String,
    state: Mutex<State>,
}

struct State {
    files: StateFiles,
    events: Vec<TimedEvent>,
    /// How the barrier is looked at, while it may be.
    look: Option<Box<Look>>,
    blocked: Vec<usize>,
}

/// The indices of the barrier that are set, ascending; nothing while they can't be looked at.
type Look = dyn Fn() -> Option<Vec<usize>> + Send;

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
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
                look: None,
                blocked: Vec::new(),
            }),
        }
    }

    /// Has the barrier of a session that was created looked at like this from now on: just before
    /// any event is recorded, and whenever a lane gives way.
    ///
    /// `look` gives the indices that are set, ascending, or nothing while there is no session. It
    /// must not wait.
    pub fn open(&self, look: impl Fn() -> Option<Vec<usize>> + Send + 'static) {
        self.state().look = Some(Box::new(look));
    }

    /// Looks for the last time in this session: the ends of all hooks were called, or an exception
    /// leaves it.
    pub fn close(&self) {
        self.look();
        self.state().look = None;
    }

    /// Records an event of the lane that has the turn.
    ///
    /// # Panics
    ///
    /// The thread that calls is no lane: [`Clock`](crate::clock::Clock) didn't start it. The play
    /// then fails as well.
    #[track_caller]
    pub fn record(&self, event: Event) {
        self.record_on(&self.clock.label(), event);
    }

    /// Records an event on a lane.
    pub fn record_on(&self, lane: &str, event: Event) {
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
        // A session that is closed and not yet replaced can't be looked at.
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
