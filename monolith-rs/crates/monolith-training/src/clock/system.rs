//! The machine's own time and threads.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, HandlerPool, Job, RawLock, Target, Thread, panic_text, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, Result};

/// The machine's own time and threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        coord.wait_for_stop(timeout)
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        let deadline = Instant::now() + grace;
        for thread in threads {
            thread.wait_until(deadline);
        }
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        let thread = Thread::new(name);
        if let Some(coord) = coord {
            coord.register_thread(Arc::clone(&thread));
        }
        let running = Arc::clone(&thread);
        let started = Builder::new().spawn(move || {
            match catch_unwind(AssertUnwindSafe(target)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(thread = running.name(), "thread died: {error}"),
                Err(payload) => tracing::error!(
                    thread = running.name(),
                    "thread panicked: {}",
                    panic_text(&*payload)
                ),
            }
            running.end();
        });
        match started {
            Ok(_) => Ok(thread),
            Err(error) => {
                thread.end();
                Err(Error::no_new_thread(&error))
            }
        }
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        Box::new(SystemLock::default())
    }

    fn handler_pool(&self, workers: usize, _name: &str) -> Arc<dyn HandlerPool> {
        Arc::new(SystemPool {
            workers,
            queue: Arc::default(),
        })
    }
}

#[derive(Debug, Default)]
struct SystemLock {
    held: Mutex<bool>,
    free: Condvar,
}

impl RawLock for SystemLock {
    fn acquire(&self) {
        let held = relock(&self.held);
        let mut held = self
            .free
            .wait_while(held, |held| *held)
            .unwrap_or_else(PoisonError::into_inner);
        *held = true;
    }

    fn release(&self) {
        *relock(&self.held) = false;
        self.free.notify_one();
    }
}

/// Jobs in order of arrival, and who works on them.
///
/// `state` is held for a moment only; `changed` says that there is a job, or no more.
#[derive(Default)]
struct JobQueue {
    state: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    /// The pool is gone: a worker ends when nothing waits.
    closed: bool,
}

impl JobQueue {
    /// A worker's whole life.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A job that panics doesn't end its worker.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
                tracing::error!("a handler panicked: {}", panic_text(&*payload));
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = relock(&self.state);
        state.idle += 1;
        let mut state = self
            .changed
            .wait_while(state, |jobs| jobs.waiting.is_empty() && !jobs.closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.idle -= 1;
        state.waiting.pop_front()
    }
}

/// Starts a worker when a job comes that none is free for, up to `workers`.
struct SystemPool {
    workers: usize,
    queue: Arc<JobQueue>,
}

impl fmt::Debug for SystemPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemPool")
    }
}

impl HandlerPool for SystemPool {
    fn submit(&self, job: Job) {
        let mut state = relock(&self.queue.state);
        state.waiting.push_back(job);
        if state.idle < state.waiting.len() && state.threads < self.workers {
            let queue = Arc::clone(&self.queue);
            match Builder::new().spawn(move || queue.work()) {
                Ok(_) => state.threads += 1,
                Err(error) => {
                    tracing::error!("{}", Error::no_new_thread(&error));
                    if state.threads == 0 {
                        state.waiting.pop_back();
                    }
                }
            }
        }
        self.queue.changed.notify_one();
    }
}

impl Drop for SystemPool {
    fn drop(&mut self) {
        relock(&self.queue.state).closed = true;
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_pool_has_as_many_workers_as_its_jobs_need_and_no_more_than_it_may() {
        for (workers, needed) in [(1, 1), (2, 2), (usize::MAX, 3)] {
            let queue = Arc::<JobQueue>::default();
            let pool = SystemPool {
                workers,
                queue: Arc::clone(&queue),
            };
            let (done, is_done) = mpsc::channel();
            let (let_go, held) = mpsc::channel();
            let held = Arc::new(Mutex::new(held));
            for number in 0..3 {
                let (done, held) = (done.clone(), Arc::clone(&held));
                pool.submit(Box::new(move || {
                    let () = relock(&held).recv().unwrap();
                    done.send(number).unwrap();
                }));
            }
            assert_eq!(relock(&queue.state).threads, needed);
            for _ in 0..3 {
                let_go.send(()).unwrap();
            }
            assert_eq!(is_done.iter().take(3).count(), 3);
        }
    }

    #[test]
    fn a_job_that_panics_leaves_its_worker_to_the_next() {
        let pool = SystemClock.handler_pool(1, "pool");
        pool.submit(Box::new(|| panic!("a bug")));
        let (done, is_done) = mpsc::channel();
        pool.submit(Box::new(move || done.send(()).unwrap()));
        is_done.recv().unwrap();
    }
}
