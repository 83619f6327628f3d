//! The health hook over fake machines, in virtual time.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::coordinator::Coordinator;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::ps_check_hooks::{
    Config, PsHealthCheckerHook, Results, default_report, get_ps_machine_info_shared_name,
};
use monolith_training::logging_ops::{DEFAULT_MEM_LIMIT, HealthSource, MachineHealthResult};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, Graph, MonitoredSession, Session, SessionRunContext, SessionRunHook,
};

const GIB: i64 = 1 << 30;

/// A chief with two parameter servers of 1 GiB each.
struct Chief {
    clock: VirtualClock,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    machines: Arc<Machines>,
    reports: Arc<Mutex<Vec<Vec<usize>>>>,
    fates: Arc<Fates>,
}

#[derive(Default)]
struct Fates(Mutex<Vec<Option<ErrorKind>>>);

impl Watcher for Fates {
    fn gives_way(&self) {}

    fn thread_ended(&self, _: &str, outcome: &Result<()>) {
        let fate = outcome.as_ref().err().map(Error::kind);
        self.0.lock().unwrap().push(fate);
    }
}

impl Chief {
    fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    fn limit(&self, ps: usize, limit: i64) {
        let name = get_ps_machine_info_shared_name(ps);
        let device = ps_device(ps);
        self.machines
            .machine_info(&device, &name, Some(limit))
            .unwrap();
    }

    fn health_hook(&self) -> Arc<PsHealthCheckerHook> {
        let reports = Arc::clone(&self.reports);
        let machines = Arc::clone(&self.machines);
        let barrier = Some(Arc::clone(&self.barrier));
        let mut config = Config::new(barrier, 2, machines, self.shared_clock());
        config.report_fn = Arc::new(move |results: &Results| {
            let indices = results.keys().copied().collect();
            reports.lock().unwrap().push(indices);
            Ok(())
        });
        Arc::new(PsHealthCheckerHook::new(config))
    }

    fn session(&self, recovery: Recovery, hooks: Hooks) -> Result<MonitoredSession> {
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), None);
        MonitoredSession::new(recovery, Box::new(creator), hooks, self.shared_clock())
    }

    fn pass(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds));
    }

    fn reports(&self) -> Vec<Vec<usize>> {
        self.reports.lock().unwrap().clone()
    }

    fn fates(&self) -> Vec<Option<ErrorKind>> {
        self.fates.0.lock().unwrap().clone()
    }
}

/// Plays `main` on a chief, in virtual time.
fn with_chief<T: Send + 'static>(main: impl FnOnce(Chief) -> T + Send + 'static) -> T {
    let clock = VirtualClock::new(None);
    let chief = clock.clone();
    let fates = Arc::new(Fates::default());
    clock.watch(&fates);
    clock
        .run(move || {
            let shared: Arc<dyn Clock> = Arc::new(chief.clone());
            let graph = Graph::new();
            let strikes = Arc::new(Strikes::default());
            main(Chief {
                barrier: Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), 3).unwrap()),
                machines: Arc::new(Machines::new(
                    shared,
                    strikes,
                    DEFAULT_MEM_LIMIT,
                    &[GIB, GIB],
                )),
                clock: chief,
                graph,
                reports: Arc::default(),
                fates,
            })
        })
        .unwrap()
}

fn train(session: &mut MonitoredSession) -> Result<()> {
    session.run(|session| session.train_step().map(drop))
}

#[test]
fn test_basic() {
    with_chief(|chief| {
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook()]);
        let left = session.unwrap().with(|session| {
            chief.pass(3600);
            train(session)
        });
        assert_eq!(left, Ok(()));
        assert!(chief.reports().is_empty());
        assert_eq!(chief.fates(), [None]);
    });
}

#[test]
fn test_oom() {
    with_chief(|chief| {
        chief.limit(1, 0);
        let session = chief.session(Recovery::Leaves, vec![chief.health_hook()]);
        let left = session.unwrap().with(|session| {
            chief.pass(0);
            assert_eq!(chief.reports(), [[1]]);
            let values = session.run(Session::step_values)?;
            assert_eq!(values.barrier_placed, Some(true));
            // It never requests stop (B9), and reports once a session (B8).
            chief
                .machines
                .set(0, MachineFault::Rss(i64::MAX), "faults[0]");
            chief.pass(3600);
            assert!(!session.should_stop());
            train(session)
        });
        assert_eq!(left, Ok(()));
        assert_eq!(chief.reports(), [[1]]);
        assert_eq!(chief.fates(), [None]);
    });
}

#[test]
fn an_alarm_comes_with_the_next_poll() {
    with_chief(|chief| {
        chief.limit(0, 2 * GIB);
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook()]);
        let left = session.unwrap().with(|_| {
            chief.pass(1);
            chief
                .machines
                .set(0, MachineFault::Rss(2 * GIB), "faults[0]");
            chief.pass(28);
            assert!(chief.reports().is_empty());
            chief.pass(2);
            assert_eq!(chief.reports(), [[0]]);
            Ok(())
        });
        assert_eq!(left, Ok(()));
    });
}

#[test]
fn the_limit_is_that_of_who_creates_machine_info_first() {
    with_chief(|chief| {
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook()]);
        let left = session.unwrap().with(|_| {
            // The session is there, but the first poll is still to come.
            chief.limit(1, 0);
            chief.pass(0);
            assert_eq!(chief.reports(), [[1]]);
            Ok(())
        });
        assert_eq!(left, Ok(()));
        chief.limit(0, 0);
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook()]);
        let left = session.unwrap().with(|_| {
            chief.pass(0);
            assert_eq!(chief.reports(), [[1], [1]]);
            Ok(())
        });
        assert_eq!(left, Ok(()));
    });
}

