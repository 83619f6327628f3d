//! Monitored sessions: what is called when, and what an error does.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::{Arc, Mutex};

use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, ChiefsSession, Graph, MonitoredSession, Session, SessionCreator,
    SessionRunContext, SessionRunHook, StepValues,
};

use Recovery::{Leaves, Recreates};

type Log = Arc<Mutex<Vec<String>>>;

/// Notes its phases, and raises in one as often as it is told to.
struct Probe {
    name: &'static str,
    log: Log,
    raises: Mutex<Option<(&'static str, ErrorKind, u32)>>,
}

impl Probe {
    fn comes_to(&self, phase: &'static str) -> Result<()> {
        let line = format!("{}.{phase}", self.name);
        self.log.lock().unwrap().push(line);
        match &mut *self.raises.lock().unwrap() {
            Some((at, error, times)) if *at == phase && *times > 0 => {
                *times -= 1;
                Err(Error::new(*error, phase))
            }
            _ => Ok(()),
        }
    }
}

impl SessionRunHook for Probe {
    fn begin(&self) -> Result<()> {
        self.comes_to("begin")
    }

    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.comes_to("create")
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        self.comes_to("before")
    }

    fn after_run(&self, _: &SessionRunContext, _: &StepValues) -> Result<()> {
        self.comes_to("after")
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.comes_to("end")
    }
}

/// Runs one step in a session with the hooks A, X, B, of which X may raise.
fn play(
    recovery: Recovery,
    raises: Option<(&'static str, ErrorKind, u32)>,
    body: impl FnOnce(&mut MonitoredSession) -> Result<()>,
) -> (Result<()>, String) {
    let log = Log::default();
    let probe = |name, raises| {
        Arc::new(Probe {
            name,
            log: Arc::clone(&log),
            raises: Mutex::new(raises),
        }) as _
    };
    let hooks: Hooks = vec![probe("A", None), probe("X", raises), probe("B", None)];
    let creator = ChiefSessionCreator::new(Graph::new(), None);
    let session = MonitoredSession::new(recovery, Box::new(creator), hooks, Arc::new(SystemClock));
    let outcome = session.and_then(|session| session.with(body));
    let log = log.lock().unwrap().join(" ");
    (outcome, log)
}

fn step(session: &mut MonitoredSession) -> Result<()> {
    session.run(Session::train_step).map(drop)
}

const BEGIN: &str = "A.begin X.begin B.begin";
const CREATE: &str = "A.create X.create B.create";
const BEFORE: &str = "A.before X.before B.before";
const AFTER: &str = "A.after X.after B.after";
const END: &str = "A.end X.end B.end";

#[test]
fn a_clean_run_calls_every_phase_in_order() {
    for recovery in [Recreates, Leaves] {
        let (outcome, log) = play(recovery, None, step);
        assert_eq!(outcome, Ok(()));
        assert_eq!(log, [BEGIN, CREATE, BEFORE, AFTER, END].join(" "));
    }
}

#[test]
fn an_error_leaves_unchanged_and_skips_the_later_hooks_and_every_end() {
    let error = ErrorKind::DeadlineExceededError;
    let cases = [
        ("begin", "A.begin X.begin".to_owned()),
        ("create", format!("{BEGIN} A.create X.create")),
        ("before", format!("{BEGIN} {CREATE} A.before X.before")),
        (
            "after",
            format!("{BEGIN} {CREATE} {BEFORE} A.after X.after"),
        ),
    ];
    for recovery in [Recreates, Leaves] {
        for (phase, expected) in &cases {
            let (outcome, log) = play(recovery, Some((phase, error, 1)), step);
            assert_eq!(outcome, Err(Error::new(error, *phase)));
            assert_eq!(log, *expected);
        }
    }
}

#[test]
fn an_error_in_end_skips_the_later_ends_and_the_session_still_closes() {
    let raises = Some(("end", ErrorKind::InternalError, 1));
    let (outcome, log) = play(Recreates, raises, step);
    assert_eq!(outcome, Err(Error::new(ErrorKind::InternalError, "end")));
    assert!(log.ends_with("A.end X.end"));

    let creator = KeepingCreator::default();
    let made = Arc::clone(&creator.made);
    let fails: Hooks = vec![Arc::new(FailsToEnd)];
    let session = MonitoredSession::new(Leaves, Box::new(creator), fails, Arc::new(SystemClock));
    assert!(session.unwrap().with(step).is_err());
    let raw = made.lock().unwrap()[0].clone();
    assert_eq!(raw.global_step(), Err(Error::closed_session()));
}

/// Fails in `end`.
struct FailsToEnd;

impl SessionRunHook for FailsToEnd {
    fn end(&self, _: &Arc<Session>) -> Result<()> {
        Err(Error::value("end"))
    }
}

/// Keeps the raw sessions that it makes.
#[derive(Default)]
struct KeepingCreator {
    made: Arc<Mutex<Vec<Arc<Session>>>>,
}

impl SessionCreator for KeepingCreator {
    fn create_session(&self) -> Result<Arc<Session>> {
        let session = Session::new(&Graph::new(), 0).unwrap();
        self.made.lock().unwrap().push(Arc::clone(&session));
        Ok(session)
    }
}

#[test]
fn the_end_of_the_input_is_swallowed_and_ends_cleanly() {
    for kind in [ErrorKind::OutOfRangeError, ErrorKind::StopIteration] {
        let (outcome, log) = play(Leaves, None, |_| Err(Error::new(kind, "")));
        assert_eq!(outcome, Ok(()));
        assert!(log.ends_with(END));
        // But not where no body was entered.
        let (outcome, _) = play(Leaves, Some(("create", kind, 1)), step);
        assert_eq!(outcome, Err(Error::new(kind, "create")));
    }
    for kind in [
        ErrorKind::ValueError,
        ErrorKind::KeyboardInterrupt,
        ErrorKind::SystemExit,
    ] {
        let (outcome, log) = play(Recreates, None, |_| Err(Error::new(kind, "")));
        assert_eq!(outcome, Err(Error::new(kind, "")));
        assert!(log.ends_with(CREATE));
    }
}

#[test]
fn a_preemption_recreates_the_session_and_runs_the_step_again() {
    for kind in [ErrorKind::AbortedError, ErrorKind::UnavailableError] {
        let (outcome, log) = play(Recreates, Some(("after", kind, 2)), step);
        assert_eq!(outcome, Ok(()));
        let lost = format!("{CREATE} {BEFORE} A.after X.after");
        assert_eq!(
            log,
            format!("{BEGIN} {lost} {lost} {CREATE} {BEFORE} {AFTER} {END}")
        );
        let (outcome, log) = play(Leaves, Some(("after", kind, 1)), step);
        assert_eq!(outcome, Err(Error::new(kind, "after")));
        assert_eq!(log, format!("{BEGIN} {lost}"));
    }
}

#[test]
fn a_preemption_while_creating_creates_again_and_without_begin() {
    let raises = Some(("create", ErrorKind::AbortedError, 3));
    let (outcome, log) = play(Recreates, raises, step);
    assert_eq!(outcome, Ok(()));
    let refused = "A.create X.create";
    assert_eq!(
        log,
        format!("{BEGIN} {refused} {refused} {refused} {CREATE} {BEFORE} {AFTER} {END}")
    );
    let (outcome, _) = play(Leaves, raises, step);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::AbortedError);
}

