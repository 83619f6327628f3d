//! What a scenario is played on: fakes, and what hooks and steps share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use monolith_testing::files::{FaultyFiles, FileFault};
use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::{Error, Result};
use monolith_training::files::Operation;
use monolith_training::hooks::ckpt_hooks::WorkerCkptHelper;
use monolith_training::hooks::controller_hooks::StopHelper;
use monolith_training::hooks::session_hooks::CurrentSession;
use monolith_training::logging_ops::{DEFAULT_MEM_LIMIT, HealthSource};
use monolith_training::save_utils::FileSaver;
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, ChiefsSession, Graph, MonitoredSession};

use super::address_file::AddressFile;
use super::input::Input;
use super::listener_faults::ListenerFaults;
use super::model_dir::{ModelDir, known_files};
use super::observers::{barrier_callback, probe_path};
use super::recorder::Recorder;
use super::rpc::Operator;
use crate::scenario::Scenario;
use crate::wire::events::{CurrentSessionState, Event, FaultyFile, FileOperation};
use crate::wire::scenario::{
    BackgroundStep, Fault, FileError, Hook, InBackground, MachineInfo, Probe, ServerFolder,
    SessionKind, Step,
};

/// Everything that lives as long as a play.
pub(crate) struct Cluster {
    pub(crate) clock: VirtualClock,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) strikes: Arc<Strikes>,
    pub(crate) barrier_op: Arc<BarrierOp>,
    /// One for each hook that needs one, in the order of the list.
    pub(crate) stop_helpers: Vec<StopHelper>,
    pub(crate) chief: ChiefsSession,
    /// Whether the session was created and not yet left.
    is_open: AtomicBool,
    pub(crate) current_session: CurrentSession,
    pub(crate) model_dir: ModelDir,
    pub(crate) address_file: Arc<AddressFile>,
    pub(crate) operator: Arc<Operator>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) machines: Arc<Machines>,
    pub(crate) saver: Arc<FaultySaver>,
    pub(crate) files: Arc<FaultyFiles>,
    pub(crate) listener_faults: Arc<ListenerFaults>,
    /// The chief's input, if it has one, and what saves it.
    pub(crate) input: Option<(Arc<Input>, WorkerCkptHelper)>,
}

impl Cluster {
    /// Sets up what there is before the session; the faults are declared.
    pub(crate) fn new(clock: VirtualClock, scenario: &Scenario) -> Result<Self> {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let strikes = Arc::new(Strikes::default());
        for path in declared_faults(scenario) {
            strikes.declare(&path);
        }
        let model_dir = ModelDir::new()?;
        let recorder = Arc::new(Recorder::new(clock.clone(), model_dir.path()));
        let folder = model_dir.server_folder(server_folder(scenario))?;
        let address_file = Arc::new(AddressFile::new(folder, Arc::clone(&recorder)));
        let operator = Operator::new(
            clock.clone(),
            Arc::clone(&recorder),
            Arc::clone(&address_file),
        )?;
        let graph = Graph::with_global_step(scenario.global_step);
        let stop_helpers: Vec<StopHelper> = scenario
            .hooks
            .iter()
            .filter(|hook| matches!(hook, Hook::StopHelper {}))
            .map(|_| StopHelper::new())
            .collect();
        let callbacks = scenario.barrier.callbacks.iter().enumerate();
        let callbacks = callbacks.map(|(at, kind)| barrier_callback(at, *kind, &recorder, &shared));
        let helpers = stop_helpers.iter().map(StopHelper::create_barrier_callback);
        let input = has_input(scenario).then(|| {
            let input = Arc::new(Input::default());
            graph.add_iterator(Arc::clone(&input) as _);
            let helper = WorkerCkptHelper::new(&graph, model_dir.path(), 0);
            (input, helper)
        });
        let positions = input
            .iter()
            .map(|(_, helper)| helper.create_save_iterator_callback());
        let barrier_op = BarrierOp::new(&graph, Arc::clone(&shared), scenario.cluster.capacity)?
            .with_callbacks(callbacks.chain(helpers).chain(positions).collect())
            .with_wait(scenario.barrier.wait);
        let rss: Vec<i64> = scenario.machines.iter().map(|at| at.rss).collect();
        let machines = Machines::new(
            Arc::clone(&shared),
            Arc::clone(&strikes),
            scenario.default_mem_limit.unwrap_or(DEFAULT_MEM_LIMIT),
            &rss,
        );
        let files = faulty_files(&strikes, &recorder, &model_dir);
        let writes = Arc::new(FileSaver::new(files.files()));
        let cluster = Self {
            recorder,
            saver: Arc::new(FaultySaver::new(writes, shared, Arc::clone(&strikes))),
            files,
            listener_faults: Arc::new(ListenerFaults::new(Arc::clone(&strikes))),
            input,
            clock,
            strikes,
            barrier_op: Arc::new(barrier_op),
            stop_helpers,
            chief: ChiefsSession::default(),
            is_open: AtomicBool::new(false),
            current_session: CurrentSession::new(),
            model_dir,
            address_file,
            operator: Arc::new(operator),
            graph,
            machines: Arc::new(machines),
        };
        for machine in scenario.machines.iter().filter(|at| at.mem_limit.is_some()) {
            cluster.create_machine_info(&MachineInfo {
                ps: machine.ps,
                mem_limit: machine.mem_limit,
            })?;
        }
        Ok(cluster)
    }

