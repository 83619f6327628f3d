//! The coordinator, whose threads a clock has started.

use std::sync::Arc;

use monolith_training::clock::Thread;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Error;
use tracing::Level;

use crate::records::records;
use crate::stage::{MS, PATIENCE, Seen, Stage, contracts, seen, target};

fn join(stage: &Stage, coord: &Coordinator) {
    coord.join(|threads| stage.clock.join(threads, PATIENCE));
}

/// Threads of the coordinator that wait for its stop and then append.
fn waiting(
    stage: &Stage,
    coord: &Arc<Coordinator>,
    woke: &Seen<bool>,
    count: usize,
) -> Vec<Arc<Thread>> {
    let start = |_| {
        let (own, asked, woke) = (stage.clone(), Arc::clone(coord), Arc::clone(woke));
        let waits = target(move || {
            let stopped = own.clock.wait_for_stop(&asked, None);
            woke.lock().unwrap().push(stopped);
        });
        stage
            .clock
            .start_thread("watch", Some(coord), waits)
            .unwrap()
    };
    (0..count).map(start).collect()
}

contracts! { of Stage;
    fn a_stop_is_seen_by_all_threads_and_joined(stage) {
        let (coord, woke) = (Coordinator::new(), Seen::default());
        let threads = waiting(stage, &coord, &woke, 3);
        stage.clock.sleep(2 * MS);
        assert!(!coord.should_stop());
        assert_eq!(seen(&woke), [] as [bool; 0]);
        coord.request_stop();
        let ((), logged) = records(Level::INFO, || join(stage, &coord));
        assert_eq!(logged, [""; 0]);
        assert_eq!(seen(&woke), [true; 3]);
        assert!(!threads.iter().any(|thread| thread.is_alive()));
    }

    fn a_stop_by_one_thread_ends_the_others(stage) {
        let (coord, woke) = (Coordinator::new(), Seen::default());
        waiting(stage, &coord, &woke, 2);
        let asked = Arc::clone(&coord);
        let stops = target(move || asked.request_stop());
        stage.clock.start_thread("stops", Some(&coord), stops).unwrap();
        join(stage, &coord);
        assert_eq!(seen(&woke), [true; 2]);
    }

    fn a_join_waits_for_what_a_thread_does_after_the_stop(stage) {
        let (coord, done) = (Coordinator::new(), Seen::default());
        let (own, asked, list) = (stage.clone(), Arc::clone(&coord), Arc::clone(&done));
        let winds_up = target(move || {
            own.clock.wait_for_stop(&asked, None);
            own.clock.sleep(10 * MS);
            list.lock().unwrap().push(true);
        });
        stage.clock.start_thread("watch", Some(&coord), winds_up).unwrap();
        coord.request_stop();
        join(stage, &coord);
        assert_eq!(seen(&done), [true]);
    }

    fn nobody_to_join_is_nothing_to_wait_for(stage) {
        let coord = Coordinator::new();
        coord.join(|_| panic!("there is nobody"));
        stage.until_ended(&[]);
    }

    fn threads_are_joined_once(stage) {
        let (coord, woke) = (Coordinator::new(), Seen::default());
        waiting(stage, &coord, &woke, 1);
        coord.request_stop();
        join(stage, &coord);
        coord.join(|_| panic!("it was joined"));
    }

    fn a_thread_that_outlives_the_grace_is_left(stage) {
        let (coord, other, woke) = (Coordinator::new(), Coordinator::new(), Seen::default());
        let (own, asked) = (stage.clone(), Arc::clone(&other));
        let late = target(move || {
            own.clock.wait_for_stop(&asked, None);
        });
        let late = stage.clock.start_thread("late", Some(&coord), late).unwrap();
        let in_time = waiting(stage, &coord, &woke, 1);
        coord.request_stop();
        stage.until_ended(&in_time); // else a slow machine has it among the late ones
        let wait = |threads: &[Arc<Thread>]| stage.clock.join(threads, 5 * MS);
        let ((), logged) = records(Level::INFO, || coord.join(wait));
        assert_eq!(logged, ["Coordinator stopped with threads still running: late"]);
        assert!(late.is_alive());
        other.request_stop();
        stage.until_ended(&[late]);
    }

    fn an_error_that_leaves_a_thread_is_not_told_to_its_coordinator(stage) {
        let coord = Coordinator::new();
        let fails = Box::new(|| Err(Error::runtime("fails")));
        let thread = stage.clock.start_thread("fails", Some(&coord), fails).unwrap();
        stage.until_ended(&[thread]);
        assert!(!coord.should_stop());
        coord.request_stop();
        coord.join(|_| panic!("it has ended"));
    }

    fn two_coordinators_have_threads_of_their_own(stage) {
        let (coord, other, woke) = (Coordinator::new(), Coordinator::new(), Seen::default());
        let mine = waiting(stage, &coord, &woke, 1);
        let others = waiting(stage, &other, &woke, 1);
        coord.request_stop();
        join(stage, &coord);
        assert_eq!((mine[0].is_alive(), others[0].is_alive()), (false, true));
        other.request_stop();
        join(stage, &other);
        assert!(!others[0].is_alive());
    }
}
