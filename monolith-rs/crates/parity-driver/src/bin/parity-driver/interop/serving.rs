//! The served controller: a real session on the system clock, with a saver and a server hook.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::server::server_lib::ServerHook;
use monolith_training::net_utils::concat_ip_and_port;
use monolith_training::save_utils::{
    Every, FileSaver, LatestCheckpointStates, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{
    Graph, MonitoredSession, Session, SessionCreator, SessionRunHook,
};

use super::holding::HoldingClock;
use super::{access, failed};
use parity_driver::wire::protocol::{Answer, ArriveRequest, LookedBarrier, ServeRequest};

/// An interval so long that a saver hook never saves by itself.
const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// The longest time that a worker may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Server of one controller at a time.
#[derive(Default)]
pub(crate) struct Peer {
    run: Option<Run>,
    latest: LatestCheckpointStates,
}

/// A session with a controller.
struct Run {
    monitored: MonitoredSession,
    session: Arc<Session>,
    barrier_op: Arc<BarrierOp>,
    server_hook: Arc<ServerHook>,
    /// Keeps blocked workers from looking again, so that they stay blocked after a resume.
    workers_clock: Arc<HoldingClock>,
}

impl Peer {
    /// Starts serving; the address is in the model directory before this returns.
    pub(crate) fn serve(&mut self, serve: ServeRequest) -> Answer {
        let seq = serve.seq;
        let run = match self.run {
            Some(_) => Err(Error::runtime("a controller is served already")),
            None => Run::start(serve),
        };
        match run {
            Ok(run) => {
                self.run = Some(run);
                Answer::Serving { seq }
            }
            Err(error) => failed(seq, &error),
        }
    }

    /// Makes workers wait at the barrier; they are blocked before this returns.
    pub(crate) fn arrive(&self, arrive: &ArriveRequest) -> Answer {
        match self.run().and_then(|run| run.block(&arrive.workers)) {
            Ok(()) => Answer::Arrived { seq: arrive.seq },
            Err(error) => failed(arrive.seq, &error),
        }
    }

    /// Closes the session cleanly, and with it the controller's port.
    pub(crate) fn stop_serving(&mut self, seq: u64) -> Answer {
        let left = self.run().map(drop);
        let left = left.and_then(|()| match self.run.take() {
            Some(mut run) => {
                let left = run.monitored.leave(None);
                run.workers_clock.let_go();
                // A second end does nothing.
                left.and_then(|()| run.server_hook.end(&run.session))
            }
            None => Ok(()),
        });
        match left {
            Ok(()) => Answer::Stopped { seq },
            Err(error) => failed(seq, &error),
        }
    }

    /// Returns the state of the served controller's barrier, if there is one.
    pub(super) fn look_at_barrier(&self) -> Result<Option<LookedBarrier>> {
        let Some(run) = &self.run else {
            return Ok(None);
        };
        Ok(Some(LookedBarrier {
            removed: run.barrier_op.is_barrier_removed(&run.session)?,
            none_blocked: run.barrier_op.is_none_blocked(&run.session)?,
            unblocked: run.barrier_op.get_unblocked_indices(&run.session)?,
            refused: run.refused()?,
        }))
    }

    /// Returns the newest checkpoint beside `basename` by the state that is kept, if it is
    /// asked for.
    pub(super) fn look_at_latest(
        &self,
        basename: &Path,
        step: Option<i64>,
    ) -> Result<Option<String>> {
        let (Some(dir), Some(step)) = (basename.parent(), step) else {
            return Ok(None);
        };
        let state = self.latest.get_latest_checkpoint_state(dir, step)?;
        Ok(state.map(|state| state.model_checkpoint_path))
    }

    fn run(&self) -> Result<&Run> {
        let none = || Error::runtime("no controller is served");
        self.run.as_ref().ok_or_else(none)
    }
}

impl Run {
    /// Returns which of the worker indices 0 and the capacity the barrier refuses.
    fn refused(&self) -> Result<Vec<i64>> {
        let capacity = i64::try_from(self.barrier_op.capacity());
        let capacity = capacity.map_err(|error| Error::value(error.to_string()))?;
        let refuses = |&index: &i64| {
            let waited = (self.barrier_op).wait_until_barrier_removed(&self.session, index);
            waited.is_err_and(|error| error.kind() == ErrorKind::ValueError)
        };
        Ok([0, capacity].into_iter().filter(refuses).collect())
    }

    fn start(serve: ServeRequest) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let graph = match serve.global_step {
            Some(_) => Graph::new(),
            None => Graph::without_global_step(),
        };
        let workers_clock = Arc::new(HoldingClock::default());
        let barrier_op = BarrierOp::new(
            &graph,
            Arc::clone(&workers_clock) as _,
            capacity(serve.workers)?,
        )?
        .with_callbacks(vec![callback(
            Duration::from_millis(serve.callback_ms),
            serve.callback_error,
            serve.callback_panic,
        )]);
        let barrier_op = Arc::new(barrier_op);
        let saver = FaultySaver::new(
            Arc::new(FileSaver::default()),
            Arc::clone(&clock),
            Arc::new(Strikes::default()),
        );
        let takes = Duration::from_millis(serve.save_ms);
        saver.set(SaverFault::Slow(takes), "save_ms");
        if let Some(message) = serve.save_error {
            let (error, times) = (Error::runtime(message), None);
            saver.set(SaverFault::Error { error, times }, "save_error");
        }
        let mut options = SaverOptions::new(Every::Time(NEVER));
        options.save_graph_def = false;
        let saver_hook = serve.global_step.is_some().then(|| {
            Arc::new(NoFirstSaveCheckpointSaverHook::new(
                &graph,
                Arc::clone(&clock),
                &serve.model_dir,
                Arc::new(saver),
                options,
            ))
        });
        let mut hooks: Hooks = Vec::new();
        if let Some(hook) = saver_hook.clone() {
            hooks.push(hook);
        }
        let server_hook = ServerHook::new(
            &serve.model_dir,
            Arc::clone(&barrier_op),
            saver_hook,
            Arc::clone(&clock),
        );
        let server_hook = match serve.access {
            Some(access) => server_hook.with_access(access::of_server(access)?),
            None => server_hook.with_address(move |port| Ok(concat_ip_and_port(&serve.ip, port))),
        };
        let server_hook = Arc::new(server_hook);
        hooks.push(server_hook.clone());
        let session = Session::new(&graph, serve.global_step.unwrap_or_default())?;
        let monitored = MonitoredSession::new(
            Recovery::Leaves,
            Box::new(Given(Arc::clone(&session))),
            hooks,
            clock,
        )?;
        Ok(Self {
            monitored,
            session,
            barrier_op,
            server_hook,
            workers_clock,
        })
    }

    /// Blocks workers on threads that end once the session is closed.
    fn block(&self, workers: &[i64]) -> Result<()> {
        for worker in workers.iter().copied() {
            let (barrier_op, session) = (Arc::clone(&self.barrier_op), Arc::clone(&self.session));
            let waits = move || barrier_op.wait_until_barrier_removed(&session, worker);
            let wanted = self.workers_clock.held() + 1;
            SystemClock.start_thread(&format!("worker {worker}"), None, Box::new(waits))?;
            if !self.workers_clock.wait_for(wanted, ARRIVAL) {
                return Err(Error::runtime(format!("worker {worker} isn't blocked")));
            }
        }
        Ok(())
    }
}

/// Converts the barrier's capacity; Python reports a negative one with the same message.
fn capacity(workers: i64) -> Result<usize> {
    usize::try_from(workers)
        .map_err(|_| Error::value(format!("capacity must be positive, it is {workers}.")))
}

/// Returns a callback that takes this long and then raises or panics, if a message is given.
fn callback(takes: Duration, error: Option<String>, panic: Option<String>) -> BarrierCallback {
    Arc::new(move |_, _| {
        SystemClock.sleep(takes);
        if let Some(message) = &error {
            return Err(Error::runtime(message));
        }
        if let Some(message) = &panic {
            panic!("{message}");
        }
        Ok(())
    })
}

/// Creator of sessions that always returns this one.
struct Given(Arc<Session>);

impl SessionCreator for Given {
    fn create_session(&self) -> Result<Arc<Session>> {
        Ok(Arc::clone(&self.0))
    }
}
