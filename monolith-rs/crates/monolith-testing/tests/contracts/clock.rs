//! Contracts of a clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use monolith_training::clock::Lock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Error;

use crate::stage::{MS, PATIENCE, Seen, Stage, contracts, seen, target};

/// How many are inside at a time, at most.
#[derive(Default)]
struct Crowd {
    inside: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    fn enter(&self, body: impl FnOnce()) {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        body();
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

fn set(flag: &AtomicBool) {
    flag.store(true, Ordering::SeqCst);
}

fn is_set(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst)
}

contracts! { of Stage;
    fn time_never_runs_backwards(stage) {
        let times = Seen::default();
        let look = |stage: &Stage, times: &Seen<Duration>| {
            for _ in 0..5 {
                // Held while it looks, so that the list has the order of the looks.
                let mut times = times.lock().unwrap();
                times.push(stage.clock.now());
                drop(times);
                stage.clock.sleep(MS);
            }
        };
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (own, times) = (stage.clone(), Arc::clone(&times));
                stage.beside(move || look(&own, &times))
            })
            .collect();
        look(stage, &times);
        stage.until_ended(&threads);
        let times = seen(&times);
        assert_eq!(times.len(), 20);
        assert!(times.is_sorted());
    }

    fn a_sleep_lasts_at_least_as_long_as_asked(stage) {
        for time in [Duration::ZERO, MS, 20 * MS] {
            let before = stage.clock.now();
            stage.clock.sleep(time);
            assert!(stage.clock.now() >= before + time);
        }
    }

    fn a_lock_is_held_by_one_at_a_time_while_time_passes(stage) {
        let lock = Arc::new(Lock::new(&*stage.clock, 0));
        let crowd = Arc::<Crowd>::default();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (own, lock, crowd) = (stage.clone(), Arc::clone(&lock), Arc::clone(&crowd));
                stage.beside(move || {
                    for _ in 0..3 {
                        let mut count = lock.lock();
                        crowd.enter(|| own.clock.sleep(MS));
                        *count += 1;
                    }
                })
            })
            .collect();
        stage.until_ended(&threads);
        assert_eq!((crowd.most(), *lock.lock()), (1, 12));
    }

    fn a_lock_is_free_and_not_poisoned_after_a_panic_that_leaves_with_it(stage) {
        let lock = Lock::new(&*stage.clock, 1);
        for _ in 0..2 {
            let left = catch_unwind(AssertUnwindSafe(|| {
                let _held = lock.lock();
                panic!("as it should");
            }));
            assert!(left.is_err());
        }
        assert_eq!(*lock.lock(), 1);
    }

    fn two_locks_have_nothing_to_do_with_each_other(stage) {
        let (first, second) = (Lock::new(&*stage.clock, 1), Lock::new(&*stage.clock, 2));
        let (first, second) = (first.lock(), second.lock());
        assert_eq!(*first + *second, 3);
    }

    fn a_stop_that_was_requested_is_not_waited_for(stage) {
        let coord = Coordinator::new();
        coord.request_stop();
        for timeout in [None, Some(Duration::ZERO), Some(PATIENCE)] {
            assert!(stage.clock.wait_for_stop(&coord, timeout));
        }
    }

    fn a_wait_for_a_stop_ends_with_its_timeout_and_not_before(stage) {
        let coord = Coordinator::new();
        for timeout in [Duration::ZERO, 20 * MS] {
            let before = stage.clock.now();
            assert!(!stage.clock.wait_for_stop(&coord, Some(timeout)));
            assert!(stage.clock.now() >= before + timeout);
        }
    }

    fn a_stop_on_another_thread_ends_the_wait(stage) {
        for timeout in [None, Some(PATIENCE)] {
            let coord = Coordinator::new();
            let woke = Seen::default();
            let (own, asked, list) = (stage.clone(), Arc::clone(&coord), Arc::clone(&woke));
            let thread = stage.beside(move || {
                let stopped = own.clock.wait_for_stop(&asked, timeout);
                list.lock().unwrap().push(stopped);
            });
            stage.clock.sleep(5 * MS);
            assert_eq!(seen(&woke), [] as [bool; 0]);
            coord.request_stop();
            stage.until_ended(&[thread]);
            assert_eq!(seen(&woke), [true]);
        }
    }

    fn every_thread_has_the_name_that_was_asked_for_and_lives_until_it_ends(stage) {
        let go = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (own, go) = (stage.clone(), Arc::clone(&go));
                let waits = target(move || own.until(|| is_set(&go)));
                stage.clock.start_thread("query_action", None, waits).unwrap()
            })
            .collect();
        stage.clock.sleep(MS);
        for thread in &threads {
            assert_eq!((thread.name(), thread.is_alive()), ("query_action", true));
        }
        set(&go);
        stage.until_ended(&threads);
    }

    fn a_threads_coordinator_knows_it_from_the_start(stage) {
        let coord = Coordinator::new();
        let joined = Seen::default();
        let (asked, list) = (Arc::clone(&coord), Arc::clone(&joined));
        let joins = target(move || {
            asked.join(|threads| {
                let names: Vec<String> = threads.iter().map(|it| it.name().to_owned()).collect();
                list.lock().unwrap().push(names);
            });
        });
        let thread = stage.clock.start_thread("ps_health", Some(&coord), joins).unwrap();
        stage.until_ended(&[thread]);
        assert_eq!(seen(&joined), [["ps_health"]]);
    }

    fn an_error_or_a_panic_ends_its_thread_alone(stage) {
        let coord = Coordinator::new();
        let fails = Box::new(|| Err(Error::runtime("fails")));
        let panics = target(|| panic!("as it should"));
        let threads = [
            stage.clock.start_thread("fails", Some(&coord), fails).unwrap(),
            stage.clock.start_thread("panics", Some(&coord), panics).unwrap(),
        ];
        stage.until_ended(&threads);
        assert!(!coord.should_stop());
    }

    fn a_join_waits_for_all_threads_and_no_longer_than_the_grace(stage) {
        let go = Arc::new(AtomicBool::new(false));
        let (own, waits_for) = (stage.clone(), Arc::clone(&go));
        let late = stage.beside(move || own.until(|| is_set(&waits_for)));
        let quick = stage.beside(|| {});
        let threads = [late, quick];
        let before = stage.clock.now();
        stage.clock.join(&threads, 20 * MS);
        assert!(stage.clock.now() >= before + 20 * MS);
        assert!(threads[0].is_alive());
        set(&go);
        stage.clock.join(&threads, PATIENCE);
        assert!(!threads.iter().any(|thread| thread.is_alive()));
        stage.clock.join(&[], PATIENCE);
    }

    fn a_pool_runs_as_many_jobs_at_a_time_as_it_has_workers(stage) {
        let pool = stage.clock.handler_pool(2, "pool");
        let (crowd, done) = (Arc::<Crowd>::default(), Seen::default());
        for number in 0..5 {
            let (own, crowd, done) = (stage.clone(), Arc::clone(&crowd), Arc::clone(&done));
            pool.submit(Box::new(move || {
                crowd.enter(|| own.clock.sleep(10 * MS));
                done.lock().unwrap().push(number);
            }));
        }
        stage.until(|| seen(&done).len() == 5);
        assert_eq!(crowd.most(), 2);
    }

    fn a_job_that_finds_no_free_worker_begins_once_one_is_free(stage) {
        let pool = stage.clock.handler_pool(2, "pool");
        let (go, order) = (Arc::new(AtomicBool::new(false)), Seen::default());
        for _ in 0..2 {
            let (own, go, order) = (stage.clone(), Arc::clone(&go), Arc::clone(&order));
            pool.submit(Box::new(move || {
                own.until(|| is_set(&go));
                order.lock().unwrap().push("held");
            }));
        }
        let third = Arc::clone(&order);
        pool.submit(Box::new(move || third.lock().unwrap().push("third")));
        stage.clock.sleep(5 * MS);
        assert_eq!(seen(&order), [] as [&str; 0]);
        set(&go);
        stage.until(|| seen(&order).len() == 3);
        assert_eq!(seen(&order)[0], "held");
    }

    fn a_pool_of_one_works_in_the_order_of_submission(stage) {
        let pool = stage.clock.handler_pool(1, "pool");
        let order = Seen::default();
        for number in 0..10 {
            let order = Arc::clone(&order);
            pool.submit(Box::new(move || order.lock().unwrap().push(number)));
        }
        stage.until(|| seen(&order).len() == 10);
        assert!(seen(&order).is_sorted());
    }

    fn a_job_that_panics_leaves_its_worker_to_the_next(stage) {
        let pool = stage.clock.handler_pool(1, "pool");
        let order = Seen::default();
        for number in 0..3 {
            let order = Arc::clone(&order);
            pool.submit(Box::new(move || {
                order.lock().unwrap().push(number);
                assert_ne!(number, 1, "as it should");
            }));
        }
        stage.until(|| seen(&order).len() == 3);
    }

    fn a_pool_that_is_dropped_ends_what_it_has(stage) {
        let pool = stage.clock.handler_pool(2, "pool");
        let done = Seen::default();
        for number in 0..4 {
            let (own, done) = (stage.clone(), Arc::clone(&done));
            pool.submit(Box::new(move || {
                own.clock.sleep(2 * MS);
                done.lock().unwrap().push(number);
            }));
        }
        drop(pool);
        stage.until(|| seen(&done).len() == 4);
    }

    fn what_a_lock_guards_is_seen_by_the_next_holder(stage) {
        let lock = Arc::new(Lock::new(&*stage.clock, Vec::new()));
        let other = Arc::clone(&lock);
        let thread = stage.beside(move || other.lock().push(1));
        stage.until_ended(&[thread]);
        lock.lock().push(2);
        assert_eq!(*lock.lock(), [1, 2]);
    }
}

/// Not a contract: the real clock alone has an epoch.
#[test]
fn the_systems_time_is_that_of_the_machine() {
    Stage::real(|stage| {
        let before = std::time::SystemTime::now();
        let now = std::time::UNIX_EPOCH + stage.clock.now();
        let after = std::time::SystemTime::now();
        assert!(before <= now && now <= after);
    });
}
