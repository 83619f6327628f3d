//! Whole jobs on the system's clock, with intervals of milliseconds: hooks, threads, sockets.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_training::clock::SystemClock;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::Result;
use monolith_training::hooks::ckpt_hooks::BarrierSaverListener;
use monolith_training::hooks::controller_hooks::{ControllerHook, QueryActionHook, StopHelper};
use monolith_training::hooks::ps_check_hooks::{
    Config, PsHealthCheckerHook, Results, get_ps_machine_info_shared_name,
};
use monolith_training::logging_ops::{HealthSource, LocalMachine, MachineInfo};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{Session, SessionRunHook};
use tonic::Code;

use crate::chief::{Chief, Gate, RawSession};
use crate::stage::{MS, PATIENCE, Seen, Stage, seen};

const GIB: i64 = 1 << 30;

/// The reports of a job, each by index and message.
type Reports = Seen<Vec<(usize, String)>>;

/// A health hook that polls two machines each millisecond.
fn watch(chief: &Chief, source: Arc<dyn HealthSource>) -> (Arc<dyn SessionRunHook>, Reports) {
    let reports = Reports::default();
    let barrier = Some(Arc::clone(&chief.barrier));
    let mut config = Config::new(barrier, 2, source, Arc::clone(&chief.stage.clock));
    let list = Arc::clone(&reports);
    config.report_fn = Arc::new(move |results: &Results| {
        let told = |(ps, result): (&usize, &_)| (*ps, message(result));
        list.lock()
            .unwrap()
            .push(results.iter().map(told).collect());
        Ok(())
    });
    let hook = PsHealthCheckerHook::new(config).with_poll_interval(MS);
    (Arc::new(hook), reports)
}

fn message(result: &monolith_training::logging_ops::MachineHealthResult) -> String {
    result.message().to_owned()
}

fn create(source: &dyn HealthSource, limits: [i64; 2]) {
    for (ps, limit) in limits.into_iter().enumerate() {
        let name = get_ps_machine_info_shared_name(ps);
        source
            .machine_info(&ps_device(ps), &name, Some(limit))
            .unwrap();
    }
}

#[test]
fn a_real_machine_without_memory_is_reported_once_and_the_workers_are_held() {
    Stage::real(|stage| {
        let (chief, raw) = (Chief::new(stage, 2), Arc::<RawSession>::default());
        let machine = Arc::new(LocalMachine::default());
        create(&*machine, [1 << 62, 7]);
        let (health, reports) = watch(&chief, machine);
        let mut session = chief.session(vec![health, raw.clone()]);
        stage.until(|| chief.blocked() == [0]);
        let worker = chief.worker(&raw.get());
        stage.until(|| chief.blocked() == [0, 1]);
        let report = seen(&reports).remove(0);
        assert_eq!(report.len(), 1);
        assert_eq!(report[0].0, 1);
        assert!(report[0].1.ends_with(", Limit: 7"));
        assert_eq!(session.run(Session::train_step).unwrap(), 1);
        chief.resume().unwrap();
        stage.until_ended(&[worker]);
        assert!(!session.should_stop());
        session.leave(None).unwrap();
        assert_eq!(seen(&reports).len(), 1);
    });
}

/// Counts polls.
#[derive(Debug)]
struct Counted {
    machines: Machines,
    polls: AtomicUsize,
}

impl HealthSource for Counted {
    fn machine_info(&self, device: &str, name: &str, limit: Option<i64>) -> Result<MachineInfo> {
        self.machines.machine_info(device, name, limit)
    }

    fn check_machine_health(&self, machines: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        self.machines.check_machine_health(machines)
    }
}

#[test]
fn machines_are_polled_until_one_is_sick_and_no_more() {
    Stage::real(|stage| {
        let chief = Chief::new(stage, 2);
        let strikes = Arc::new(Strikes::default());
        let counted = Arc::new(Counted {
            machines: Machines::new(Arc::new(SystemClock), strikes, 2 * GIB, &[GIB, GIB]),
            polls: AtomicUsize::new(0),
        });
        let polls = || counted.polls.load(Ordering::SeqCst);
        let (health, reports) = watch(&chief, counted.clone());
        let mut session = chief.session(vec![health]);
        stage.until(|| polls() >= 10);
        assert!(seen(&reports).is_empty() && chief.blocked().is_empty());
        counted.machines.set(0, MachineFault::Rss(3 * GIB), "fault");
        stage.until(|| chief.blocked() == [0]);
        let text = format!(
            "Memory limit exceeded. Current: {}, Limit: {}",
            3 * GIB,
            2 * GIB
        );
        assert_eq!(seen(&reports), [[(0, text)]]);
        let at_alarm = polls();
        chief.resume().unwrap();
        stage.clock.sleep(10 * MS);
        assert_eq!((polls(), seen(&reports).len()), (at_alarm, 1));
        assert!(chief.blocked().is_empty());
        session.leave(None).unwrap();
    });
}