    /// Puts a fault into effect.
    pub(crate) fn apply(&self, fault: Fault, path: &str) {
        let (ps, fault) = match fault {
            Fault::Rss(rss) => (rss.ps, MachineFault::Rss(rss.bytes)),
            Fault::HealthBytes(health) => (health.ps, MachineFault::HealthBytes(health.hex)),
            Fault::PollError(machine) => (machine.ps, MachineFault::PollError),
            Fault::SlowPoll(poll) => (poll.ps, MachineFault::SlowPoll(poll.takes)),
            Fault::Recover(machine) => (machine.ps, MachineFault::Recover),
            Fault::SaveError(raised) => {
                let error = Error::new(raised.error, raised.message);
                let times = raised.times.map(u64::from);
                return self.saver.set(SaverFault::Error { error, times }, path);
            }
            Fault::ListenerError(raised) => return self.listener_faults.set(raised, path),
            Fault::FileError(raised) => return self.files.set(file_fault(raised), path),
            Fault::SlowSave(save) => return self.saver.set(SaverFault::Slow(save.takes), path),
        };
        self.machines.set(ps, fault, path);
    }

    /// Creates a PS's machine info, as a job's own op does.
    pub(crate) fn create_machine_info(&self, info: &MachineInfo) -> Result<()> {
        // Written out: with the port's own function a wrong name would be wrong on both ends.
        let name = format!("ps_machine_info_{}", info.ps);
        let (device, limit) = (ps_device(info.ps), info.mem_limit);
        self.machines.machine_info(&device, &name, limit)?;
        Ok(())
    }

    /// Opens the chief's session. The hooks are kept by the caller, so that a
    /// server that nobody ended goes on.
    pub(crate) fn open(&self, scenario: &Scenario, hooks: &Hooks) -> Result<MonitoredSession> {
        let dir = Some(self.model_dir.path().to_owned());
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), dir)
            .with_saver(Arc::clone(&self.saver) as _);
        let recovery = match scenario.session {
            SessionKind::Monitored => Recovery::Recreates,
            SessionKind::Singular => Recovery::Leaves,
        };
        MonitoredSession::new(
            recovery,
            Box::new(creator),
            hooks.clone(),
            self.shared_clock(),
        )
    }

    /// Whether steps may use the session.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::SeqCst);
    }

    /// What `get_current_session` gives, as a look at it is recorded.
    pub(crate) fn seen_current_session(&self) -> CurrentSessionState {
        let chiefs = self.chief.current();
        match (self.current_session.get_current_session(), chiefs) {
            (None, _) => CurrentSessionState::None,
            (Some(current), Some(chiefs)) if Arc::ptr_eq(&current, &chiefs) => {
                CurrentSessionState::Current
            }
            (Some(_), _) => CurrentSessionState::Left,
        }
    }

    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }
}

