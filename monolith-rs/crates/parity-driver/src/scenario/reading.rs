//! Reading tagged mappings, with the place of what is wrong.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Unplayable;
use super::bounds::{self, LONGEST_TEXT, LONGEST_TIME};

/// A mapping with one key, which must be one of those known.
pub(super) fn known_key(
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

pub(super) fn check_ps(ps: usize, count: usize, at: &str) -> Result<(), Unplayable> {
    if ps < count {
        return Ok(());
    }
    Err(failed(at, format!("there is no PS {ps}")))
}

/// A time within its bounds.
pub(super) fn milliseconds<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    bounds::bounded::<LEAST, MOST, _, _>(deserializer).map(Duration::from_millis)
}

/// A time that isn't 0, if there is one.
pub(super) fn optional_milliseconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let time = bounds::optional::<1, LONGEST_TIME, _, _>(deserializer)?;
    Ok(time.map(Duration::from_millis))
}

pub(super) fn hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    parse_hex(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

pub(super) fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    bounds::check_length(text, 2 * LONGEST_TEXT)?;
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{text:?} is not hexadecimal"))
}
