//! Sessions, and the hooks that are called around what runs in them.
//!
//! - [`graph`], [`variables`], [`raw`]: what TensorFlow would hold, reduced to what
//!   this system touches: a global step, a barrier's variables, flags, and the info
//!   about the checkpoint that is written.
//! - [`collections`]: the iterators and tables that a graph collects.
//! - [`hook`]: what a hook can do.
//! - [`monitored`]: the sessions that call hooks, with TensorFlow's semantics
//!   for order, errors and recreation.

pub mod collections;
pub mod graph;
pub mod hook;
pub mod monitored;
pub mod raw;
pub mod variables;

pub use collections::{EmbeddingTable, SaveableIterator, TableKind};
pub use graph::Graph;
pub use hook::{SessionRunContext, SessionRunHook};
pub use monitored::{HookedSession, MonitoredSession};
pub use raw::{ChiefSessionCreator, ChiefsSession, Session, SessionCreator};
pub use variables::{ControlFlags, Flag, StepValues};
