//! A barrier that several hold at once: what `docs/production.md` says of its holders.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp, Hold};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::session::{Graph, Session};

/// A barrier and its usual holders.
struct Rig {
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    session: Arc<Session>,
    calls: Arc<Mutex<Vec<String>>>,
    save: Arc<BarrierOp>,
    alarm: Arc<BarrierOp>,
    operator: Arc<BarrierOp>,
}

impl Rig {
    fn new() -> Self {
        Self::on(Arc::new(SystemClock))
    }

    fn on(clock: Arc<dyn Clock>) -> Self {
        let graph = Graph::new();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let called = Arc::clone(&calls);
        let callback: BarrierCallback = Arc::new(move |action, _| {
            called.lock().unwrap().push(action.to_owned());
            Ok(())
        });
        let barrier = BarrierOp::new(&graph, clock, 3).unwrap();
        let barrier = Arc::new(barrier.with_callbacks(vec![callback]));
        let releases = ["ps_health", "stop", ""];
        Self {
            session: Session::new(&graph, 0).unwrap(),
            save: barrier.held_by("save", &[]).unwrap(),
            alarm: barrier.held_by("ps_health", &[]).unwrap(),
            operator: barrier.held_by("operator", &releases).unwrap(),
            graph,
            barrier,
            calls,
        }
    }

    fn place(&self, holder: &BarrierOp, action: &str) -> Result<()> {
        holder.place_barrier(&self.session, action)
    }

    fn remove(&self, holder: &BarrierOp) {
        holder.remove_barrier(&self.session).unwrap();
    }

    fn is_placed(&self) -> bool {
        self.barrier.is_barrier_placed(&self.session).unwrap()
    }

