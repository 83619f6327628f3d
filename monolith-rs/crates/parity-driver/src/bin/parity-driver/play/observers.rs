//! Hooks, callbacks, listeners and a saver that record events.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use monolith_testing::strikes::Strikes;
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::Clock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, Result};
use monolith_training::hooks::ps_check_hooks::Results;
use monolith_training::save_utils::{CheckpointSaverListener, Saver};
use monolith_training::session::{
    ChiefsSession, Session, SessionRunContext, SessionRunHook, StepValues,
};
use parity_driver::wire::events::{Event, ListenerMethod, Phase, PsResult, SessionState};
use parity_driver::wire::scenario::{Call, CallbackKind, Raises, SaveMethod};
use parity_driver::{Recorder, World};

use super::address_file::AddressFile;
use super::listener_faults::ListenerFaults;
use super::rpc::{Operator, Rpc};

/// A hook that records its phases, and raises an error in one if the scenario says so.
pub(crate) struct Probe {
    pub(crate) name: String,
    pub(crate) raises: Option<Raises>,
    /// The time that `before_run` takes.
    pub(crate) takes: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    /// The number of times that it has reached the phase that raises.
    pub(crate) reached: AtomicU32,
    pub(crate) path: String,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) strikes: Arc<Strikes>,
}

impl Probe {
    fn comes_to(&self, phase: Phase) -> Result<()> {
        let hook = self.name.clone();
        self.recorder.record(Event::Hook { hook, phase });
        let Some(raises) = self.raises.as_ref().filter(|it| it.phase == phase) else {
            return Ok(());
        };
        let before = self.reached.fetch_add(1, Ordering::SeqCst);
        if before < raises.skips || before - raises.skips >= raises.times {
            return Ok(());
        }
        self.strikes.strike(&self.path);
        Err(Error::new(raises.error, raises.message.clone()))
    }
}

impl SessionRunHook for Probe {
    fn begin(&self) -> Result<()> {
        self.comes_to(Phase::Begin)
    }

    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.comes_to(Phase::AfterCreateSession)
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        self.comes_to(Phase::BeforeRun)?;
        if !self.takes.is_zero() {
            self.clock.sleep(self.takes);
        }
        Ok(())
    }

    fn after_run(&self, _: &SessionRunContext, _: &StepValues) -> Result<()> {
        self.comes_to(Phase::AfterRun)
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.comes_to(Phase::End)
    }
}

/// A hook that calls the controller in one of its phases.
pub(crate) struct Caller {
    pub(crate) call: Call,
    /// The place in the scenario that makes the call.
    pub(crate) place: String,
    pub(crate) operator: Arc<Operator>,
}

impl Caller {
    fn comes_to(&self, phase: Phase) {
        if phase == self.call.phase
            && let Err(message) = self.operator.call(Rpc::from(&self.call), &self.place)
        {
            self.operator.cannot_play(message);
        }
    }
}

impl SessionRunHook for Caller {
    fn begin(&self) -> Result<()> {
        self.comes_to(Phase::Begin);
        Ok(())
    }

    fn after_create_session(&self, _: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.comes_to(Phase::AfterCreateSession);
        Ok(())
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        self.comes_to(Phase::BeforeRun);
        Ok(())
    }

    fn after_run(&self, _: &SessionRunContext, _: &StepValues) -> Result<()> {
        self.comes_to(Phase::AfterRun);
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.comes_to(Phase::End);
        Ok(())
    }
}

/// Returns a callback of the barrier in the port's form.
pub(crate) fn barrier_callback(index: usize, kind: CallbackKind, world: &World) -> BarrierCallback {
    let callback = world.barrier_callback(index, kind);
    Arc::new(move |action, _| callback(action))
}

/// The last hook, which records sessions and their controllers' addresses and shares sessions.
pub(crate) struct Observer {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) barrier_op: Arc<BarrierOp>,
    pub(crate) chief: ChiefsSession,
    pub(crate) address_file: Arc<AddressFile>,
}

impl SessionRunHook for Observer {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.chief.set(Some(session));
        let (barrier_op, looked_at) = (Arc::clone(&self.barrier_op), Arc::clone(session));
        self.recorder
            .open(move || barrier_op.get_blocked_indices(&looked_at).ok());
        self.recorder.record(Event::Session {
            state: SessionState::Created,
        });
        self.address_file.look();
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.recorder.close();
        Ok(())
    }
}

/// A wrapper around a saver that records each save.
pub(crate) struct RecordingSaver {
    pub(crate) inner: Arc<dyn Saver>,
    pub(crate) recorder: Arc<Recorder>,
}

impl Saver for RecordingSaver {
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()> {
        let outcome = self.inner.save(session, dir, basename, step);
        match &outcome {
            Ok(()) => self.recorder.record(Event::Save { step }),
            // Only an `Exception` is recorded: anything else passes by handlers of those.
            Err(error) if !error.kind().is_exception() => {}
            Err(error) => self.recorder.record(Event::SaveFailed {
                step,
                error: error.kind().to_string(),
                message: self.recorder.message_of(error),
            }),
        }
        outcome
    }

    fn recover_last_checkpoints(&self, dir: &Path) -> Result<()> {
        self.inner.recover_last_checkpoints(dir)
    }
}

/// A listener that records its calls, and can ask for a stop after each save.
pub(crate) struct ProbeListener {
    pub(crate) index: usize,
    pub(crate) asks_to_stop: bool,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) faults: Arc<ListenerFaults>,
}

impl fmt::Debug for ProbeListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProbeListener({})", self.index)
    }
}

impl ProbeListener {
    fn told(&self, method: ListenerMethod, step: Option<i64>) {
        self.recorder.record(Event::Listener {
            listener: self.index,
            method,
            step,
        });
    }
}

impl CheckpointSaverListener for ProbeListener {
    fn begin(&self) -> Result<()> {
        self.told(ListenerMethod::Begin, None);
        Ok(())
    }

    fn before_save(&self, _: &Arc<Session>, global_step: i64) -> Result<()> {
        self.told(ListenerMethod::BeforeSave, Some(global_step));
        self.faults.raise(self.index, SaveMethod::BeforeSave)
    }

    fn after_save(&self, _: &Arc<Session>, global_step: i64) -> Result<bool> {
        self.told(ListenerMethod::AfterSave, Some(global_step));
        self.faults.raise(self.index, SaveMethod::AfterSave)?;
        Ok(self.asks_to_stop)
    }

    fn end(&self, _: &Arc<Session>, global_step: i64) -> Result<()> {
        self.told(ListenerMethod::End, Some(global_step));
        Ok(())
    }
}

/// Converts the results of a report for the trace.
pub(crate) fn shown(results: &Results) -> Vec<PsResult> {
    let results = results.iter().map(|(ps, result)| PsResult {
        ps: *ps,
        status: (result.status).map(|_| result.status().as_str_name().to_owned()),
        message: result.message().to_owned(),
    });
    results.collect()
}
