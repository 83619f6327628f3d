//! A scenario as canonical JSON has it.
//!
//! Hooks, faults and steps are mappings whose one key says what they are. A key
//! that isn't known names a capability that this driver lacks, and the scenario
//! is skipped; anything else that is wrong makes the play fail.
//!
//! - [`hooks`], [`faults`], [`steps`]: what there can be of each;
//! - [`reading`]: reading such mappings.

mod faults;
mod hooks;
mod reading;
mod steps;

use std::time::Duration;

use monolith_training::logging_ops::DEFAULT_MEM_LIMIT;
use monolith_training::session::monitored::Recovery;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

pub(crate) use self::faults::Fault;
pub(crate) use self::hooks::{Call, Folder, Hook, Ip, Listener, Phase, Raises, Report, Saver};
use self::reading::{each, failed, milliseconds, tagged, typed};
pub(crate) use self::steps::{
    Branch, Content, ControllerOp, Look, MachineInfo, Method, Rpc, Step, Switch,
};

/// What this driver can play, sorted.
pub(crate) fn capabilities() -> Vec<&'static str> {
    let (hooks, faults, steps) = (hooks::KINDS, faults::KINDS, steps::KINDS);
    let mut all: Vec<&str> = hooks.iter().chain(faults).chain(steps).copied().collect();
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
    /// In bytes, where machine info is created without a limit.
    pub(crate) default_mem_limit: i64,
    pub(crate) machines: Vec<Machine>,
    pub(crate) barrier: Barrier,
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
    default_mem_limit: Option<i64>,
    machines: Vec<Machine>,
    barrier: Barrier,
    hooks: Vec<Value>,
    faults: Vec<Value>,
    steps: Vec<Value>,
    #[serde(rename = "expect")]
    _expect: IgnoredAny,
}

/// How many there are of everything; `capacity` is the barrier's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) ps: usize,
    pub(crate) workers: usize,
    pub(crate) capacity: usize,
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

/// Who is called when the barrier is placed, and how often a blocked worker looks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Barrier {
    pub(crate) callbacks: Vec<Callback>,
    #[serde(deserialize_with = "milliseconds")]
    pub(crate) wait: Duration,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Callback {
    Record,
    Slow,
    Raise,
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
            default_mem_limit: document.default_mem_limit.unwrap_or(DEFAULT_MEM_LIMIT),
            machines: document.machines,
            barrier: document.barrier,
            hooks: each(document.hooks, "hooks", |hook, at| {
                tagged(hook, hooks::KINDS, at)
            })?,
            faults: each(document.faults, "faults", |fault, at| {
                faults::parse(fault, count, at)
            })?,
            steps: each(document.steps, "steps", |step, at| {
                steps::parse(step, count, at)
            })?,
        };
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), Unplayable> {
        let machines = self.machines.iter().map(|machine| machine.ps);
        if !machines.eq(0..self.cluster.ps) {
            return Err(failed("machines", "must list every PS in order"));
        }
        if self.cluster.workers == 0 {
            return Err(failed("cluster", "needs a worker"));
        }
        let has = |wanted: fn(&Hook) -> bool| self.hooks.iter().any(wanted);
        let has_saver = has(|hook| matches!(hook, Hook::Saver(_)));
        let has_controller = has(|hook| matches!(hook, Hook::Controller {}));
        for (at, hook) in self.hooks.iter().enumerate() {
            let missing = match hook {
                Hook::Server { .. } if !has_saver => "a server needs a saver",
                Hook::QueryAction {} if !has_controller => "a query_action needs a controller",
                _ => continue,
            };
            return Err(failed(&format!("hooks[{at}]"), missing));
        }
        for (at, step) in self.steps.iter().enumerate() {
            let missing = match step {
                Step::Timer(_) if !has_saver => "there is no saver",
                Step::ControllerOp(_) if !has_controller => "there is no controller",
                _ => continue,
            };
            return Err(failed(&format!("steps[{at}]"), missing));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