/// The files of a play, whose failures are recorded.
fn faulty_files(
    strikes: &Arc<Strikes>,
    recorder: &Arc<Recorder>,
    model_dir: &ModelDir,
) -> Arc<FaultyFiles> {
    let (recorder, folder) = (Arc::clone(recorder), model_dir.path().to_owned());
    FaultyFiles::new(Arc::clone(strikes), move |operation, name| {
        let file = FAULTY_FILES.iter().find(|(_, known)| *known == name);
        let Some((file, _)) = file else {
            unreachable!("only the files that a scenario names fail");
        };
        recorder.record(Event::FileError {
            operation: on_wire(operation),
            file: *file,
            left: known_files(&folder),
        });
    })
}

/// The files that can fail. Their names are written out: with the port's own a wrong name
/// would be wrong on both ends.
const FAULTY_FILES: [(FaultyFile, &str); 5] = [
    (FaultyFile::Checkpoint, "checkpoint"),
    (
        FaultyFile::ControllerServerAddr,
        "controller_server_addr.txt",
    ),
    (FaultyFile::MonolithAction, "monolith_action"),
    (
        FaultyFile::MonolithActionResponse,
        "monolith_action_response",
    ),
    (FaultyFile::MonolithCheckpoint, "monolith_checkpoint"),
];

fn file_name(file: FaultyFile) -> &'static str {
    let found = FAULTY_FILES.iter().find(|(known, _)| *known == file);
    found.map_or("", |(_, name)| name)
}

fn on_wire(operation: Operation) -> FileOperation {
    match operation {
        Operation::Read => FileOperation::Read,
        Operation::Write => FileOperation::Write,
        Operation::Rename => FileOperation::Rename,
        Operation::Delete => FileOperation::Delete,
    }
}

fn file_fault(fault: FileError) -> FileFault {
    FileFault {
        operation: match fault.operation {
            FileOperation::Read => Operation::Read,
            FileOperation::Write => Operation::Write,
            FileOperation::Rename => Operation::Rename,
            FileOperation::Delete => Operation::Delete,
        },
        file: file_name(fault.file).to_owned(),
        error: Error::new(fault.error, fault.message),
        skips: fault.skips,
        times: fault.times,
    }
}

fn has_input(scenario: &Scenario) -> bool {
    let mut hooks = scenario.hooks.iter();
    hooks.any(|hook| matches!(hook, Hook::Input {}))
}

/// Where the servers of a scenario publish, all of them in one folder.
fn server_folder(scenario: &Scenario) -> ServerFolder {
    let folders = scenario.hooks.iter().filter_map(|hook| match hook {
        Hook::Server(server) => Some(server.folder),
        _ => None,
    });
    let mut elsewhere = folders.filter(|folder| *folder != ServerFolder::ModelDir);
    elsewhere.next().unwrap_or(ServerFolder::ModelDir)
}

/// The paths of everything that should strike.
fn declared_faults(scenario: &Scenario) -> Vec<String> {
    let raises = |hook: &Hook| {
        matches!(
            hook,
            Hook::Probe(Probe {
                raises: Some(_),
                ..
            })
        )
    };
    let hooks = scenario.hooks.iter().enumerate();
    let probes = hooks.filter(|(_, hook)| raises(hook));
    let probes = probes.map(|(at, _)| probe_path(at));
    let first = (0..scenario.faults.len()).map(|at| format!("faults[{at}]"));
    let steps = scenario.steps.iter().enumerate();
    let steps = steps.filter_map(|(at, step)| match step {
        Step::Fault(_) => Some(format!("steps[{at}].fault")),
        Step::Background(BackgroundStep {
            background: InBackground::Fault(_),
            ..
        }) => Some(format!("steps[{at}].background.fault")),
        _ => None,
    });
    probes.chain(first).chain(steps).collect()
}
