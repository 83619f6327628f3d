//! Checkpoints: when they are written, and how.
//!
//! - [`hook`]: the saver hook, which skips the save that a session's creation
//!   would do and writes at once when it is told to;
//! - [`options`], [`listener`]: how it behaves, and who is told;
//! - [`timer`], [`tide`]: whether a step is due to be saved;
//! - [`saver`]: writing checkpoint files, and restoring from them;
//! - [`save_helper`]: the names of checkpoints;
//! - [`checkpoint_state`], [`monolith_checkpoint`]: the files that say which
//!   checkpoints there are, and when the last was written;
//! - `graph_files`: the files that hold the graph;
//! - `written`: what the hook notes of its saves.

pub mod checkpoint_state;
mod graph_files;
pub mod hook;
pub mod listener;
pub mod monolith_checkpoint;
pub mod options;
pub mod save_helper;
pub mod saver;
pub mod tide;
pub mod timer;
mod written;

pub use checkpoint_state::{CheckpointState, LatestCheckpointStates, get_checkpoint_state};
pub use hook::{LastSave, NoFirstSaveCheckpointSaverHook};
pub use listener::CheckpointSaverListener;
pub use monolith_checkpoint::{
    HashTableType, MONOLITH_CKPT_STATE_FILE_NAME, MonolithCheckpointState,
    get_monolith_checkpoint_state,
};
pub use options::{SaverOptions, SaverProcessFlags};
pub use save_helper::SaveHelper;
pub use saver::{FileSaver, Saver, restore_global_step};
pub use tide::Tide;
pub use timer::{Every, SecondOrStepTimer};
