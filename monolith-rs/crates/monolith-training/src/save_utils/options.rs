//! Options of a saver hook.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::listener::CheckpointSaverListener;
use super::monolith_checkpoint::HashTableType;
use super::saver::BASENAME;
use super::tide::Tide;
use super::timer::Every;
use crate::files::Files;

/// Options of a saver hook; the defaults are upstream's.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // upstream's keyword arguments
pub struct SaverOptions {
    /// When it saves by itself.
    pub every: Every,
    /// When it does so less often.
    pub tide: Option<Tide>,
    /// The checkpoints' basename.
    pub basename: String,
    /// Whether training goes on after a save that the hook does by itself and that
    /// failed with an `OpError` twice.
    pub ignore_save_errors: bool,
    /// Whether only dense variables are saved: a step that was written last, or 0
    /// before any, isn't written again, and nothing is done at the end.
    pub is_dense_only: bool,
    /// Whether the first save is skipped: the one at the session's creation.
    pub no_first_save: bool,
    /// Whether the creation of a session writes the graph, and makes the file
    /// `monolith_checkpoint` (B74).
    pub save_graph_def: bool,
    /// Whether the tables in that file are multi hash tables.
    pub use_native_multi_hash_table: bool,
    /// Are told of each try to save, in this order.
    pub listeners: Vec<Arc<dyn CheckpointSaverListener>>,
    /// Are told of each save, whatever its tries come to (B72).
    pub guard_saver_listeners: Vec<Arc<dyn CheckpointSaverListener>>,
    /// How long a save on request waits for a step of this session to end, while no step begins
    /// as long as a checkpoint is being written. `None`, upstream's, doesn't wait. Steps of other
    /// workers are held by a `BarrierSaverListener`.
    pub step_wait: Option<Duration>,
    /// Where `monolith_checkpoint` is.
    pub files: Files,
    /// What the hooks of a process have in common.
    pub process: SaverProcessFlags,
}

impl SaverOptions {
    /// Saves by itself as often as `every` says.
    pub fn new(every: Every) -> Self {
        Self {
            every,
            tide: None,
            basename: BASENAME.to_owned(),
            ignore_save_errors: false,
            is_dense_only: false,
            no_first_save: true,
            save_graph_def: true,
            use_native_multi_hash_table: false,
            listeners: Vec::new(),
            guard_saver_listeners: Vec::new(),
            step_wait: None,
            files: Files::default(),
            process: SaverProcessFlags::new(),
        }
    }

    pub(super) fn table_type(&self) -> HashTableType {
        if self.use_native_multi_hash_table {
            HashTableType::MultiCuckooHashMap
        } else {
            HashTableType::CuckooHashMap
        }
    }
}

/// Flags that the saver hooks of a process share (B73); clones are the same flags.
///
/// In Python they are class attributes. Here hooks that are to share them are given
/// the same ones, so that two jobs in one process don't.
#[derive(Clone, Debug, Default)]
pub struct SaverProcessFlags {
    flags: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    has_dense_only: AtomicBool,
    in_model_dump_mode: AtomicBool,
}

impl SaverProcessFlags {
    /// Flags that are clear.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether there is a dense-only hook beside the full one.
    pub fn set_has_dense_only(&self, value: bool) {
        self.flags.has_dense_only.store(value, Ordering::SeqCst);
    }

    /// Says whether the process dumps its model.
    pub fn set_in_model_dump_mode(&self, value: bool) {
        self.flags.in_model_dump_mode.store(value, Ordering::SeqCst);
    }

    /// Whether a full hook writes at its end even what is saved already.
    pub(super) fn always_write_at_end(&self) -> bool {
        let flags = [&self.flags.has_dense_only, &self.flags.in_model_dump_mode];
        flags.iter().any(|flag| flag.load(Ordering::SeqCst))
    }
}
