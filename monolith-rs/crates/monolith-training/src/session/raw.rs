//! Raw sessions: variables that threads share, without hooks.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::graph::Graph;
use super::variables::{BarrierVariables, Flag, StepValues, Values};
use crate::clock::relock;
use crate::errors::{Error, Result};
use crate::save_utils::{Saver, restore_global_step};

/// A session without hooks; threads share it.
///
/// The mutex makes each operation atomic, as one run of a TensorFlow session
/// is, and is never held across a call out of this module.
#[derive(Debug)]
pub struct Session {
    variables: Variables,
}

#[derive(Debug)]
enum Variables {
    /// Of its own, until it is closed.
    Own(Mutex<Option<Values>>),
    /// Those of the session that the chief has at the moment.
    Chiefs(ChiefsSession),
}

/// Where a chief puts its current session for its workers to share.
///
/// In a cluster they share the variables on the parameter servers, so a worker
/// that waits while the chief's session is recreated looks at the new one.
#[derive(Clone, Debug, Default)]
pub struct ChiefsSession {
    current: Arc<Mutex<Option<Arc<Session>>>>,
}

impl ChiefsSession {
    /// From now on this is the chief's session; none if the chief has left it.
    pub fn set(&self, session: Option<&Arc<Session>>) {
        *relock(&self.current) = session.cloned();
    }

    /// What was set last.
    pub fn current(&self) -> Option<Arc<Session>> {
        relock(&self.current).clone()
    }

    /// A worker's own session on the chief's variables.
    ///
    /// Like every session that starts, it empties the local variables: the barrier's
    /// action (B17) and the checkpoint info (B51). Without a chief there are none.
    pub fn start_worker_session(&self) -> Arc<Session> {
        let session = self.shared();
        // Closed, it has nothing left to empty.
        drop(session.with(|values| {
            values.initialize_locals();
            Ok(())
        }));
        session
    }

    /// A session on whatever the chief's is when it is used, without starting one of
    /// its own. Closing it does nothing.
    pub fn shared(&self) -> Arc<Session> {
        Arc::new(Session {
            variables: Variables::Chiefs(self.clone()),
        })
    }
}

impl Session {
    /// A session of this graph with everything at its initial value.
    ///
    /// A barrier that there is no memory for is a `ResourceExhaustedError`.
    pub fn new(graph: &Graph, global_step: i64) -> Result<Arc<Self>> {
        let values = Values::new(graph, global_step)?;
        Ok(Arc::new(Self {
            variables: Variables::Own(Mutex::new(Some(values))),
        }))
    }

    /// The global step.
    pub fn global_step(&self) -> Result<i64> {
        self.with(|values| values.step().copied())
    }

    /// One training step: adds 1 to the global step and gives the new value.
    ///
    /// Where the graph has none it counts the session's steps instead. As TensorFlow's
    /// int64 does, it wraps.
    pub fn train_step(&self) -> Result<i64> {
        self.with(|values| {
            let step = values.trained();
            *step = step.wrapping_add(1);
            Ok(*step)
        })
    }

    /// The names of its variables.
    pub(crate) fn variable_names(&self) -> Result<Vec<&'static str>> {
        self.with(|values| Ok(values.names()))
    }

    /// What hooks fetch with a step, as it is before the step's own changes.
    pub fn step_values(&self) -> Result<StepValues> {
        self.with(|values| Ok(values.fetch()))
    }

    /// The value of a flag of the controller.
    pub fn flag(&self, flag: Flag) -> Result<bool> {
        self.with(|values| values.flag(flag))
    }

    /// Gives a flag of the controller a value.
    pub fn set_flag(&self, flag: Flag, value: bool) -> Result<()> {
        self.with(|values| values.set_flag(flag, value))
    }

    /// Uses the barrier's variables in one go.
    pub(crate) fn with_barrier<T>(
        &self,
        body: impl FnOnce(&mut BarrierVariables) -> T,
    ) -> Result<T> {
        self.with(|values| values.barrier().map(body))
    }

    /// The serialized checkpoint info.
    pub(crate) fn ckpt_info(&self) -> Result<Vec<u8>> {
        self.with(|values| values.ckpt_info().cloned())
    }

    /// Replaces the serialized checkpoint info.
    pub(crate) fn set_ckpt_info(&self, info: Vec<u8>) -> Result<()> {
        self.with(|values| {
            *values.ckpt_info()? = info;
            Ok(())
        })
    }

    /// From now on every use is an error. Closing twice is fine.
    pub fn close(&self) {
        match &self.variables {
            Variables::Own(values) => *relock(values) = None,
            Variables::Chiefs(_) => {}
        }
    }

    fn with<T>(&self, body: impl FnOnce(&mut Values) -> Result<T>) -> Result<T> {
        match &self.variables {
            Variables::Own(values) => match &mut *relock(values) {
                Some(values) => body(values),
                None => Err(Error::closed_session()),
            },
            Variables::Chiefs(chief) => match chief.current() {
                Some(session) => session.with(body),
                None => Err(Error::runtime("The chief has no session.")),
            },
        }
    }
}

/// Makes raw sessions, one for each time that a monitored session needs one.
pub trait SessionCreator: Send {
    /// A new session, ready to be used.
    fn create_session(&self) -> Result<Arc<Session>>;
}

/// A chief's sessions: restored from the newest checkpoint where there is one,
/// with a barrier that is clear.
pub struct ChiefSessionCreator {
    graph: Arc<Graph>,
    checkpoint_dir: Option<PathBuf>,
    saver: Option<Arc<dyn Saver>>,
}

impl ChiefSessionCreator {
    /// Sessions of `graph`, restored from `checkpoint_dir` where that is given.
    pub fn new(graph: Arc<Graph>, checkpoint_dir: Option<PathBuf>) -> Self {
        Self {
            graph,
            checkpoint_dir,
            saver: None,
        }
    }

    /// Tells this saver, which writes there, of what is restored.
    #[must_use]
    pub fn with_saver(mut self, saver: Arc<dyn Saver>) -> Self {
        self.saver = Some(saver);
        self
    }

    /// The step of the newest checkpoint, if there is one.
    fn restore(&self) -> Result<Option<i64>> {
        let Some(dir) = &self.checkpoint_dir else {
            return Ok(None);
        };
        let restored = restore_global_step(dir)?;
        if let (Some(_), Some(saver)) = (restored, &self.saver) {
            saver.recover_last_checkpoints(dir)?;
        }
        Ok(restored)
    }
}

impl SessionCreator for ChiefSessionCreator {
    fn create_session(&self) -> Result<Arc<Session>> {
        let restored = self.restore()?;
        let global_step = restored.unwrap_or_else(|| self.graph.first_global_step());
        Session::new(&self.graph, global_step)
    }
}

impl fmt::Debug for ChiefSessionCreator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChiefSessionCreator")
            .field("graph", &self.graph)
            .field("checkpoint_dir", &self.checkpoint_dir)
            .finish_non_exhaustive()
    }
}
