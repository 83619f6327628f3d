//! The fakes that a whole cluster is played with.
//!
//! They stand behind the ports of `monolith-training` (its `Clock`, `HealthSource`, `Saver`
//! and `Files`), and know nothing of scenarios.
//!
//! - [`virtual_clock`]: time that passes only when everybody waits;
//! - [`machines`]: parameter servers whose memory and faults are told;
//! - [`saver`]: a saver that fails or takes its time when told to;
//! - [`files`]: files of which an operation fails when told to;
//! - [`strikes`]: which of the faults were noticed;
//! - [`panics`]: what a panic said, and where it was.

pub mod files;
pub mod machines;
pub mod panics;
pub mod saver;
pub mod strikes;
pub mod virtual_clock;
