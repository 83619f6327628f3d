//! The workers beside the chief, each a lane with an inbox.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use monolith_training::barrier_ops::{BarrierHook, BarrierOp};
use monolith_training::errors::{Error, Result};
use monolith_training::session::HookedSession;
use monolith_training::testing::virtual_clock::VirtualClock;
use serde_json::json;

use crate::observers::CurrentSession;
use crate::recorder::Recorder;

type Inbox = Arc<Mutex<VecDeque<u64>>>;

/// What a worker's lane needs.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: VirtualClock,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) barrier_op: Arc<BarrierOp>,
    pub(crate) current: CurrentSession,
}

/// All workers by index.
pub(crate) struct Workers {
    surroundings: Surroundings,
    inboxes: Mutex<BTreeMap<u32, Inbox>>,
}

impl Workers {
    /// Starts workers 1 to `count - 1`; worker 0 is the chief.
    pub(crate) fn start(surroundings: Surroundings, count: usize) -> Self {
        let workers = Self {
            surroundings,
            inboxes: Mutex::default(),
        };
        for index in (1..).take(count - 1) {
            workers.inbox(index);
        }
        workers
    }

    /// Puts steps into a worker's inbox.
    ///
    /// One that the barrier has no bit for starts now.
    pub(crate) fn give(&self, index: u32, train: u64) {
        relock(&self.inbox(index)).push_back(train);
    }

    fn inbox(&self, index: u32) -> Inbox {
        let mut inboxes = relock(&self.inboxes);
        let inbox = inboxes.entry(index).or_insert_with(|| {
            let inbox = Inbox::default();
            let (own, surroundings) = (Arc::clone(&inbox), self.surroundings.clone());
            let label = format!("worker-{index}");
            self.surroundings.clock.start_lane(&label, move || {
                if let Err(error) = surroundings.work(index, &own) {
                    tracing::info!("worker {index} stops: {error}");
                }
            });
            inbox
        });
        Arc::clone(inbox)
    }
}

impl Surroundings {
    /// Works off the inbox until the play is over or a step fails.
    fn work(&self, index: u32, inbox: &Inbox) -> Result<()> {
        let hook = Arc::new(BarrierHook::new(
            i64::from(index),
            Arc::clone(&self.barrier_op),
        ));
        loop {
            let filled = Arc::clone(inbox);
            self.clock.wait_until(move || !relock(&filled).is_empty());
            let given = relock(inbox).pop_front().unwrap_or(0);
            for _ in 0..given {
                let session = relock(&self.current)
                    .clone()
                    .ok_or_else(Error::closed_session)?;
                let mut hooked = HookedSession::new(session, vec![Arc::clone(&hook) as _]);
                let global_step = hooked.run(&mut |session| session.train_step())?;
                let fields = json!({"worker": index, "global_step": global_step});
                self.recorder.record("step", fields);
            }
        }
    }
}

fn relock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
