//! Fakes for playing a whole cluster.
//!
//! They plug into the ports of `monolith-training` (`Clock`, `HealthSource`, `Saver` and
//! `Files`) and know nothing of scenarios.
//!
//! - [`virtual_clock`]: virtual time, which passes only while every lane waits;
//! - [`machines`]: simulated parameter servers with settable memory and faults;
//! - [`saver`]: a saver that fails or is slow on demand;
//! - [`files`]: files whose operations fail on demand;
//! - [`strikes`]: the record of which declared faults had an effect;
//! - [`panics`]: the messages and locations of caught panics.

pub mod files;
pub mod machines;
pub mod panics;
pub mod saver;
pub mod strikes;
pub mod virtual_clock;
