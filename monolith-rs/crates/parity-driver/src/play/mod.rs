//! Plays a scenario on the port, over fakes and on a virtual clock.
//!
//! - [`player`]: plays one from its first fault to the files that it leaves;
//! - [`cluster`]: what it is played on: the fakes and what hooks share;
//! - [`chief_hooks`]: the chief's hooks over them;
//! - [`model_dir`]: the model directory, and what is left in it;
//! - [`address_file`]: what clients find, whoever has written it;
//! - [`observers`]: hooks, callbacks and a saver that record;
//! - [`lanes`]: other lanes beside main that steps start;
//! - [`workers`]: the other workers' lanes;
//! - [`rpc`]: an operator's calls;
//! - [`recorder`]: the trace;
//! - [`logs`]: log records that belong into a trace.

mod address_file;
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
mod workers;

pub(crate) use self::player::play;
