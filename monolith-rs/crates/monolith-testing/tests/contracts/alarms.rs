//! Every error in every place but a save: callbacks, handlers, reports, actions, steps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::machines::Machines;
use monolith_testing::strikes::Strikes;
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::{Files, Operation};
use monolith_training::hooks::ckpt_hooks::BarrierSaverListener;
use monolith_training::hooks::controller_hooks::{ControllerHook, QueryActionHook};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::logging_ops::{HealthSource, MachineInfo};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, Graph, MonitoredSession, Session, SessionRunHook,
};
use tonic::Code;

use crate::chief::{Chief, placed_already};
use crate::script::{ALL, exceptions};
use crate::stage::{MS, Seen, Stage, seen};

/// A barrier with three callbacks, the second of which fails as is planned.
struct Barrier {
    op: Arc<BarrierOp>,
    listener: BarrierSaverListener,
    session: Arc<Session>,
    error: Arc<Mutex<Option<Error>>>,
    called: Seen<usize>,
}

impl Barrier {
    fn new() -> Self {
        let graph = Graph::new();
        let (error, called) = (Arc::<Mutex<Option<Error>>>::default(), Seen::default());
        let callback = |number: usize| -> BarrierCallback {
            let (error, called) = (Arc::clone(&error), Arc::clone(&called));
            Arc::new(move |_, _| {
                called.lock().unwrap().push(number);
                match &*error.lock().unwrap() {
                    Some(error) if number == 1 => Err(error.clone()),
                    _ => Ok(()),
                }
            })
        };
        let callbacks = (0..3).map(callback).collect();
        let clock = Arc::new(SystemClock);
        let op = BarrierOp::new(&graph, clock.clone(), 2).unwrap();
        let op = Arc::new(op.with_wait(MS).with_callbacks(callbacks));
        let listener = BarrierSaverListener::new(&graph, clock, Arc::clone(&op));
        Self {
            op,
            listener: listener
                .with_wait(Duration::ZERO)
                .with_max_pending(Duration::ZERO),
            session: Session::new(&graph, 0).unwrap(),
            error,
            called,
        }
    }

    fn reset(&self, error: Option<Error>) {
        self.op.remove_barrier(&self.session).unwrap();
        *self.error.lock().unwrap() = error;
        self.called.lock().unwrap().clear();
    }

    fn is_placed(&self) -> bool {
        self.op.is_barrier_placed(&self.session).unwrap()
    }
}

#[test]
fn any_error_of_a_callback_leaves_the_barrier_placed_and_its_lock_free() {
    let barrier = Barrier::new();
    let place = || barrier.op.place_barrier(&barrier.session, "any");
    let save = || barrier.listener.before_save(&barrier.session, 3);
    for kind in ALL {
        let error = Error::new(kind, "callback");
        for (acts, is_save) in [(&place as &dyn Fn() -> Result<()>, false), (&save, true)] {
            barrier.reset(Some(error.clone()));
            let outcome = acts();
            // A save takes this one for somebody else's barrier.
            if !(is_save && kind == ErrorKind::BarrierAlreadyPlacedError) {
                assert_eq!(outcome, Err(error.clone()));
            }
            assert_eq!(
                (barrier.is_placed(), seen(&barrier.called)),
                (true, vec![0, 1])
            );
            barrier.listener.after_save(&barrier.session, 3).unwrap();
            assert!(barrier.is_placed());
            let again = place().unwrap_err();
            assert_eq!(again, Error::new(ErrorKind::BarrierAlreadyPlacedError, ""));
            assert_eq!(seen(&barrier.called), [0, 1]);
        }
        barrier.reset(Some(error.clone()));
        let wait = || barrier.op.wait_until_barrier_removed(&barrier.session, 1);
        assert_eq!(wait(), Err(error));
        assert_eq!(
            barrier.op.get_blocked_indices(&barrier.session),
            Ok(vec![1])
        );
        assert_eq!(seen(&barrier.called), [0, 1]);
        barrier.reset(None);
        assert_eq!(wait(), Ok(()));
        assert_eq!(barrier.op.is_none_blocked(&barrier.session), Ok(true));
        assert_eq!(seen(&barrier.called), [0, 1, 2]);
    }
}

