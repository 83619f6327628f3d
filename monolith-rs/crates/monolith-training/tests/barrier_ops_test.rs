//! The barrier, in virtual time.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::{BarrierCallback, BarrierHook, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::errors::{Error, ErrorKind};
use monolith_training::session::{ChiefsSession, Graph, HookedSession, Session};

fn barrier(capacity: usize, callbacks: Vec<BarrierCallback>) -> (BarrierOp, Arc<Session>) {
    let graph = Graph::new();
    let barrier = BarrierOp::new(&graph, Arc::new(SystemClock), capacity).unwrap();
    let session = Session::new(&graph, 0).unwrap();
    (barrier.with_callbacks(callbacks), session)
}

type Calls = Arc<Mutex<Vec<String>>>;

fn spy(calls: &Calls, name: &'static str) -> BarrierCallback {
    let calls = Arc::clone(calls);
    Arc::new(move |action, _| {
        calls.lock().unwrap().push(format!("{name} {action}"));
        Ok(())
    })
}

#[test]
fn placing_twice_is_an_error_that_changes_nothing() {
    let calls = Calls::default();
    let (barrier, session) = barrier(2, vec![spy(&calls, "a"), spy(&calls, "b")]);
    barrier.place_barrier(&session, "Stop").unwrap();
    let error = barrier.place_barrier(&session, "Other").unwrap_err();
    assert_eq!(error, Error::new(ErrorKind::BarrierAlreadyPlacedError, ""));
    assert_eq!(*calls.lock().unwrap(), ["a Stop", "b Stop"]);
    barrier.remove_barrier(&session).unwrap();
    barrier.remove_barrier(&session).unwrap();
    assert!(barrier.is_barrier_removed(&session).unwrap());
    // The action outlives the removal: who arrives now is called with it (B20).
    barrier.wait_until_barrier_removed(&session, 1).unwrap();
    assert_eq!(calls.lock().unwrap()[2..], ["a Stop", "b Stop"]);
}

#[test]
fn a_capacity_without_a_meaning_is_a_value_error() {
    for capacity in [0, (1 << 31) + 1, 1 << 40, usize::MAX] {
        let graph = Graph::new();
        let error = BarrierOp::new(&graph, Arc::new(SystemClock), capacity).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError);
        let found = format!("it is {capacity}.");
        assert!(error.message().ends_with(&found), "{error}");
        // The graph has no barrier yet.
        BarrierOp::new(&graph, Arc::new(SystemClock), 1).unwrap();
    }
}

#[test]
fn a_callback_that_raises_leaves_the_bit_set_and_the_lock_free() {
    let calls = Calls::default();
    let raises: BarrierCallback = Arc::new(|_, _| Err(Error::value("no")));
    let (barrier, session) = barrier(2, vec![raises, spy(&calls, "later")]);
    assert_eq!(barrier.place_barrier(&session, ""), Err(Error::value("no")));
    assert_eq!(
        barrier.wait_until_barrier_removed(&session, 1),
        Err(Error::value("no"))
    );
    assert!(barrier.is_all_blocked(&session).unwrap());
    assert!(calls.lock().unwrap().is_empty());
    barrier.remove_barrier(&session).unwrap();
    assert_eq!(barrier.get_blocked_indices(&session).unwrap(), [1]);
    assert_eq!(barrier.get_unblocked_indices(&session).unwrap(), [0]);
}

#[test]
fn an_index_out_of_range_is_named() {
    let (barrier, session) = barrier(3, Vec::new());
    for index in [-1, 0, 3] {
        let error = barrier.wait_until_barrier_removed(&session, index);
        let message = format!("Index [{index}] must be non-negative and less than capacity [3]. ");
        assert_eq!(error, Err(Error::value(message)));
    }
    assert!(barrier.is_none_blocked(&session).unwrap());
}

#[test]
fn a_graph_has_one_barrier_of_at_least_one() {
    let graph = Graph::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let none = BarrierOp::new(&graph, Arc::clone(&clock), 0).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::ValueError);
    BarrierOp::new(&graph, Arc::clone(&clock), 1).unwrap();
    let second = BarrierOp::new(&graph, clock, 1).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::ValueError);
}

