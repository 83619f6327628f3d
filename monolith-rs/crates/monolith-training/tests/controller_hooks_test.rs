//! Stops and saves that flags ask for, and the file that sets them; in virtual time.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::{Files, Operation};
use monolith_training::hooks::controller_hooks::{
    ControllerHook, QUERY_INTERVAL, QueryActionHook, STOP_ACTION, StopHelper, TriggerSave,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, ChiefsSession, Flag, Graph, MonitoredSession, Session, SessionRunContext,
    SessionRunHook, StepValues,
};
use tempfile::TempDir;

/// The model directory of a test.
struct ModelDir(TempDir);

impl ModelDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn ask(&self, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join("monolith_action"), content).unwrap();
    }

    fn is_asked(&self) -> bool {
        self.0.path().join("monolith_action").exists()
    }

    fn response(&self) -> Option<String> {
        std::fs::read_to_string(self.0.path().join("monolith_action_response")).ok()
    }
}

/// How the looking threads ended.
#[derive(Default)]
struct Fates(Mutex<Vec<Option<ErrorKind>>>);

impl Watcher for Fates {
    fn gives_way(&self) {}

    fn thread_ended(&self, _: &str, outcome: &Result<()>) {
        let error = outcome.as_ref().err().map(Error::kind);
        self.0.lock().unwrap().push(error);
    }
}

/// A chief that can be stopped and told to save.
struct Chief {
    clock: VirtualClock,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    controller: Arc<ControllerHook>,
    saves: Arc<Mutex<u64>>,
    fates: Arc<Fates>,
    dir: ModelDir,
}

impl Chief {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn session(&self, hooks: Hooks) -> MonitoredSession {
        let creator = Box::new(ChiefSessionCreator::new(Arc::clone(&self.graph), None));
        MonitoredSession::new(Recovery::Recreates, creator, hooks, self.clock()).unwrap()
    }

    fn query_hook(&self) -> Arc<dyn SessionRunHook> {
        let controller = Arc::clone(&self.controller);
        Arc::new(QueryActionHook::new(
            self.dir.0.path(),
            controller,
            self.clock(),
        ))
    }

    fn pass(&self, time: Duration) {
        self.clock.sleep(time);
        self.clock.settle();
    }

    fn seconds(&self) -> u64 {
        self.clock.now().as_secs()
    }

    fn saves(&self) -> u64 {
        *self.saves.lock().unwrap()
    }

    fn fates(&self) -> Vec<Option<ErrorKind>> {
        self.fates.0.lock().unwrap().clone()
    }
}

/// Plays `main` on a chief whose barrier knows this many workers.
fn with_chief(
    capacity: usize,
    callbacks: Vec<BarrierCallback>,
    main: impl FnOnce(Chief) + Send + 'static,
) {
    let clock = VirtualClock::new(None);
    let fates = Arc::new(Fates::default());
    clock.watch(&fates);
    let inner = clock.clone();
    clock
        .run(move || {
            let shared: Arc<dyn Clock> = Arc::new(inner.clone());
            let graph = Graph::new();
            let barrier = BarrierOp::new(&graph, Arc::clone(&shared), capacity).unwrap();
            let barrier = Arc::new(barrier.with_callbacks(callbacks));
            let saves = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&saves);
            let trigger_save: TriggerSave = Arc::new(move || {
                *counted.lock().unwrap() += 1;
                Ok(())
            });
            let controller = ControllerHook::new(
                &graph,
                shared,
                Some(Arc::clone(&barrier)),
                Some(trigger_save),
            );
            let controller = controller.unwrap();
            main(Chief {
                clock: inner,
                graph,
                barrier,
                controller: Arc::new(controller),
                saves,
                fates,
                dir: ModelDir::new(),
            });
        })
        .unwrap();
}

/// Asks for something while a step runs, and takes the next step, which sees it.
fn step(session: &mut MonitoredSession, ask: impl Fn(&Session) -> Result<()>) -> Result<i64> {
    session.run(|session| ask(session))?;
    train(session)
}

fn train(session: &mut MonitoredSession) -> Result<i64> {
    session.run(Session::train_step)
}

#[test]
fn a_stop_waits_30_s_for_the_workers_and_is_asked_for_anew_by_each_step() {
    let actions: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&actions);
    let callback: BarrierCallback = Arc::new(move |action, _| {
        seen.lock().unwrap().push(action.to_owned());
        Ok(())
    });
    with_chief(2, vec![callback], |chief| {
        let mut session = chief.session(vec![chief.controller.clone()]);
        step(&mut session, |session| chief.controller.stop_op(session)).unwrap();
        assert_eq!(chief.seconds(), 30);
        train(&mut session).unwrap();
        assert_eq!(chief.seconds(), 60);
        session
            .run(|session| {
                assert!(chief.barrier.is_none_blocked(session).unwrap());
                Ok(())
            })
            .unwrap();
    });
    assert_eq!(*actions.lock().unwrap(), [STOP_ACTION; 3]);
}

