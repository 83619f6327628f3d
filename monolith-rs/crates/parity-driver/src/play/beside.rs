//! What a scenario can do beside training, on main or on any other lane.

use std::sync::Arc;

use monolith_training::hooks::controller_hooks::ControllerHook;
use monolith_training::save_utils::NoFirstSaveCheckpointSaverHook;

use super::address_file::write_content;
use super::chief_hooks::ChiefHooks;
use super::cluster::Cluster;
use super::rpc::Rpc;
use super::workers::Workers;
use crate::wire::scenario::{ControllerOp, InBackground, TimerSwitch, WorkerTrain};

/// Why a step that needs the session can't be played.
pub(super) const LEFT_BEFORE: &str = "the session was left before";

/// What such steps are done with; clones are the same.
#[derive(Clone)]
pub(crate) struct Beside {
    cluster: Arc<Cluster>,
    workers: Arc<Workers>,
    /// The first ones.
    saver: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
    controller: Option<Arc<ControllerHook>>,
}

impl Beside {
    pub(crate) fn new(cluster: &Arc<Cluster>, workers: Workers, hooks: &ChiefHooks) -> Self {
        Self {
            cluster: Arc::clone(cluster),
            workers: Arc::new(workers),
            saver: hooks.savers.first().map(Arc::clone),
            controller: hooks.controllers.first().map(Arc::clone),
        }
    }

    /// Does this on the lane that has the turn. `place` is the step's.
    ///
    /// An error is one in the scenario, not one in what it plays.
    pub(crate) fn play(&self, step: InBackground, place: &str) -> Result<(), String> {
        let cluster = &self.cluster;
        match step {
            InBackground::Rpc(rpc) => cluster.operator.call(Rpc::from(&rpc), place),
            InBackground::Worker(worker) => self.give(&worker),
            InBackground::Fault(step) => {
                cluster.apply(step.fault, &format!("{place}.fault"));
                Ok(())
            }
            InBackground::AddressFile(content) => cluster.address_file.write(content),
            InBackground::ActionFile(content) => {
                write_content(&cluster.model_dir.action_file(), &content)
            }
            InBackground::MachineInfo(info) => cluster
                .create_machine_info(&info)
                .map_err(|error| error.to_string()),
            InBackground::ControllerOp(op) => self.run_controller_op(op),
            InBackground::Timer(switch) => {
                self.switch_timer(switch);
                Ok(())
            }
        }
    }

    /// Refuses what needs the session if it was left.
    pub(crate) fn check_session(&self) -> Result<(), String> {
        if self.cluster.is_open() {
            return Ok(());
        }
        Err(LEFT_BEFORE.to_owned())
    }

    /// Gives a worker its steps.
    pub(crate) fn give(&self, worker: &WorkerTrain) -> Result<(), String> {
        self.check_session()?;
        self.workers.give(worker.index, worker.train);
        Ok(())
    }

    fn run_controller_op(&self, op: ControllerOp) -> Result<(), String> {
        self.check_session()?;
        let (Some(session), Some(controller)) = (self.cluster.chief.current(), &self.controller)
        else {
            return Err(LEFT_BEFORE.to_owned());
        };
        let outcome = match op {
            ControllerOp::StopOp => controller.stop_op(&session),
            ControllerOp::TriggerSaveOp => controller.trigger_save_op(&session),
        };
        outcome.map_err(|error| error.to_string())
    }

    fn switch_timer(&self, switch: TimerSwitch) {
        if let Some(saver) = &self.saver {
            saver.with_timer(|timer| match switch {
                TimerSwitch::Enable => timer.enable(),
                TimerSwitch::Disable => timer.disable(),
            });
        }
    }
}
