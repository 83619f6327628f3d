//! What a port implements: who it is, and what its job does.
//!
//! A method of [`Job`] that a port leaves out says that it is lacking. The scenario is then
//! skipped for that reason, and so it is, before anything is played, if it has a word that
//! [`Identity::capabilities`] doesn't.

use std::sync::Arc;

use monolith_training::errors::{Error, Result};

use crate::scenario::Unplayable;
use crate::wire::protocol::{Answer, Channel, Need, Request};
use crate::wire::scenario::{
    CallbackKind, ControllerOp, Fault, FileContent, LookTarget, RpcStep, Scenario, TimerSwitch,
};
use crate::world::World;

/// The steps that the library plays by itself, with [`Job::train`], [`Job::leave`] and
/// [`Job::worker`] alone: `train`, `advance`, `fault`, `worker`, `concurrently`, `machine_info`,
/// `background`, `raise` and `end`.
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

/// Who a port is, and what it has, as `hello` tells the host.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// A digest of the sources that it was built from; none if it doesn't know.
    pub source_digest: Option<String>,
    /// The hooks, steps and faults that it can play, and `interop` or `look` if it can do that.
    /// `seed` is added. What it names it plays: the library has no probes, and a hook that
    /// [`Port::begin`] passes over is missing from the trace.
    pub capabilities: Vec<&'static str>,
    /// The channels that it records events of; none stands for all.
    pub channels: Option<Vec<Channel>>,
    /// The needs of a scenario that it meets; none stands for injection, exact time and exact
    /// memory, all of which the library has. [`Need::Options`] is that of scenarios with options
    /// which the original doesn't have.
    pub needs: Option<Vec<Need>>,
}

/// A port, as its driver plays it.
pub trait Port {
    /// Says who it is.
    fn identity(&self) -> Identity;

    /// Sets up the job of a scenario in a world of its own. Nothing is played yet, and the caller
    /// is no lane of the clock: it may not wait.
    ///
    /// # Errors
    ///
    /// The scenario needs an option that the port lacks, or can't be set up.
    fn begin(&mut self, scenario: &Scenario, world: &World) -> Result<Arc<dyn Job>, Unplayable>;

    /// Answers a request of interop; by default that it can't.
    fn interop(&mut self, request: Request) -> Answer {
        Answer::failed(request.seq(), "this driver lacks interop".to_owned())
    }
}

/// What one training step of the chief gave.
#[derive(Clone, Copy, Debug)]
pub struct Trained {
    /// The global step after the step's own addition.
    pub global_step: i64,
    /// The element of the input that it took, where the chief has an input.
    pub element: Option<i64>,
}

/// The job of one scenario: a chief, its hooks, and its workers.
///
/// Every method is called on a lane of the virtual clock, which has the turn. Those of the chief
/// ([`open`](Self::open), [`train`](Self::train), [`leave`](Self::leave), [`look`](Self::look)) are
/// called on the lane `main` alone, the others on any. It is dropped after the last event.
pub trait Job: Send + Sync {
    /// Opens the chief's session. When it is created, the job records that and calls
    /// [`Recorder::open`](crate::Recorder::open).
    ///
    /// # Errors
    ///
    /// What a hook raises, which is recorded.
    fn open(&self) -> Result<()>;

    /// Takes one training step of the chief, hooks included; nothing if a hook has asked for a
    /// stop.
    ///
    /// # Errors
    ///
    /// What the step raises; the session is then left with it.
    fn train(&self) -> Result<Option<Trained>>;

    /// Leaves the session as its `with` block would be left, with an error of its body or without.
    ///
    /// First, if the end is a clean one, it calls [`Recorder::close`](crate::Recorder::close); then
    /// it requests the stop of its threads and joins them. That the session is closed is recorded
    /// by the library.
    ///
    /// # Errors
    ///
    /// What comes out of it, which is recorded.
    fn leave(&self, error: Option<Error>) -> Result<()>;

    /// Makes a worker other than the chief, by its index from 1.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unplayable> {
        Err(Unplayable::left_out("worker", "worker"))
    }

    /// Calls the controller and records the result. `place` is where the scenario makes the call.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn rpc(&self, _step: &RpcStep, _place: &str) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("rpc", "rpc"))
    }

    /// Applies a fault that is none of a machine. `path` is what it
    /// [strikes](crate::testing::strikes::Strikes) as.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn fault(&self, _fault: Fault, _path: &str) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("other faults", "fault"))
    }

    /// Has clients find this in the address file.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn address_file(&self, _content: FileContent) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("address_file", "address_file"))
    }

    /// Has the query action hook find this.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn action_file(&self, _content: FileContent) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("action_file", "action_file"))
    }

    /// Runs an op of the controller hook.
    ///
    /// # Errors
    ///
    /// This can't be played, or the op raises.
    fn controller_op(&self, _op: ControllerOp) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("controller_op", "controller_op"))
    }

    /// Switches the timer of the first saver hook.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn timer(&self, _switch: TimerSwitch) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("timer", "timer"))
    }

    /// Appends a callback of this index to those of the barrier; see `World::barrier_callback`.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn append_callback(&self, _index: usize, _kind: CallbackKind) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("append_callback", "append_callback"))
    }

    /// Records a state that only the job itself can observe.
    ///
    /// # Errors
    ///
    /// This can't be played.
    fn look(&self, _target: LookTarget) -> Result<(), Unplayable> {
        Err(Unplayable::left_out("look", "look"))
    }

    /// Says what a hook has found that it can't play, once. Asked after each step.
    ///
    /// # Errors
    ///
    /// There is something.
    fn check(&self) -> Result<(), Unplayable> {
        Ok(())
    }
}

/// A worker beside the chief, on a lane of its own.
pub trait Worker: Send {
    /// Takes one training step, hooks included, and returns the global step.
    ///
    /// # Errors
    ///
    /// What the step raises, which is recorded if the chief's session is still open; the worker
    /// then ends.
    fn train(&mut self) -> Result<i64>;
}