#[test]
fn a_stop_is_over_at_the_look_that_finds_all_blocked() {
    with_chief(2, Vec::new(), |chief| {
        let shared = ChiefsSession::default();
        let (clock, barrier) = (chief.clock.clone(), Arc::clone(&chief.barrier));
        let workers = shared.shared();
        chief.clock.start_lane("worker-1", move || {
            clock.sleep(Duration::from_secs(3));
            barrier.wait_until_barrier_removed(&workers, 1).unwrap();
        });
        let holder = Arc::new(CapturesSession(shared));
        let mut session = chief.session(vec![holder, chief.controller.clone()]);
        step(&mut session, |session| chief.controller.stop_op(session)).unwrap();
        assert_eq!(chief.seconds(), 4);
    });
}

/// Shares the session that it sees created.
struct CapturesSession(ChiefsSession);

impl SessionRunHook for CapturesSession {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.0.set(Some(session));
        Ok(())
    }
}

#[test]
fn a_stop_while_the_barrier_is_placed_leaves_the_step() {
    with_chief(2, Vec::new(), |chief| {
        let shared = ChiefsSession::default();
        let holder = Arc::new(CapturesSession(shared.clone()));
        let mut session = chief.session(vec![holder, chief.controller.clone()]);
        let current = shared.current().unwrap();
        chief.barrier.place_barrier(&current, "").unwrap();
        let error = step(&mut session, |session| chief.controller.stop_op(session)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BarrierAlreadyPlacedError);
        // It is sticky: it works once the barrier is gone.
        chief.barrier.remove_barrier(&current).unwrap();
        train(&mut session).unwrap();
        assert_eq!(chief.seconds(), 30);
    });
}

#[test]
fn a_save_is_done_once_and_a_stop_hides_it() {
    with_chief(1, Vec::new(), |chief| {
        let mut session = chief.session(vec![chief.controller.clone()]);
        step(&mut session, |session| {
            chief.controller.trigger_save_op(session)
        })
        .unwrap();
        train(&mut session).unwrap();
        assert_eq!(chief.saves(), 1);
        step(&mut session, |session| {
            chief.controller.stop_op(session)?;
            chief.controller.trigger_save_op(session)
        })
        .unwrap();
        assert_eq!(chief.saves(), 1);
        // Alone, the chief is all that there is to block.
        assert_eq!(chief.seconds(), 0);
    });
}

#[test]
fn a_new_session_has_forgotten_what_was_asked_for() {
    with_chief(2, Vec::new(), |chief| {
        let mut session = chief.session(vec![chief.controller.clone()]);
        let mut lost = true;
        session
            .run(|session| {
                if std::mem::take(&mut lost) {
                    chief.controller.stop_op(session)?;
                    return Err(Error::new(ErrorKind::UnavailableError, "lost"));
                }
                session.train_step()
            })
            .unwrap();
        assert_eq!(chief.seconds(), 0);
    });
}

/// Asks for a save after each step.
struct AsksAfterRun(Arc<ControllerHook>);

impl SessionRunHook for AsksAfterRun {
    fn after_run(&self, context: &SessionRunContext, _: &StepValues) -> Result<()> {
        self.0.trigger_save_op(context.session())
    }
}

#[test]
fn a_flag_is_seen_with_the_step_after_it_was_set() {
    with_chief(1, Vec::new(), |chief| {
        let mut session = chief.session(vec![chief.controller.clone()]);
        session
            .run(|session| chief.controller.trigger_save_op(session))
            .unwrap();
        assert_eq!(chief.saves(), 0);
        train(&mut session).unwrap();
        assert_eq!(chief.saves(), 1);
    });
    with_chief(1, Vec::new(), |chief| {
        let asks = Arc::new(AsksAfterRun(chief.controller.clone()));
        let mut session = chief.session(vec![asks, chief.controller.clone()]);
        train(&mut session).unwrap();
        assert_eq!(chief.saves(), 0);
        train(&mut session).unwrap();
        assert_eq!(chief.saves(), 1);
    });
}

#[test]
fn a_graph_has_one_controller_hook() {
    with_chief(1, Vec::new(), |chief| {
        let second = ControllerHook::new(&chief.graph, chief.clock(), None, None);
        assert_eq!(second.unwrap_err().kind(), ErrorKind::ValueError);
    });
}

