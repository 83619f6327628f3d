//! Two saves at once, whose locks are taken in the order that the specification speaks of.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use monolith_training::clock::{Clock, HandlerPool, RawLock, SystemClock, Target, Thread};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::save_utils::{Every, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions};
use monolith_training::session::{Graph, Session, SessionRunHook};

/// A lock that lets two callers take it a second time only once both have left it.
#[derive(Debug)]
struct Meeting {
    lock: Box<dyn RawLock>,
    times: Mutex<HashMap<ThreadId, usize>>,
    main: ThreadId,
    both: Barrier,
}

impl RawLock for Meeting {
    fn acquire(&self) {
        let own = std::thread::current().id();
        let times = self.times.lock().unwrap().get(&own).copied();
        if times == Some(1) && own != self.main {
            self.both.wait();
        }
        self.lock.acquire();
    }

    fn release(&self) {
        let own = std::thread::current().id();
        *self.times.lock().unwrap().entry(own).or_default() += 1;
        self.lock.release();
    }
}

/// The system's clock, whose locks have two callers meet.
#[derive(Debug)]
struct MeetingClock;

impl Clock for MeetingClock {
    fn now(&self) -> Duration {
        SystemClock.now()
    }

    fn sleep(&self, time: Duration) {
        SystemClock.sleep(time);
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        SystemClock.wait_for_stop(coord, timeout)
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        SystemClock.join(threads, grace);
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        SystemClock.start_thread(name, coord, target)
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        Box::new(Meeting {
            lock: SystemClock.raw_lock(),
            times: Mutex::default(),
            main: std::thread::current().id(),
            both: Barrier::new(2),
        })
    }

    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool> {
        SystemClock.handler_pool(workers, name)
    }
}

/// A saver that counts its writes, and refuses the first ones.
#[derive(Debug, Default)]
struct Writes {
    count: AtomicUsize,
    refusals: usize,
}

impl Saver for Writes {
    fn save(&self, _: &Session, _: &Path, _: &str, _: i64) -> Result<()> {
        if self.count.fetch_add(1, Ordering::SeqCst) < self.refusals {
            return Err(Error::new(ErrorKind::InternalError, "refused"));
        }
        Ok(())
    }
}

#[test]
fn of_two_saves_that_reset_the_timer_before_either_saves_one_writes() {
    for (refusals, writes, failed) in [(0, 1, 0), (1, 2, 0), (2, 2, 1)] {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let saver = Arc::new(Writes {
            refusals,
            ..Writes::default()
        });
        let hook = NoFirstSaveCheckpointSaverHook::new(
            &graph,
            Arc::new(MeetingClock),
            dir.path(),
            saver.clone(),
            SaverOptions::new(Every::Steps(1_000_000)),
        );
        let session = Session::new(&graph, 0).unwrap();
        hook.after_create_session(&session, &Coordinator::new())
            .unwrap();
        let save = || hook.trigger_save(&session, false);
        let outcomes = std::thread::scope(|scope| {
            let callers = [scope.spawn(save), scope.spawn(save)];
            callers.map(|caller| caller.join().unwrap())
        });
        let errors = outcomes.into_iter().filter_map(Result::err);
        assert_eq!(errors.count(), failed);
        assert_eq!(saver.count.load(Ordering::SeqCst), writes);
    }
}
