//! The job of a scenario on the port.
//!
//! - [`job`]: the effects of steps on the chief and on workers;
//! - [`cluster`]: the state that hooks and steps share, beside the library's world;
//! - [`holders`]: each hook's view of the barrier;
//! - [`chief_hooks`]: the chief's hooks;
//! - [`address_file`]: the file in which clients find the controller's address;
//! - [`observers`]: hooks, callbacks and a saver that record;
//! - [`listener_faults`]: errors raised by listeners;
//! - [`input`]: the chief's input;
//! - [`slot_counts`]: the job's hash tables, and the listener that counts their entries;
//! - [`rpc`]: an operator's calls;
//! - [`logs`]: log records that belong in a trace.

mod address_file;
mod chief_hooks;
mod cluster;
mod holders;
mod input;
mod job;
mod listener_faults;
pub(crate) mod logs;
mod observers;
mod rpc;
mod slot_counts;

pub(crate) use self::job::MonolithJob;