    fn holders(&self) -> Vec<String> {
        let holds = self.barrier.holds().into_iter();
        holds.map(|hold| hold.holder).collect()
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// What a worker that arrives at the barrier, which is removed, is called with.
    fn action(&self) -> String {
        let waits = &self.barrier;
        waits.wait_until_barrier_removed(&self.session, 1).unwrap();
        self.calls().last().unwrap().clone()
    }
}

fn already() -> Error {
    Error::new(ErrorKind::BarrierAlreadyPlacedError, "")
}

#[test]
fn the_first_to_hold_it_places_it_and_the_last_to_let_go_removes_it() {
    for save_first in [true, false] {
        let rig = Rig::new();
        let (first, second) = if save_first {
            (&rig.save, &rig.alarm)
        } else {
            (&rig.alarm, &rig.save)
        };
        rig.place(first, "first").unwrap();
        rig.place(second, "second").unwrap();
        assert!(rig.is_placed());
        rig.remove(&rig.save);
        assert!(rig.is_placed());
        rig.remove(&rig.alarm);
        assert!(!rig.is_placed());
        assert!(rig.holders().is_empty());
        // Who joined has run no callback and left the action.
        assert_eq!(rig.calls(), ["first"]);
        assert_eq!(rig.action(), "first");
    }
}

#[test]
fn who_holds_it_already_is_refused() {
    let rig = Rig::new();
    rig.place(&rig.operator, "").unwrap();
    assert_eq!(rig.place(&rig.operator, "other"), Err(already()));
    rig.place(&rig.save, "").unwrap();
    assert_eq!(rig.place(&rig.save, ""), Err(already()));
    assert_eq!(rig.holders(), ["operator", "save"]);
    rig.remove(&rig.operator);
    rig.place(&rig.operator, "").unwrap();
    assert_eq!(rig.holders(), ["save", "operator"]);
}

#[test]
fn a_view_of_the_same_name_is_the_same_holder() {
    let rig = Rig::new();
    let again = rig.save.held_by("save", &[]).unwrap();
    rig.place(&rig.save, "").unwrap();
    assert_eq!(rig.place(&again, ""), Err(already()));
    rig.remove(&again);
    assert!(!rig.is_placed());
}

#[test]
fn a_resume_answers_alarms_and_no_save() {
    let rig = Rig::new();
    rig.place(&rig.alarm, "").unwrap();
    rig.remove(&rig.operator);
    assert!(!rig.is_placed());

    rig.place(&rig.save, "save").unwrap();
    rig.place(&rig.alarm, "").unwrap();
    rig.place(&rig.operator, "").unwrap();
    rig.remove(&rig.operator);
    assert!(rig.is_placed());
    assert_eq!(rig.holders(), ["save"]);
    rig.remove(&rig.save);
    assert!(!rig.is_placed());
}

#[test]
fn who_places_it_without_a_view_has_no_name() {
    let rig = Rig::new();
    rig.place(&rig.barrier, "plain").unwrap();
    assert_eq!(rig.holders(), [""]);
    assert_eq!(rig.place(&rig.barrier, ""), Err(already()));
    rig.place(&rig.save, "").unwrap();
    assert_eq!(rig.holders(), ["", "save"]);
    rig.remove(&rig.save);
    assert!(rig.is_placed());
    rig.remove(&rig.operator);
    assert!(!rig.is_placed());
    // Without a view it is removed whoever holds it.
    rig.place(&rig.save, "").unwrap();
    rig.place(&rig.alarm, "").unwrap();
    assert_eq!(rig.place(&rig.barrier, ""), Err(already()));
    rig.remove(&rig.barrier);
    assert!(!rig.is_placed());
    assert!(rig.holders().is_empty());
}

#[test]
fn what_another_process_has_placed_is_of_no_name() {
    let rig = Rig::new();
    // As another process has it: the same variables, and another note.
    let other = BarrierOp::new(&Graph::new(), Arc::new(SystemClock), 3).unwrap();
    rig.place(&other, "theirs").unwrap();
    assert!(rig.holders().is_empty());
    rig.place(&rig.save, "save").unwrap();
    assert_eq!(rig.holders(), ["", "save"]);
    assert_eq!(rig.barrier.holds()[0].action, "");
    rig.remove(&rig.save);
    assert!(rig.is_placed());
    rig.remove(&rig.operator);
    assert!(!rig.is_placed());
    assert!(rig.calls().is_empty());
}

#[test]
fn a_new_session_begins_with_a_barrier_that_nobody_holds() {
    let mut rig = Rig::new();
    rig.place(&rig.operator, "").unwrap();
    rig.place(&rig.save, "").unwrap();
    rig.session = Session::new(&rig.graph, 0).unwrap();
    assert!(!rig.is_placed());
    rig.place(&rig.operator, "").unwrap();
    assert_eq!(rig.holders(), ["operator"]);
    rig.remove(&rig.operator);
    assert!(!rig.is_placed());
}

#[test]
fn a_callback_that_raises_leaves_the_holder_with_its_hold() {
    let graph = Graph::new();
    let raises: BarrierCallback = Arc::new(|_, _| Err(Error::value("no")));
    let barrier = BarrierOp::new(&graph, Arc::new(SystemClock), 1).unwrap();
    let barrier = Arc::new(barrier.with_callbacks(vec![raises]));
    let session = Session::new(&graph, 0).unwrap();
    let save = barrier.held_by("save", &[]).unwrap();
    assert_eq!(save.place_barrier(&session, ""), Err(Error::value("no")));
    assert_eq!(save.place_barrier(&session, ""), Err(already()));
    save.remove_barrier(&session).unwrap();
    assert!(save.is_barrier_removed(&session).unwrap());
}

#[test]
fn a_closed_session_is_nobodys_hold() {
    let rig = Rig::new();
    rig.session.close();
    assert!(rig.place(&rig.save, "").is_err());
    assert!(rig.holders().is_empty());
    assert!(rig.save.remove_barrier(&rig.session).is_err());
}

#[test]
fn a_holder_has_a_name() {
    let rig = Rig::new();
    let message = "holder: expected a name, got an empty one";
    let error = rig.barrier.held_by("", &["save"]).unwrap_err();
    assert_eq!(error, Error::value(message));
}

#[test]
fn a_view_is_the_barrier_otherwise() {
    let rig = Rig::new();
    let called = Arc::clone(&rig.calls);
    rig.save.append_callback(Arc::new(move |_, _| {
        called.lock().unwrap().push("appended".to_owned());
        Ok(())
    }));
    rig.place(&rig.alarm, "").unwrap();
    assert_eq!(rig.calls(), ["", "appended"]);
    assert_eq!(rig.save.capacity(), 3);
    assert_eq!(rig.save.get_blocked_indices(&rig.session).unwrap(), [0]);
    assert_eq!(rig.save.holds(), rig.barrier.holds());
}

#[test]
fn a_hold_says_who_since_when_and_with_which_action() {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let rig = Rig::on(Arc::new(lanes.clone()));
            let begun = lanes.now();
            rig.place(&rig.save, "save").unwrap();
            lanes.sleep(Duration::from_secs(5));
            rig.place(&rig.operator, "stop").unwrap();
            lanes.sleep(Duration::from_secs(5));
            // A second stop, which is refused, begins nothing.
            assert_eq!(rig.place(&rig.operator, "later"), Err(already()));
            let hold = |holder: &str, action: &str, after| Hold {
                holder: holder.to_owned(),
                action: action.to_owned(),
                since: begun + Duration::from_secs(after),
            };
            let expected = [hold("save", "save", 0), hold("operator", "stop", 5)];
            assert_eq!(rig.barrier.holds(), expected);
        })
        .unwrap();
}

#[test]
fn one_lock_is_held_for_all_views_while_callbacks_run() {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let graph = Graph::new();
            let shared: Arc<dyn Clock> = Arc::new(lanes.clone());
            let slow = lanes.clone();
            let callback: BarrierCallback = Arc::new(move |_, _| {
                slow.sleep(Duration::from_secs(7));
                Ok(())
            });
            let barrier = BarrierOp::new(&graph, shared, 2).unwrap();
            let barrier = Arc::new(barrier.with_callbacks(vec![callback]));
            let session = Session::new(&graph, 0).unwrap();
            let save = barrier.held_by("save", &[]).unwrap();
            let (inside, begun) = (Arc::clone(&session), lanes.now());
            lanes.start_lane("save", move || save.place_barrier(&inside, "").unwrap());
            lanes.sleep(Duration::from_secs(1));
            let operator = barrier.held_by("operator", &[]).unwrap();
            operator.place_barrier(&session, "").unwrap();
            assert_eq!(lanes.now(), begun + Duration::from_secs(7));
            assert_eq!(barrier.holds()[1].since, begun + Duration::from_secs(7));
        })
        .unwrap();
}
