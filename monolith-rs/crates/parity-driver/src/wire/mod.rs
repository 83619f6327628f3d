//! What crosses the process border, as `parity.spec` says it.
//!
//! - [`events`]: the events of a trace;
//! - [`protocol`]: requests and answers;
//! - [`scenario`]: a scenario in canonical JSON;
//! - [`reading`]: the readers of its bounded values, which alone aren't generated.

pub(crate) mod events;
pub(crate) mod protocol;
mod reading;
pub(crate) mod scenario;
