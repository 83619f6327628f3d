//! Pools of handlers: jobs that come while all workers are busy, some are idle, or none is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use monolith_training::clock::HandlerPool;

use crate::chief::Gate;
use crate::stage::{MS, Seen, Stage, contracts, seen};

/// Has a job done, and waits for its end.
fn one(stage: &Stage, pool: &Arc<dyn HandlerPool>) {
    let done = Gate::default();
    let end = done.clone();
    pool.submit(Box::new(move || end.open()));
    stage.until(|| done.is_open());
}

contracts! { of Stage;
    fn jobs_that_come_at_once_run_side_by_side_whoever_is_idle(stage) {
        for workers in 1..=3 {
            for before in 0..=3 {
                // Whether a worker that was woken already counts as busy is a matter of moments.
                for _ in 0..10 {
                    let pool = stage.clock.handler_pool(workers, "handlers");
                    for _ in 0..before {
                        one(stage, &pool);
                    }
                    stage.clock.sleep(MS);
                    let (began, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
                    for _ in 0..workers {
                        let (own, began, ended) =
                            (stage.clone(), Arc::clone(&began), Arc::clone(&ended));
                        pool.submit(Box::new(move || {
                            began.fetch_add(1, Ordering::SeqCst);
                            own.until(|| began.load(Ordering::SeqCst) >= workers);
                            ended.fetch_add(1, Ordering::SeqCst);
                        }));
                    }
                    stage.until(|| ended.load(Ordering::SeqCst) == workers);
                }
            }
        }
    }

    fn no_more_jobs_than_workers_run_and_those_that_wait_keep_their_order(stage) {
        for workers in 1..=3 {
            let pool = stage.clock.handler_pool(workers, "handlers");
            let (order, gate) = (Seen::<usize>::default(), Gate::default());
            let (running, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
            let submit = |number: usize| {
                let (own, order, gate) = (stage.clone(), Arc::clone(&order), gate.clone());
                let (running, most) = (Arc::clone(&running), Arc::clone(&most));
                pool.submit(Box::new(move || {
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    order.lock().unwrap().push(number);
                    own.until(|| gate.is_open());
                    running.fetch_sub(1, Ordering::SeqCst);
                }));
            };
            (0..workers).for_each(submit);
            stage.until(|| seen(&order).len() == workers);
            (workers..8).for_each(submit);
            stage.clock.sleep(5 * MS);
            assert_eq!(seen(&order).len(), workers);
            gate.open();
            stage.until(|| seen(&order).len() == 8 && running.load(Ordering::SeqCst) == 0);
            assert_eq!(most.load(Ordering::SeqCst), workers);
            let mut order = seen(&order);
            if workers > 1 {
                order.sort_unstable();
            }
            assert_eq!(order, (0..8).collect::<Vec<_>>());
        }
    }
}
