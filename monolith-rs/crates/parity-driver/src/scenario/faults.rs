//! The faults that a scenario can inject.

use std::time::Duration;

use monolith_training::errors::ErrorKind;
use serde::Deserialize;
use serde_json::Value;

use super::Unplayable;
use super::bounds::{
    INT64, LONGEST_TEXT, LONGEST_TIME, MOST_TIMES, SLOWEST_POLL, bounded, optional, text,
};
use super::errors::ErrorName;
use super::reading::{check_ps, hex, milliseconds, tagged};

/// The keys of faults.
pub(super) const KINDS: &[&str] = &[
    "health_bytes",
    "poll_error",
    "recover",
    "rss",
    "save_error",
    "slow_poll",
    "slow_save",
];

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Fault {
    Rss {
        ps: usize,
        #[serde(deserialize_with = "bounded::<0, INT64, _, _>")]
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
        #[serde(deserialize_with = "milliseconds::<0, SLOWEST_POLL, _>")]
        takes: Duration,
    },
    Recover {
        ps: usize,
    },
    SaveError {
        #[serde(with = "ErrorName")]
        error: ErrorKind,
        #[serde(deserialize_with = "text::<LONGEST_TEXT, _>")]
        message: String,
        #[serde(deserialize_with = "optional::<1, MOST_TIMES, _, _>")]
        times: Option<u64>,
    },
    SlowSave {
        #[serde(deserialize_with = "milliseconds::<0, LONGEST_TIME, _>")]
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

/// Reads a fault of a cluster with this many PS.
pub(super) fn parse(fault: Value, ps_count: usize, at: &str) -> Result<Fault, Unplayable> {
    let fault: Fault = tagged(fault, KINDS, at)?;
    if let Some(ps) = fault.ps() {
        check_ps(ps, ps_count, at)?;
    }
    Ok(fault)
}
