//! A chief's session with a controller, and an operator who calls it.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, HandlerPool, Job, RawLock, Target, Thread};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Result;
use monolith_training::hooks::server::client_lib::{ControllerStub, get_stub_from_model_dir};
use monolith_training::hooks::server::constants::SERVER_ADDR_FILENAME;
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetTrainingStatusRequest, ResumeTrainingRequest, SaveCheckpointRequest,
    StopTrainingRequest,
};
use monolith_training::save_utils::{
    Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, Graph, MonitoredSession, Session};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::stage::{MS, Seen, Stage};

/// The code and the message of a call that isn't OK.
pub(crate) type Refused = (Code, String);

pub(crate) fn placed_already() -> Result<(), Refused> {
    Err((Code::AlreadyExists, "Barrier is placed already.".to_owned()))
}

/// Whether something may go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A clock whose pools know how many jobs have come to them and how many run.
#[derive(Debug)]
struct CountingClock {
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
}

/// Jobs of all pools: how many came, how many run, and how many ran at a time at most.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    came: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Counts {
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct CountingPool {
    pool: Arc<dyn HandlerPool>,
    counts: Arc<Counts>,
}

impl HandlerPool for CountingPool {
    fn submit(&self, job: Job) {
        let counts = Arc::clone(&self.counts);
        self.pool.submit(Box::new(move || {
            let running = counts.running.fetch_add(1, Ordering::SeqCst) + 1;
            counts.most.fetch_max(running, Ordering::SeqCst);
            job();
            counts.running.fetch_sub(1, Ordering::SeqCst);
        }));
        self.counts.came.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for CountingClock {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep(&self, time: Duration) {
        self.clock.sleep(time);
    }

    fn wait_for_stop(&self, coord: &Arc<Coordinator>, timeout: Option<Duration>) -> bool {
        self.clock.wait_for_stop(coord, timeout)
    }

    fn join(&self, threads: &[Arc<Thread>], grace: Duration) {
        self.clock.join(threads, grace);
    }

    fn start_thread(
        &self,
        name: &str,
        coord: Option<&Coordinator>,
        target: Target,
    ) -> Result<Arc<Thread>> {
        self.clock.start_thread(name, coord, target)
    }

    fn raw_lock(&self) -> Box<dyn RawLock> {
        self.clock.raw_lock()
    }

    fn handler_pool(&self, workers: usize, name: &str) -> Arc<dyn HandlerPool> {
        Arc::new(CountingPool {
            pool: self.clock.handler_pool(workers, name),
            counts: Arc::clone(&self.counts),
        })
    }
}

/// What the callbacks of a chief's barrier do.
type Reaction = Arc<dyn Fn(&str, &Arc<Session>) + Send + Sync>;

/// The parts of a job; its session comes and goes.
#[derive(Clone)]
pub(crate) struct Chief {
    pub(crate) stage: Stage,
    dir: Arc<TempDir>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) barrier: Arc<BarrierOp>,
    pub(crate) server: Arc<ServerHook>,
    pub(crate) counts: Arc<Counts>,
    saver: Arc<NoFirstSaveCheckpointSaverHook>,
    reaction: Arc<Mutex<Option<Reaction>>>,
}

impl fmt::Debug for Chief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chief")
    }
}

impl Chief {
    pub(crate) fn new(stage: &Stage, capacity: usize) -> Self {
        Self::with(stage, capacity, |_, options| options, |server| server)
    }

    /// With other options of the saver hook and of the server hook.
    pub(crate) fn with(
        stage: &Stage,
        capacity: usize,
        saving: impl FnOnce((&Graph, &Arc<BarrierOp>), SaverOptions) -> SaverOptions,
        serving: impl FnOnce(ServerHook) -> ServerHook,
    ) -> Self {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let counts = Arc::<Counts>::default();
        let clock: Arc<dyn Clock> = Arc::new(CountingClock {
            clock: Arc::clone(&stage.clock),
            counts: Arc::clone(&counts),
        });
        let reaction = Arc::<Mutex<Option<Reaction>>>::default();
        let callback: BarrierCallback = {
            let reaction = Arc::clone(&reaction);
            Arc::new(move |action, session| {
                // Not held while it reacts, which may take time or panic.
                let reaction = reaction.lock().unwrap().clone();
                if let Some(react) = reaction {
                    react(action, session);
                }
                Ok(())
            })
        };
        let barrier = BarrierOp::new(&graph, Arc::clone(&clock), capacity).unwrap();
        let barrier = Arc::new(barrier.with_wait(MS).with_callbacks(vec![callback]));
        let options = saving(
            (&graph, &barrier),
            SaverOptions::new(Every::Steps(1_000_000)),
        );
        let files = Arc::new(FileSaver::default());
        let saver = Arc::new(NoFirstSaveCheckpointSaverHook::new(
            &graph,
            Arc::clone(&clock),
            dir.path(),
            files,
            options,
        ));
        let server = ServerHook::new(
            dir.path(),
            Arc::clone(&barrier),
            Some(Arc::clone(&saver)),
            clock,
        );
        let server = server.with_address(|port| Ok(format!("127.0.0.1:{port}")));
        Self {
            stage: stage.clone(),
            dir: Arc::new(dir),
            graph,
            barrier,
            server: Arc::new(serving(server)),
            counts,
            saver,
            reaction,
        }
    }

