//! Reading requests and making answers of the driver protocol.

use std::io;

use monolith_testing::virtual_clock::{self, Failure, VirtualClock};
use serde::Deserialize;
use tonic::Code;

use crate::scenario;
use crate::wire::events::StatusCode;
use crate::wire::protocol::{Answer, Choice, HelloOrder, RefusalReason, Request};

/// The version of the protocol that this driver speaks.
const PROTOCOL: u64 = 1;

impl Answer {
    /// That nothing was played, and why.
    pub(crate) fn failed(seq: u64, message: String) -> Self {
        Self::refused(seq, message.into(), Vec::new())
    }

    /// That a play came to no end, and why; the choices are those made so far.
    pub(crate) fn refused(seq: u64, refusal: Refusal, choices: Vec<Choice>) -> Self {
        Self::Failed {
            seq,
            message: refusal.message,
            reason: refusal.reason,
            step: refusal.step,
            choices,
        }
    }
}

/// Why a scenario could not be played to its end.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) reason: RefusalReason,
    /// The step that cannot be done, where one is to blame.
    pub(crate) step: Option<usize>,
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

impl From<virtual_clock::Choice> for Choice {
    fn from(choice: virtual_clock::Choice) -> Self {
        Self {
            candidates: choice.candidates,
            taken: choice.taken,
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
    let capabilities = scenario::capabilities().into_iter();
    let capabilities = capabilities.chain(["interop", "look"]);
    Ok(Answer::Hello {
        protocol: PROTOCOL,
        implementation: "monolith-rs".to_owned(),
        language: "rust".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source_digest: Some(env!("MONOLITH_SOURCE_DIGEST").to_owned()),
        capabilities: capabilities.map(str::to_owned).collect(),
        order: HelloOrder::Total,
        channels: None,
        needs: None,
    })
}

/// A code by gRPC's own name.
pub(crate) fn status_code(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::Ok,
        Code::Cancelled => StatusCode::Cancelled,
        Code::Unknown => StatusCode::Unknown,
        Code::InvalidArgument => StatusCode::InvalidArgument,
        Code::DeadlineExceeded => StatusCode::DeadlineExceeded,
        Code::NotFound => StatusCode::NotFound,
        Code::AlreadyExists => StatusCode::AlreadyExists,
        Code::PermissionDenied => StatusCode::PermissionDenied,
        Code::ResourceExhausted => StatusCode::ResourceExhausted,
        Code::FailedPrecondition => StatusCode::FailedPrecondition,
        Code::Aborted => StatusCode::Aborted,
        Code::OutOfRange => StatusCode::OutOfRange,
        Code::Unimplemented => StatusCode::Unimplemented,
        Code::Internal => StatusCode::Internal,
        Code::Unavailable => StatusCode::Unavailable,
        Code::DataLoss => StatusCode::DataLoss,
        Code::Unauthenticated => StatusCode::Unauthenticated,
    }
}
