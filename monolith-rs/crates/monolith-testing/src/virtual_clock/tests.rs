use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Failure, VirtualClock, Watcher};
use crate::panics::Panic;
use monolith_training::clock::{Clock, HandlerPool, Lock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, Result};

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
            let target = Box::new(move || {
                assert!(!clock.wait_for_stop(&waits, Some(Duration::from_secs(30))));
                assert!(clock.wait_for_stop(&waits, None));
                clock.sleep(Duration::from_secs(2));
                note(&log, &clock, "ends");
                Ok(())
            });
            inner.start_thread("waits", Some(&coord), target).unwrap();
            inner.sleep(Duration::from_secs(40));
            coord.request_stop();
            coord.join(|threads| inner.join(threads, Duration::from_secs(120)));
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
    assert_eq!(
        failure.to_string(),
        "stalled: main has kept the turn for 50ms of real time: it loops, or waits outside of Clock; \
         main runs"
    );
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
            panic: Panic {
                text: "a bug".into(),
                place: None
            }
        }
    );
}

#[test]
fn a_thread_that_is_no_lane_fails_the_run_whatever_becomes_of_its_panic() {
    for ends_well in [true, false] {
        let clock = VirtualClock::new(None);
        let inner = clock.clone();
        let outcome = clock.run(move || {
            let foreign = std::thread::spawn(move || inner.sleep(Duration::from_secs(1)));
            assert!(foreign.join().is_err() && ends_well);
        });
        assert_eq!(outcome, Err(Failure::NoLane));
    }
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
    clock.watch(&fates);
    let inner = clock.clone();
    clock
        .run(move || {
            let dies = Box::new(|| Err(Error::value("x")));
            inner.start_thread("t", None, dies).unwrap();
            let waits = inner.clone();
            let forever = Box::new(move || {
                waits.wait_until(|| false);
                Ok(())
            });
            inner.start_thread("t", None, forever).unwrap();
            inner.settle();
        })
        .unwrap();
    assert_eq!(*fates.0.lock().unwrap(), ["t Some(ValueError)"]);
    assert_eq!(clock.live_threads(), ["t#2"]);
}

/// Hands a request to a pool on another thread, as a server does.
fn call(
    clock: &VirtualClock,
    pool: &Arc<dyn HandlerPool>,
    log: &Log,
    takes: u64,
    deadline: Option<u64>,
) -> Option<&'static str> {
    let (handler_clock, pool) = (clock.clone(), Arc::clone(pool));
    let handler_log = Arc::clone(log);
    clock.call(deadline.map(Duration::from_secs), |reply| {
        std::thread::spawn(move || {
            pool.submit(Box::new(move || {
                note(&handler_log, &handler_clock, "begins");
                handler_clock.sleep(Duration::from_secs(takes));
                note(&handler_log, &handler_clock, "ends");
                reply.send("answer");
            }));
        });
    })
}

#[test]
fn a_client_that_gives_up_leaves_a_handler_that_has_begun_and_no_other() {
    let clock = VirtualClock::new(None);
    let log = Log::default();
    let (inner, seen) = (clock.clone(), Arc::clone(&log));
    clock
        .run(move || {
            let pool = inner.handler_pool(1, "controller");
            assert_eq!(call(&inner, &pool, &seen, 10, Some(4)), None);
            note(&seen, &inner, "gave up");
            // The only worker is busy until 10.
            assert_eq!(call(&inner, &pool, &seen, 10, Some(1)), None);
            let answer = call(&inner, &pool, &seen, 10, Some(16));
            assert_eq!(answer, Some("answer"));
            assert_eq!(call(&inner, &pool, &seen, 1, None), Some("answer"));
        })
        .unwrap();
    let expected = [
        "0 begins",
        "4 gave up",
        "10 ends",
        "10 begins",
        "20 ends",
        "20 begins",
        "21 ends",
    ];
    assert_eq!(lines(&log), expected);
}

/// Returns the order in which five lanes that park three times each get the turn.
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
