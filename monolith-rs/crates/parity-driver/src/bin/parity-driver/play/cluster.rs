//! The state that the hooks and steps of a scenario share, beside its world.

use std::sync::Arc;

use monolith_testing::files::{FaultyFiles, FileFault};
use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::errors::{Error, Result};
use monolith_training::files::Operation;
use monolith_training::hooks::ckpt_hooks::WorkerCkptHelper;
use monolith_training::hooks::controller_hooks::StopHelper;
use monolith_training::hooks::session_hooks::CurrentSession;
use monolith_training::save_utils::FileSaver;
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, ChiefsSession, Graph, MonitoredSession};
use parity_driver::model_dir::known_files;
use parity_driver::wire::events::{CurrentSessionState, Event, FaultyFile, FileOperation};
use parity_driver::wire::scenario::{Fault, FileError, Hook, ServerFolder, SessionKind};
use parity_driver::{Scenario, World};

use super::address_file::AddressFile;
use super::holders::Holders;
use super::input::Input;
use super::listener_faults::ListenerFaults;
use super::observers::barrier_callback;
use super::rpc::Operator;
use super::slot_counts::add_tables;

/// The shared state of one play.
pub(crate) struct Cluster {
    pub(crate) world: World,
    pub(crate) barrier_op: Arc<BarrierOp>,
    pub(crate) holders: Holders,
    /// One for each stop helper hook, in the order of the list.
    pub(crate) stop_helpers: Vec<StopHelper>,
    pub(crate) chief: ChiefsSession,
    pub(crate) current_session: CurrentSession,
    pub(crate) address_file: Arc<AddressFile>,
    pub(crate) operator: Arc<Operator>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) saver: Arc<FaultySaver>,
    pub(crate) files: Arc<FaultyFiles>,
    pub(crate) listener_faults: Arc<ListenerFaults>,
    /// The chief's input, if it has one, and the helper that saves its position.
    pub(crate) input: Option<(Arc<Input>, WorkerCkptHelper)>,
}

impl Cluster {
    /// Sets up the state that exists before the session.
    pub(crate) fn new(world: &World, scenario: &Scenario) -> Result<Self> {
        let (recorder, model_dir) = (&world.recorder, &world.model_dir);
        let folder = model_dir.server_folder(server_folder(scenario))?;
        let address_file = Arc::new(AddressFile::new(folder, Arc::clone(recorder)));
        let operator = Operator::new(world.clone(), Arc::clone(&address_file))?;
        let graph = Graph::with_global_step(scenario.global_step);
        add_tables(&graph, &scenario.tables);
        let stop_helpers: Vec<StopHelper> = scenario
            .hooks
            .iter()
            .filter(|hook| matches!(hook, Hook::StopHelper {}))
            .map(|_| StopHelper::new())
            .collect();
        let callbacks = scenario.barrier.callbacks.iter().enumerate();
        let callbacks = callbacks.map(|(at, kind)| barrier_callback(at, *kind, world));
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
        let barrier_op = BarrierOp::new(&graph, world.shared_clock(), scenario.cluster.capacity)?
            .with_callbacks(callbacks.chain(helpers).chain(positions).collect())
            .with_wait(scenario.barrier.wait);
        let barrier_op = Arc::new(barrier_op);
        let strikes = || Arc::clone(&world.strikes);
        let files = faulty_files(world);
        let writes = Arc::new(FileSaver::new(files.files()));
        Ok(Self {
            saver: Arc::new(FaultySaver::new(writes, world.shared_clock(), strikes())),
            files,
            listener_faults: Arc::new(ListenerFaults::new(strikes())),
            input,
            world: world.clone(),
            holders: Holders::new(&barrier_op, scenario.barrier.held)?,
            barrier_op,
            stop_helpers,
            chief: ChiefsSession::default(),
            current_session: CurrentSession::new(),
            address_file,
            operator: Arc::new(operator),
            graph,
        })
    }

    /// Applies a fault that isn't one of a machine.
    pub(crate) fn apply(&self, fault: Fault, path: &str) {
        match fault {
            Fault::SaveError(raised) => {
                let error = Error::new(raised.error, raised.message);
                let times = raised.times.map(u64::from);
                self.saver.set(SaverFault::Error { error, times }, path);
            }
            Fault::SlowSave(save) => self.saver.set(SaverFault::Slow(save.takes), path),
            Fault::ListenerError(raised) => self.listener_faults.set(raised, path),
            Fault::FileError(raised) => self.files.set(file_fault(raised), path),
            Fault::Rss(_)
            | Fault::HealthBytes(_)
            | Fault::PollError(_)
            | Fault::SlowPoll(_)
            | Fault::Recover(_) => unreachable!("the library applies the faults of machines"),
        }
    }

    /// Opens the chief's session.
    ///
    /// The caller keeps the hooks, so that a server that nobody ended keeps running.
    pub(crate) fn open(&self, kind: SessionKind, hooks: &Hooks) -> Result<MonitoredSession> {
        let dir = Some(self.world.model_dir.path().to_owned());
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), dir)
            .with_saver(Arc::clone(&self.saver) as _);
        let recovery = match kind {
            SessionKind::Monitored => Recovery::Recreates,
            SessionKind::Singular => Recovery::Leaves,
        };
        MonitoredSession::new(
            recovery,
            Box::new(creator),
            hooks.clone(),
            self.world.shared_clock(),
        )
    }

    /// Describes the result of `get_current_session` as an event records it.
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
}

/// Returns the files of a play, whose failures it records.
fn faulty_files(world: &World) -> Arc<FaultyFiles> {
    let (recorder, folder) = (
        Arc::clone(&world.recorder),
        world.model_dir.path().to_owned(),
    );
    FaultyFiles::new(Arc::clone(&world.strikes), move |operation, name| {
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

/// The files that can fail.
///
/// Their names are spelled out: with the port's constants, a wrong name would go unnoticed.
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

/// Returns the folder in which all servers of a scenario publish.
fn server_folder(scenario: &Scenario) -> ServerFolder {
    let folders = scenario.hooks.iter().filter_map(|hook| match hook {
        Hook::Server(server) => Some(server.folder),
        _ => None,
    });
    let mut elsewhere = folders.filter(|folder| *folder != ServerFolder::ModelDir);
    elsewhere.next().unwrap_or(ServerFolder::ModelDir)
}
