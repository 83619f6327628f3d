//! What crosses the process border, as `parity.spec` says it.
//!
//! - [`events`]: the events of a trace;
//! - [`protocol`]: requests and answers;
//! - [`words`]: the words of a scenario.

pub(crate) mod events;
pub(crate) mod protocol;
pub(crate) mod words;
