//! What a scenario is played on: fakes, and the chief's hooks over them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use monolith_training::barrier_ops::{BarrierHook, BarrierOp};
use monolith_training::clock::Clock;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::{Error, Result};
use monolith_training::hooks::hook_utils::{AfterSaveListener, BeforeSaveListener};
use monolith_training::hooks::ps_check_hooks::{
    Config, PsHealthCheckerHook, ReportFn, default_report, get_ps_machine_info_shared_name,
};
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::logging_ops::HealthSource;
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{ChiefSessionCreator, ChiefsSession, Graph, MonitoredSession};
use monolith_training::testing::machines::{MachineFault, Machines};
use monolith_training::testing::saver::{FaultySaver, SaverFault};
use monolith_training::testing::strikes::Strikes;
use monolith_training::testing::virtual_clock::VirtualClock;

use crate::model_dir::ModelDir;
use crate::observers::{Observer, Probe, ProbeListener, RecordingSaver, record_report};
use crate::recorder::Recorder;
use crate::scenario::{Fault, Hook, Listener, Report, Scenario, Step};

/// So long that a saver hook never saves by itself.
const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// Everything that lives as long as a play.
pub(crate) struct Cluster {
    pub(crate) clock: VirtualClock,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) strikes: Arc<Strikes>,
    pub(crate) barrier_op: Arc<BarrierOp>,
    pub(crate) chief: ChiefsSession,
    pub(crate) model_dir: ModelDir,
    graph: Arc<Graph>,
    machines: Arc<Machines>,
    saver: Arc<FaultySaver>,
}

