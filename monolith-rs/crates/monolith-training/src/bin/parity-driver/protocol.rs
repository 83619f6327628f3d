//! Requests and answers of the driver protocol.

use std::collections::BTreeMap;
use std::io;

use monolith_training::SOURCE_DIGEST;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::interop::{Arrive, Call, Called, Decode, Decoded, Encode, Encoded, Serve};
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
    },
    Skipped {
        seq: u64,
        reason: String,
    },
    Failed {
        seq: u64,
        message: String,
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
    Bye {},
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
        capabilities: [scenario::capabilities(), vec!["interop"]].concat(),
    })
}
