//! A scenario as canonical JSON has it.
//!
//! Hooks, faults and steps are mappings whose one key says what they are. A key
//! that isn't known names a capability that this driver lacks, and the scenario
//! is skipped; anything else that is wrong makes the play fail.

mod reading;

use std::time::Duration;

use monolith_training::errors::{Error, ErrorKind};
use monolith_training::session::monitored::Recovery;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use self::reading::{each, failed, hex, milliseconds, parse_fault, parse_step, tagged, typed};

const HOOKS: [&str; 4] = ["ps_health", "probe", "saver", "server"];
const FAULTS: [&str; 7] = [
    "health_bytes",
    "poll_error",
    "recover",
    "rss",
    "save_error",
    "slow_poll",
    "slow_save",
];
const STEPS: [&str; 8] = [
    "advance",
    "concurrently",
    "end",
    "fault",
    "raise",
    "rpc",
    "train",
    "worker",
];

/// What this driver can play, sorted.
pub(crate) fn capabilities() -> Vec<&'static str> {
    let mut all: Vec<&str> = HOOKS.into_iter().chain(FAULTS).chain(STEPS).collect();
    all.push("seed");
    all.sort_unstable();
    all
}

/// Why a scenario is not played.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Unplayable {
    /// It needs what this driver lacks.
    Skipped(String),
    /// It is not a scenario.
    Failed(String),
}

/// A scenario, checked.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) cluster: Cluster,
    pub(crate) recovery: Recovery,
    pub(crate) machines: Vec<Machine>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "about")]
    _about: IgnoredAny,
    #[serde(rename = "covers")]
    _covers: IgnoredAny,
    cluster: Cluster,
    session: SessionKind,
    machines: Vec<Machine>,
    hooks: Vec<Value>,
    faults: Vec<Value>,
    steps: Vec<Value>,
    #[serde(rename = "expect")]
    _expect: IgnoredAny,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) ps: usize,
    pub(crate) workers: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SessionKind {
    Monitored,
    Singular,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) ps: usize,
    pub(crate) rss: i64,
    pub(crate) mem_limit: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Hook {
    PsHealth {
        report: Report,
        barrier: bool,
    },
    Saver {
        ignore_save_errors: bool,
        #[serde(default)]
        listeners: Vec<Listener>,
    },
    Server {},
    Probe {
        name: String,
        raises: Option<Raises>,
    },
}

/// From where a recording listener is told of saves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listener {
    Plain,
    Before,
    After,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Record,
    Raise,
    Default,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raises {
    pub(crate) phase: Phase,
    pub(crate) error: ErrorKind,
    pub(crate) message: String,
    pub(crate) times: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Begin,
    AfterCreateSession,
    BeforeRun,
    AfterRun,
    End,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::AfterCreateSession => "after_create_session",
            Self::BeforeRun => "before_run",
            Self::AfterRun => "after_run",
            Self::End => "end",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    Rss {
        ps: usize,
        bytes: i64,
    },
    HealthBytes {
        ps: usize,
        #[serde(rename = "hex", deserialize_with = "hex")]
        bytes: Vec<u8>,
    },
    PollError {
        ps: usize,
    },
    SlowPoll {
        ps: usize,
        #[serde(deserialize_with = "milliseconds")]
        takes: Duration,
    },
    Recover {
        ps: usize,
    },
    SaveError {
        error: ErrorKind,
        message: String,
        times: Option<u64>,
    },
    SlowSave {
        #[serde(deserialize_with = "milliseconds")]
        takes: Duration,
    },
}

impl Fault {
    fn ps(&self) -> Option<usize> {
        match *self {
            Self::Rss { ps, .. }
            | Self::HealthBytes { ps, .. }
            | Self::PollError { ps }
            | Self::SlowPoll { ps, .. }
            | Self::Recover { ps } => Some(ps),
            Self::SaveError { .. } | Self::SlowSave { .. } => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum Step {
    Train(u64),
    Advance(Duration),
    Fault(Fault),
    Branch(Branch),
    Concurrently(Vec<Branch>),
    Raise(Error),
    End,
}

impl Step {
    /// The key that it is under.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Train(_) => "train",
            Self::Advance(_) => "advance",
            Self::Fault(_) => "fault",
            Self::Branch(Branch::Rpc(_)) => "rpc",
            Self::Branch(Branch::Worker { .. }) => "worker",
            Self::Concurrently(_) => "concurrently",
            Self::Raise(_) => "raise",
            Self::End => "end",
        }
    }
}

/// What can also be done at the same instant as others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Branch {
    Rpc(Method),
    Worker { index: u32, train: u64 },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum Method {
    StopTraining,
    ResumeTraining,
    GetBlockStatus,
    SaveCheckpoint,
    GetTrainingStatus,
}

impl Scenario {
    /// Checks a document.
    pub(crate) fn parse(document: Value) -> Result<Self, Unplayable> {
        let document: Document = typed(document, "scenario")?;
        let count = document.cluster.ps;
        let scenario = Self {
            cluster: document.cluster,
            recovery: match document.session {
                SessionKind::Monitored => Recovery::Recreates,
                SessionKind::Singular => Recovery::Leaves,
            },
            machines: document.machines,
            hooks: each(document.hooks, "hooks", |hook, at| tagged(hook, &HOOKS, at))?,
            faults: each(document.faults, "faults", |fault, at| {
                parse_fault(fault, count, at)
            })?,
            steps: each(document.steps, "steps", |step, at| {
                parse_step(step, count, at)
            })?,
        };
        if !scenario.machines.iter().map(|at| at.ps).eq(0..count) {
            return Err(failed("machines", "must list every PS in order"));
        }
        if scenario.cluster.workers == 0 {
            return Err(failed("cluster", "needs a worker"));
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests;
