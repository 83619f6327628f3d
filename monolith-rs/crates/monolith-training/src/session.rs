//! Sessions, and the hooks that are called around what runs in them.
//!
//! - [`raw`]: what TensorFlow would hold, reduced to what this system touches:
//!   a global step, a barrier's variables and flags.
//! - [`hook`]: what a hook can do.
//! - [`monitored`]: the sessions that call hooks, with TensorFlow's semantics
//!   for order, errors and recreation.

pub mod hook;
pub mod monitored;
pub mod raw;

pub use hook::{SessionRunContext, SessionRunHook};
pub use monitored::{HookedSession, MonitoredSession};
pub use raw::{
    ChiefSessionCreator, ChiefsSession, Flag, Graph, Session, SessionCreator, StepValues,
};