/// Requests stop after each step.
struct Stops;

impl SessionRunHook for Stops {
    fn after_run(&self, context: &SessionRunContext, _: &StepValues) -> Result<()> {
        context.request_stop();
        Ok(())
    }
}

#[test]
fn a_requested_stop_ends_training_after_the_step() {
    let creator = ChiefSessionCreator::new(Graph::new(), None);
    let hooks: Hooks = vec![Arc::new(Stops)];
    let mut session =
        MonitoredSession::new(Recreates, Box::new(creator), hooks, Arc::new(SystemClock)).unwrap();
    assert!(!session.should_stop());
    step(&mut session).unwrap();
    assert!(session.should_stop());
    let error = step(&mut session).unwrap_err();
    assert_eq!(
        error.message(),
        "Run called even after should_stop requested."
    );
    session.leave(None).unwrap();
    let error = session.leave(None).unwrap_err();
    assert_eq!(error.message(), "Session is already closed.");
}

#[test]
fn the_global_step_begins_where_it_is_told_to_and_wraps() {
    let graph = Graph::with_global_step(Some(i64::MAX - 1));
    let session = ChiefSessionCreator::new(graph, None).create_session();
    let session = session.unwrap();
    assert_eq!(session.train_step(), Ok(i64::MAX));
    assert_eq!(session.train_step(), Ok(i64::MIN));
    assert_eq!(session.global_step(), Ok(i64::MIN));
}

#[test]
fn without_a_global_step_a_session_counts_its_steps() {
    let session = Session::new(&Graph::without_global_step(), 7).unwrap();
    assert_eq!(session.train_step(), Ok(1));
    assert_eq!(session.train_step(), Ok(2));
    let error = session.global_step().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TypeError);
}

#[test]
fn a_closed_session_cannot_be_used_and_a_shared_one_follows_the_chief() {
    let graph = Graph::new();
    let chief = ChiefsSession::default();
    let shared = chief.shared();
    assert!(shared.global_step().is_err());
    let first = Session::new(&graph, 1).unwrap();
    chief.set(Some(&first));
    assert_eq!(shared.train_step(), Ok(2));
    shared.close();
    assert_eq!(first.global_step(), Ok(2));
    first.close();
    assert_eq!(shared.global_step(), Err(Error::closed_session()));
    chief.set(Some(&Session::new(&graph, 7).unwrap()));
    assert_eq!(shared.global_step(), Ok(7));
    chief.set(None);
    assert!(shared.global_step().is_err());
}
