//! Requests and answers of the driver protocol.

use std::collections::BTreeSet;
use std::io;

use monolith_testing::virtual_clock::{self, Failure, VirtualClock};
use serde::Deserialize;

use crate::port::Identity;
use crate::wire::protocol::{Answer, Choice, HelloOrder, RefusalReason, Request};

/// The version of the protocol that this driver speaks.
const PROTOCOL: u64 = 1;

impl Answer {
    /// Builds the answer for a play that failed before it began.
    pub fn failed(seq: u64, message: String) -> Self {
        Self::refused(seq, message.into(), Vec::new())
    }

    /// Builds the answer for a play that failed. `choices` are those made so far.
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

impl Request {
    /// Returns the number that identifies the request and its answer; 0 if it has none.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Hello(_) | Self::Bye(_) => 0,
            Self::Play(request) => request.seq,
            Self::Serve(request) => request.seq,
            Self::Arrive(request) => request.seq,
            Self::StopServing(request) => request.seq,
            Self::Call(request) => request.seq,
            Self::Encode(request) => request.seq,
            Self::Decode(request) => request.seq,
            Self::Look(request) => request.seq,
        }
    }
}

/// The reason why a scenario could not be played to its end.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) reason: RefusalReason,
    /// The step that can't be done, if there is one.
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
            Failure::NoThread { .. } | Failure::Panicked { .. } | Failure::NoLane => {
                RefusalReason::Unplayable
            }
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

/// Parses a line; an invalid request is answered if at least its type and number can be read.
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

/// Creates the clock of a play from its seed or schedule.
pub(crate) fn clock(
    seed: Option<u64>,
    schedule: Option<Vec<usize>>,
) -> Result<VirtualClock, String> {
    match (seed, schedule) {
        (Some(_), Some(_)) => Err("expected a seed or a schedule, got both".to_owned()),
        (_, Some(schedule)) => Ok(VirtualClock::scripted(schedule)),
        (seed, None) => Ok(VirtualClock::new(seed)),
    }
}

/// Introduces the port to a host that speaks the same version of the protocol.
pub(crate) fn hello(protocol: u64, port: Identity) -> io::Result<Answer> {
    if protocol != PROTOCOL {
        let message = format!("the host speaks protocol {protocol}, this driver {PROTOCOL}");
        return Err(io::Error::other(message));
    }
    let capabilities = port.capabilities.into_iter().chain(["seed"]);
    let capabilities: BTreeSet<&str> = capabilities.collect();
    Ok(Answer::Hello {
        protocol: PROTOCOL,
        implementation: port.implementation,
        language: "rust".to_owned(),
        version: port.version,
        source_digest: port.source_digest,
        capabilities: capabilities.into_iter().map(str::to_owned).collect(),
        order: HelloOrder::Total,
        channels: port.channels,
        needs: port.needs,
    })
}
