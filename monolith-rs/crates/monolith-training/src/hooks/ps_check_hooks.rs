//! Watches the health of every parameter server.
//!
//! A thread polls each 30 s. When a machine is unhealthy it reports once, places
//! the barrier, and then **waits for stop**.
//!
//! For whoever ports from the migration notes: their step "on failure, call
//! `report_fn` and place barrier, then *request stop*" disagrees with the Python
//! code, and Python is right. Requesting stop would end training; the barrier is
//! there to hold the workers until an operator has looked. So `should_stop`
//! stays false, the chief goes on, and the controller stays usable (B9).
//!
//! That is upstream's watch, which any error ends. One that goes on is in
//! [`resilient_watch`](super::resilient_watch).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::resilient_watch::{Resilience, ResilientWatch, SharedStatus, WatchStatus};
use crate::barrier_ops::BarrierOp;
use crate::clock::{Clock, Target, relock};
use crate::coordinator::Coordinator;
use crate::device_utils::ps_device;
use crate::errors::{Error, ErrorKind, Result};
use crate::logging_ops::{
    HealthSource, MachineHealthResult, MachineInfo, parse_machine_health, single_line_text,
};
use crate::session::{Session, SessionRunHook};

/// From the end of one poll to the next, as upstream has it.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// The name of the polling thread.
const THREAD_NAME: &str = "ps_health";

/// The unhealthy machines of one poll by the index of their parameter server.
pub type Results = BTreeMap<usize, MachineHealthResult>;

/// Is told of the machines that are not healthy, and of no others.
pub type ReportFn = Arc<dyn Fn(&Results) -> Result<()> + Send + Sync>;

/// By which name parameter server `index` keeps its machine info.
pub fn get_ps_machine_info_shared_name(index: usize) -> String {
    format!("ps_machine_info_{index}")
}

/// Logs one record at ERROR with a line for each machine.
pub fn default_report(results: &Results) -> Result<()> {
    let lines: Vec<String> = results
        .iter()
        .map(|(ps, result)| format!("PS {ps}: {}", single_line_text(result)))
        .collect();
    tracing::error!("PS are not healthy:\n{}", lines.join("\n"));
    Ok(())
}

/// What a health hook needs.
#[derive(Clone)]
pub struct Config {
    /// What holds the workers; without it an alarm kills the thread, unless it is resilient.
    pub barrier_op: Option<Arc<BarrierOp>>,
    /// How many parameter servers there are.
    pub num_ps: usize,
    /// On which device each keeps its machine info.
    pub ps_device_fn: fn(usize) -> String,
    /// Who is told.
    pub report_fn: ReportFn,
    /// Who is asked.
    pub health: Arc<dyn HealthSource>,
    /// What time is.
    pub clock: Arc<dyn Clock>,
}

/// The device and the shared name of a machine info.
pub(super) type MachineName = (String, String);

