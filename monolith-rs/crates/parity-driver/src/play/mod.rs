//! Plays a scenario on the port, over fakes and on a virtual clock.
//!
//! - [`player`]: plays one from its first fault to the files that it leaves;
//! - [`cluster`]: what it is played on: the fakes and what hooks share;
//! - [`chief_hooks`]: the chief's hooks over them;
//! - [`model_dir`]: the model directory, and what is left in it;
//! - [`state_files`]: what the state files in it list, and how they are replaced;
//! - [`address_file`]: what clients find, whoever has written it;
//! - [`observers`]: hooks, callbacks and a saver that record;
//! - [`lanes`]: other lanes beside main that steps start;
//! - [`beside`]: what such lanes can do, as main can;
//! - [`workers`]: the other workers' lanes;
//! - [`rpc`]: an operator's calls;
//! - [`recorder`]: the trace;
//! - [`logs`]: log records that belong into a trace.

mod address_file;
mod beside;
mod chief_hooks;
mod cluster;
mod input;
mod lanes;
mod listener_faults;
pub(crate) mod logs;
mod model_dir;
mod observers;
mod player;
mod recorder;
mod rpc;
mod state_files;
mod workers;

pub(crate) use self::player::play;
