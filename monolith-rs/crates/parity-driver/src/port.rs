//! The traits that a port implements: its identity and its job.
//!
//! A method of [`Job`] that a port doesn't implement reports that it is missing, and the scenario
//! is skipped for that reason. A scenario that uses a word that isn't among
//! [`Identity::capabilities`] is skipped before anything is played.

use std::sync::Arc;
use std::time::Duration;

use monolith_training::errors::{Error, Result};

use crate::scenario::Unplayable;
use crate::wire::protocol::{Answer, Channel, Need, Request};
use crate::wire::scenario::{
    ActionContent, CallbackKind, ControllerOp, Fault, FileContent, LookTarget, RpcStep, Scenario,
    TimerSwitch,
};
use crate::world::World;

/// The steps that the library plays with only [`Job::train`], [`Job::leave`] and [`Job::worker`]:
/// `train`, `advance`, `fault`, `worker`, `concurrently`, `machine_info`, `background`, `raise`
/// and `end`.
pub const BASIC_STEPS: &[&str] = &[
    "train",
    "advance",
    "fault",
    "worker",
    "concurrently",
    "machine_info",
    "background",
    "raise",
    "end",
];

/// The faults that the library applies to [`World::machines`]: `rss`, `health_bytes`,
/// `poll_error`, `slow_poll` and `recover`.
pub const MACHINE_FAULTS: &[&str] = &["rss", "health_bytes", "poll_error", "slow_poll", "recover"];

/// The name and abilities of a port, as `hello` tells the host.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The port's name.
    pub implementation: String,
    /// The port's version.
    pub version: String,
    /// A digest of the sources that it was built from; `None` if it doesn't know.
    pub source_digest: Option<String>,
    /// The hooks, steps and faults that it can play, and `interop` or `look` if it has them.
    ///
    /// The library adds `seed`. The port must play everything that it lists: the library has no
    /// probes, and a hook that [`Port::begin`] ignores is missing from the trace.
    pub capabilities: Vec<&'static str>,
    /// The channels whose events it records; `None` for all.
    pub channels: Option<Vec<Channel>>,
    /// The needs of scenarios that it meets.
    ///
    /// `None` stands for injection, exact time and exact memory, which the library provides.
    /// [`Need::Options`] is the need of scenarios with options that the original doesn't have.
    pub needs: Option<Vec<Need>>,
}

/// A port of the hooks, played by its driver.
pub trait Port {
    /// Returns the port's name and abilities.
    fn identity(&self) -> Identity;

    /// Sets up the job of a scenario in a world of its own.
    ///
    /// Nothing is played yet. The calling thread is no lane of the clock, so it may not wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the scenario needs an option that the port lacks, or can't be set up.
    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable>;

    /// Answers an interop request; by default with a failure.
    fn interop(&mut self, request: Request) -> Answer {
        Answer::failed(request.seq(), "this driver lacks interop".to_owned())
    }
}

/// The result of one training step of the chief.
#[derive(Clone, Copy, Debug)]
pub struct Trained {
    /// The global step after this training step.
    pub global_step: i64,
    /// The element that it took from the chief's input, if there is one.
    pub element: Option<i64>,
}

/// The job of one scenario: a chief, its hooks, and its workers.
///
/// Every method is called on the lane of the virtual clock that has the turn. Those of the chief
/// ([`open`](Self::open), [`train`](Self::train), [`leave`](Self::leave), [`look`](Self::look)) are
/// called only on the lane `main`, the others on any lane. The job is dropped after the last event.
pub trait Job: Send + Sync {
    /// Opens the chief's session.
    ///
    /// When the session is created, the job records it and calls
    /// [`Recorder::open`](crate::Recorder::open).
    ///
    /// # Errors
    ///
    /// Returns what a hook raises, which the library records.
    fn open(&self) -> Result<()>;

    /// Runs one training step of the chief with its hooks; `None` if a hook has asked for a stop.
    ///
    /// # Errors
    ///
    /// Returns what the step raises; the library then leaves the session with it.
    fn train(&self) -> Result<Option<Trained>>;

    /// Leaves the session as at the end of its `with` block, with or without an error.
    ///
    /// For a clean end it first calls [`Recorder::close`](crate::Recorder::close). It then requests
    /// the stop of its threads and joins them. The library records that the session is closed.
    ///
    /// # Errors
    ///
    /// Returns the error that leaves the block, which the library records.
    fn leave(&self, error: Option<Error>) -> Result<()>;

    /// Creates a worker other than the chief. `index` counts from 1.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unplayable> {
        Err(Unplayable::left_out("worker", "worker"))
    }

    /// Calls the controller and records the result. `place` is the call's place in the scenario.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn rpc(&self, _step: &RpcStep, _place: &str) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("rpc", "rpc"))
    }

    /// Applies a fault that isn't one of a machine.
    ///
    /// `path` identifies it in [`Strikes`](crate::testing::strikes::Strikes).
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn fault(&self, _fault: Fault, _path: &str) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("other faults", "fault"))
    }

    /// Replaces or removes the address file that clients read.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn address_file(&self, _content: FileContent) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("address_file", "address_file"))
    }

    /// Replaces or removes the action file that the query action hook reads.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn action_file(&self, _content: ActionContent) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("action_file", "action_file"))
    }

    /// Runs an op of the controller hook.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played or the op raises.
    fn controller_op(&self, _op: ControllerOp) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("controller_op", "controller_op"))
    }

    /// Enables or disables the timer of the first saver hook.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn timer(&self, _switch: TimerSwitch) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("timer", "timer"))
    }

    /// Appends a callback with this index to the barrier; see `World::barrier_callback`.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn append_callback(&self, _index: usize, _kind: CallbackKind) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("append_callback", "append_callback"))
    }

    /// Records a state that only the job itself can observe.
    ///
    /// # Errors
    ///
    /// Returns an error if this can't be played.
    fn look(&self, _target: LookTarget) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("look", "look"))
    }

    /// Reports, once, what a hook was unable to play. Called after each step.
    ///
    /// # Errors
    ///
    /// Returns an error if there is something to report.
    fn check(&self) -> Result<(), Unplayable> {
        Ok(())
    }
}

/// A worker beside the chief, on a lane of its own.
pub trait Worker: Send {
    /// Runs one training step with its hooks and returns the global step.
    ///
    /// `takes` is virtual time that passes after the step's run, in which the barrier is read, and
    /// before the worker acts on what was read.
    ///
    /// # Errors
    ///
    /// Returns what the step raises, which the library records if the chief's session is still
    /// open; the worker then ends.
    fn train(&mut self, takes: Duration) -> Result<i64>;
}
