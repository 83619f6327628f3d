//! Every error in every place of a save: who is tried again, who is swallowed, who leaves.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::Files;
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions,
    SaverProcessFlags,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, Graph, MonitoredSession, Session, SessionRunHook,
};
use tempfile::TempDir;

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
const LEAVING: [ErrorKind; 2] = [ErrorKind::KeyboardInterrupt, ErrorKind::SystemExit];

fn op_errors() -> impl Iterator<Item = ErrorKind> {
    ALL[..16].iter().copied()
}

fn other_errors() -> impl Iterator<Item = ErrorKind> {
    ALL[16..].iter().copied()
}

pub(crate) fn exceptions() -> impl Iterator<Item = ErrorKind> {
    ALL.into_iter().filter(|kind| !LEAVING.contains(kind))
}

/// A listener, a saver and files whose calls are written down, and fail as was planned.
#[derive(Debug, Default)]
struct Script {
    calls: Mutex<Vec<String>>,
    planned: Mutex<(String, VecDeque<Error>)>,
}

impl Script {
    /// The next calls from this place fail with these; the list of calls begins anew.
    fn plan(&self, place: &str, errors: &[Error]) {
        self.calls.lock().unwrap().clear();
        *self.planned.lock().unwrap() = (place.to_owned(), errors.iter().cloned().collect());
    }

    fn called(&self, place: &str) -> Result<()> {
        self.calls.lock().unwrap().push(place.to_owned());
        self.fails(place)
    }

    fn fails(&self, place: &str) -> Result<()> {
        let mut planned = self.planned.lock().unwrap();
        let error = (planned.0 == place).then(|| planned.1.pop_front());
        error.flatten().map_or(Ok(()), Err)
    }

    fn calls(&self) -> Vec<String> {
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
struct Guard(Arc<Script>, &'static str);

impl CheckpointSaverListener for Guard {
    fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.0.called(&format!("{} before", self.1))
    }

    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.0.called(&format!("{} after", self.1)).map(|()| true)
    }
}

const TRY: [&str; 3] = ["before", "write", "after"];
const ENTER: [&str; 2] = ["first before", "second before"];
const LEAVE: [&str; 2] = ["second after", "first after"];

/// The calls of an attempt that fails there.
fn attempt(place: &str) -> &'static [&'static str] {
    let end = TRY.iter().position(|it| *it == place).unwrap();
    &TRY[..=end]
}

/// The calls of a save with these attempts.
fn guarded(attempts: &[&[&'static str]]) -> Vec<&'static str> {
    [&ENTER, &*attempts.concat(), &LEAVE].concat()
}

/// A saver hook that a script listens to and writes for, and a session.
struct Saving {
    dir: TempDir,
    graph: Arc<Graph>,
    script: Arc<Script>,
    hook: Arc<NoFirstSaveCheckpointSaverHook>,
    session: Arc<Session>,
}

impl Saving {
    fn new(change: impl FnOnce(&mut SaverOptions)) -> Self {
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

    fn save(&self, ignore: bool) -> Result<()> {
        self.hook.trigger_save(&self.session, ignore)
    }
}

fn numbered(kind: ErrorKind) -> [Error; 3] {
    ["0", "1", "2"].map(|message| Error::new(kind, message))
}

#[test]
fn an_op_error_is_tried_once_more_and_then_raised_or_ignored() {
    let saving = Saving::new(|_| {});
    for place in TRY {
        for kind in op_errors() {
            let errors = numbered(kind);
            for ignore in [false, true] {
                saving.script.plan(place, &errors[..1]);
                assert_eq!(saving.save(ignore), Ok(()));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place), &TRY]));
                saving.script.plan(place, &errors);
                let raised = if ignore {
                    Ok(())
                } else {
                    Err(errors[1].clone())
                };
                assert_eq!(saving.save(ignore), raised);
                assert_eq!(saving.script.calls(), guarded(&[attempt(place); 2]));
            }
        }
    }
}

#[test]
fn any_other_error_is_neither_tried_again_nor_ignored() {
    let saving = Saving::new(|_| {});
    for place in TRY {
        for kind in other_errors() {
            let error = Error::new(kind, "other");
            for ignore in [false, true] {
                saving.script.plan(place, std::slice::from_ref(&error));
                assert_eq!(saving.save(ignore), Err(error.clone()));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place)]));
                let first = Error::new(ErrorKind::CancelledError, "first");
                saving.script.plan(place, &[first, error.clone()]);
                assert_eq!(saving.save(ignore), Err(error.clone()));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place); 2]));
            }
        }
    }
}

#[test]
fn what_a_guard_raises_goes_no_further() {
    let saving = Saving::new(|_| {});
    for place in [ENTER, LEAVE].concat() {
        for kind in ALL {
            let error = Error::new(kind, "guard");
            saving.script.plan(place, std::slice::from_ref(&error));
            if LEAVING.contains(&kind) {
                assert_eq!(saving.save(false), Err(error));
            } else {
                assert_eq!(saving.save(false), Ok(()));
                assert_eq!(saving.script.calls(), guarded(&[&TRY]));
            }
        }
    }
}

