//! How much of everything a scenario may ask for.
//!
//! The bounds are those of `parity/base/bounds.py`, which says why each is what it is; a test
//! there compares the two.

use std::fmt::Display;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Unplayable;
use super::reading::failed;

/// The largest.
pub(super) const INT64: u64 = 9_223_372_036_854_775_807;
pub(super) const MOST_PS: u64 = 10_000;
pub(super) const MOST_WORKERS: u64 = 10_000;
pub(super) const MOST_STEPS: u64 = 1_000_000;
pub(super) const MOST_TIMES: u64 = 1_000_000;
pub(super) const MOST_LANES: u64 = 1_000;
pub(super) const MOST_HOOKS: u64 = 1_000;
pub(super) const MOST_LISTED: u64 = 10_000;
/// In milliseconds.
pub(super) const LONGEST_TIME: u64 = 360_000_000_000;
/// In milliseconds.
pub(super) const SLOWEST_POLL: u64 = 100_000;
/// In characters.
pub(super) const LONGEST_TEXT: u64 = 65_536;
/// In characters.
pub(super) const LONGEST_NAME: u64 = 200;

/// Refuses a number that is out of its bounds.
pub(super) fn check(at: &str, number: u64, least: u64, most: u64) -> Result<(), Unplayable> {
    spread(number, least, most).map_err(|message| failed(at, message))
}

/// Refuses a list that is too long.
pub(super) fn check_list<T>(at: &str, list: &[T], most: u64) -> Result<(), Unplayable> {
    let length = u64::try_from(list.len()).unwrap_or(u64::MAX);
    if length <= most {
        return Ok(());
    }
    Err(failed(
        at,
        format!("expected at most {most} of them, got {length}"),
    ))
}

/// Reads a number within its bounds.
pub(super) fn bounded<'de, const LEAST: u64, const MOST: u64, T, D>(
    deserializer: D,
) -> Result<T, D::Error>
where
    T: TryFrom<u64, Error: Display>,
    D: Deserializer<'de>,
{
    number::<LEAST, MOST, _, _>(u64::deserialize(deserializer)?)
}

/// Reads a number within its bounds, if there is one.
pub(super) fn optional<'de, const LEAST: u64, const MOST: u64, T, D>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    T: TryFrom<u64, Error: Display>,
    D: Deserializer<'de>,
{
    let given: Option<u64> = Option::deserialize(deserializer)?;
    given.map(number::<LEAST, MOST, _, _>).transpose()
}

/// Reads text that isn't too long.
pub(super) fn text<'de, const MOST: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check_length(&text, MOST).map_err(D::Error::custom)?;
    Ok(text)
}

/// Refuses text that is too long.
pub(super) fn check_length(text: &str, most: u64) -> Result<(), String> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if length <= most {
        return Ok(());
    }
    Err(format!(
        "expected text of at most {most} characters, got {length}"
    ))
}

fn number<const LEAST: u64, const MOST: u64, T: TryFrom<u64, Error: Display>, E: Error>(
    number: u64,
) -> Result<T, E> {
    spread(number, LEAST, MOST).map_err(E::custom)?;
    T::try_from(number).map_err(E::custom)
}

fn spread(number: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(format!("expected {least} to {most}, got {number}"))
}
