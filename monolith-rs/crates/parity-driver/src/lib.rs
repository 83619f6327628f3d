//! A library for drivers: all that a port in Rust needs to have scenarios played on it.
//!
//! A port implements [`Port`] and [`Job`] and calls [`run`] from its `main`. The crate speaks the
//! protocol, checks scenarios, skips those that need what the port lacks, and plays the rest on a
//! virtual clock: it runs the steps in order, starts the lanes of workers and of background steps,
//! applies the faults of machines and records events. The port runs its hooks.
//!
//! | to find | look at |
//! | --- | --- |
//! | the traits that a port implements | [`port`] |
//! | the clock, fakes and recorder that it is given | [`world`] |
//! | the scenario's stand-ins for a job's functions | [`stand_ins`] |
//! | the events that it records | [`wire::events`], [`recorder`] |
//! | the content of a scenario | [`wire::scenario`], [`scenario`] |
//! | requests and answers | [`wire::protocol`], `protocol`, `driver` |
//! | how a scenario is played | `play` |
//! | the model directory | [`model_dir`], [`state_files`] |
//!
//! The binary of this crate is the driver of the port in `monolith-training`. A smaller port, with
//! health and a barrier alone, is in the repository's `examples/rust-port`.

mod driver;
pub mod model_dir;
mod play;
pub mod port;
mod protocol;
pub mod recorder;
pub mod scenario;
pub mod stand_ins;
pub mod state_files;
pub mod wire;
pub mod world;

#[doc(inline)]
pub use monolith_testing as testing;
#[doc(inline)]
pub use monolith_testing::machines::Machines;
#[doc(inline)]
pub use monolith_training::logging_ops::{HealthSource, MachineInfo};
#[doc(inline)]
pub use monolith_training::{clock, coordinator, device_utils, errors};

pub use self::driver::{run, serve};
pub use self::port::{Identity, Job, Port, Trained, Worker};
pub use self::recorder::Recorder;
pub use self::scenario::Unplayable;
pub use self::stand_ins::RpcError;
pub use self::wire::events::Event;
pub use self::wire::protocol::{Channel, Need};
pub use self::wire::scenario::Scenario;
pub use self::world::World;
