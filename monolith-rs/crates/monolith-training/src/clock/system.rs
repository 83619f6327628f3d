//! The machine's own time and threads.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Clock, HandlerPool, Job, RawLock, Target, Thread, panic_text, relock};
use crate::coordinator::Coordinator;

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

    fn start_thread(&self, name: &str, coord: Option<&Coordinator>, target: Target) -> Arc<Thread> {
        let thread = Thread::new(name);
        if let Some(coord) = coord {
            coord.register_thread(Arc::clone(&thread));
        }
        let running = Arc::clone(&thread);
        std::thread::spawn(move || {
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
        thread
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        Box::new(SystemLock::default())
    }

    fn handler_pool(&self, workers: usize, _name: &str) -> Arc<dyn HandlerPool> {
        let queue = Arc::new(JobQueue::default());
        for _ in 0..workers {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                while let Some(job) = queue.next() {
                    // A handler that panics answers nobody; its worker goes on.
                    drop(catch_unwind(AssertUnwindSafe(job)));
                }
            });
        }
        Arc::new(SystemPool { queue })
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

/// Jobs in order of arrival; `None` once the pool is gone and all are taken.
#[derive(Default)]
struct JobQueue {
    jobs: Mutex<(VecDeque<Job>, bool)>,
    changed: Condvar,
}

impl JobQueue {
    fn next(&self) -> Option<Job> {
        let state = relock(&self.jobs);
        let mut state = self
            .changed
            .wait_while(state, |(jobs, closed)| jobs.is_empty() && !*closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.0.pop_front()
    }
}

struct SystemPool {
    queue: Arc<JobQueue>,
}

impl fmt::Debug for SystemPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemPool")
    }
}

impl HandlerPool for SystemPool {
    fn submit(&self, job: Job) {
        relock(&self.queue.jobs).0.push_back(job);
        self.queue.changed.notify_one();
    }
}

impl Drop for SystemPool {
    fn drop(&mut self) {
        relock(&self.queue.jobs).1 = true;
        self.queue.changed.notify_all();
    }
}