impl Cluster {
    /// Sets up what there is before the session; the faults are declared.
    pub(crate) fn new(clock: VirtualClock, scenario: &Scenario) -> Result<Self> {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let strikes = Arc::new(Strikes::default());
        for path in declared_faults(scenario) {
            strikes.declare(&path);
        }
        let graph = Graph::new();
        let workers = scenario.cluster.workers;
        let barrier_op = Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), workers)?);
        let rss: Vec<i64> = scenario.machines.iter().map(|at| at.rss).collect();
        let machines = Machines::new(Arc::clone(&shared), Arc::clone(&strikes), &rss);
        for machine in &scenario.machines {
            if machine.mem_limit.is_some() {
                let name = get_ps_machine_info_shared_name(machine.ps);
                machines.machine_info(&ps_device(machine.ps), &name, machine.mem_limit)?;
            }
        }
        let files = Arc::new(FileSaver::default());
        Ok(Self {
            recorder: Arc::new(Recorder::new(clock.clone(), Arc::clone(&barrier_op))),
            saver: Arc::new(FaultySaver::new(files, shared, Arc::clone(&strikes))),
            clock,
            strikes,
            barrier_op,
            chief: ChiefsSession::default(),
            model_dir: ModelDir::new()?,
            graph,
            machines: Arc::new(machines),
        })
    }

    /// Puts a fault into effect.
    pub(crate) fn apply(&self, fault: Fault, path: &str) {
        let (ps, fault) = match fault {
            Fault::Rss { ps, bytes } => (ps, MachineFault::Rss(bytes)),
            Fault::HealthBytes { ps, bytes } => (ps, MachineFault::HealthBytes(bytes)),
            Fault::PollError { ps } => (ps, MachineFault::PollError),
            Fault::SlowPoll { ps, takes } => (ps, MachineFault::SlowPoll(takes)),
            Fault::Recover { ps } => (ps, MachineFault::Recover),
            Fault::SaveError {
                error,
                message,
                times,
            } => {
                let error = Error::new(error, message);
                return self.saver.set(SaverFault::Error { error, times }, path);
            }
            Fault::SlowSave { takes } => return self.saver.set(SaverFault::Slow(takes), path),
        };
        self.machines.set(ps, fault, path);
    }

    /// Opens the chief's session. The hooks are kept by the caller, so that a
    /// server that nobody ended goes on.
    pub(crate) fn open(&self, scenario: &Scenario, hooks: &Hooks) -> Result<MonitoredSession> {
        let dir = Some(self.model_dir.path().to_owned());
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), dir);
        MonitoredSession::new(
            scenario.recovery,
            Box::new(creator),
            hooks.clone(),
            self.shared_clock(),
        )
    }

    /// The chief's hooks, with those that the player adds.
    pub(crate) fn hooks(&self, scenario: &Scenario) -> Hooks {
        let savers: Vec<Option<Arc<NoFirstSaveCheckpointSaverHook>>> = scenario
            .hooks
            .iter()
            .map(|hook| match hook {
                Hook::Saver {
                    ignore_save_errors,
                    listeners,
                } => Some(self.saver_hook(*ignore_save_errors, listeners)),
                _ => None,
            })
            .collect();
        let first_saver = savers.iter().flatten().next();
        let mut hooks: Hooks = Vec::new();
        for (index, (hook, saver)) in scenario.hooks.iter().zip(&savers).enumerate() {
            match (hook, saver) {
                (_, Some(saver)) => hooks.push(Arc::clone(saver) as _),
                (Hook::PsHealth { report, barrier }, _) => {
                    hooks.push(Arc::new(self.health_hook(scenario, *report, *barrier)));
                }
                (Hook::Probe { name, raises }, _) => hooks.push(Arc::new(Probe {
                    name: name.clone(),
                    raises: raises.clone(),
                    raised: AtomicU64::new(0),
                    path: probe_path(index),
                    recorder: Arc::clone(&self.recorder),
                    strikes: Arc::clone(&self.strikes),
                })),
                (Hook::Server {} | Hook::Saver { .. }, _) => {
                    let hook = ServerHook::new(
                        self.model_dir.path(),
                        Arc::clone(&self.barrier_op),
                        first_saver.map(Arc::clone),
                        self.shared_clock(),
                    );
                    hooks.push(Arc::new(
                        hook.with_address(|port| Ok(format!("127.0.0.1:{port}"))),
                    ));
                }
            }
        }
        hooks.push(Arc::new(BarrierHook::new(0, Arc::clone(&self.barrier_op))));
        hooks.push(Arc::new(Observer {
            recorder: Arc::clone(&self.recorder),
            chief: self.chief.clone(),
        }));
        hooks
    }

    fn saver_hook(
        &self,
        ignore_save_errors: bool,
        listeners: &[Listener],
    ) -> Arc<NoFirstSaveCheckpointSaverHook> {
        let saver = RecordingSaver {
            inner: Arc::clone(&self.saver) as _,
            recorder: Arc::clone(&self.recorder),
        };
        let mut options = SaverOptions::new(Every::Time(NEVER));
        options.ignore_save_errors = ignore_save_errors;
        let listeners = listeners.iter().enumerate();
        options.listeners = listeners
            .map(|(index, kind)| self.listener(index, *kind))
            .collect();
        Arc::new(NoFirstSaveCheckpointSaverHook::new(
            &self.graph,
            self.shared_clock(),
            self.model_dir.path(),
            Arc::new(saver),
            options,
        ))
    }

    fn listener(&self, index: usize, kind: Listener) -> Arc<dyn CheckpointSaverListener> {
        let listener = Arc::new(ProbeListener {
            index,
            recorder: Arc::clone(&self.recorder),
        });
        match kind {
            Listener::Plain => listener,
            Listener::Before => Arc::new(BeforeSaveListener::new(listener)),
            Listener::After => Arc::new(AfterSaveListener::new(listener)),
        }
    }

    fn health_hook(
        &self,
        scenario: &Scenario,
        report: Report,
        barrier: bool,
    ) -> PsHealthCheckerHook {
        let recorder = Arc::clone(&self.recorder);
        let report_fn: ReportFn = match report {
            Report::Default => Arc::new(default_report),
            Report::Record => Arc::new(move |results| {
                record_report(&recorder, results);
                Ok(())
            }),
            Report::Raise => Arc::new(move |results| {
                record_report(&recorder, results);
                Err(Error::runtime("report failed"))
            }),
        };
        PsHealthCheckerHook::new(Config {
            report_fn,
            ..Config::new(
                barrier.then(|| Arc::clone(&self.barrier_op)),
                scenario.cluster.ps,
                Arc::clone(&self.machines) as _,
                self.shared_clock(),
            )
        })
    }

    fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }
}

fn probe_path(index: usize) -> String {
    format!("hooks[{index}].probe.raises")
}

/// The paths of everything that should strike.
fn declared_faults(scenario: &Scenario) -> Vec<String> {
    let raises = |hook: &Hook| {
        matches!(
            hook,
            Hook::Probe {
                raises: Some(_),
                ..
            }
        )
    };
    let hooks = scenario.hooks.iter().enumerate();
    let probes = hooks.filter(|(_, hook)| raises(hook));
    let probes = probes.map(|(at, _)| probe_path(at));
    let first = (0..scenario.faults.len()).map(|at| format!("faults[{at}]"));
    let steps = scenario.steps.iter().enumerate();
    let steps = steps.filter(|(_, step)| matches!(step, Step::Fault(_)));
    let steps = steps.map(|(at, _)| format!("steps[{at}].fault"));
    probes.chain(first).chain(steps).collect()
}
