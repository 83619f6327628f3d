//! A scenario as canonical JSON has it.
//!
//! Hooks, faults and steps are mappings whose one key says what they are. A key
//! that isn't known names a capability that this driver lacks, and the scenario
//! is skipped; anything else that is wrong makes the play fail.

use std::time::Duration;

use monolith_training::errors::{Error, ErrorKind};
use monolith_training::session::monitored::Recovery;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

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

fn parse_fault(fault: Value, ps_count: usize, at: &str) -> Result<Fault, Unplayable> {
    let fault: Fault = tagged(fault, &FAULTS, at)?;
    match fault.ps() {
        Some(ps) if ps >= ps_count => Err(failed(at, format!("there is no PS {ps}"))),
        _ => Ok(fault),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    index: u32,
    train: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raise {
    error: ErrorKind,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn parse_step(step: Value, ps_count: usize, at: &str) -> Result<Step, Unplayable> {
    let (kind, value) = step_kind(step, at)?;
    let at = &format!("{at}.{kind}");
    Ok(match kind {
        "train" => Step::Train(typed(value, at)?),
        "advance" => Step::Advance(Duration::from_millis(typed(value, at)?)),
        "fault" => Step::Fault(parse_fault(value, ps_count, at)?),
        "concurrently" => Step::Concurrently(each(typed(value, at)?, at, parse_branch)?),
        "raise" => {
            let raise: Raise = typed(value, at)?;
            Step::Raise(Error::new(raise.error, raise.message))
        }
        "end" => {
            typed::<Nothing>(value, at)?;
            Step::End
        }
        kind => Step::Branch(branch(kind, value, at)?),
    })
}

fn parse_branch(step: Value, at: &str) -> Result<Branch, Unplayable> {
    let (kind, value) = step_kind(step, at)?;
    branch(kind, value, at)
}

fn branch(kind: &str, value: Value, at: &str) -> Result<Branch, Unplayable> {
    match kind {
        "rpc" => Ok(Branch::Rpc(typed(value, at)?)),
        "worker" => {
            let Worker { index, train } = typed(value, at)?;
            Ok(Branch::Worker { index, train })
        }
        _ => Err(failed(at, format!("{kind} can't run concurrently"))),
    }
}

/// Which step it is, with the value under that key. What else may stand beside
/// the key is for the host.
fn step_kind(step: Value, at: &str) -> Result<(&'static str, Value), Unplayable> {
    let mut step: Map<String, Value> = typed(step, at)?;
    let beside: fn(&str) -> bool = if step.contains_key("rpc") {
        |key| matches!(key, "expect" | "details" | "response")
    } else if step.contains_key("fault") {
        |key| key == "strikes"
    } else {
        |_| false
    };
    step.retain(|key, _| !beside(key));
    known_key(step, &STEPS, at)
}

/// A mapping with one key, which must be one of those known.
fn known_key(
    map: Map<String, Value>,
    known: &[&'static str],
    at: &str,
) -> Result<(&'static str, Value), Unplayable> {
    if let Some(unknown) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Unplayable::Skipped(format!("needs {unknown}")));
    }
    let mut entries = map.into_iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => known
            .iter()
            .find(|name| **name == key)
            .map(|name| (*name, value))
            .ok_or_else(|| Unplayable::Skipped(format!("needs {key}"))),
        _ => Err(failed(at, "must have one key that says what it is")),
    }
}

/// A value of an enum that serde reads from a mapping with one key.
fn tagged<T: DeserializeOwned>(
    value: Value,
    known: &[&'static str],
    at: &str,
) -> Result<T, Unplayable> {
    let (key, value) = known_key(typed(value, at)?, known, at)?;
    typed(Value::Object(Map::from_iter([(key.to_owned(), value)])), at)
}

fn each<T>(
    values: Vec<Value>,
    at: &str,
    parse: impl Fn(Value, &str) -> Result<T, Unplayable>,
) -> Result<Vec<T>, Unplayable> {
    let parsed = values.into_iter().enumerate();
    parsed
        .map(|(index, value)| parse(value, &format!("{at}[{index}]")))
        .collect()
}

fn typed<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Unplayable> {
    serde_json::from_value(value).map_err(|error| failed(at, error.to_string()))
}

fn failed(at: &str, message: impl AsRef<str>) -> Unplayable {
    Unplayable::Failed(format!("{at}: {}", message.as_ref()))
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

fn hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes
        .collect::<Option<_>>()
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not hexadecimal")))
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
