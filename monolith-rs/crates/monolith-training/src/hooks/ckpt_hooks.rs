//! Checkpoints of a whole job: workers held while the chief saves, and the positions of
//! their input saved with it.
//!
//! - [`ckpt_meta`]: the step of the checkpoint that is written, for all of a graph;
//! - [`barrier_saver`]: the listener that holds the workers;
//! - [`worker_ckpt`]: saving and restoring a worker's iterators;
//! - `iterator_files`: the files that they are saved in.

pub mod barrier_saver;
pub mod ckpt_meta;
mod iterator_files;
pub mod worker_ckpt;

pub use self::barrier_saver::{BarrierSaverListener, SAVE_ACTION};
pub use self::ckpt_meta::{WorkerCkptInfo, assign_ckpt_info, get_ckpt_info};
pub use self::worker_ckpt::{WorkerCkptHelper, disable_iterator_save_restore};
pub use crate::session::SaveableIterator;
