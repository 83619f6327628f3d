//! To the second: how long saves, stops, workers, polls and looks wait, and what comes at once.

use std::sync::Arc;
use std::time::Duration;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, Result};
use monolith_training::files::{Files, Operation};
use monolith_training::hooks::ckpt_hooks::BarrierSaverListener;
use monolith_training::hooks::controller_hooks::{ControllerHook, QueryActionHook};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::logging_ops::{HealthSource, MachineInfo};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::monitored::{HookedSession, Hooks, Recovery};
use monolith_training::session::{
    ChiefSessionCreator, Graph, MonitoredSession, Session, SessionRunHook,
};

use crate::stage::{Seen, Stage, seen};

fn half_seconds(count: u64) -> Duration {
    Duration::from_millis(500 * count)
}

/// A barrier of some workers in a session; its callback takes some time.
struct Held {
    stage: Stage,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    session: Arc<Session>,
    control: Arc<ControllerHook>,
}

impl Held {
    fn new(stage: &Stage, capacity: usize, takes: Duration) -> Self {
        let (graph, clock) = (Graph::new(), Arc::clone(&stage.clock));
        let own = Arc::clone(&clock);
        let callback = Arc::new(move |action: &str, _: &Arc<Session>| {
            if action == "Save" {
                own.sleep(takes);
            }
            Ok(())
        });
        let barrier = BarrierOp::new(&graph, Arc::clone(&clock), capacity).unwrap();
        let barrier = Arc::new(barrier.with_callbacks(vec![callback]));
        BarrierSaverListener::new(&graph, Arc::clone(&clock), Arc::clone(&barrier));
        let control = ControllerHook::new(&graph, clock, Some(Arc::clone(&barrier)), None);
        Self {
            stage: stage.clone(),
            session: Session::new(&graph, 0).unwrap(),
            graph,
            barrier,
            control: Arc::new(control.unwrap()),
        }
    }

    fn listener(&self) -> BarrierSaverListener {
        let clock = Arc::clone(&self.stage.clock);
        BarrierSaverListener::new(&self.graph, clock, Arc::clone(&self.barrier))
    }

    /// The time that this takes.
    fn time(&self, act: impl FnOnce() -> Result<()>) -> Duration {
        let begin = self.stage.clock.now();
        act().unwrap();
        self.stage.clock.now().saturating_sub(begin)
    }
}

#[test]
fn a_save_gives_up_at_the_first_look_after_its_time_from_before_the_placing() {
    Stage::fake(|stage| {
        for takes in [0, 10, 40, 59, 80].map(half_seconds) {
            for (wait, limit) in [(2, 60), (14, 40), (2, 0), (1, 6), (60, 60), (2, 59)] {
                let (wait, limit) = (half_seconds(wait), half_seconds(limit));
                let held = Held::new(stage, 2, takes);
                let listener = held.listener().with_wait(wait).with_max_pending(limit);
                let mut look = takes + wait;
                while look <= limit {
                    look += wait;
                }
                let before = || listener.before_save(&held.session, 1);
                assert_eq!(held.time(before), look);
                let mut look = wait;
                while look <= limit {
                    look += wait;
                }
                assert_eq!(
                    held.time(before),
                    look,
                    "it is placed, so no callback is called"
                );
                let after = || listener.after_save(&held.session, 1).map(drop);
                assert_eq!(held.time(after), Duration::ZERO);
            }
        }
    });
}

/// Has the workers arrive after these half seconds, in the order of their indices.
fn arrive(held: &Held, arrivals: &[u64]) {
    for (index, after) in (1..).zip(arrivals) {
        let (barrier, session) = (Arc::clone(&held.barrier), Arc::clone(&held.session));
        let (clock, after) = (Arc::clone(&held.stage.clock), half_seconds(*after));
        held.stage.beside(move || {
            clock.sleep(after);
            if barrier.is_barrier_placed(&session).unwrap() {
                barrier.wait_until_barrier_removed(&session, index).unwrap();
            }
        });
    }
}