#[test]
fn a_thread_that_polls_has_ended_once_the_session_is_left() {
    Stage::real(|stage| {
        let chief = Chief::new(stage, 2);
        let strikes = Arc::new(Strikes::default());
        let counted = Arc::new(Counted {
            machines: Machines::new(Arc::new(SystemClock), strikes, 2 * GIB, &[GIB, GIB]),
            polls: AtomicUsize::new(0),
        });
        let (health, _) = watch(&chief, counted.clone());
        let mut session = chief.session(vec![health]);
        stage.until(|| counted.polls.load(Ordering::SeqCst) > 0);
        session.leave(None).unwrap();
        let at_exit = counted.polls.load(Ordering::SeqCst);
        stage.clock.sleep(10 * MS);
        assert_eq!(counted.polls.load(Ordering::SeqCst), at_exit);
    });
}

#[test]
fn an_operator_stops_resumes_and_saves() {
    Stage::real(|stage| {
        let (chief, raw) = (Chief::new(stage, 2), Arc::<RawSession>::default());
        let mut session = chief.session(vec![raw.clone()]);
        session.run(Session::train_step).unwrap();
        chief.stop().unwrap();
        let worker = chief.worker(&raw.get());
        stage.until(|| chief.blocked() == [0, 1]);
        assert_eq!(chief.global_step(), Ok(1));
        chief.save().unwrap();
        assert!(worker.is_alive());
        chief.resume().unwrap();
        stage.until_ended(&[worker]);
        assert!(chief.blocked().is_empty());
        session.run(Session::train_step).unwrap();
        session.leave(None).unwrap();
        for step in 1..=2 {
            assert!(
                chief
                    .model_dir()
                    .join(format!("model.ckpt-{step}"))
                    .exists()
            );
        }
    });
}

/// Looks, after each write, who is blocked.
#[derive(Debug)]
struct Looks {
    barrier: Arc<monolith_training::barrier_ops::BarrierOp>,
    blocked: Seen<Vec<usize>>,
}

impl CheckpointSaverListener for Looks {
    fn after_save(&self, session: &Arc<Session>, _: i64) -> Result<bool> {
        let blocked = self.barrier.get_blocked_indices(session)?;
        self.blocked.lock().unwrap().push(blocked);
        Ok(false)
    }
}

fn guarded(stage: &Stage, max_pending: Duration, blocked: Seen<Vec<usize>>) -> Chief {
    let clock = Arc::clone(&stage.clock);
    Chief::with(
        stage,
        2,
        |(graph, barrier), mut options| {
            let listener = BarrierSaverListener::new(graph, clock, Arc::clone(barrier));
            let looks = Looks {
                barrier: Arc::clone(barrier),
                blocked,
            };
            let listener = listener.with_wait(MS).with_max_pending(max_pending);
            // The barrier is removed after the other listener has seen it.
            options.listeners = vec![Arc::new(looks), Arc::new(listener)];
            options
        },
        |server| server,
    )
}

#[test]
fn a_save_holds_the_worker_while_it_writes() {
    Stage::real(|stage| {
        let blocked = Seen::default();
        let chief = guarded(stage, PATIENCE, Arc::clone(&blocked));
        chief.bring_worker_once("Save");
        let mut session = chief.session(vec![]);
        session.run(Session::train_step).unwrap();
        chief.save().unwrap();
        stage.until(|| chief.blocked().is_empty());
        assert_eq!(seen(&blocked), [[0, 1]]);
        session.leave(None).unwrap();
    });
}

#[test]
fn a_save_goes_on_without_a_worker_that_does_not_come() {
    Stage::real(|stage| {
        for max_pending in [Duration::ZERO, 20 * MS] {
            let blocked = Seen::default();
            let chief = guarded(stage, max_pending, Arc::clone(&blocked));
            let mut session = chief.session(vec![]);
            let before = stage.clock.now();
            chief.save().unwrap();
            assert!(stage.clock.now() >= before + max_pending);
            assert_eq!(seen(&blocked), [[0]]);
            assert!(chief.blocked().is_empty());
            session.leave(None).unwrap();
        }
    });
}

/// An operator who has only a file system.
struct Asked {
    stage: Stage,
    dir: PathBuf,
    saves: Arc<AtomicUsize>,
}

