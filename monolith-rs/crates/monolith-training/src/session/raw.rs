//! Graphs and raw sessions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result, with_room};
use crate::save_utils;

/// What sessions are made from: which variables there will be.
#[derive(Debug)]
pub struct Graph {
    has_global_step: bool,
    barrier_capacity: Mutex<Option<usize>>,
    flags: AtomicUsize,
}

/// A boolean variable of a graph, false in each new session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flag(usize);

impl Graph {
    /// A graph with a global step and no barrier yet.
    pub fn new() -> Arc<Self> {
        Self::with_global_step(true)
    }

    /// A graph that has no global step.
    pub fn without_global_step() -> Arc<Self> {
        Self::with_global_step(false)
    }

    fn with_global_step(has_global_step: bool) -> Arc<Self> {
        Arc::new(Self {
            has_global_step,
            barrier_capacity: Mutex::new(None),
            flags: AtomicUsize::new(0),
        })
    }

    /// Whether its sessions have a global step.
    pub fn has_global_step(&self) -> bool {
        self.has_global_step
    }

    /// Gives the graph another boolean variable.
    pub(crate) fn add_flag(&self) -> Flag {
        Flag(self.flags.fetch_add(1, Ordering::SeqCst))
    }

    /// Gives the graph its barrier; there can be one.
    pub(crate) fn add_barrier(&self, capacity: usize) -> Result<()> {
        let mut slot = relock(&self.barrier_capacity);
        if slot.is_some() {
            return Err(Error::value(
                "Variable barrier_var already exists, disallowed.",
            ));
        }
        *slot = Some(capacity);
        Ok(())
    }
}

/// The barrier's variables: bit 0 is "placed", bit i "worker i is blocked".
#[derive(Debug)]
pub(crate) struct BarrierVariables {
    pub(crate) bits: Vec<bool>,
    pub(crate) action: String,
}

impl BarrierVariables {
    fn new(capacity: usize) -> Result<Self> {
        let mut bits = with_room(capacity, "bits of a barrier")?;
        bits.resize(capacity, false);
        let action = String::new();
        Ok(Self { bits, action })
    }
}

#[derive(Debug)]
struct Values {
    global_step: Option<i64>,
    barrier: Option<BarrierVariables>,
    flags: Vec<bool>,
}

/// What is fetched with a step, as it was before the step's own changes.
///
/// TensorFlow has each hook name its fetches. The hooks of this system fetch
/// two things, so every step fetches both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StepValues {
    /// The global step, if the graph has one.
    pub global_step: Option<i64>,
    /// Bit 0 of the barrier, if the graph has one.
    pub barrier_placed: Option<bool>,
}

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

    /// A session on whatever the chief's is when it is used. Closing it does nothing.
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
        let capacity = *relock(&graph.barrier_capacity);
        let barrier = capacity.map(BarrierVariables::new).transpose()?;
        Ok(Arc::new(Self {
            variables: Variables::Own(Mutex::new(Some(Values {
                global_step: graph.has_global_step.then_some(global_step),
                barrier,
                flags: vec![false; graph.flags.load(Ordering::SeqCst)],
            }))),
        }))
    }

    /// The global step.
    pub fn global_step(&self) -> Result<i64> {
        self.with(|values| values.step().copied())
    }

    /// One training step: adds 1 to the global step and gives the new value.
    pub fn train_step(&self) -> Result<i64> {
        self.with(|values| {
            let step = values.step()?;
            *step += 1;
            Ok(*step)
        })
    }

    /// What hooks fetch with a step, as it is before the step's own changes.
    pub fn step_values(&self) -> Result<StepValues> {
        self.with(|values| {
            Ok(StepValues {
                global_step: values.global_step,
                barrier_placed: values.barrier.as_ref().map(|barrier| barrier.bits[0]),
            })
        })
    }

    /// The value of a boolean variable.
    pub fn flag(&self, flag: Flag) -> Result<bool> {
        self.with(|values| values.flag(flag).copied())
    }

    /// Gives a boolean variable a value.
    pub fn set_flag(&self, flag: Flag, value: bool) -> Result<()> {
        self.with(|values| {
            *values.flag(flag)? = value;
            Ok(())
        })
    }

    /// Uses the barrier's variables in one go.
    pub(crate) fn with_barrier<T>(
        &self,
        body: impl FnOnce(&mut BarrierVariables) -> T,
    ) -> Result<T> {
        self.with(|values| match &mut values.barrier {
            Some(barrier) => Ok(body(barrier)),
            None => Err(Error::new(
                ErrorKind::FailedPreconditionError,
                "This session's graph has no barrier.",
            )),
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

impl Values {
    fn step(&mut self) -> Result<&mut i64> {
        let missing = || Error::new(ErrorKind::TypeError, "This session has no global step.");
        self.global_step.as_mut().ok_or_else(missing)
    }

    fn flag(&mut self, flag: Flag) -> Result<&mut bool> {
        let missing = || {
            Error::new(
                ErrorKind::FailedPreconditionError,
                "This session was created before its graph had the flag.",
            )
        };
        self.flags.get_mut(flag.0).ok_or_else(missing)
    }
}

/// Makes raw sessions, one for each time that a monitored session needs one.
pub trait SessionCreator: Send {
    /// A new session, ready to be used.
    fn create_session(&self) -> Result<Arc<Session>>;
}

/// A chief's sessions: restored from the newest checkpoint where there is one,
/// with a barrier that is clear.
#[derive(Debug)]
pub struct ChiefSessionCreator {
    graph: Arc<Graph>,
    checkpoint_dir: Option<PathBuf>,
}

impl ChiefSessionCreator {
    /// Sessions of `graph`, restored from `checkpoint_dir` where that is given.
    pub fn new(graph: Arc<Graph>, checkpoint_dir: Option<PathBuf>) -> Self {
        Self {
            graph,
            checkpoint_dir,
        }
    }
}

impl SessionCreator for ChiefSessionCreator {
    fn create_session(&self) -> Result<Arc<Session>> {
        let global_step = match &self.checkpoint_dir {
            Some(dir) => save_utils::restore_global_step(dir)?.unwrap_or(0),
            None => 0,
        };
        Session::new(&self.graph, global_step)
    }
}
