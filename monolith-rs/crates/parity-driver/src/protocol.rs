//! Requests and answers of the driver protocol.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use monolith_testing::virtual_clock::{self, Failure, VirtualClock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tonic::Code;

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
        #[serde(flatten)]
        refusal: Refusal,
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
            refusal: Refusal::from(message),
            choices: Vec::new(),
        }
    }
}

/// Why a scenario could not be played to its end.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) reason: RefusalReason,
    /// The step that cannot be done, where one is to blame.
    pub(crate) step: Option<usize>,
}

/// The kinds of refusals that a host tells apart.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusalReason {
    Deadlock,
    Stalled,
    Schedule,
    Unplayable,
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self {
            message,
            reason: RefusalReason::Unplayable,
            step: None,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let reason = match failure {
            Failure::Deadlock(_) => RefusalReason::Deadlock,
            Failure::Stalled { .. } => RefusalReason::Stalled,
            Failure::Schedule(_) => RefusalReason::Schedule,
            Failure::NoThread { .. } | Failure::Panicked { .. } => RefusalReason::Unplayable,
        };
        Self {
            message: failure.to_string(),
            reason,
            step: None,
        }
    }
}

/// A moment at which one of several lanes could go on: their labels, and which one did.
#[derive(Debug, Serialize)]
pub(crate) struct Choice {
    candidates: Vec<String>,
    taken: usize,
}

impl From<virtual_clock::Choice> for Choice {
    fn from(choice: virtual_clock::Choice) -> Self {
        Self {
            candidates: choice.candidates,
            taken: choice.taken,
        }
    }
}

/// A controller to serve, and how it fails.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Serve {
    pub(crate) seq: u64,
    pub(crate) model_dir: PathBuf,
    pub(crate) ip: String,
    pub(crate) workers: i64,
    pub(crate) global_step: i64,
    pub(crate) save_error: Option<String>,
    #[serde(default)]
    pub(crate) save_ms: u64,
    pub(crate) callback_error: Option<String>,
}

/// Workers that come to the barrier.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrive {
    pub(crate) seq: u64,
    pub(crate) workers: Vec<i64>,
}

/// One call; without a request it is the client's own empty one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) seq: u64,
    pub(crate) model_dir: PathBuf,
    pub(crate) method: String,
    pub(crate) request_hex: Option<String>,
    pub(crate) deadline_ms: u64,
}

/// What came of it: a code, or the error of a client that found no address.
#[derive(Debug, Serialize)]
pub(crate) struct Called {
    pub(crate) seq: u64,
    pub(crate) code: Option<&'static str>,
    pub(crate) details: Option<String>,
    pub(crate) response_hex: Option<String>,
    pub(crate) error: Option<String>,
}

/// A message to be written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encode {
    pub(crate) seq: u64,
    pub(crate) message: String,
    pub(crate) fields: Value,
}

/// A message to be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decode {
    pub(crate) seq: u64,
    pub(crate) message: String,
    pub(crate) hex: String,
}

/// Its bytes, and its text on a single line if it has one.
#[derive(Debug, Serialize)]
pub(crate) struct Encoded {
    pub(crate) seq: u64,
    pub(crate) hex: String,
    pub(crate) text: Option<String>,
}

/// Its fields and text, or the name of the error that the bytes are.
#[derive(Debug, Serialize)]
pub(crate) struct Decoded {
    pub(crate) seq: u64,
    pub(crate) fields: Option<Value>,
    pub(crate) text: Option<String>,
    pub(crate) error: Option<String>,
}

/// What to look at: a port of this machine, addresses, what may be one, hosts to join
/// with the port, machine info of these names and limits, made one after the other and
/// then polled, checkpoints, and a saver's timer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Look {
    pub(crate) seq: u64,
    pub(crate) port: u16,
    pub(crate) addrs: Vec<String>,
    pub(crate) candidates: Vec<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) timeout_ms: u64,
    pub(crate) default_limit: Option<i64>,
    pub(crate) machines: Vec<(String, Option<i64>)>,
    pub(crate) basename: PathBuf,
    pub(crate) prefixes: Vec<String>,
    pub(crate) every_steps: Option<i64>,
    pub(crate) every_ms: u64,
    pub(crate) timer: Vec<(TimerCall, i64, u64)>,
}

/// What a saver's timer is asked or told.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimerCall {
    Due,
    Count,
    Enable,
    Disable,
}

/// What was seen.
#[derive(Debug, Serialize)]
pub(crate) struct Looked {
    pub(crate) seq: u64,
    pub(crate) server_addr: String,
    pub(crate) ipv4: bool,
    pub(crate) addrs: Vec<String>,
    pub(crate) alive: Vec<String>,
    pub(crate) dead: Vec<String>,
    pub(crate) all_alive: bool,
    pub(crate) valid: Vec<bool>,
    pub(crate) joined: Vec<String>,
    pub(crate) health_hex: Vec<String>,
    pub(crate) timer: Vec<bool>,
    pub(crate) no_capacity: Option<String>,
    pub(crate) barrier: Option<LookedBarrier>,
    pub(crate) checkpoints: LookedCheckpoints,
}

/// Checkpoints of a basename, and the steps that prefixes name.
#[derive(Debug, Serialize)]
pub(crate) struct LookedCheckpoints {
    pub(crate) prefix: String,
    pub(crate) asset_dir: String,
    pub(crate) existing: Vec<i64>,
    pub(crate) restored: Option<i64>,
    pub(crate) steps: Vec<Option<i64>>,
}

/// What the barrier of the controller that is served says of itself.
#[derive(Debug, Serialize)]
pub(crate) struct LookedBarrier {
    pub(crate) removed: bool,
    pub(crate) none_blocked: bool,
    pub(crate) unblocked: Vec<usize>,
    pub(crate) refused: Vec<i64>,
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
        source_digest: env!("MONOLITH_SOURCE_DIGEST"),
        capabilities: [scenario::capabilities(), vec!["interop", "look"]].concat(),
    })
}

/// gRPC's own name of a code.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
