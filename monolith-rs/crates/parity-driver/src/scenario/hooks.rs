//! The chief's hooks, and how each can be set up.

use std::time::Duration;

use monolith_training::errors::ErrorKind;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Method;
use super::bounds::{LONGEST_NAME, LONGEST_TEXT, MOST_STEPS, MOST_TIMES, bounded, optional, text};
use super::errors::ErrorName;
use super::reading::optional_milliseconds;

/// The keys of hooks.
pub(super) const KINDS: &[&str] = &[
    "call",
    "controller",
    "current_session",
    "probe",
    "ps_health",
    "query_action",
    "saver",
    "server",
    "stop_helper",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Hook {
    PsHealth {
        report: Report,
        barrier: bool,
    },
    Saver(Saver),
    Server {
        ip: Ip,
        folder: Folder,
    },
    Call(Call),
    CurrentSession {},
    Controller {},
    QueryAction {},
    StopHelper {},
    Probe {
        #[serde(deserialize_with = "text::<LONGEST_NAME, _>")]
        name: String,
        raises: Option<Raises>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Record,
    Raise,
    Default,
}

/// With neither schedule it never saves by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saver {
    #[serde(deserialize_with = "optional::<1, MOST_STEPS, _, _>")]
    pub(crate) save_steps: Option<i64>,
    #[serde(deserialize_with = "optional_milliseconds")]
    pub(crate) save_secs: Option<Duration>,
    pub(crate) first_save: bool,
    pub(crate) dense_only: bool,
    pub(crate) ignore_save_errors: bool,
    pub(crate) listeners: Vec<Listener>,
}

/// From where a recording listener is told of saves, and whether it wants a stop
/// after each.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listener {
    Plain,
    Before,
    After,
    Stops,
    AfterStops,
}

/// Which address a server publishes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(crate) enum Ip {
    #[serde(rename = "127.0.0.1")]
    V4,
    #[serde(rename = "::1")]
    V6,
}

/// Where a server publishes it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Folder {
    ModelDir,
    Missing,
    File,
}

/// A call that is made each time that a phase comes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) phase: Phase,
    pub(crate) rpc: Method,
    #[serde(rename = "expect")]
    _expect: IgnoredAny,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raises {
    pub(crate) phase: Phase,
    #[serde(with = "ErrorName")]
    pub(crate) error: ErrorKind,
    #[serde(deserialize_with = "text::<LONGEST_TEXT, _>")]
    pub(crate) message: String,
    #[serde(deserialize_with = "bounded::<1, MOST_TIMES, _, _>")]
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