#[test]
fn without_somebody_to_do_it_nothing_happens() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let graph = Graph::new();
    let bare = ControllerHook::new(&graph, Arc::clone(&clock), None, None).unwrap();
    let bare = Arc::new(bare);
    let creator = Box::new(ChiefSessionCreator::new(graph, None));
    let hooks: Hooks = vec![bare.clone()];
    let mut session = MonitoredSession::new(Recovery::Recreates, creator, hooks, clock).unwrap();
    step(&mut session, |session| bare.trigger_save_op(session)).unwrap();
    session
        .run(|session| {
            // It was reset all the same.
            assert_eq!(session.flag(Flag::TriggerSave), Ok(false));
            bare.stop_op(session)
        })
        .unwrap();
    train(&mut session).unwrap();
    assert!(!session.should_stop());
}

#[test]
fn a_stop_helper_ends_training_with_the_step_or_one_step_later() {
    for (helper_first, steps) in [(false, 1), (true, 2)] {
        let helper = StopHelper::new();
        let callback = helper.create_barrier_callback();
        with_chief(1, vec![callback], move |chief| {
            let mut hooks: Hooks = vec![chief.controller.clone(), helper.create_stop_hook()];
            if helper_first {
                hooks.reverse();
            }
            let mut session = chief.session(hooks);
            let mut taken = step(&mut session, |session| chief.controller.stop_op(session));
            while !session.should_stop() {
                taken = train(&mut session);
            }
            assert_eq!(taken, Ok(steps));
        });
    }
}

#[test]
fn a_stop_helper_heeds_no_other_action() {
    let helper = StopHelper::new();
    let callback = helper.create_barrier_callback();
    with_chief(1, vec![callback], move |chief| {
        let shared = ChiefsSession::default();
        let holder = Arc::new(CapturesSession(shared.clone()));
        let mut session = chief.session(vec![holder, helper.create_stop_hook()]);
        let current = shared.current().unwrap();
        chief.barrier.place_barrier(&current, "").unwrap();
        train(&mut session).unwrap();
        assert!(!session.should_stop());
        chief.barrier.remove_barrier(&current).unwrap();
        chief.barrier.place_barrier(&current, STOP_ACTION).unwrap();
        train(&mut session).unwrap();
        assert!(session.should_stop());
    });
}

#[test]
fn a_file_is_acted_on_at_each_interval() {
    with_chief(1, Vec::new(), |chief| {
        chief.dir.ask("action: TRIGGER_SAVE");
        let mut session = chief.session(vec![chief.controller.clone(), chief.query_hook()]);
        for (text, saves) in [("action: TRIGGER_SAVE", 1), ("action: 1", 2)] {
            chief.dir.ask(text);
            chief.pass(Duration::from_secs(59));
            assert!(chief.dir.is_asked());
            chief.pass(Duration::from_secs(1));
            assert!(!chief.dir.is_asked());
            assert_eq!(chief.dir.response().as_deref(), Some("OK"));
            train(&mut session).unwrap();
            assert_eq!(chief.saves(), saves);
        }
    });
}

#[test]
fn what_does_not_parse_is_answered_with_why() {
    with_chief(1, Vec::new(), |chief| {
        chief.dir.ask("action: PAUSE");
        let _session = chief.session(vec![chief.query_hook()]);
        chief.pass(QUERY_INTERVAL);
        let response = chief.dir.response().unwrap();
        assert!(response.ends_with("has no value PAUSE."), "{response}");
        assert!(!chief.dir.is_asked());
    });
}

#[test]
fn what_asks_for_nothing_is_deleted_without_an_answer() {
    with_chief(1, Vec::new(), |chief| {
        let _session = chief.session(vec![chief.query_hook()]);
        for nothing in ["", "action: UNKNOWN"] {
            chief.dir.ask(nothing);
            chief.pass(QUERY_INTERVAL);
            assert!(!chief.dir.is_asked());
            assert_eq!(chief.dir.response(), None);
        }
        assert!(chief.fates().is_empty());
    });
}

#[test]
fn what_cannot_be_read_stays_and_is_looked_at_again() {
    with_chief(1, Vec::new(), |chief| {
        let _session = chief.session(vec![chief.query_hook()]);
        chief.dir.ask([0xff]);
        chief.pass(QUERY_INTERVAL * 2);
        assert!(chief.dir.is_asked());
        let path = chief.dir.0.path().join("monolith_action");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        chief.pass(QUERY_INTERVAL);
        assert!(path.is_dir());
        assert_eq!(chief.dir.response(), None);
        std::fs::remove_dir(&path).unwrap();
        chief.dir.ask("action: STOP");
        chief.pass(QUERY_INTERVAL);
        assert_eq!(chief.dir.response().as_deref(), Some("OK"));
        assert!(chief.fates().is_empty());
    });
}

