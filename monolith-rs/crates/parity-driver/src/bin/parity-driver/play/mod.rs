//! The job of a scenario on the port.
//!
//! - [`job`]: what steps do, on the chief and on workers;
//! - [`cluster`]: what it is played on beside the library's world: what hooks share;
//! - [`holders`]: the barrier as each of the hooks has it;
//! - [`chief_hooks`]: the chief's hooks over them;
//! - [`address_file`]: what clients find, whoever has written it;
//! - [`observers`]: hooks, callbacks and a saver that record;
//! - [`listener_faults`]: the errors that listeners raise;
//! - [`input`]: the chief's input;
//! - [`slot_counts`]: the job's hash tables, and who counts their entries;
//! - [`rpc`]: an operator's calls;
//! - [`logs`]: log records that belong into a trace.

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
