//! The job of a scenario: the effects of its steps on the port.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_training::barrier_ops::BarrierHook;
use monolith_training::clock::{Clock, relock};
use monolith_training::errors::{Error, Result};
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{
    HookedSession, MonitoredSession, Session, SessionRunContext, SessionRunHook, StepValues,
};
use parity_driver::wire::scenario::{
    ActionContent, CallbackKind, ControllerOp, Fault, FileContent, LookTarget, RpcStep,
    SessionKind, TimerSwitch,
};
use parity_driver::{Event, Job, Scenario, Trained, Unplayable, Worker, World};

use super::chief_hooks::ChiefHooks;
use super::cluster::Cluster;
use super::logs;
use super::observers::barrier_callback;
use super::rpc::Rpc;

/// The chief's session, its hooks, and the state that they share.
///
/// The mutex of `session` is held to take it out or put it back, never while it is used.
pub(crate) struct MonolithJob {
    cluster: Cluster,
    /// Kept to the end, so that a server that nobody ended keeps running.
    hooks: ChiefHooks,
    kind: SessionKind,
    session: Mutex<Option<MonitoredSession>>,
}

impl MonolithJob {
    /// Sets up the job, and records what hooks log until it is dropped.
    pub(crate) fn new(scenario: &Scenario, world: &World) -> Result<Self> {
        let cluster = Cluster::new(world, scenario)?;
        let hooks = ChiefHooks::new(&cluster, scenario)?;
        logs::record_into(Some(Arc::clone(&world.recorder)));
        Ok(Self {
            cluster,
            hooks,
            kind: scenario.session,
            session: Mutex::default(),
        })
    }

    fn take_session(&self) -> MonitoredSession {
        match relock(&self.session).take() {
            Some(session) => session,
            None => unreachable!("nobody uses a session that was left"),
        }
    }

    fn train_in(&self, session: &mut MonitoredSession) -> Result<Option<Trained>> {
        if session.should_stop() {
            return Ok(None);
        }
        let input = self.cluster.input.as_ref().map(|(input, _)| input);
        let trained = session.run(|session| {
            let element = input.map(|input| input.take());
            Ok(Trained {
                global_step: session.train_step()?,
                element,
            })
        });
        trained.map(Some)
    }
}

impl Drop for MonolithJob {
    fn drop(&mut self) {
        logs::record_into(None);
    }
}

impl Job for MonolithJob {
    fn open(&self) -> Result<()> {
        match self.cluster.open(self.kind, &self.hooks.all) {
            Ok(session) => {
                *relock(&self.session) = Some(session);
                Ok(())
            }
            Err(error) => {
                self.cluster.chief.set(None);
                Err(error)
            }
        }
    }

    fn train(&self) -> Result<Option<Trained>> {
        let mut session = self.take_session();
        let trained = self.train_in(&mut session);
        *relock(&self.session) = Some(session);
        trained
    }

    fn leave(&self, error: Option<Error>) -> Result<()> {
        let outcome = self.take_session().leave(error);
        self.cluster.chief.set(None);
        outcome
    }

    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unplayable> {
        let bit = i64::try_from(index).unwrap_or(i64::MAX);
        let hook = BarrierHook::new(bit, Arc::clone(&self.cluster.barrier_op));
        let lasting = Arc::new(LastingStep::new(self.cluster.world.clone()));
        let hooks: Hooks = vec![Arc::clone(&lasting) as _, Arc::new(hook)];
        let session = HookedSession::new(self.cluster.chief.shared(), hooks);
        Ok(Box::new(HookedWorker { session, lasting }))
    }

    fn rpc(&self, step: &RpcStep, place: &str) -> Result<(), Unplayable> {
        Ok(self.cluster.operator.call(Rpc::from(step), place)?)
    }

    fn fault(&self, fault: Fault, path: &str) -> Result<(), Unplayable> {
        self.cluster.apply(fault, path);
        Ok(())
    }

    fn address_file(&self, content: FileContent) -> Result<(), Unplayable> {
        Ok(self.cluster.address_file.write(content)?)
    }

    fn action_file(&self, content: ActionContent) -> Result<(), Unplayable> {
        Ok(self.cluster.world.model_dir.write_action_file(content)?)
    }

    fn controller_op(&self, op: ControllerOp) -> Result<(), Unplayable> {
        let (Some(session), Some(controller)) =
            (self.cluster.chief.current(), self.hooks.controllers.first())
        else {
            unreachable!("the session is open, and a scenario without a controller is refused");
        };
        Ok(match op {
            ControllerOp::StopOp => controller.stop_op(&session),
            ControllerOp::TriggerSaveOp => controller.trigger_save_op(&session),
        }?)
    }

    fn timer(&self, switch: TimerSwitch) -> Result<(), Unplayable> {
        if let Some(saver) = self.hooks.savers.first() {
            saver.with_timer(|timer| match switch {
                TimerSwitch::Enable => timer.enable(),
                TimerSwitch::Disable => timer.disable(),
            });
        }
        Ok(())
    }

    fn append_callback(&self, index: usize, kind: CallbackKind) -> Result<(), Unplayable> {
        let callback = barrier_callback(index, kind, &self.cluster.world);
        self.cluster.barrier_op.append_callback(callback);
        Ok(())
    }

    fn look(&self, target: LookTarget) -> Result<(), Unplayable> {
        let world = &self.cluster.world;
        world.recorder.record(match target {
            LookTarget::CurrentSession => Event::CurrentSession {
                session: self.cluster.seen_current_session(),
            },
            LookTarget::ActionResponse => Event::ActionResponse {
                response: world.model_dir.action_response(),
            },
        });
        Ok(())
    }

    fn check(&self) -> Result<(), Unplayable> {
        Ok(self.cluster.operator.take_unplayable()?)
    }
}

/// A worker's session with its barrier hook, and what lets its steps take time.
struct HookedWorker {
    session: HookedSession,
    lasting: Arc<LastingStep>,
}

impl Worker for HookedWorker {
    fn train(&mut self, takes: Duration) -> Result<i64> {
        *relock(&self.lasting.takes) = takes;
        self.session.run(&mut Session::train_step)
    }
}

/// Lets each step take time, before the hooks behind it hear that it has run.
struct LastingStep {
    world: World,
    takes: Mutex<Duration>,
}

impl LastingStep {
    fn new(world: World) -> Self {
        let takes = Mutex::default();
        Self { world, takes }
    }
}

impl SessionRunHook for LastingStep {
    fn after_run(&self, _context: &SessionRunContext, _values: &StepValues) -> Result<()> {
        let takes = *relock(&self.takes);
        if !takes.is_zero() {
            self.world.clock.sleep(takes);
        }
        Ok(())
    }
}
