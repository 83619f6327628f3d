//! Reading tagged mappings, with the place of what is wrong.

use std::time::Duration;

use monolith_training::errors::{Error, ErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Branch, FAULTS, Fault, STEPS, Step, Unplayable};

pub(super) fn parse_fault(fault: Value, ps_count: usize, at: &str) -> Result<Fault, Unplayable> {
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

pub(super) fn parse_step(step: Value, ps_count: usize, at: &str) -> Result<Step, Unplayable> {
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
pub(super) fn tagged<T: DeserializeOwned>(
    value: Value,
    known: &[&'static str],
    at: &str,
) -> Result<T, Unplayable> {
    let (key, value) = known_key(typed(value, at)?, known, at)?;
    typed(Value::Object(Map::from_iter([(key.to_owned(), value)])), at)
}

pub(super) fn each<T>(
    values: Vec<Value>,
    at: &str,
    parse: impl Fn(Value, &str) -> Result<T, Unplayable>,
) -> Result<Vec<T>, Unplayable> {
    let parsed = values.into_iter().enumerate();
    parsed
        .map(|(index, value)| parse(value, &format!("{at}[{index}]")))
        .collect()
}

pub(super) fn typed<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Unplayable> {
    serde_json::from_value(value).map_err(|error| failed(at, error.to_string()))
}

pub(super) fn failed(at: &str, message: impl AsRef<str>) -> Unplayable {
    Unplayable::Failed(format!("{at}: {}", message.as_ref()))
}

pub(super) fn milliseconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

pub(super) fn hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
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