#[test]
fn any_exception_of_a_handlers_work_is_answered_with_its_message() {
    Stage::real(|stage| {
        let chief = Chief::new(stage, 1);
        let error = Arc::<Mutex<Option<Error>>>::default();
        let planned = Arc::clone(&error);
        chief.barrier.append_callback(Arc::new(move |_, _| {
            planned.lock().unwrap().clone().map_or(Ok(()), Err)
        }));
        let mut session = chief.session(vec![]);
        for kind in exceptions() {
            let message = format!("{kind}: 100 % \"broken\" ä");
            *error.lock().unwrap() = Some(Error::new(kind, &message));
            let expected = match kind {
                ErrorKind::BarrierAlreadyPlacedError => placed_already(),
                _ => Err((
                    Code::Unknown,
                    format!("Exception calling application: {message}"),
                )),
            };
            assert_eq!(chief.stop(), expected);
            assert_eq!(chief.stop(), placed_already());
            assert_eq!(chief.resume(), Ok(()));
        }
        session.leave(None).unwrap();
    });
}

#[test]
fn any_error_of_a_report_ends_the_watch_and_nothing_else() {
    Stage::real(|stage| {
        let barrier = Barrier::new();
        let (error, reports) = (
            Arc::<Mutex<Option<Error>>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let machines = Machines::new(Arc::new(SystemClock), Arc::<Strikes>::default(), 0, &[1]);
        let mut config = Config::new(
            Some(Arc::clone(&barrier.op)),
            1,
            Arc::new(machines),
            Arc::clone(&stage.clock),
        );
        let (planned, count) = (Arc::clone(&error), Arc::clone(&reports));
        config.report_fn = Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            planned.lock().unwrap().clone().map_or(Ok(()), Err)
        });
        let hook = PsHealthCheckerHook::new(config).with_poll_interval(Duration::ZERO);
        hook.begin().unwrap();
        for (number, kind) in ALL.into_iter().enumerate() {
            *error.lock().unwrap() = Some(Error::new(kind, "report"));
            let coord = Coordinator::new();
            hook.after_create_session(&barrier.session, &coord).unwrap();
            coord.join(|threads| stage.until_ended(threads));
            assert_eq!(reports.load(Ordering::SeqCst), number + 1);
            assert!(!coord.should_stop() && !barrier.is_placed(), "{kind}");
        }
        assert!(seen(&barrier.called).is_empty());
    });
}

/// Machines whose health can't be asked for.
#[derive(Debug, Default)]
struct Unasked {
    error: Mutex<Option<Error>>,
    polls: AtomicUsize,
}

impl HealthSource for Unasked {
    fn machine_info(&self, device: &str, name: &str, _: Option<i64>) -> Result<MachineInfo> {
        Ok(MachineInfo {
            device: device.to_owned(),
            shared_name: name.to_owned(),
        })
    }

    fn check_machine_health(&self, machines: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let healthy = vec![Vec::new(); machines.len()];
        self.error.lock().unwrap().clone().map_or(Ok(healthy), Err)
    }
}

#[test]
fn any_error_of_a_poll_ends_the_watch_and_nothing_else() {
    Stage::real(|stage| {
        let (barrier, unasked) = (Barrier::new(), Arc::<Unasked>::default());
        let reports = Arc::<AtomicUsize>::default();
        let op = Some(Arc::clone(&barrier.op));
        let mut config = Config::new(op, 1, unasked.clone(), Arc::clone(&stage.clock));
        let count = Arc::clone(&reports);
        config.report_fn = Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let hook = PsHealthCheckerHook::new(config).with_poll_interval(Duration::ZERO);
        hook.begin().unwrap();
        for (number, kind) in ALL.into_iter().enumerate() {
            *unasked.error.lock().unwrap() = Some(Error::new(kind, "poll"));
            let coord = Coordinator::new();
            hook.after_create_session(&barrier.session, &coord).unwrap();
            coord.join(|threads| stage.until_ended(threads));
            assert_eq!(unasked.polls.load(Ordering::SeqCst), number + 1);
            assert!(!coord.should_stop() && !barrier.is_placed(), "{kind}");
        }
        assert_eq!(reports.load(Ordering::SeqCst), 0);
        assert!(seen(&barrier.called).is_empty());
    });
}