/// What becomes of the thread and the barrier when the poll gives these bytes.
fn after_bytes(bytes: &'static [u8]) -> (Option<ErrorKind>, usize, Option<bool>) {
    with_chief(move |chief| {
        chief.limit(0, 0);
        let fault = MachineFault::HealthBytes(bytes.to_vec());
        chief.machines.set(1, fault, "faults[0]");
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook()]);
        let mut placed = None;
        let left = session.unwrap().with(|session| {
            chief.pass(0);
            placed = session.run(Session::step_values)?.barrier_placed;
            Ok(())
        });
        assert_eq!(left, Ok(()));
        (chief.fates()[0], chief.reports().len(), placed)
    })
}

#[test]
fn bytes_that_do_not_parse_kill_the_thread_before_the_report() {
    assert_eq!(
        after_bytes(&[0xff]),
        (Some(ErrorKind::DecodeError), 0, Some(false))
    );
    assert_eq!(after_bytes(&[0x08, 0x00]), (None, 1, Some(true)));
}

/// Places the barrier as soon as there is a session.
struct Places(Arc<BarrierOp>);

impl SessionRunHook for Places {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.0.place_barrier(session, "Stop")
    }
}

#[test]
fn a_barrier_that_is_placed_already_kills_the_thread_after_the_report() {
    with_chief(|chief| {
        chief.limit(0, 0);
        let places = Arc::new(Places(Arc::clone(&chief.barrier)));
        let session = chief.session(Recovery::Recreates, vec![places, chief.health_hook()]);
        let left = session.unwrap().with(|session| {
            chief.pass(60);
            train(session)
        });
        assert_eq!(left, Ok(()));
        assert_eq!(chief.reports(), [[0]]);
        let died = Some(ErrorKind::BarrierAlreadyPlacedError);
        assert_eq!(chief.fates(), [died]);
    });
}

/// Raises the first `times` times that it comes to its phase.
struct Raises {
    phase: &'static str,
    error: ErrorKind,
    times: Mutex<u32>,
}

impl Raises {
    fn new(phase: &'static str, error: ErrorKind, times: u32) -> Arc<Self> {
        Arc::new(Self {
            phase,
            error,
            times: Mutex::new(times),
        })
    }

    fn comes_to(&self, phase: &str) -> Result<()> {
        let mut times = self.times.lock().unwrap();
        if phase == self.phase && *times > 0 {
            *times -= 1;
            return Err(Error::new(self.error, "raised"));
        }
        Ok(())
    }
}

impl SessionRunHook for Raises {
    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.comes_to("after_create_session")
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        self.comes_to("before_run")
    }
}

#[test]
fn test_raise_in_after_create_session() {
    for recovery in [Recovery::Recreates, Recovery::Leaves] {
        with_chief(move |chief| {
            let raises = Raises::new("after_create_session", ErrorKind::DeadlineExceededError, 1);
            let hooks: Hooks = vec![chief.health_hook(), raises];
            let error = chief.session(recovery, hooks).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DeadlineExceededError);
            // The thread polls on: nobody requested stop (B40).
            chief.pass(3600);
            assert!(chief.fates().is_empty());
        });
    }
}

#[test]
fn test_raise_in_before_run() {
    for recovery in [Recovery::Recreates, Recovery::Leaves] {
        with_chief(move |chief| {
            let raises = Raises::new("before_run", ErrorKind::DeadlineExceededError, 1);
            let session = chief.session(recovery, vec![chief.health_hook(), raises]);
            let left = session.unwrap().with(train);
            assert_eq!(left.unwrap_err().kind(), ErrorKind::DeadlineExceededError);
            assert_eq!(chief.fates(), [None]);
        });
    }
}

#[test]
fn three_aborts_in_after_create_session_leave_three_threads_behind() {
    let clock = with_chief(|chief| {
        let raises = Raises::new("after_create_session", ErrorKind::AbortedError, 3);
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook(), raises]);
        assert_eq!(session.unwrap().with(train), Ok(()));
        assert_eq!(chief.fates(), [None]);
        chief.clock
    });
    assert_eq!(
        clock.live_threads(),
        ["ps_health", "ps_health#2", "ps_health#3"]
    );
}

#[test]
fn recreation_has_one_live_thread_and_a_clear_barrier() {
    with_chief(|chief| {
        chief.limit(0, 0);
        let raises = Raises::new("before_run", ErrorKind::UnavailableError, 1);
        let session = chief.session(Recovery::Recreates, vec![chief.health_hook(), raises]);
        let left = session.unwrap().with(|session| {
            chief.pass(10);
            let values = session.run(Session::step_values)?;
            assert_eq!(values.barrier_placed, Some(false));
            assert_eq!(chief.fates(), [None]);
            chief.pass(0);
            assert_eq!(chief.reports(), [[0], [0]]);
            Ok(())
        });
        assert_eq!(left, Ok(()));
        assert_eq!(chief.fates(), [None, None]);
    });
}

#[test]
fn test_default_report() {
    let result = MachineHealthResult {
        status: Some(1),
        message: Some("too much".into()),
    };
    assert_eq!(default_report(&BTreeMap::from([(0, result)])), Ok(()));
}

#[test]
fn shared_names_count_up() {
    assert_eq!(get_ps_machine_info_shared_name(0), "ps_machine_info_0");
    assert_eq!(get_ps_machine_info_shared_name(12), "ps_machine_info_12");
}
