//! What a graph has once, callbacks that come later, and what wrapped listeners hear.

use std::sync::Arc;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::SystemClock;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::controller_hooks::ControllerHook;
use monolith_training::hooks::hook_utils::{AfterSaveListener, BeforeSaveListener};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};

use crate::stage::{Seen, seen};

fn barrier(graph: &Graph, capacity: usize) -> Result<BarrierOp> {
    BarrierOp::new(graph, Arc::new(SystemClock), capacity)
}

#[test]
fn a_graph_has_one_barrier() {
    let graph = Graph::new();
    barrier(&graph, 1).unwrap();
    let again = barrier(&graph, 2).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::ValueError);
    assert!(again.message().contains("barrier_var already exists"));
    assert!(barrier(&Graph::new(), 2).is_ok());
}

#[test]
fn all_are_blocked_only_while_the_barrier_is_placed_too() {
    let graph = Graph::new();
    let barrier = barrier(&graph, 1).unwrap();
    let session = Session::new(&graph, 0).unwrap();
    let seen = || {
        (
            barrier.is_all_blocked(&session),
            barrier.is_none_blocked(&session),
        )
    };
    assert_eq!(seen(), (Ok(false), Ok(true)));
    barrier.place_barrier(&session, "").unwrap();
    assert_eq!(seen(), (Ok(true), Ok(false)));
    barrier.remove_barrier(&session).unwrap();
    assert_eq!(seen(), (Ok(false), Ok(true)));
}

#[test]
fn a_capacity_that_is_none_leaves_the_graph_as_it_was() {
    let graph = Graph::new();
    let words = "capacity must be positive, it is 0.";
    assert_eq!(barrier(&graph, 0).unwrap_err(), Error::value(words));
    for capacity in [(1 << 31) + 1, usize::MAX] {
        let error = barrier(&graph, capacity).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError);
    }
    assert_eq!(barrier(&graph, 1).unwrap().capacity(), 1);
}

#[test]
fn a_graph_has_one_controller_hook() {
    let graph = Graph::new();
    let hook = || ControllerHook::new(&graph, Arc::new(SystemClock), None, None);
    hook().unwrap();
    for _ in 0..2 {
        let error = hook().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError);
        assert!(error.message().contains("control_var already exists"));
    }
}

#[test]
fn a_callback_that_is_appended_is_called_from_then_on() {
    let (graph, called) = (Graph::new(), Seen::<(usize, String)>::default());
    let barrier = Arc::new(barrier(&graph, 1).unwrap());
    let session = Session::new(&graph, 0).unwrap();
    let append = |number: usize| {
        let list = Arc::clone(&called);
        barrier.append_callback(Arc::new(move |action, _| {
            list.lock().unwrap().push((number, action.to_owned()));
            Ok(())
        }));
    };
    let place = |action: &str| {
        barrier.place_barrier(&session, action).unwrap();
        barrier.remove_barrier(&session).unwrap();
    };
    place("none");
    append(1);
    place("one");
    append(2);
    place("both");
    let expected = [(1, "one"), (1, "both"), (2, "both")];
    assert_eq!(
        seen(&called),
        expected.map(|(number, action)| (number, action.to_owned()))
    );
}

#[test]
fn a_callback_that_a_callback_appends_is_called_in_the_same_round() {
    let (graph, called) = (Graph::new(), Seen::<String>::default());
    let barrier = Arc::new(barrier(&graph, 1).unwrap());
    let session = Session::new(&graph, 0).unwrap();
    let (list, appended_to) = (Arc::clone(&called), Arc::downgrade(&barrier));
    barrier.append_callback(Arc::new(move |_, _| {
        list.lock().unwrap().push("first".to_owned());
        let list = Arc::clone(&list);
        appended_to
            .upgrade()
            .unwrap()
            .append_callback(Arc::new(move |action, _| {
                list.lock().unwrap().push(action.to_owned());
                Ok(())
            }));
        Ok(())
    }));
    barrier.place_barrier(&session, "placed").unwrap();
    assert_eq!(seen(&called), ["first", "placed"].map(str::to_owned));
}

#[test]
fn a_worker_reads_an_action_in_any_script() {
    let (graph, called) = (Graph::new(), Seen::<String>::default());
    let barrier = barrier(&graph, 2).unwrap();
    let session = Session::new(&graph, 0).unwrap();
    let list = Arc::clone(&called);
    barrier.append_callback(Arc::new(move |action, _| {
        list.lock().unwrap().push(action.to_owned());
        Ok(())
    }));
    barrier.place_barrier(&session, "подожди, 等一下").unwrap();
    barrier.remove_barrier(&session).unwrap();
    barrier.wait_until_barrier_removed(&session, 1).unwrap();
    assert_eq!(seen(&called), ["подожди, 等一下"; 2].map(str::to_owned));
}

/// Notes what it is told, and always wishes to stop.
#[derive(Default)]
struct Heard(Seen<String>);

impl Heard {
    fn told(&self, call: String) {
        self.0.lock().unwrap().push(call);
    }
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<heard>")
    }
}

impl CheckpointSaverListener for Heard {
    fn begin(&self) -> Result<()> {
        self.told("begin".to_owned());
        Ok(())
    }

    fn before_save(&self, _: &Arc<Session>, step: i64) -> Result<()> {
        self.told(format!("before {step}"));
        Err(Error::value("before"))
    }

    fn after_save(&self, _: &Arc<Session>, step: i64) -> Result<bool> {
        self.told(format!("after {step}"));
        Ok(true)
    }

    fn end(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.told("end".to_owned());
        Ok(())
    }
}

#[test]
fn a_wrapped_listener_hears_one_call_and_its_wish_is_nobodys() {
    let session = Session::new(&Graph::new(), 0).unwrap();
    let heard = Arc::<Heard>::default();
    let before: Arc<dyn CheckpointSaverListener> = Arc::new(BeforeSaveListener::new(heard.clone()));
    let after: Arc<dyn CheckpointSaverListener> = Arc::new(AfterSaveListener::new(heard.clone()));
    for (listener, call, outcome) in [
        (before, "before 7", Err(Error::value("before"))),
        (after, "after 7", Ok(())),
    ] {
        heard.0.lock().unwrap().clear();
        listener.begin().unwrap();
        assert_eq!(listener.before_save(&session, 7), outcome);
        assert_eq!(listener.after_save(&session, 7), Ok(false));
        listener.end(&session, 7).unwrap();
        assert_eq!(seen(&heard.0), [call]);
        assert!(format!("{listener:?}").ends_with("SaveListener<heard>"));
    }
}
