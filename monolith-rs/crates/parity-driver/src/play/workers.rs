//! The workers beside the chief, each a lane with an inbox.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::{BarrierHook, BarrierOp};
use monolith_training::clock::relock;
use monolith_training::errors::Result;
use monolith_training::session::{ChiefsSession, HookedSession, Session};

use super::recorder::Recorder;
use crate::wire::events::Event;

type Inbox = Arc<Mutex<VecDeque<u32>>>;

/// What a worker's lane needs.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: VirtualClock,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) barrier_op: Arc<BarrierOp>,
    pub(crate) chief: ChiefsSession,
}

/// All workers that were given something to do, by index; worker 0 is the chief.
pub(crate) struct Workers {
    surroundings: Surroundings,
    inboxes: Mutex<BTreeMap<usize, Inbox>>,
}

impl Workers {
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            inboxes: Mutex::default(),
        }
    }

    /// Puts steps into a worker's inbox; the first time this starts the worker.
    pub(crate) fn give(&self, index: usize, train: u32) {
        relock(&self.inbox(index)).push_back(train);
    }

    fn inbox(&self, index: usize) -> Inbox {
        let mut inboxes = relock(&self.inboxes);
        let inbox = inboxes.entry(index).or_insert_with(|| {
            let inbox = Inbox::default();
            let (own, surroundings) = (Arc::clone(&inbox), self.surroundings.clone());
            let label = format!("worker-{index}");
            self.surroundings.clock.start_lane(&label, move || {
                let outcome = surroundings.work(index, &own);
                // Without a chief it is the session that was left meanwhile.
                match outcome {
                    Err(error) if surroundings.chief.current().is_some() => {
                        surroundings.recorder.raised(&error);
                    }
                    _ => {}
                }
            });
            inbox
        });
        Arc::clone(inbox)
    }
}

impl Surroundings {
    /// Works off the inbox until the play is over or a step fails, as one does
    /// once the chief has left its session.
    fn work(&self, index: usize, inbox: &Inbox) -> Result<()> {
        let bit = i64::try_from(index).unwrap_or(i64::MAX);
        let hook = BarrierHook::new(bit, Arc::clone(&self.barrier_op));
        let mut session = HookedSession::new(self.chief.shared(), vec![Arc::new(hook)]);
        loop {
            let filled = Arc::clone(inbox);
            self.clock.wait_until(move || !relock(&filled).is_empty());
            let given = relock(inbox).pop_front().unwrap_or(0);
            for _ in 0..given {
                let global_step = session.run(&mut Session::train_step)?;
                self.recorder.record(Event::Step {
                    worker: index,
                    global_step,
                });
            }
        }
    }
}
