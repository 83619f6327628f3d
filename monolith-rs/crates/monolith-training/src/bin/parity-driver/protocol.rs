//! Requests and answers of the driver protocol.

use std::collections::BTreeMap;
use std::io;

use monolith_training::SOURCE_DIGEST;
use monolith_training::testing::virtual_clock::{Choice, VirtualClock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::interop::{Arrive, Call, Called, Decode, Decoded, Encode, Encoded, Look, Looked, Serve};
use crate::scenario;

/// The version of the protocol that this driver speaks.
const PROTOCOL: u64 = 1;

/// What the host says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    Hello {
        protocol: u64,
    },
    Play {
        seq: u64,
        seed: Option<u64>,
        #[serde(default)]
        schedule: Option<Vec<usize>>,
        scenario: Value,
    },
    Serve(Serve),
    Arrive(Arrive),
    StopServing {
        seq: u64,
    },
    Call(Call),
    Encode(Encode),
    Decode(Decode),
    Look(Look),
    Bye {},
}

/// What the driver answers.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Answer {
    Hello {
        protocol: u64,
        implementation: &'static str,
        language: &'static str,
        version: &'static str,
        source_digest: &'static str,
        capabilities: Vec<&'static str>,
    },
    Trace {
        seq: u64,
        events: Vec<Value>,
        struck: BTreeMap<String, bool>,
        choices: Vec<Choice>,
    },
    Skipped {
        seq: u64,
        reason: String,
    },
    Failed {
        seq: u64,
        message: String,
        choices: Vec<Choice>,
    },
    Serving {
        seq: u64,
    },
    Arrived {
        seq: u64,
    },
    Stopped {
        seq: u64,
    },
    Called(Called),
    Encoded(Encoded),
    Decoded(Decoded),
    Looked(Box<Looked>),
    Bye {},
}

impl Answer {
    /// That nothing was played, and why.
    pub(crate) fn failed(seq: u64, message: String) -> Self {
        Self::Failed {
            seq,
            message,
            choices: Vec::new(),
        }
    }
}

/// Reads a line. A request that says what it is and has a number, and is wrong otherwise,
/// is answered.
pub(crate) fn read(line: &str) -> serde_json::Result<Result<Request, Answer>> {
    #[derive(Deserialize)]
    struct Outline {
        #[serde(rename = "type")]
        kind: String,
        seq: u64,
    }
    serde_json::from_str(line).map(Ok).or_else(|error| {
        let Ok(Outline { kind, seq }) = serde_json::from_str(line) else {
            return Err(error);
        };
        Ok(Err(Answer::failed(seq, format!("{kind}: {error}"))))
    })
}

/// The clock of a play that is to follow a seed or a schedule.
pub(crate) fn clock(
    seed: Option<u64>,
    schedule: Option<Vec<usize>>,
) -> Result<VirtualClock, String> {
    match (seed, schedule) {
        (Some(_), Some(_)) => {
            Err("a seed and a schedule are both given; one would be right".to_owned())
        }
        (_, Some(schedule)) => Ok(VirtualClock::scripted(schedule)),
        (seed, None) => Ok(VirtualClock::new(seed)),
    }
}

/// Introduces the driver to a host that speaks its protocol.
pub(crate) fn hello(protocol: u64) -> io::Result<Answer> {
    if protocol != PROTOCOL {
        let message = format!("the host speaks protocol {protocol}, this driver {PROTOCOL}");
        return Err(io::Error::other(message));
    }
    Ok(Answer::Hello {
        protocol: PROTOCOL,
        implementation: "monolith-rs",
        language: "rust",
        version: env!("CARGO_PKG_VERSION"),
        source_digest: SOURCE_DIGEST,
        capabilities: [scenario::capabilities(), vec!["interop", "look"]].concat(),
    })
}
