//! What crosses the process border, as `parity.spec` says it.
//!
//! - [`events`]: the events of a trace;
//! - [`protocol`]: requests and answers;
//! - [`scenario`]: a scenario in canonical JSON;
//! - `reading`: the readers of its bounded values, which alone aren't generated.
//!
//! Fields without a comment are in `docs/trace-format.md` and `docs/driver-protocol.md`.

#[allow(missing_docs)]
pub mod events;
#[allow(missing_docs)]
pub mod protocol;
mod reading;
#[allow(missing_docs)]
pub mod scenario;