impl Config {
    /// With the default devices and the default report.
    pub fn new(
        barrier_op: Option<Arc<BarrierOp>>,
        num_ps: usize,
        health: Arc<dyn HealthSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            barrier_op,
            num_ps,
            ps_device_fn: ps_device,
            report_fn: Arc::new(default_report),
            health,
            clock,
        }
    }

    /// The names of all machine infos, which are the same in each poll.
    pub(super) fn machine_names(&self) -> Vec<MachineName> {
        let name = |ps| ((self.ps_device_fn)(ps), get_ps_machine_info_shared_name(ps));
        (0..self.num_ps).map(name).collect()
    }

    /// The machine infos of these names.
    ///
    /// What the job hasn't created by the first poll is created by it, with the default
    /// limit, which then holds (B2).
    pub(super) fn machines(&self, names: &[MachineName]) -> Result<Vec<MachineInfo>> {
        let machine = |(device, name): &MachineName| self.health.machine_info(device, name, None);
        names.iter().map(machine).collect()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("barrier_op", &self.barrier_op)
            .field("num_ps", &self.num_ps)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

/// Polls in a thread of its own from the creation of a session to its end.
///
/// Python builds its ops in `begin`; here a poll needs none. No lock is held while
/// a poll, a report or the placing of the barrier runs. The mutex of `newest` is held to
/// replace or to clone it.
#[derive(Debug)]
pub struct PsHealthCheckerHook {
    config: Config,
    poll_interval: Duration,
    resilience: Option<Resilience>,
    /// The status of the newest session's resilient watch.
    newest: Mutex<Option<Arc<SharedStatus>>>,
}

impl PsHealthCheckerHook {
    /// A hook that does nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            poll_interval: POLL_INTERVAL,
            resilience: None,
            newest: Mutex::default(),
        }
    }

    /// With this time from the end of one poll to the next (30 s by default).
    #[must_use]
    pub fn with_poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }

    /// With a watch that goes on whatever happens, and reports whoever becomes unhealthy.
    #[must_use]
    pub fn with_resilience(mut self, resilience: Resilience) -> Self {
        self.resilience = Some(resilience);
        self
    }

    /// What the newest session's resilient watch has come to; none without one.
    pub fn watch_status(&self) -> Option<WatchStatus> {
        let newest = relock(&self.newest).clone();
        newest.map(|status| status.get())
    }

    /// What the thread of a session runs, and its status where it is resilient.
    fn watch(
        &self,
        session: &Arc<Session>,
        coord: &Arc<Coordinator>,
    ) -> (Target, Option<Arc<SharedStatus>>) {
        let (config, poll_interval) = (self.config.clone(), self.poll_interval);
        let (session, coord) = (Arc::clone(session), Arc::clone(coord));
        let Some(resilience) = self.resilience else {
            let checker = Checker {
                names: config.machine_names(),
                config,
                poll_interval,
                session,
                coord,
            };
            return (Box::new(move || checker.run()), None);
        };
        let watch = ResilientWatch::new(config, poll_interval, resilience, session, coord);
        let status = watch.status();
        let target = move || {
            watch.run();
            Ok(())
        };
        (Box::new(target), Some(status))
    }
}

impl SessionRunHook for PsHealthCheckerHook {
    fn after_create_session(&self, session: &Arc<Session>, coord: &Arc<Coordinator>) -> Result<()> {
        let (target, status) = self.watch(session, coord);
        self.config
            .clock
            .start_thread(THREAD_NAME, Some(coord), target)?;
        *relock(&self.newest) = status;
        Ok(())
    }
}

/// One session's polling. Any error ends it, and with it the monitoring.
struct Checker {
    config: Config,
    names: Vec<MachineName>,
    poll_interval: Duration,
    session: Arc<Session>,
    coord: Arc<Coordinator>,
}

impl Checker {
    fn run(&self) -> Result<()> {
        let clock = &self.config.clock;
        while !self.coord.should_stop() {
            let unhealthy = self.poll()?;
            if !unhealthy.is_empty() {
                self.raise_alarm(&unhealthy)?;
                clock.wait_for_stop(&self.coord, None);
                return Ok(());
            }
            clock.wait_for_stop(&self.coord, Some(self.poll_interval));
        }
        Ok(())
    }

    /// Any bytes at all mean unhealthy; the status in them is not looked at.
    fn poll(&self) -> Result<Results> {
        // As in Python the poll is a run of the session, so a closed one fails.
        self.session.step_values()?;
        let machines = self.config.machines(&self.names)?;
        let statuses = self.config.health.check_machine_health(&machines)?;
        statuses
            .iter()
            .enumerate()
            .filter(|(_, status)| !status.is_empty())
            .map(|(ps, status)| Ok((ps, parse_machine_health(status)?)))
            .collect()
    }

    fn raise_alarm(&self, unhealthy: &Results) -> Result<()> {
        (self.config.report_fn)(unhealthy)?;
        match &self.config.barrier_op {
            Some(barrier) => barrier.place_barrier(&self.session, ""),
            None => Err(Error::new(
                ErrorKind::AttributeError,
                "'NoneType' object has no attribute 'place_barrier'",
            )),
        }
    }
}
