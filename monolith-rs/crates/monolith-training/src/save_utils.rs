//! Checkpoints: when they are written, and how.
//!
//! - [`hook`]: the saver hook, which skips the save that a session's creation
//!   would do and writes at once when it is told to;
//! - [`saver`]: writing and finding checkpoint files;
//! - [`timer`]: whether a step is due to be saved.

pub mod hook;
pub mod saver;
pub mod timer;

pub use hook::{CheckpointSaverListener, NoFirstSaveCheckpointSaverHook, SaverOptions};
pub use saver::{FileSaver, SaveHelper, Saver, restore_global_step};
pub use timer::{Every, SecondOrStepTimer};