    pub(crate) fn model_dir(&self) -> &Path {
        self.dir.path()
    }

    /// What the barrier's callback does from now on.
    pub(crate) fn react(&self, reaction: impl Fn(&str, &Arc<Session>) + Send + Sync + 'static) {
        *self.reaction.lock().unwrap() = Some(Arc::new(reaction));
    }

    pub(crate) fn react_no_more(&self) {
        *self.reaction.lock().unwrap() = None;
    }

    /// A session with the saver, the server and these hooks.
    pub(crate) fn session(&self, mut more: Hooks) -> MonitoredSession {
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), None);
        let mut hooks: Hooks = vec![self.saver.clone(), self.server.clone()];
        hooks.append(&mut more);
        let clock = Arc::clone(&self.stage.clock);
        MonitoredSession::new(Recovery::Recreates, Box::new(creator), hooks, clock).unwrap()
    }

    pub(crate) fn address(&self) -> String {
        std::fs::read_to_string(self.model_dir().join(SERVER_ADDR_FILENAME)).unwrap()
    }

    /// A stub for the controller whose address is published.
    fn stub(&self) -> ControllerStub {
        let dir = self.model_dir();
        self.stage.within(|| get_stub_from_model_dir(dir).unwrap())
    }

    fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, Status>> + Send + 'static,
    ) -> Result<T, Refused> {
        let answer = self.stage.call(call);
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| (status.code(), status.message().to_owned()))
    }

    pub(crate) fn stop(&self) -> Result<(), Refused> {
        let mut stub = self.stub();
        let call = async move { stub.stop_training(StopTrainingRequest {}).await };
        self.call(call).map(drop)
    }

    pub(crate) fn resume(&self) -> Result<(), Refused> {
        let mut stub = self.stub();
        let call = async move { stub.resume_training(ResumeTrainingRequest {}).await };
        self.call(call).map(drop)
    }

    pub(crate) fn save(&self) -> Result<(), Refused> {
        let mut stub = self.stub();
        let call = async move { stub.save_checkpoint(SaveCheckpointRequest {}).await };
        self.call(call).map(drop)
    }

    pub(crate) fn global_step(&self) -> Result<i64, Refused> {
        let mut stub = self.stub();
        let call = async move { stub.get_training_status(GetTrainingStatusRequest {}).await };
        self.call(call).map(|response| response.global_step)
    }

    /// Who is blocked and who isn't.
    pub(crate) fn status(&self) -> (Vec<i32>, Vec<i32>) {
        let mut stub = self.stub();
        let call = async move { stub.get_block_status(GetBlockStatusRequest {}).await };
        let response = self.call(call).unwrap();
        (response.blocked_indices, response.unblocked_indices)
    }

    pub(crate) fn blocked(&self) -> Vec<i32> {
        self.status().0
    }

    /// Makes a call on a thread of its own; the list gets the result.
    pub(crate) fn beside<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Seen<T> {
        let results = Seen::default();
        let (own, list) = (self.clone(), Arc::clone(&results));
        self.stage.beside(move || {
            let result = call(&own);
            list.lock().unwrap().push(result);
        });
        results
    }

    /// Starts worker 1, which waits at the barrier and then ends.
    pub(crate) fn worker(&self, session: &Arc<Session>) -> Arc<Thread> {
        let (barrier, session) = (Arc::clone(&self.barrier), Arc::clone(session));
        self.stage
            .beside(move || barrier.wait_until_barrier_removed(&session, 1).unwrap())
    }

    /// Starts the worker when the barrier is placed with this action for the first time.
    pub(crate) fn bring_worker_once(&self, wanted: &'static str) {
        let (own, brought) = (self.clone(), Gate::default());
        self.react(move |action, session| {
            if action == wanted && !brought.is_open() {
                brought.open();
                own.worker(session);
            }
        });
    }
}

/// The raw session of the hooks, as a step gives it to nobody.
#[derive(Debug, Default)]
pub(crate) struct RawSession(Mutex<Option<Arc<Session>>>);

impl RawSession {
    pub(crate) fn get(&self) -> Arc<Session> {
        self.0.lock().unwrap().clone().unwrap()
    }
}

impl monolith_training::session::SessionRunHook for RawSession {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        *self.0.lock().unwrap() = Some(Arc::clone(session));
        Ok(())
    }
}
