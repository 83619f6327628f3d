//! What happens in a scenario, step by step.

use std::time::Duration;

use monolith_training::errors::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::bounds::{
    self, LONGEST_TEXT, LONGEST_TIME, MOST_LANES, MOST_LISTED, MOST_STEPS, MOST_WORKERS, bounded,
    text,
};
use super::errors::ErrorName;
use super::reading::{check_ps, each, failed, known_key, parse_hex, typed};
use super::{Fault, Unplayable, faults};
use crate::wire::events::Method;
use crate::wire::words::{ControllerOp, LookTarget, TimerSwitch};

/// The keys of steps.
pub(super) const KINDS: &[&str] = &[
    "action_file",
    "address_file",
    "advance",
    "background",
    "concurrently",
    "controller_op",
    "end",
    "fault",
    "look",
    "machine_info",
    "raise",
    "rpc",
    "timer",
    "train",
    "worker",
];

#[derive(Debug)]
pub(crate) enum Step {
    Train(u64),
    Advance(Duration),
    Fault(Fault),
    Branch(Branch),
    Background(Rpc),
    Concurrently(Vec<Branch>),
    AddressFile(Content),
    ActionFile(Content),
    MachineInfo(MachineInfo),
    ControllerOp(ControllerOp),
    Timer(TimerSwitch),
    Look(LookTarget),
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
            Self::Background(_) => "background",
            Self::Concurrently(_) => "concurrently",
            Self::AddressFile(_) => "address_file",
            Self::ActionFile(_) => "action_file",
            Self::MachineInfo(_) => "machine_info",
            Self::ControllerOp(_) => "controller_op",
            Self::Timer(_) => "timer",
            Self::Look(_) => "look",
            Self::Raise(_) => "raise",
            Self::End => "end",
        }
    }
}

/// What can also be done at the same instant as others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Branch {
    Rpc(Rpc),
    Worker { index: u32, train: u64 },
}

/// An operator's call. What it expects is for the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rpc {
    pub(crate) method: Method,
    /// After which the client gives up.
    pub(crate) deadline: Option<Duration>,
    /// Which of the servers that have published an address, from 1; else whoever's
    /// address is in the file.
    pub(crate) server: Option<usize>,
}

/// What a file is made to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    Text(String),
    Bytes(Vec<u8>),
    /// There is no file.
    Missing,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineInfo {
    pub(crate) ps: usize,
    pub(crate) mem_limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    #[serde(deserialize_with = "bounded::<1, MOST_WORKERS, _, _>")]
    index: u32,
    #[serde(deserialize_with = "bounded::<1, MOST_STEPS, _, _>")]
    train: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raise {
    #[serde(with = "ErrorName")]
    error: ErrorKind,
    #[serde(deserialize_with = "text::<LONGEST_TEXT, _>")]
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextOrHex {
    text: Option<String>,
    hex: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Reads a step of a cluster with this many PS.
pub(super) fn parse(step: Value, ps_count: usize, at: &str) -> Result<Step, Unplayable> {
    let Keyed {
        kind,
        value,
        beside,
    } = keyed(step, at)?;
    let at = &format!("{at}.{kind}");
    Ok(match kind {
        "train" => Step::Train(number(value, 1, MOST_STEPS, at)?),
        "advance" => Step::Advance(Duration::from_millis(number(value, 0, LONGEST_TIME, at)?)),
        "fault" => Step::Fault(faults::parse(value, ps_count, at)?),
        "background" => match parse_branch(value, at)? {
            Branch::Rpc(rpc) => Step::Background(rpc),
            Branch::Worker { .. } => {
                return Err(failed(at, "worker can't run in the background"));
            }
        },
        "concurrently" => {
            let branches: Vec<Value> = typed(value, at)?;
            bounds::check_list(at, &branches, MOST_LANES)?;
            Step::Concurrently(each(branches, at, parse_branch)?)
        }
        "address_file" => Step::AddressFile(content(value, at)?),
        "action_file" => Step::ActionFile(content(value, at)?),
        "machine_info" => {
            let info: MachineInfo = typed(value, at)?;
            check_ps(info.ps, ps_count, at)?;
            Step::MachineInfo(info)
        }
        "controller_op" => Step::ControllerOp(typed(value, at)?),
        "timer" => Step::Timer(typed(value, at)?),
        "look" => Step::Look(typed(value, at)?),
        "raise" => {
            let raise: Raise = typed(value, at)?;
            Step::Raise(Error::new(raise.error, raise.message))
        }
        "end" => {
            typed::<Nothing>(value, at)?;
            Step::End
        }
        kind => Step::Branch(branch(kind, value, beside, at)?),
    })
}

fn parse_branch(step: Value, at: &str) -> Result<Branch, Unplayable> {
    let Keyed {
        kind,
        value,
        beside,
    } = keyed(step, at)?;
    branch(kind, value, beside, at)
}

fn branch(
    kind: &str,
    value: Value,
    mut beside: Map<String, Value>,
    at: &str,
) -> Result<Branch, Unplayable> {
    match kind {
        "rpc" => {
            let mut given = |key: &str, most: u64| {
                let at = format!("{at}.{key}");
                match beside.remove(key).unwrap_or_default() {
                    Value::Null => Ok(None),
                    value => number(value, 1, most, &at).map(Some),
                }
            };
            let deadline = given("deadline", LONGEST_TIME)?;
            let server = given("server", MOST_LISTED)?;
            Ok(Branch::Rpc(Rpc {
                method: typed(value, at)?,
                deadline: deadline.map(Duration::from_millis),
                server: server.and_then(|server| usize::try_from(server).ok()),
            }))
        }
        "worker" => {
            let Worker { index, train } = typed(value, at)?;
            Ok(Branch::Worker { index, train })
        }
        _ => Err(failed(at, format!("{kind} can't run beside other steps"))),
    }
}

fn content(value: Value, at: &str) -> Result<Content, Unplayable> {
    match typed(value, at)? {
        TextOrHex {
            text: Some(text),
            hex: None,
        } => bounds::check_length(&text, LONGEST_TEXT)
            .map(|()| Content::Text(text))
            .map_err(|error| failed(at, error)),
        TextOrHex {
            text: None,
            hex: Some(hex),
        } => parse_hex(&hex)
            .map(Content::Bytes)
            .map_err(|error| failed(at, error)),
        TextOrHex {
            text: None,
            hex: None,
        } => Ok(Content::Missing),
        TextOrHex {
            text: Some(_),
            hex: Some(_),
        } => Err(failed(at, "text and hex are both given")),
    }
}

fn number(value: Value, least: u64, most: u64, at: &str) -> Result<u64, Unplayable> {
    let number = typed(value, at)?;
    bounds::check(at, number, least, most)?;
    Ok(number)
}

/// A step by its key, and what stands beside that key.
struct Keyed {
    kind: &'static str,
    value: Value,
    beside: Map<String, Value>,
}

fn keyed(step: Value, at: &str) -> Result<Keyed, Unplayable> {
    let step: Map<String, Value> = typed(step, at)?;
    let may_stand_beside: &[&str] = if step.contains_key("rpc") {
        &[
            "deadline", "details", "error", "expect", "response", "server",
        ]
    } else if step.contains_key("fault") {
        &["strikes"]
    } else if step.contains_key("look") {
        &["expect"]
    } else {
        &[]
    };
    let (beside, step) = step
        .into_iter()
        .partition(|(key, _)| may_stand_beside.contains(&key.as_str()));
    let (kind, value) = known_key(step, KINDS, at)?;
    Ok(Keyed {
        kind,
        value,
        beside,
    })
}
