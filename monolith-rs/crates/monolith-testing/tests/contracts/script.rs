//! Every kind of error, and a save whose steps fail as was planned.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::Files;
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, Graph, MonitoredSession, Session, SessionRunHook,
};
use tempfile::TempDir;
use tracing::Level;

use crate::records::records;

/// Every kind of error that there is.
pub(crate) const ALL: [ErrorKind; 27] = [
    ErrorKind::CancelledError,
    ErrorKind::UnknownError,
    ErrorKind::InvalidArgumentError,
    ErrorKind::DeadlineExceededError,
    ErrorKind::NotFoundError,
    ErrorKind::AlreadyExistsError,
    ErrorKind::PermissionDeniedError,
    ErrorKind::ResourceExhaustedError,
    ErrorKind::FailedPreconditionError,
    ErrorKind::AbortedError,
    ErrorKind::OutOfRangeError,
    ErrorKind::UnimplementedError,
    ErrorKind::InternalError,
    ErrorKind::UnavailableError,
    ErrorKind::DataLossError,
    ErrorKind::UnauthenticatedError,
    ErrorKind::BarrierAlreadyPlacedError,
    ErrorKind::DecodeError,
    ErrorKind::AttributeError,
    ErrorKind::RuntimeError,
    ErrorKind::TypeError,
    ErrorKind::UnicodeDecodeError,
    ErrorKind::ValueError,
    ErrorKind::GaiError,
    ErrorKind::StopIteration,
    ErrorKind::KeyboardInterrupt,
    ErrorKind::SystemExit,
];

/// What `except Exception` doesn't catch.
pub(crate) const LEAVING: [ErrorKind; 2] = [ErrorKind::KeyboardInterrupt, ErrorKind::SystemExit];

pub(crate) fn op_errors() -> impl Iterator<Item = ErrorKind> {
    ALL[..16].iter().copied()
}

pub(crate) fn other_errors() -> impl Iterator<Item = ErrorKind> {
    ALL[16..].iter().copied()
}

pub(crate) fn exceptions() -> impl Iterator<Item = ErrorKind> {
    ALL.into_iter().filter(|kind| !LEAVING.contains(kind))
}

/// A listener, a saver and files whose calls are written down, and fail as was planned.
#[derive(Debug, Default)]
pub(crate) struct Script {
    calls: Mutex<Vec<String>>,
    planned: Mutex<(String, VecDeque<Error>)>,
}

impl Script {
    /// The next calls from this place fail with these; the list of calls begins anew.
    pub(crate) fn plan(&self, place: &str, errors: &[Error]) {
        self.calls.lock().unwrap().clear();
        *self.planned.lock().unwrap() = (place.to_owned(), errors.iter().cloned().collect());
    }

    pub(crate) fn called(&self, place: &str) -> Result<()> {
        self.calls.lock().unwrap().push(place.to_owned());
        self.fails(place)
    }

    pub(crate) fn fails(&self, place: &str) -> Result<()> {
        let mut planned = self.planned.lock().unwrap();
        let error = (planned.0 == place).then(|| planned.1.pop_front());
        error.flatten().map_or(Ok(()), Err)
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl CheckpointSaverListener for Script {
    fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.called("before")
    }

    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.called("after").map(|()| false)
    }
}

impl Saver for Script {
    fn save(&self, _: &Session, _: &Path, _: &str, _: i64) -> Result<()> {
        self.called("write")
    }
}

/// A guard that writes down into a script, and fails as that says.
#[derive(Debug)]
pub(crate) struct Guard(Arc<Script>, &'static str);

impl CheckpointSaverListener for Guard {
    fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.0.called(&format!("{} before", self.1))
    }

    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.0.called(&format!("{} after", self.1)).map(|()| true)
    }
}

pub(crate) const TRY: [&str; 3] = ["before", "write", "after"];
pub(crate) const ENTER: [&str; 2] = ["first before", "second before"];
pub(crate) const LEAVE: [&str; 2] = ["second after", "first after"];

/// The calls of an attempt that fails there.
pub(crate) fn attempt(place: &str) -> &'static [&'static str] {
    let end = TRY.iter().position(|it| *it == place).unwrap();
    &TRY[..=end]
}

/// The calls of a save with these attempts.
pub(crate) fn guarded(attempts: &[&[&'static str]]) -> Vec<&'static str> {
    [&ENTER, &*attempts.concat(), &LEAVE].concat()
}

/// A saver hook that a script listens to and writes for, and a session.
pub(crate) struct Saving {
    pub(crate) dir: TempDir,
    pub(crate) graph: Arc<Graph>,
    pub(crate) script: Arc<Script>,
    pub(crate) hook: Arc<NoFirstSaveCheckpointSaverHook>,
    pub(crate) session: Arc<Session>,
}

impl Saving {
    pub(crate) fn new(change: impl FnOnce(&mut SaverOptions)) -> Self {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let (script, session) = (Arc::<Script>::default(), Session::new(&graph, 0).unwrap());
        let mut options = SaverOptions::new(Every::Steps(1));
        options.listeners = vec![script.clone()];
        options.guard_saver_listeners = vec![
            Arc::new(Guard(Arc::clone(&script), "first")),
            Arc::new(Guard(Arc::clone(&script), "second")),
        ];
        let planned = Arc::clone(&script);
        options.files = Files::checked_by(move |operation, path| {
            if path.ends_with("monolith_checkpoint") {
                return planned.fails(&format!("{operation:?}"));
            }
            Ok(())
        });
        change(&mut options);
        let clock = Arc::new(SystemClock);
        let saver = Arc::clone(&script) as Arc<dyn Saver>;
        let hook = NoFirstSaveCheckpointSaverHook::new(&graph, clock, dir.path(), saver, options);
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        Self {
            dir,
            graph,
            script,
            hook: Arc::new(hook),
            session,
        }
    }

    pub(crate) fn save(&self, ignore: bool) -> Result<()> {
        self.hook.trigger_save(&self.session, ignore)
    }

    /// Saves; what comes of it, and how many ERROR records.
    pub(crate) fn logged(&self, ignore: bool) -> (Result<()>, usize) {
        let (outcome, logged) = records(Level::ERROR, || self.save(ignore));
        (outcome, logged.len())
    }
}

pub(crate) fn numbered(kind: ErrorKind) -> [Error; 3] {
    ["0", "1", "2"].map(|message| Error::new(kind, message))
}

/// A monitored session of a saver hook, in which a step is run.
pub(crate) struct Stepped(pub(crate) Mutex<MonitoredSession>);

impl Stepped {
    pub(crate) fn new(saving: &Saving) -> Self {
        let creator = ChiefSessionCreator::new(Arc::clone(&saving.graph), None);
        let hooks: Hooks = vec![saving.hook.clone()];
        let clock = Arc::new(SystemClock);
        let session = MonitoredSession::new(Recovery::Leaves, Box::new(creator), hooks, clock);
        Self(Mutex::new(session.unwrap()))
    }

    pub(crate) fn run(&self) -> Result<()> {
        self.0.lock().unwrap().run(Session::train_step).map(drop)
    }
}
