//! A job's hash tables, and the listener that writes the number of entries of each slot.

use std::path::PathBuf;
use std::sync::Arc;

use monolith_training::errors::{Error, Result};
use monolith_training::hooks::ckpt_info::{EmbeddingTable, FidSlotCountSaverListener, TableKind};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};
use parity_driver::recorder::Recorder;
use parity_driver::wire::events::Event;
use parity_driver::wire::scenario::Table;

/// Adds the scenario's tables to the graph.
pub(super) fn add_tables(graph: &Graph, tables: &[Table]) {
    for table in tables {
        let kind = if table.multi {
            TableKind::MultiHash
        } else {
            TableKind::Hash
        };
        graph.add_table(Arc::new(Entries {
            slots: table.slots.clone(),
            device: table.device.to_string(),
            kind,
        }));
    }
}

/// A table with one entry for each of these slots.
#[derive(Debug)]
struct Entries {
    slots: Vec<i64>,
    device: String,
    kind: TableKind,
}

impl EmbeddingTable for Entries {
    fn device(&self) -> &str {
        &self.device
    }

    fn kind(&self) -> TableKind {
        self.kind
    }

    fn visit_slots(&self, visit: &mut dyn FnMut(i64) -> Result<()>) -> Result<()> {
        self.slots.iter().try_for_each(|slot| visit(*slot))
    }
}

/// A wrapper around the listener that records each file it has written.
#[derive(Debug)]
pub(super) struct RecordingSlotCountListener {
    listener: FidSlotCountSaverListener,
    model_dir: PathBuf,
    recorder: Arc<Recorder>,
}

impl RecordingSlotCountListener {
    /// Creates a listener for the tables that `graph` has now; without any, it is a `ValueError`.
    pub(super) fn new(graph: &Graph, model_dir: PathBuf, recorder: Arc<Recorder>) -> Result<Self> {
        Ok(Self {
            listener: FidSlotCountSaverListener::new(graph, &model_dir)?,
            model_dir,
            recorder,
        })
    }
}

impl CheckpointSaverListener for RecordingSlotCountListener {
    fn before_save(&self, session: &Arc<Session>, global_step: i64) -> Result<()> {
        self.listener.before_save(session, global_step)?;
        let written = self.model_dir.join(format!("ckpt.info-{global_step}"));
        if written.exists() {
            let text = std::fs::read_to_string(&written);
            let text = text.map_err(|error| Error::from_io(&error, &written))?;
            let step = global_step;
            self.recorder.record(Event::SlotCounts { step, text });
        }
        Ok(())
    }
}