#[test]
fn a_worker_is_held_after_its_step_until_it_sees_bit_0_clear() {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let graph = Graph::new();
            let shared: Arc<dyn Clock> = Arc::new(lanes.clone());
            let barrier = Arc::new(BarrierOp::new(&graph, shared, 3).unwrap());
            let session = Session::new(&graph, 0).unwrap();
            barrier.place_barrier(&session, "").unwrap();
            let steps = Arc::new(Mutex::new(Vec::new()));
            for index in [0, 1, 3] {
                let hook = Arc::new(BarrierHook::new(index, Arc::clone(&barrier)));
                let mut worker = HookedSession::new(Arc::clone(&session), vec![hook]);
                let (clock, steps) = (lanes.clone(), Arc::clone(&steps));
                lanes.start_lane("worker", move || {
                    let outcome = worker.run(&mut Session::train_step);
                    let kind = outcome.err().map(|error| error.kind());
                    steps
                        .lock()
                        .unwrap()
                        .push((clock.now().as_millis(), index, kind));
                });
            }
            lanes.sleep(Duration::from_millis(2500));
            assert_eq!(barrier.get_blocked_indices(&session).unwrap(), [0, 1]);
            // All have stepped; the chief and the one out of range didn't wait.
            assert_eq!(session.global_step().unwrap(), 3);
            barrier.remove_barrier(&session).unwrap();
            lanes.sleep(Duration::from_secs(1));
            assert!(barrier.is_none_blocked(&session).unwrap());
            let out_of_range = Some(ErrorKind::ValueError);
            assert_eq!(
                *steps.lock().unwrap(),
                [(0, 0, None), (0, 3, out_of_range), (3000, 1, None)]
            );
        })
        .unwrap();
}

#[test]
fn a_quick_remove_and_place_goes_unnoticed() {
    let calls = Calls::default();
    let spied = spy(&calls, "worker");
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let graph = Graph::new();
            let shared: Arc<dyn Clock> = Arc::new(lanes.clone());
            let barrier = BarrierOp::new(&graph, shared, 2).unwrap();
            let barrier = Arc::new(barrier.with_callbacks(vec![spied]));
            let session = Session::new(&graph, 0).unwrap();
            barrier.place_barrier(&session, "first").unwrap();
            let (waits, inside) = (Arc::clone(&barrier), Arc::clone(&session));
            let worker = lanes.start_lane("worker", move || {
                waits.wait_until_barrier_removed(&inside, 1).unwrap();
            });
            lanes.sleep(Duration::from_millis(500));
            barrier.remove_barrier(&session).unwrap();
            barrier.place_barrier(&session, "second").unwrap();
            lanes.sleep(Duration::from_secs(5));
            assert!(worker.is_alive());
        })
        .unwrap();
    let expected = ["worker first", "worker first", "worker second"];
    assert_eq!(*calls.lock().unwrap(), expected);
}

#[test]
fn a_callback_that_is_appended_later_is_called_too() {
    let calls = Calls::default();
    let (barrier, session) = barrier(2, vec![spy(&calls, "first")]);
    barrier.place_barrier(&session, "one").unwrap();
    barrier.append_callback(spy(&calls, "later"));
    barrier.remove_barrier(&session).unwrap();
    barrier.place_barrier(&session, "two").unwrap();
    assert_eq!(
        *calls.lock().unwrap(),
        ["first one", "first two", "later two"]
    );
}

#[test]
fn a_worker_that_starts_empties_the_action_and_a_new_chief_clears_both() {
    let calls = Calls::default();
    let graph = Graph::new();
    let barrier = BarrierOp::new(&graph, Arc::new(SystemClock), 2).unwrap();
    let barrier = barrier.with_callbacks(vec![spy(&calls, "saw")]);
    let (chief, shared) = (Session::new(&graph, 0).unwrap(), ChiefsSession::default());
    assert!(shared.start_worker_session().global_step().is_err());
    shared.set(Some(&chief));
    barrier.place_barrier(&chief, "Stop").unwrap();
    let worker = shared.start_worker_session();
    assert!(barrier.is_barrier_placed(&worker).unwrap());
    barrier.remove_barrier(&chief).unwrap();
    barrier.wait_until_barrier_removed(&worker, 1).unwrap();
    assert_eq!(*calls.lock().unwrap(), ["saw Stop", "saw "]);
    barrier.place_barrier(&chief, "Stop").unwrap();
    shared.set(Some(&Session::new(&graph, 0).unwrap()));
    barrier.wait_until_barrier_removed(&worker, 1).unwrap();
    assert_eq!(calls.lock().unwrap()[2..], ["saw Stop", "saw "]);
}
