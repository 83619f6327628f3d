//! Readers that check the bounds of what they read.
//!
//! A field names its reader, with the bounds that the specification has for it.

use std::fmt::Display;
use std::marker::PhantomData;
use std::time::Duration;

use monolith_training::errors::ErrorKind;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::scenario::ErrorName;

/// A way to read values of a type.
pub(super) trait Read<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// Reads what has no bounds of its own.
pub(super) struct Plain;

/// Reads an integer.
pub(super) struct Number<const LEAST: i64, const MOST: i64>;

/// Reads a time in whole milliseconds.
pub(super) struct Milliseconds<const LEAST: i64, const MOST: i64>;

/// Reads text by its number of characters.
pub(super) struct Text<const SHORTEST: usize, const LONGEST: usize>;

/// Reads bytes in hexadecimal by their number of digits.
pub(super) struct Hex<const SHORTEST: usize, const LONGEST: usize>;

/// Reads a list by its number of items, and each item.
pub(super) struct List<const SHORTEST: usize, const LONGEST: usize, R>(PhantomData<R>);

/// Reads what may be `null`.
pub(super) struct Maybe<R>(PhantomData<R>);

impl<T: for<'de> Deserialize<'de>> Read<T> for Plain {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

impl<const LEAST: i64, const MOST: i64, T> Read<T> for Number<LEAST, MOST>
where
    T: TryFrom<i64, Error: Display>,
{
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        // Wider than any number of JSON, so that all that are out of bounds are told alike.
        let number = i128::deserialize(deserializer)?;
        let within = i64::try_from(number).ok();
        let within = within.filter(|number| (LEAST..=MOST).contains(number));
        let within = within
            .ok_or_else(|| D::Error::custom(format!("expected {LEAST} to {MOST}, got {number}")))?;
        T::try_from(within).map_err(D::Error::custom)
    }
}

impl<const LEAST: i64, const MOST: i64> Read<Duration> for Milliseconds<LEAST, MOST> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Number::<LEAST, MOST>::read(deserializer).map(Duration::from_millis)
    }
}

impl<const SHORTEST: usize, const LONGEST: usize> Read<String> for Text<SHORTEST, LONGEST> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_count::<SHORTEST, LONGEST, _>(text.chars().count(), "characters")?;
        Ok(text)
    }
}

impl<const SHORTEST: usize, const LONGEST: usize> Read<Vec<u8>> for Hex<SHORTEST, LONGEST> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Text::<SHORTEST, LONGEST>::read(deserializer)?;
        parse_hex(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not hexadecimal")))
    }
}

impl<const SHORTEST: usize, const LONGEST: usize, R: Read<T>, T> Read<Vec<T>>
    for List<SHORTEST, LONGEST, R>
{
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        let items = Vec::<Through<R, T>>::deserialize(deserializer)?;
        check_count::<SHORTEST, LONGEST, _>(items.len(), "items")?;
        Ok(items.into_iter().map(|item| item.value).collect())
    }
}

impl<R: Read<T>, T> Read<Option<T>> for Maybe<R> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let given = Option::<Through<R, T>>::deserialize(deserializer)?;
        Ok(given.map(|given| given.value))
    }
}

impl Read<ErrorKind> for ErrorName {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrorKind, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// A value as serde has it that was read by this reader.
struct Through<R, T> {
    value: T,
    reader: PhantomData<R>,
}

impl<'de, R: Read<T>, T> Deserialize<'de> for Through<R, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            value: R::read(deserializer)?,
            reader: PhantomData,
        })
    }
}

fn check_count<const LEAST: usize, const MOST: usize, E: Error>(
    count: usize,
    of: &str,
) -> Result<(), E> {
    if (LEAST..=MOST).contains(&count) {
        return Ok(());
    }
    Err(E::custom(format!(
        "expected {LEAST} to {MOST} {of}, got {count}"
    )))
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes().chunks(2).map(|pair| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    bytes.collect()
}
