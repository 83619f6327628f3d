use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Failure, VirtualClock, Watcher};
use crate::clock::{Clock, Lock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, Result};

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, clock: &VirtualClock, what: &str) {
    let line = format!("{} {what}", clock.now().as_secs());
    log.lock().unwrap().push(line);
}

fn lines(log: &Log) -> Vec<String> {
    log.lock().unwrap().clone()
}

#[test]
fn time_goes_straight_to_the_next_deadline() {
    let clock = VirtualClock::new(None);
    let log = Log::default();
    let (inner, seen) = (clock.clone(), Arc::clone(&log));
    clock
        .run(move || {
            for (name, pause) in [("a", 20), ("b", 10)] {
                let (clock, log) = (inner.clone(), Arc::clone(&seen));
                inner.start_lane(name, move || {
                    clock.sleep(Duration::from_secs(pause));
                    note(&log, &clock, name);
                });
            }
            note(&seen, &inner, "main");
            inner.sleep(Duration::from_secs(3600));
            note(&seen, &inner, "main");
        })
        .unwrap();
    assert_eq!(lines(&log), ["0 main", "10 b", "20 a", "3600 main"]);
}

#[test]
fn starting_a_lane_does_not_give_way_and_settling_does() {
    let clock = VirtualClock::new(None);
    let log = Log::default();
    let (inner, seen) = (clock.clone(), Arc::clone(&log));
    clock
        .run(move || {
            let (lane_clock, lane_log) = (inner.clone(), Arc::clone(&seen));
            inner.start_lane("other", move || note(&lane_log, &lane_clock, "other"));
            note(&seen, &inner, "started");
            inner.settle();
            note(&seen, &inner, "settled");
        })
        .unwrap();
    assert_eq!(lines(&log), ["0 started", "0 other", "0 settled"]);
}

#[test]
fn a_lock_is_waited_for_and_is_free_after_its_holder_was_left() {
    let clock = VirtualClock::new(None);
    let log = Log::default();
    let lock = Arc::new(Lock::new(&clock, ()));
    let (inner, seen, held) = (clock.clone(), Arc::clone(&log), Arc::clone(&lock));
    clock
        .run(move || {
            for pause in [5, 1_000_000] {
                let (clock, log) = (inner.clone(), Arc::clone(&seen));
                let lock = Arc::clone(&held);
                inner.start_lane("holder", move || {
                    let _guard = lock.lock();
                    note(&log, &clock, "holds");
                    clock.sleep(Duration::from_secs(pause));
                });
            }
            inner.sleep(Duration::from_secs(60));
        })
        .unwrap();
    assert_eq!(lines(&log), ["0 holds", "5 holds"]);
    drop(lock.lock());
}

#[test]
fn a_requested_stop_wakes_who_waits_and_join_waits_for_its_end() {
    let clock = VirtualClock::new(None);
    let log = Log::default();
    let (inner, seen) = (clock.clone(), Arc::clone(&log));
    clock
        .run(move || {
            let coord = Coordinator::new();
            let (waits, clock, log) = (Arc::clone(&coord), inner.clone(), Arc::clone(&seen));
            inner.start_thread(
                "waits",
                Some(&coord),
                Box::new(move || {
                    assert!(!clock.wait_for_stop(&waits, Some(Duration::from_secs(30))));
                    assert!(clock.wait_for_stop(&waits, None));
                    clock.sleep(Duration::from_secs(2));
                    note(&log, &clock, "ends");
                    Ok(())
                }),
            );
            inner.sleep(Duration::from_secs(40));
            coord.request_stop();
            coord.join(&inner, Duration::from_secs(120));
            note(&seen, &inner, "joined");
        })
        .unwrap();
    assert_eq!(lines(&log), ["42 ends", "42 joined"]);
}

#[test]
fn who_waits_for_each_other_is_a_deadlock_and_is_named() {
    let clock = VirtualClock::new(None);
    let inner = clock.clone();
    let failure = clock.run(move || inner.wait_until(|| false)).unwrap_err();
    assert_eq!(
        failure,
        Failure::Deadlock("main waits for its condition".into())
    );
}

#[test]
fn a_lane_that_keeps_the_turn_is_reported_and_not_waited_for() {
    let clock = VirtualClock::with_limit(None, Duration::from_millis(50));
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let failure = clock.run(move || blocked.recv().ok()).unwrap_err();
    assert!(matches!(failure, Failure::Stalled { lane, .. } if lane == "main"));
    drop(release);
}

#[test]
fn a_panic_is_a_failure_that_names_the_lane() {
    let clock = VirtualClock::new(None);
    let inner = clock.clone();
    let failure = clock
        .run(move || {
            inner.start_lane("bad", || panic!("a bug"));
            inner.sleep(Duration::from_secs(1));
        })
        .unwrap_err();
    assert_eq!(
        failure,
        Failure::Panicked {
            lane: "bad".into(),
            message: "a bug".into()
        }
    );
}

#[derive(Default)]
struct Fates(Mutex<Vec<String>>);

impl Watcher for Fates {
    fn gives_way(&self) {}

    fn thread_ended(&self, label: &str, outcome: &Result<()>) {
        let fate = outcome.as_ref().err().map(Error::kind);
        self.0.lock().unwrap().push(format!("{label} {fate:?}"));
    }
}

#[test]
fn the_fates_of_threads_are_told_and_those_left_are_listed() {
    let clock = VirtualClock::new(None);
    let fates = Arc::new(Fates::default());
    clock.watch(fates.clone());
    let inner = clock.clone();
    clock
        .run(move || {
            inner.start_thread("t", None, Box::new(|| Err(Error::value("x"))));
            let waits = inner.clone();
            let forever = Box::new(move || {
                waits.wait_until(|| false);
                Ok(())
            });
            inner.start_thread("t", None, forever);
            inner.settle();
        })
        .unwrap();
    assert_eq!(*fates.0.lock().unwrap(), ["t Some(ValueError)"]);
    assert_eq!(clock.live_threads(), ["t#2"]);
}

/// The order in which five lanes that park three times each get the turn.
fn order(seed: Option<u64>) -> Vec<String> {
    let clock = VirtualClock::new(seed);
    let log = Log::default();
    let (inner, seen) = (clock.clone(), Arc::clone(&log));
    clock
        .run(move || {
            for name in ["a", "b", "c", "d", "e"] {
                let (clock, log) = (inner.clone(), Arc::clone(&seen));
                inner.start_lane(name, move || {
                    for _ in 0..3 {
                        note(&log, &clock, name);
                        clock.sleep(Duration::from_secs(1));
                    }
                });
            }
            inner.sleep(Duration::from_secs(10));
        })
        .unwrap();
    lines(&log)
}

#[test]
fn a_seed_makes_another_schedule_and_always_the_same() {
    assert_eq!(order(None)[..5], ["0 a", "0 b", "0 c", "0 d", "0 e"]);
    assert_ne!(order(Some(1)), order(None));
    assert_ne!(order(Some(1)), order(Some(2)));
    for _ in 0..20 {
        assert_eq!(order(Some(1)), order(Some(1)));
    }
}
