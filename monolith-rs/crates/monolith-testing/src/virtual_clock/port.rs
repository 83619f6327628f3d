//! The virtual clock as hooks see it: its implementation of `Clock`.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::VirtualClock;
use super::lanes::{Kind, LaneLeft, VirtualLock, VirtualPool, catch_panic};
use super::schedule::{Condition, Park};
use monolith_training::clock::{Clock, HandlerPool, RawLock, Target, Thread, relock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, Result};

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        Duration::from_micros(relock(&self.shared.state).schedule.now)
    }

    fn sleep(&self, time: Duration) {
        self.park_for(time, Condition::Nothing);
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        if !coord.should_stop() {
            let asked = Arc::clone(coord);
            let condition = Condition::When(Box::new(move || asked.should_stop()));
            match timeout {
                Some(timeout) => self.park_for(timeout, condition),
                None => self.park(Park::until(None, condition)),
            }
        }
        coord.should_stop()
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        let threads = threads.to_vec();
        let ended = move || !threads.iter().any(|thread| thread.is_alive());
        if !ended() {
            self.park_for(grace, Condition::When(Box::new(ended)));
        }
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        let label = {
            let mut state = relock(&self.shared.state);
            let count = state.names.entry(name.to_owned()).or_default();
            *count += 1;
            match *count {
                1 => name.to_owned(),
                count => format!("{name}#{count}"),
            }
        };
        let clock = self.clone();
        let own_label = label.clone();
        let park = self.now_park(Condition::Nothing);
        let lane = relock(&self.shared.state).schedule.start(&label, park);
        // The thread has the requested name; its lane's label may have a number.
        let thread = self.spawn_thread(lane, name, Kind::Plain, move || {
            let outcome =
                catch_panic(target).unwrap_or_else(|panic| Err(Error::runtime(panic.to_string())));
            if let Some(watcher) = clock.shared.watcher() {
                watcher.thread_ended(&own_label, &outcome);
            }
        });
        relock(&self.shared.state)
            .threads
            .push((label, Arc::clone(&thread)));
        if let Some(coord) = coord {
            coord.register_thread(Arc::clone(&thread));
        }
        Ok(thread)
    }

    fn ends_thread_by(&self, payload: &(dyn Any + Send)) -> bool {
        payload.is::<LaneLeft>()
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        let lock = relock(&self.shared.state).schedule.new_lock();
        Box::new(VirtualLock::new(self.clone(), lock))
    }

    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool> {
        let pool = relock(&self.shared.state).schedule.new_pool(workers);
        Arc::new(VirtualPool::new(self.clone(), pool, name))
    }
}
