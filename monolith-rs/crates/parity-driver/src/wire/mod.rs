//! What crosses the process border, as `parity.spec` says it.
//!
//! - [`events`]: the events of a trace;
//! - [`protocol`]: requests and answers.

pub(crate) mod events;
pub(crate) mod protocol;