#[test]
fn a_save_begins_at_the_look_that_finds_all_blocked() {
    Stage::fake(|stage| {
        for (arrivals, taken) in [
            (&[][..], 0),
            (&[4, 9], 10),
            (&[9, 4], 10),
            (&[2], 2),
            (&[61], 62),
            (&[62], 62),
            (&[63], 62),
        ] {
            let held = Held::new(stage, 1 + arrivals.len(), Duration::ZERO);
            arrive(&held, arrivals);
            let listener = held.listener();
            let time = held.time(|| listener.before_save(&held.session, 1));
            assert_eq!(time, half_seconds(taken), "{arrivals:?}");
            listener.after_save(&held.session, 1).unwrap();
            stage.clock.sleep(half_seconds(20));
        }
    });
}

#[test]
fn a_stop_looks_each_2_seconds_until_30_have_passed() {
    Stage::fake(|stage| {
        for (arrivals, taken) in [
            (&[][..], 0),
            (&[2], 4),
            (&[4, 9], 12),
            (&[9, 4], 12),
            (&[59], 60),
            (&[62], 60),
            (&[2, 200], 60),
        ] {
            let held = Held::new(stage, 1 + arrivals.len(), Duration::ZERO);
            arrive(&held, arrivals);
            let time = held.time(|| stop(&held));
            assert_eq!(time, half_seconds(taken), "{arrivals:?}");
            assert_eq!(held.barrier.is_barrier_removed(&held.session), Ok(true));
            stage.clock.sleep(half_seconds(200));
        }
    });
}

/// A step of a session that is asked to stop.
fn stop(held: &Held) -> Result<()> {
    held.control.stop_op(&held.session)?;
    let hooks: Hooks = vec![held.control.clone()];
    let mut session = HookedSession::new(Arc::clone(&held.session), hooks);
    session.run(&mut |session| session.train_step().map(drop))
}

#[test]
fn a_worker_goes_on_at_its_next_look() {
    Stage::fake(|stage| {
        for (wait, removed, free) in [(2, 1, 2), (2, 7, 8), (4, 7, 8), (10, 7, 10), (1, 3, 4)] {
            let graph = Graph::new();
            let barrier = BarrierOp::new(&graph, Arc::clone(&stage.clock), 3).unwrap();
            let barrier = Arc::new(barrier.with_wait(half_seconds(wait)));
            let session = Session::new(&graph, 0).unwrap();
            barrier.place_barrier(&session, "").unwrap();
            let (own, raw, clock) = (
                Arc::clone(&barrier),
                Arc::clone(&session),
                Arc::clone(&stage.clock),
            );
            // Not at a look, so that it doesn't matter who comes first.
            let after = half_seconds(removed) + Duration::from_millis(100);
            let removes = stage.beside(move || {
                clock.sleep(after);
                own.remove_barrier(&raw).unwrap();
                own.place_barrier(&raw, "").unwrap();
                assert_eq!(
                    own.get_blocked_indices(&raw),
                    Ok(vec![0, 2]),
                    "it hasn't noticed"
                );
                own.remove_barrier(&raw).unwrap();
            });
            let begin = stage.clock.now();
            barrier.wait_until_barrier_removed(&session, 2).unwrap();
            assert_eq!(stage.clock.now().saturating_sub(begin), half_seconds(free));
            assert_eq!(barrier.is_none_blocked(&session), Ok(true));
            stage.until_ended(&[removes]);
        }
    });
}

/// Machines whose polls take some time.
#[derive(Debug)]
struct Slow {
    clock: Arc<dyn Clock>,
    takes: Duration,
    polls: Seen<Duration>,
}

impl HealthSource for Slow {
    fn machine_info(&self, device: &str, name: &str, _: Option<i64>) -> Result<MachineInfo> {
        let (device, shared_name) = (device.to_owned(), name.to_owned());
        Ok(MachineInfo {
            device,
            shared_name,
        })
    }

    fn check_machine_health(&self, machines: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        self.polls.lock().unwrap().push(self.clock.now());
        self.clock.sleep(self.takes);
        Ok(vec![Vec::new(); machines.len()])
    }
}

