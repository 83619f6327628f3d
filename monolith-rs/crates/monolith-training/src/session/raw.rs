//! Graphs and raw sessions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::hook::StepValues;
use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::save_utils;

/// What sessions are made from: which variables there will be.
#[derive(Debug)]
pub struct Graph {
    has_global_step: bool,
    barrier_capacity: Mutex<Option<usize>>,
}

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
        })
    }

    /// Whether its sessions have a global step.
    pub fn has_global_step(&self) -> bool {
        self.has_global_step
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

#[derive(Debug)]
struct Variables {
    global_step: Option<i64>,
    barrier: Option<BarrierVariables>,
}

#[derive(Debug)]
enum State {
    Open(Variables),
    /// Its maker is about to replace it; it works as before until it is closed.
    Retired(Variables),
    Closed,
}

/// A session without hooks; threads share it.
///
/// The mutex makes each operation atomic, as one run of a TensorFlow session
/// is, and is never held across a call out of this module.
#[derive(Debug)]
pub struct Session {
    state: Mutex<State>,
}

impl Session {
    /// A session of this graph with everything at its initial value.
    pub fn new(graph: &Graph, global_step: i64) -> Arc<Self> {
        let barrier = relock(&graph.barrier_capacity).map(|capacity| BarrierVariables {
            bits: vec![false; capacity],
            action: String::new(),
        });
        Arc::new(Self {
            state: Mutex::new(State::Open(Variables {
                global_step: graph.has_global_step.then_some(global_step),
                barrier,
            })),
        })
    }

    /// The global step.
    pub fn global_step(&self) -> Result<i64> {
        self.with(|variables| variables.step().copied())
    }

    /// One training step: adds 1 to the global step and gives the new value.
    pub fn train_step(&self) -> Result<i64> {
        self.with(|variables| {
            let step = variables.step()?;
            *step += 1;
            Ok(*step)
        })
    }

    /// What hooks fetch with a step, as it is before the step's own changes.
    pub fn step_values(&self) -> Result<StepValues> {
        self.with(|variables| {
            Ok(StepValues {
                global_step: variables.global_step,
                barrier_placed: variables.barrier.as_ref().map(|barrier| barrier.bits[0]),
            })
        })
    }

    /// Uses the barrier's variables in one go.
    pub(crate) fn with_barrier<T>(
        &self,
        body: impl FnOnce(&mut BarrierVariables) -> T,
    ) -> Result<T> {
        self.with(|variables| match &mut variables.barrier {
            Some(barrier) => Ok(body(barrier)),
            None => Err(Error::new(
                ErrorKind::FailedPreconditionError,
                "This session's graph has no barrier.",
            )),
        })
    }

    /// From now on every use is an error. Closing twice is fine.
    pub fn close(&self) {
        *relock(&self.state) = State::Closed;
    }

    /// Marks a session that is about to be closed and replaced.
    pub(crate) fn retire(&self) {
        let mut state = relock(&self.state);
        *state = match std::mem::replace(&mut *state, State::Closed) {
            State::Open(variables) => State::Retired(variables),
            other => other,
        };
    }

    /// Whether it is neither closed nor about to be replaced.
    pub fn is_current(&self) -> bool {
        matches!(*relock(&self.state), State::Open(_))
    }

    fn with<T>(&self, body: impl FnOnce(&mut Variables) -> Result<T>) -> Result<T> {
        match &mut *relock(&self.state) {
            State::Open(variables) | State::Retired(variables) => body(variables),
            State::Closed => Err(Error::closed_session()),
        }
    }
}

impl Variables {
    fn step(&mut self) -> Result<&mut i64> {
        self.global_step
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::TypeError, "This session has no global step."))
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
        Ok(Session::new(&self.graph, global_step))
    }
}