#[test]
fn any_exception_of_an_action_is_swallowed_its_file_goes_and_the_next_is_looked_for() {
    Stage::real(|stage| {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let clock = Arc::clone(&stage.clock);
        let control = ControllerHook::new(&graph, Arc::clone(&clock), None, None).unwrap();
        let (error, asked) = (
            Arc::<Mutex<Option<Error>>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let (planned, count) = (Arc::clone(&error), Arc::clone(&asked));
        let files = Files::checked_by(move |operation, _| {
            if operation != Operation::Write {
                return Ok(());
            }
            count.fetch_add(1, Ordering::SeqCst);
            planned.lock().unwrap().clone().map_or(Ok(()), Err)
        });
        let hook = QueryActionHook::new(dir.path(), Arc::new(control), clock);
        let hook = hook.with_files(files).with_interval(MS);
        let session = Session::new(&graph, 0).unwrap();
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        let (action, response) = (
            dir.path().join("monolith_action"),
            dir.path().join("monolith_action_response"),
        );
        let ask = |text: &str| {
            let new = dir.path().join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(&new, &action).unwrap();
            stage.until(|| !action.exists());
        };
        for (number, kind) in exceptions().enumerate() {
            *error.lock().unwrap() = Some(Error::new(kind, "response"));
            ask(["action: STOP", "no action"][number % 2]);
            assert!(!response.exists());
            assert_eq!(asked.load(Ordering::SeqCst), number + 1);
        }
        *error.lock().unwrap() = None;
        ask("action: STOP");
        assert_eq!(std::fs::read_to_string(&response).unwrap(), "OK");
        session.close();
        std::fs::remove_file(&response).unwrap();
        ask("action: STOP");
        assert!(!response.exists());
        ask("action: 7");
        assert!(response.exists());
        hook.end(&session).unwrap();
    });
}

/// Counts its calls.
#[derive(Debug, Default)]
struct Called {
    created: AtomicUsize,
    ended: AtomicUsize,
}

impl SessionRunHook for Called {
    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.created.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_session_is_created_again_for_two_errors_and_ends_well_with_two_others() {
    for recovery in [Recovery::Recreates, Recovery::Leaves] {
        for kind in ALL {
            let (called, graph) = (Arc::<Called>::default(), Graph::new());
            let creator = Box::new(ChiefSessionCreator::new(graph, None));
            let hooks: Hooks = vec![called.clone()];
            let session = MonitoredSession::new(recovery, creator, hooks, Arc::new(SystemClock));
            let mut session = session.unwrap();
            let error = Error::new(kind, "step");
            let mut planned = Some(error.clone());
            let outcome = session.run(|_| planned.take().map_or(Ok(()), Err));
            let is_lost = matches!(kind, ErrorKind::AbortedError | ErrorKind::UnavailableError);
            let recreates = is_lost && recovery == Recovery::Recreates;
            let left = if recreates {
                Ok(())
            } else {
                Err(error.clone())
            };
            assert_eq!(outcome, left);
            assert_eq!(
                called.created.load(Ordering::SeqCst),
                1 + usize::from(recreates)
            );
            let is_end = matches!(kind, ErrorKind::OutOfRangeError | ErrorKind::StopIteration);
            let left = if is_end { Ok(()) } else { Err(error.clone()) };
            assert_eq!(session.leave(Some(error)), left);
            assert_eq!(
                called.ended.load(Ordering::SeqCst),
                usize::from(is_end),
                "{kind}"
            );
        }
    }
}