#[test]
fn a_poll_comes_30_seconds_after_the_last_has_ended() {
    Stage::fake(|stage| {
        for takes in [1, 2, 58, 60, 90].map(half_seconds) {
            let (graph, polls) = (Graph::new(), Seen::default());
            let clock = Arc::clone(&stage.clock);
            let (own, list) = (Arc::clone(&clock), Arc::clone(&polls));
            let slow = Slow {
                clock: own,
                takes,
                polls: list,
            };
            let config = Config::new(None, 1, Arc::new(slow), Arc::clone(&clock));
            let hooks: Hooks = vec![Arc::new(PsHealthCheckerHook::new(config))];
            let begin = clock.now();
            let creator = Box::new(ChiefSessionCreator::new(graph, None));
            let session =
                MonitoredSession::new(Recovery::Recreates, creator, hooks, Arc::clone(&clock));
            let mut session = session.unwrap();
            let period = half_seconds(60) + takes;
            clock.sleep(3 * period + takes / 2);
            session.leave(None).unwrap();
            let end = clock.now().saturating_sub(begin);
            assert_eq!(end, 3 * period + takes, "the exit waits for a poll");
            let expected: Vec<_> = (0..4).map(|number| begin + number * period).collect();
            assert_eq!(seen(&polls), expected);
        }
    });
}

#[test]
fn a_look_comes_60_seconds_after_the_session_or_the_last_look() {
    Stage::fake(|stage| {
        for (takes, fails) in [(0, false), (0, true), (10, false), (10, true), (180, true)] {
            let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
            let (clock, looks) = (Arc::clone(&stage.clock), Seen::default());
            let control = ControllerHook::new(&graph, Arc::clone(&clock), None, None).unwrap();
            let (own, list, takes) = (Arc::clone(&clock), Arc::clone(&looks), half_seconds(takes));
            let files = Files::checked_by(move |operation, _| {
                if operation != Operation::Read {
                    return Ok(());
                }
                list.lock().unwrap().push(own.now());
                own.sleep(takes);
                if fails {
                    Err(Error::value("read"))
                } else {
                    Ok(())
                }
            });
            let hook = QueryActionHook::new(dir.path(), Arc::new(control), Arc::clone(&clock));
            let hook = hook.with_files(files);
            let action = dir.path().join("monolith_action");
            let begin = clock.now();
            let session = Session::new(&graph, 0).unwrap();
            hook.after_create_session(&session, &Coordinator::new())
                .unwrap();
            let period = half_seconds(120) + takes;
            for number in 0..3 {
                std::fs::write(&action, "action: STOP").unwrap();
                let at = begin + half_seconds(120) + number * period;
                clock.sleep(at.saturating_sub(clock.now() + half_seconds(1)));
                assert_eq!(seen(&looks).len(), usize::try_from(number).unwrap());
                clock.sleep(half_seconds(2) + takes);
                assert_eq!(action.exists(), fails, "what can't be read stays");
            }
            hook.end(&session).unwrap();
            let first = begin + half_seconds(120);
            let expected: Vec<_> = (0..3).map(|number| first + number * period).collect();
            assert_eq!(seen(&looks), expected);
        }
    });
}

#[test]
fn the_end_waits_for_a_look_however_long_it_takes() {
    Stage::fake(|stage| {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let (clock, days) = (Arc::clone(&stage.clock), half_seconds(20 * 24 * 60 * 60));
        let control = ControllerHook::new(&graph, Arc::clone(&clock), None, None).unwrap();
        let own = Arc::clone(&clock);
        let files = Files::checked_by(move |operation, _| {
            if operation == Operation::Read {
                own.sleep(days);
            }
            Ok(())
        });
        let hook = QueryActionHook::new(dir.path(), Arc::new(control), Arc::clone(&clock));
        let hook = hook.with_files(files);
        let session = Session::new(&graph, 0).unwrap();
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        std::fs::write(dir.path().join("monolith_action"), "action: STOP").unwrap();
        let begin = clock.now();
        clock.sleep(half_seconds(122));
        hook.end(&session).unwrap();
        let waited = clock.now().saturating_sub(begin);
        assert_eq!(waited, half_seconds(120) + days);
    });
}
