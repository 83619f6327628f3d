//! The driver of a port in Rust: what every port needs to have scenarios played on it.
//!
//! A port implements [`Port`] and [`Job`] and calls [`run`] from its `main`. The crate speaks the
//! protocol, checks scenarios, skips what the port lacks, and plays the rest on a virtual clock:
//! it does the steps in order, starts the lanes of workers and of what is done in the background,
//! applies the faults of machines and writes down events. The port does what its hooks do.
//!
//! | to find | look at |
//! | --- | --- |
//! | what a port implements | [`port`] |
//! | what it is given to play on: clock, fakes, recorder | [`world`] |
//! | what a scenario puts in the place of a job's functions | [`stand_ins`] |
//! | the events that it records | [`wire::events`], [`recorder`] |
//! | what a scenario says | [`wire::scenario`], [`scenario`] |
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
