//! What a scenario can do beside training, on main or on any other lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::workers::Workers;
use crate::port::Job;
use crate::scenario::Unplayable;
use crate::wire::scenario::{Fault, InBackground, WorkerTrain};
use crate::world::World;

/// Why a step that needs the session can't be played.
const LEFT_BEFORE: &str = "the session was left before";

/// What such steps are done with; clones are the same.
#[derive(Clone)]
pub(super) struct Beside {
    world: World,
    job: Arc<dyn Job>,
    workers: Arc<Workers>,
    /// Whether the session was created and not yet left.
    is_open: Arc<AtomicBool>,
}

impl Beside {
    pub(super) fn new(world: World, job: Arc<dyn Job>) -> Self {
        let is_open = Arc::new(AtomicBool::new(false));
        let workers = Arc::new(Workers::new(world.clone(), Arc::clone(&is_open)));
        Self {
            world,
            job,
            workers,
            is_open,
        }
    }

    pub(super) fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::SeqCst);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Refuses what needs the session if it was left.
    pub(super) fn check_session(&self) -> Result<(), Unplayable> {
        if self.is_open() {
            return Ok(());
        }
        Err(LEFT_BEFORE.to_owned().into())
    }

    /// Does this on the lane that has the turn. `place` is the step's.
    ///
    /// An error is one in the scenario, not one in what it plays.
    pub(super) fn play(&self, step: InBackground, place: &str) -> Result<(), Unplayable> {
        match step {
            InBackground::Rpc(rpc) => self.job.rpc(&rpc, place),
            InBackground::Worker(worker) => self.give(&worker),
            InBackground::Fault(step) => self.apply(step.fault, &format!("{place}.fault")),
            InBackground::AddressFile(content) => self.job.address_file(content),
            InBackground::ActionFile(content) => self.job.action_file(content),
            InBackground::MachineInfo(info) => Ok(self.world.create_machine_info(&info)?),
            InBackground::ControllerOp(op) => {
                self.check_session()?;
                self.job.controller_op(op)
            }
            InBackground::Timer(switch) => self.job.timer(switch),
        }
    }

    /// Puts a fault into effect.
    pub(super) fn apply(&self, fault: Fault, path: &str) -> Result<(), Unplayable> {
        match self.world.apply(fault, path) {
            Some(other) => self.job.fault(other, path),
            None => Ok(()),
        }
    }

    /// Gives a worker its steps.
    fn give(&self, worker: &WorkerTrain) -> Result<(), Unplayable> {
        self.check_session()?;
        self.workers.give(&*self.job, worker.index, worker.train)
    }
}
