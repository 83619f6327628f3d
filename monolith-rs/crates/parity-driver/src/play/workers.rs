//! The workers beside the chief, each of them a lane with an inbox.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use monolith_training::clock::relock;
use monolith_training::errors::Result;

use crate::port::{Job, Worker};
use crate::scenario::Unplayable;
use crate::wire::events::Event;
use crate::wire::scenario::WorkerTrain;
use crate::world::World;

type Inbox = Arc<Mutex<VecDeque<WorkerTrain>>>;

/// All workers that have been given steps, by index; worker 0 is the chief.
pub(super) struct Workers {
    world: World,
    /// Whether the chief's session is open.
    is_open: Arc<AtomicBool>,
    inboxes: Mutex<BTreeMap<usize, Inbox>>,
}

impl Workers {
    pub(super) fn new(world: World, is_open: Arc<AtomicBool>) -> Self {
        Self {
            world,
            is_open,
            inboxes: Mutex::default(),
        }
    }

    /// Puts steps into a worker's inbox, and starts the worker the first time.
    pub(super) fn give(&self, job: &dyn Job, given: &WorkerTrain) -> Result<(), Unplayable> {
        let inbox = relock(&self.inboxes).get(&given.index).cloned();
        let inbox = match inbox {
            Some(inbox) => inbox,
            None => self.start(job, given.index)?,
        };
        relock(&inbox).push_back(given.clone());
        Ok(())
    }

    fn start(&self, job: &dyn Job, index: usize) -> Result<Inbox, Unplayable> {
        let mut worker = job.worker(index)?;
        let inbox = Inbox::default();
        relock(&self.inboxes).insert(index, Arc::clone(&inbox));
        let (own, world) = (Arc::clone(&inbox), self.world.clone());
        let is_open = Arc::clone(&self.is_open);
        let label = format!("worker-{index}");
        self.world.clock.start_lane(&label, move || {
            let outcome = work(&world, index, &mut *worker, &own);
            // Once the chief has left, the cause is the closed session.
            match outcome {
                Err(error) if is_open.load(Ordering::SeqCst) => world.recorder.raised(&error),
                _ => {}
            }
        });
        Ok(inbox)
    }
}

/// Works through the inbox until the play is over or a step fails.
///
/// A step fails once the chief has left its session.
fn work(world: &World, index: usize, worker: &mut dyn Worker, inbox: &Inbox) -> Result<()> {
    loop {
        let filled = Arc::clone(inbox);
        world.clock.wait_until(move || !relock(&filled).is_empty());
        let Some(given) = relock(inbox).pop_front() else {
            continue;
        };
        for _ in 0..given.train {
            let global_step = worker.train(given.takes)?;
            world.recorder.record(Event::Step {
                worker: index,
                global_step,
            });
        }
    }
}
