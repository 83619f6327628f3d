//! The variables of a session, and what of them is fetched with a step.

use super::graph::{Added, Graph};
use crate::errors::{Error, ErrorKind, Result, with_room};

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

/// A flag of the controller's variable (B46).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flag {
    /// Asks for a stop.
    Stop,
    /// Asks for a save.
    TriggerSave,
}

/// The controller's variable, which is fetched as a whole (B46).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ControlFlags {
    /// Whether a stop is asked for.
    pub stop: bool,
    /// Whether a save is asked for.
    pub trigger_save: bool,
}

impl ControlFlags {
    /// The value of one flag.
    pub fn get(self, flag: Flag) -> bool {
        match flag {
            Flag::Stop => self.stop,
            Flag::TriggerSave => self.trigger_save,
        }
    }

    fn set(&mut self, flag: Flag, value: bool) {
        match flag {
            Flag::Stop => self.stop = value,
            Flag::TriggerSave => self.trigger_save = value,
        }
    }
}

/// What is fetched with a step, as it was before the step's own changes.
///
/// TensorFlow has each hook name its fetches. The hooks of this system fetch
/// these, so every step fetches all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StepValues {
    /// The global step, if the graph has one.
    pub global_step: Option<i64>,
    /// Bit 0 of the barrier, if the graph has one (B22).
    pub barrier_placed: Option<bool>,
    /// The controller's flags, if the graph has them (B46).
    pub control: Option<ControlFlags>,
}

/// All variables of a session. Those that its graph lacked when it was created are
/// missing.
#[derive(Debug)]
pub(super) struct Values {
    global_step: Option<i64>,
    /// Training steps of a session without a global step.
    steps: i64,
    barrier: Option<BarrierVariables>,
    control: Option<ControlFlags>,
    ckpt_info: Option<Vec<u8>>,
}

impl Values {
    /// Everything at its initial value.
    pub(super) fn new(graph: &Graph, global_step: i64) -> Result<Self> {
        let Added {
            barrier_capacity,
            has_control,
            has_ckpt_info,
            ..
        } = graph.added();
        Ok(Self {
            global_step: graph.has_global_step().then_some(global_step),
            steps: 0,
            barrier: barrier_capacity.map(BarrierVariables::new).transpose()?,
            control: has_control.then(ControlFlags::default),
            ckpt_info: has_ckpt_info.then(Vec::new),
        })
    }

    /// Empties the local variables that a worker's graph has too (B17, B51).
    pub(super) fn initialize_locals(&mut self) {
        if let Some(barrier) = &mut self.barrier {
            barrier.action.clear();
        }
        if let Some(info) = &mut self.ckpt_info {
            info.clear();
        }
    }

    pub(super) fn fetch(&self) -> StepValues {
        StepValues {
            global_step: self.global_step,
            barrier_placed: self.barrier.as_ref().map(|barrier| barrier.bits[0]),
            control: self.control,
        }
    }

    pub(super) fn step(&mut self) -> Result<&mut i64> {
        // TensorFlow's words for a fetch of the global step that the graph hasn't.
        let words = "Argument `fetch` = None has invalid type \"NoneType\". Cannot be None";
        let missing = || Error::new(ErrorKind::TypeError, words);
        self.global_step.as_mut().ok_or_else(missing)
    }

    /// What a training step adds to.
    pub(super) fn trained(&mut self) -> &mut i64 {
        self.global_step.as_mut().unwrap_or(&mut self.steps)
    }

    /// The names of those that there are, as TensorFlow has them.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let barrier = self.barrier.is_some();
        let all = [
            ("global_step", self.global_step.is_some()),
            ("barrier_var", barrier),
            ("barrier_op_action", barrier),
            ("control_var", self.control.is_some()),
            ("WorkerCkptMetaInfo", self.ckpt_info.is_some()),
        ];
        let there = all.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(name, _)| name).collect()
    }

    pub(super) fn barrier(&mut self) -> Result<&mut BarrierVariables> {
        self.barrier.as_mut().ok_or_else(|| missing("barrier"))
    }

    pub(super) fn flag(&self, flag: Flag) -> Result<bool> {
        let control = self.control.ok_or_else(|| missing("control flags"))?;
        Ok(control.get(flag))
    }

    pub(super) fn set_flag(&mut self, flag: Flag, value: bool) -> Result<()> {
        let control = self.control.as_mut();
        control
            .ok_or_else(|| missing("control flags"))?
            .set(flag, value);
        Ok(())
    }

    pub(super) fn ckpt_info(&mut self) -> Result<&mut Vec<u8>> {
        self.ckpt_info
            .as_mut()
            .ok_or_else(|| missing("checkpoint info"))
    }
}

fn missing(what: &str) -> Error {
    Error::new(
        ErrorKind::FailedPreconditionError,
        format!("This session's graph had no {what} when the session was created."),
    )
}