#[test]
fn a_state_file_that_cannot_be_written_is_a_failed_try() {
    let saving = Saving::new(|_| {});
    for place in ["Write", "Rename"] {
        for kind in ALL {
            let errors = numbered(kind);
            let (raised, tries) = if kind.is_op_error() {
                (errors[1].clone(), &[&TRY[..]; 2][..])
            } else {
                (errors[0].clone(), &[&TRY[..]; 1][..])
            };
            saving.script.plan(place, &errors);
            assert_eq!(saving.save(false), Err(raised));
            assert_eq!(saving.script.calls(), guarded(tries));
            saving.script.plan(place, &errors[..1]);
            assert_eq!(saving.save(false).is_ok(), kind.is_op_error());
        }
    }
}

#[test]
fn a_state_that_cannot_be_read_is_none_and_any_other_error_leaves() {
    let saving = Saving::new(|_| {});
    let file = saving.dir.path().join("monolith_checkpoint");
    for kind in ALL {
        std::fs::write(&file, "builtin_hash_table_type: UNKNOWN").unwrap();
        let errors = numbered(kind);
        saving.script.plan("Read", &errors);
        let outcome = saving.save(false);
        if kind.is_op_error() {
            assert_eq!(outcome, Ok(()));
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.ends_with("builtin_hash_table_type: CUCKOO_HASH_MAP\n"));
        } else {
            assert_eq!(outcome, Err(errors[0].clone()));
        }
    }
}

#[test]
fn the_hooks_own_saves_heed_its_option_and_calls_theirs() {
    for ignores in [false, true] {
        for kind in ALL {
            let saving = Saving::new(|options| options.ignore_save_errors = ignores);
            let errors = numbered(kind);
            let is_op_error = kind.is_op_error();
            let raised = |ignore: bool| match (ignore, is_op_error) {
                (true, true) => Ok(()),
                _ => Err(errors[usize::from(is_op_error)].clone()),
            };
            let stepped = Stepped::new(&saving);
            saving.script.plan("write", &errors);
            assert_eq!(stepped.run(), raised(ignores));
            for ignore in [false, true] {
                saving.script.plan("write", &errors);
                assert_eq!(saving.save(ignore), raised(ignore));
            }
        }
    }
}

/// A monitored session of a saver hook, in which a step is run.
struct Stepped(Mutex<MonitoredSession>);

impl Stepped {
    fn new(saving: &Saving) -> Self {
        let creator = ChiefSessionCreator::new(Arc::clone(&saving.graph), None);
        let hooks: Hooks = vec![saving.hook.clone()];
        let clock = Arc::new(SystemClock);
        let session = MonitoredSession::new(Recovery::Leaves, Box::new(creator), hooks, clock);
        Self(Mutex::new(session.unwrap()))
    }

    fn run(&self) -> Result<()> {
        self.0.lock().unwrap().run(Session::train_step).map(drop)
    }
}

#[test]
fn an_exit_writes_what_is_not_saved_with_a_retry_and_nothing_that_failed() {
    for kind in ALL {
        let saving = Saving::new(|_| {});
        saving.session.train_step().unwrap();
        let errors = numbered(kind);
        let (raised, tries) = if kind.is_op_error() {
            (errors[1].clone(), vec![attempt("write"); 2])
        } else {
            (errors[0].clone(), vec![attempt("write")])
        };
        saving.script.plan("write", &errors);
        assert_eq!(saving.hook.end(&saving.session), Err(raised.clone()));
        assert_eq!(saving.script.calls(), guarded(&tries));
        saving.script.plan("write", &errors);
        assert_eq!(saving.save(false), Err(raised));
        saving.script.plan("", &[]);
        assert_eq!(saving.hook.end(&saving.session), Ok(()));
        assert!(saving.script.calls().is_empty());
    }
}

#[test]
fn an_exit_that_always_writes_has_one_try_and_no_guards() {
    let flags: [fn(&SaverProcessFlags); 2] = [
        |flags| flags.set_has_dense_only(true),
        |flags| flags.set_in_model_dump_mode(true),
    ];
    for set in flags {
        let saving = Saving::new(|options| set(&options.process));
        for kind in ALL {
            let errors = numbered(kind);
            saving.script.plan("write", &errors);
            assert_eq!(saving.hook.end(&saving.session), Err(errors[0].clone()));
            assert_eq!(saving.script.calls(), attempt("write"));
        }
        saving.script.plan("", &[]);
        assert_eq!(saving.hook.end(&saving.session), Ok(()));
        assert_eq!(saving.script.calls(), TRY);
    }
}
