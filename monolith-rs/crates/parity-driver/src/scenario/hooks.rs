//! The chief's hooks, and how each can be set up.

use std::time::Duration;

use monolith_training::errors::ErrorKind;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bounds::{LONGEST_NAME, LONGEST_TEXT, MOST_STEPS, MOST_TIMES, bounded, optional, text};
use super::errors::ErrorName;
use super::reading::optional_milliseconds;
use crate::wire::events::{Method, Phase};
use crate::wire::words::{HealthReport, ListenerKind, ServerFolder, ServerIp};

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
        report: HealthReport,
        barrier: bool,
    },
    Saver(Saver),
    Server {
        ip: ServerIp,
        folder: ServerFolder,
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
    pub(crate) listeners: Vec<ListenerKind>,
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
