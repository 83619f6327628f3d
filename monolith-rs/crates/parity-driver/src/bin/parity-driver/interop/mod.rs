//! Interop: serves a controller, calls one, and encodes and decodes messages.
//!
//! Everything here uses real time and real gRPC, as the other end may be written in another
//! language.
//!
//! - [`serving`]: the controller that is served, one at a time;
//! - [`access`]: the access options of servers and clients;
//! - [`holding`]: the clock of the controller's blocked workers;
//! - [`calling`]: calls to any controller;
//! - [`graphs`]: what graphs take once, their checkpoint info and saved inputs;
//! - [`looking`]: this machine, other machines, and the served barrier;
//! - [`messages`]: messages as fields, bytes and text.

mod access;
mod calling;
mod graphs;
mod holding;
mod looking;
mod messages;
mod serving;

use monolith_training::errors::{Error, Result};

pub(crate) use self::calling::call;
pub(crate) use self::looking::look;
pub(crate) use self::messages::{decode, encode};
pub(crate) use self::serving::Peer;

use parity_driver::wire::protocol::Answer;

/// Builds the answer to a request that failed.
fn failed(seq: u64, error: &Error) -> Answer {
    Answer::failed(seq, error.to_string())
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string never fails.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn from_hex(hex: &str) -> Result<Vec<u8>> {
    let pair = |pair: &[u8]| match str::from_utf8(pair) {
        Ok(digits) if digits.len() == 2 => u8::from_str_radix(digits, 16).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| Error::value(format!("{hex:?} is not hexadecimal")))
}