impl Asked {
    fn new(chief: &Chief, more: impl FnOnce(ControllerHook) -> ControllerHook) -> (Self, Hooks) {
        let (clock, dir) = (&chief.stage.clock, chief.model_dir().to_owned());
        let saves = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&saves);
        let trigger_save = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let barrier = Some(Arc::clone(&chief.barrier));
        let hook =
            ControllerHook::new(&chief.graph, Arc::clone(clock), barrier, Some(trigger_save));
        let hook = Arc::new(more(hook.unwrap()));
        let query = QueryActionHook::new(&*dir, Arc::clone(&hook), Arc::clone(clock));
        let stage = chief.stage.clone();
        let asked = Self { stage, dir, saves };
        (asked, vec![hook, Arc::new(query.with_interval(MS))])
    }

    /// Writes the action file and waits until it is gone; the response.
    fn ask(&self, text: &str) -> String {
        let action = self.dir.join("monolith_action");
        let new = self.dir.join("monolith_action.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &action).unwrap();
        self.stage.until(|| !action.exists());
        std::fs::read_to_string(self.dir.join("monolith_action_response")).unwrap()
    }

    fn saves(&self) -> usize {
        self.saves.load(Ordering::SeqCst)
    }
}

#[test]
fn an_action_file_is_consumed_and_its_save_is_done_with_the_next_step() {
    Stage::real(|stage| {
        let chief = Chief::new(stage, 2);
        let (asked, hooks) = Asked::new(&chief, |hook| hook);
        let mut session = chief.session(hooks);
        assert_eq!(asked.ask("action: TRIGGER_SAVE"), "OK");
        assert_eq!(asked.saves(), 0);
        session.run(Session::train_step).unwrap();
        session.run(Session::train_step).unwrap();
        assert_eq!(asked.saves(), 1);
        assert_eq!(asked.ask("action: 1"), "OK");
        session.run(Session::train_step).unwrap();
        assert_eq!(asked.saves(), 2);
        assert!(asked.ask("anything: 2").contains("no field named"));
        session.leave(None).unwrap();
    });
}

#[test]
fn a_stop_by_file_waits_for_the_worker_and_ends_training() {
    Stage::real(|stage| {
        let chief = Chief::new(stage, 2);
        let more = |hook: ControllerHook| hook.with_wait(MS).with_max_pending(PATIENCE);
        let (asked, mut hooks) = Asked::new(&chief, more);
        let helper = StopHelper::new();
        chief
            .barrier
            .append_callback(helper.create_barrier_callback());
        hooks.push(helper.create_stop_hook());
        chief.bring_worker_once("Stop");
        let mut session = chief.session(hooks);
        assert_eq!(asked.ask("action: STOP"), "OK");
        session.run(Session::train_step).unwrap();
        assert!(session.should_stop());
        stage.until(|| chief.blocked().is_empty());
        session.leave(None).unwrap();
    });
}

#[test]
fn a_stop_gives_up_on_a_worker_that_does_not_come() {
    Stage::real(|stage| {
        for max_pending in [Duration::ZERO, 20 * MS] {
            let (chief, raw) = (Chief::new(stage, 2), Arc::<RawSession>::default());
            let barrier = Some(Arc::clone(&chief.barrier));
            let clock = Arc::clone(&stage.clock);
            let hook = ControllerHook::new(&chief.graph, clock, barrier, None).unwrap();
            let hook = Arc::new(hook.with_wait(MS).with_max_pending(max_pending));
            let mut session = chief.session(vec![hook.clone(), raw.clone()]);
            hook.stop_op(&raw.get()).unwrap();
            let before = stage.clock.now();
            session.run(Session::train_step).unwrap();
            assert!(stage.clock.now() >= before + max_pending);
            assert!(chief.blocked().is_empty());
            session.leave(None).unwrap();
        }
    });
}

#[test]
fn a_handler_that_outlasts_the_grace_is_cut_off_and_runs_to_its_end() {
    Stage::real(|stage| {
        let chief = Chief::with(stage, 1, |_, it| it, |server| server.with_grace(20 * MS));
        let (gate, ended) = (Gate::default(), Arc::new(Mutex::new(false)));
        let (own, open, end) = (stage.clone(), gate.clone(), Arc::clone(&ended));
        chief.react(move |_, _| {
            own.until(|| open.is_open());
            *end.lock().unwrap() = true;
        });
        let raw = Arc::<RawSession>::default();
        let mut session = chief.session(vec![raw.clone()]);
        let call = chief.beside(Chief::stop);
        stage.until(|| chief.counts.running() == 1);
        chief.server.end(&raw.get()).unwrap();
        stage.until(|| seen(&call).len() == 1);
        let cut_off = (Code::Unavailable, "Cancelling all calls".to_owned());
        assert_eq!(seen(&call), [Err(cut_off)]);
        assert!(!*ended.lock().unwrap());
        gate.open();
        stage.until(|| *ended.lock().unwrap());
        session.leave(None).unwrap();
    });
}