#[test]
fn an_answer_that_cannot_be_written_ends_nothing() {
    with_chief(1, Vec::new(), |chief| {
        let response = chief.dir.0.path().join("monolith_action_response");
        std::fs::create_dir(&response).unwrap();
        let mut session = chief.session(vec![chief.controller.clone(), chief.query_hook()]);
        chief.dir.ask("action: TRIGGER_SAVE");
        chief.pass(QUERY_INTERVAL);
        assert!(!chief.dir.is_asked());
        train(&mut session).unwrap();
        assert_eq!(chief.saves(), 1);
        std::fs::remove_dir(&response).unwrap();
        chief.dir.ask("action: TRIGGER_SAVE");
        chief.pass(QUERY_INTERVAL);
        assert_eq!(chief.dir.response().as_deref(), Some("OK"));
    });
}

/// Looks once for a file that asks for a save, where this operation fails.
fn look_with_failing(operation: Operation, kind: ErrorKind, seen: fn(&Chief)) {
    with_chief(1, Vec::new(), move |chief| {
        let controller = Arc::clone(&chief.controller);
        let hook = QueryActionHook::new(chief.dir.0.path(), controller, chief.clock());
        let hook = hook.with_files(Files::checked_by(move |asked, _| {
            if asked == operation {
                return Err(Error::new(kind, "injected"));
            }
            Ok(())
        }));
        let mut session = chief.session(vec![chief.controller.clone(), Arc::new(hook)]);
        chief.dir.ask("action: TRIGGER_SAVE");
        chief.pass(QUERY_INTERVAL);
        train(&mut session).unwrap();
        seen(&chief);
    });
}

#[test]
fn a_file_is_deleted_whatever_comes_of_its_answer() {
    for operation in [Operation::Write, Operation::Rename] {
        look_with_failing(operation, ErrorKind::DataLossError, |chief| {
            assert_eq!(chief.saves(), 1);
            assert!(!chief.dir.is_asked());
            assert_eq!(chief.dir.response(), None);
            assert!(chief.fates().is_empty());
        });
    }
}

#[test]
fn a_file_that_cannot_be_deleted_is_acted_on_and_stays() {
    look_with_failing(Operation::Delete, ErrorKind::InternalError, |chief| {
        assert_eq!(chief.saves(), 1);
        assert!(chief.dir.is_asked());
        assert_eq!(chief.dir.response().as_deref(), Some("OK"));
        assert!(chief.fates().is_empty());
    });
}

#[test]
fn an_interrupt_ends_the_looking() {
    look_with_failing(Operation::Read, ErrorKind::KeyboardInterrupt, |chief| {
        assert_eq!(chief.saves(), 0);
        assert!(chief.dir.is_asked());
        assert_eq!(chief.fates(), [Some(ErrorKind::KeyboardInterrupt)]);
    });
}

#[test]
fn the_end_stops_the_looking_and_an_error_in_the_body_does_not() {
    with_chief(1, Vec::new(), |chief| {
        let mut session = chief.session(vec![chief.query_hook()]);
        session.leave(None).unwrap();
        assert_eq!(chief.fates(), [None]);
        let mut session = chief.session(vec![chief.query_hook()]);
        let body = Error::value("body");
        assert_eq!(session.leave(Some(body.clone())), Err(body));
        // It can't act in the closed session, and looks again.
        for _ in 0..2 {
            chief.dir.ask("action: STOP");
            chief.pass(QUERY_INTERVAL);
            assert!(!chief.dir.is_asked());
            assert_eq!(chief.dir.response(), None);
        }
        assert_eq!(chief.fates(), [None]);
    });
}

#[test]
fn an_end_before_any_session_does_nothing() {
    with_chief(1, Vec::new(), |chief| {
        let session = Session::new(&chief.graph, 0).unwrap();
        let hook = chief.query_hook();
        assert_eq!(hook.end(&session), Ok(()));
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        chief.dir.ask("action: STOP");
        chief.pass(QUERY_INTERVAL);
        assert_eq!(chief.dir.response().as_deref(), Some("OK"));
    });
}

#[test]
fn a_recreated_session_is_looked_for_by_a_second_thread_beside_the_first() {
    with_chief(1, Vec::new(), |chief| {
        let mut session = chief.session(vec![chief.controller.clone(), chief.query_hook()]);
        chief.pass(Duration::from_secs(20));
        let mut lost = true;
        session
            .run(|session| {
                if std::mem::take(&mut lost) {
                    return Err(Error::new(ErrorKind::AbortedError, "lost"));
                }
                session.train_step()
            })
            .unwrap();
        // The first looks at 60 s, the second at 80 s, both for the new session.
        for (seconds, saves) in [(40, 1), (20, 2), (40, 3)] {
            chief.dir.ask("action: TRIGGER_SAVE");
            chief.pass(Duration::from_secs(seconds));
            assert!(!chief.dir.is_asked());
            train(&mut session).unwrap();
            assert_eq!(chief.saves(), saves);
        }
        assert!(chief.fates().is_empty());
        session.leave(None).unwrap();
        chief.clock.settle();
        assert_eq!(chief.fates(), [None, None]);
    });
}
