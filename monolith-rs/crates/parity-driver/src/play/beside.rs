//! Steps that a scenario can do beside training, on main or on any other lane.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use monolith_training::errors::Error;

use super::workers::Workers;
use crate::port::Job;
use crate::scenario::Unplayable;
use crate::wire::scenario::{Fault, InBackground, WorkerTrain};
use crate::world::World;

/// The reason why a step that needs the session can't be played.
const LEFT_BEFORE: &str = "the session was left before";

/// The player of such steps; clones share its state.
#[derive(Clone)]
pub(super) struct Beside {
    world: World,
    job: Arc<dyn Job>,
    workers: Arc<Workers>,
    /// Whether the session was created and has not been left.
    is_open: Arc<AtomicBool>,
    left_with: Arc<OnceLock<Error>>,
    /// The index of the next callback to append to the barrier.
    next_callback: Arc<AtomicUsize>,
}

impl Beside {
    pub(super) fn new(world: World, job: Arc<dyn Job>, callbacks: usize) -> Self {
        let is_open = Arc::new(AtomicBool::new(false));
        let workers = Arc::new(Workers::new(world.clone(), Arc::clone(&is_open)));
        Self {
            world,
            job,
            workers,
            is_open,
            left_with: Arc::default(),
            next_callback: Arc::new(AtomicUsize::new(callbacks)),
        }
    }

    pub(super) fn was_opened(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    pub(super) fn was_left(&self, outcome: &Result<(), Error>) {
        self.is_open.store(false, Ordering::SeqCst);
        if let Err(error) = outcome {
            self.left_with.get_or_init(|| error.clone());
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Checks that the session has not been left.
    pub(super) fn check_session(&self) -> Result<(), Unplayable> {
        if self.is_open() {
            return Ok(());
        }
        if let Some(error) = self.left_with.get() {
            // For the log alone: the answer is the same for every port.
            drop(writeln!(io::stderr(), "the session was left with {error}"));
        }
        Err(LEFT_BEFORE.to_owned().into())
    }

    /// Plays a step on the lane that has the turn. `place` is the step's.
    ///
    /// # Errors
    ///
    /// Returns an error if the scenario can't be played, not if what it plays fails.
    pub(super) fn play(&self, step: InBackground, place: &str) -> Result<(), Unplayable> {
        match step {
            InBackground::Rpc(rpc) => self.job.rpc(&rpc, place),
            InBackground::Worker(worker) => self.give(&worker),
            InBackground::Fault(step) => self.apply(step.fault, &format!("{place}.fault")),
            InBackground::AddressFile(content) => self.job.address_file(content),
            InBackground::ActionFile(content) => self.job.action_file(content),
            InBackground::StateFile(file) => Ok(self.world.model_dir.write_state_file(&file)?),
            InBackground::MachineInfo(info) => Ok(self.world.create_machine_info(&info)?),
            InBackground::ControllerOp(op) => {
                self.check_session()?;
                self.job.controller_op(op)
            }
            InBackground::Timer(switch) => self.job.timer(switch),
            InBackground::AppendCallback(kind) => {
                let index = self.next_callback.fetch_add(1, Ordering::Relaxed);
                self.job.append_callback(index, kind)
            }
        }
    }

    /// Applies a fault.
    pub(super) fn apply(&self, fault: Fault, path: &str) -> Result<(), Unplayable> {
        match self.world.apply(fault, path) {
            Some(other) => self.job.fault(other, path),
            None => Ok(()),
        }
    }

    /// Gives a worker training steps to do.
    fn give(&self, worker: &WorkerTrain) -> Result<(), Unplayable> {
        self.check_session()?;
        self.workers.give(&*self.job, worker)
    }
}
