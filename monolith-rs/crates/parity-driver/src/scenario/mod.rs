//! A scenario as canonical JSON has it.
//!
//! Hooks, faults and steps are mappings whose one key says what they are. A key
//! that isn't known names a capability that this driver lacks, and the scenario
//! is skipped; anything else that is wrong makes the play fail.
//!
//! - [`bounds`]: how much of everything there can be;
//! - [`hooks`], [`faults`], [`steps`]: what there can be of each;
//! - [`errors`]: errors by name;
//! - [`references`]: what one part says of another;
//! - [`reading`]: reading such mappings.

mod bounds;
mod errors;
mod faults;
mod hooks;
mod reading;
mod references;
mod steps;

use std::time::Duration;

use monolith_training::logging_ops::DEFAULT_MEM_LIMIT;
use monolith_training::session::monitored::Recovery;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use self::bounds::{INT64, LONGEST_TIME, MOST_HOOKS, MOST_LISTED, MOST_PS, MOST_WORKERS, bounded};
pub(crate) use self::faults::Fault;
pub(crate) use self::hooks::{Call, Hook, Raises, Saver};
use self::reading::{each, milliseconds, tagged, typed};
pub(crate) use self::steps::{Branch, Content, MachineInfo, Rpc, Step};
use crate::wire::words::{CallbackKind, SessionKind};

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

impl Document {
    fn check_bounds(&self) -> Result<(), Unplayable> {
        let Cluster {
            ps,
            workers,
            capacity,
        } = self.cluster;
        for (at, count, least, most) in [
            ("cluster.ps", ps, 0, MOST_PS),
            ("cluster.workers", workers, 1, MOST_WORKERS),
            ("cluster.capacity", capacity, 1, MOST_WORKERS),
        ] {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            bounds::check(at, count, least, most)?;
        }
        bounds::check_list("machines", &self.machines, MOST_PS)?;
        bounds::check_list("barrier.callbacks", &self.barrier.callbacks, MOST_HOOKS)?;
        bounds::check_list("hooks", &self.hooks, MOST_HOOKS)?;
        bounds::check_list("faults", &self.faults, MOST_LISTED)?;
        bounds::check_list("steps", &self.steps, MOST_LISTED)
    }
}

/// How many there are of everything; `capacity` is the barrier's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) ps: usize,
    pub(crate) workers: usize,
    pub(crate) capacity: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) ps: usize,
    #[serde(deserialize_with = "bounded::<0, INT64, _, _>")]
    pub(crate) rss: i64,
    pub(crate) mem_limit: Option<i64>,
}

/// Who is called when the barrier is placed, and how often a blocked worker looks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Barrier {
    pub(crate) callbacks: Vec<CallbackKind>,
    #[serde(deserialize_with = "milliseconds::<1, LONGEST_TIME, _>")]
    pub(crate) wait: Duration,
}

impl Scenario {
    /// Checks a document.
    pub(crate) fn parse(document: Value) -> Result<Self, Unplayable> {
        let document: Document = typed(document, "scenario")?;
        document.check_bounds()?;
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
        references::check(&scenario)?;
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests;
