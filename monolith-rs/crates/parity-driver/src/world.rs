//! The world in which a scenario is played on any port: clock, fakes and recorder.

use std::sync::Arc;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::clock::Clock;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::Result;
use monolith_training::logging_ops::{DEFAULT_MEM_LIMIT, HealthSource};

use crate::model_dir::ModelDir;
use crate::recorder::Recorder;
use crate::wire::scenario::{Fault, MachineInfo, Scenario};

/// The world of one play; clones share it.
#[derive(Clone, Debug)]
pub struct World {
    /// The clock, with the play's lanes and locks.
    pub clock: VirtualClock,
    /// The trace.
    pub recorder: Arc<Recorder>,
    /// The record of which declared faults have struck.
    pub strikes: Arc<Strikes>,
    /// The parameter servers, with the memory that the scenario gives them.
    pub machines: Arc<Machines>,
    /// The folder for checkpoints and other files, which is listed at the end.
    pub model_dir: Arc<ModelDir>,
}

impl World {
    /// Creates a world at time 0 with the scenario's machines and their memory limits.
    ///
    /// # Errors
    ///
    /// Returns an error if the model directory can't be created.
    pub fn new(clock: VirtualClock, scenario: &Scenario) -> Result<Self> {
        let strikes = Arc::new(Strikes::default());
        for path in scenario.declared_faults() {
            strikes.declare(&path);
        }
        let model_dir = Arc::new(ModelDir::new()?);
        let recorder = Arc::new(Recorder::new(clock.clone(), model_dir.path()));
        let rss: Vec<i64> = scenario.machines.iter().map(|at| at.rss).collect();
        let machines = Machines::new(
            Arc::new(clock.clone()),
            Arc::clone(&strikes),
            scenario.default_mem_limit.unwrap_or(DEFAULT_MEM_LIMIT),
            &rss,
        );
        let world = Self {
            clock,
            recorder,
            strikes,
            machines: Arc::new(machines),
            model_dir,
        };
        for machine in scenario.machines.iter().filter(|at| at.mem_limit.is_some()) {
            world.create_machine_info(&MachineInfo {
                ps: machine.ps,
                mem_limit: machine.mem_limit,
            })?;
        }
        Ok(world)
    }

    /// Returns the clock in the form that hooks take.
    pub fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// Creates a PS's machine info, as the job's own op does.
    pub(crate) fn create_machine_info(&self, info: &MachineInfo) -> Result<()> {
        // Spelled out: with the port's own function, a wrong name would go unnoticed.
        let name = format!("ps_machine_info_{}", info.ps);
        let (device, limit) = (ps_device(info.ps), info.mem_limit);
        self.machines.machine_info(&device, &name, limit)?;
        Ok(())
    }

    /// Applies a machine's fault; returns any other fault unchanged.
    pub(crate) fn apply(&self, fault: Fault, path: &str) -> Option<Fault> {
        let (ps, fault) = match fault {
            Fault::Rss(rss) => (rss.ps, MachineFault::Rss(rss.bytes)),
            Fault::HealthBytes(health) => (health.ps, MachineFault::HealthBytes(health.hex)),
            Fault::PollError(machine) => (machine.ps, MachineFault::PollError),
            Fault::SlowPoll(poll) => (poll.ps, MachineFault::SlowPoll(poll.takes)),
            Fault::Recover(machine) => (machine.ps, MachineFault::Recover),
            Fault::SaveError(_)
            | Fault::SlowSave(_)
            | Fault::ListenerError(_)
            | Fault::FileError(_) => return Some(fault),
        };
        self.machines.set(ps, fault, path);
        None
    }
}
