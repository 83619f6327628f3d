//! How many features of each slot there are at a checkpoint.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::errors::{Error, ErrorKind, Result};
use crate::files::Files;
pub use crate::proto::ckpt_info::CkptInfo;
use crate::save_utils::CheckpointSaverListener;
pub use crate::session::{EmbeddingTable, TableKind};
use crate::session::{Graph, Session};

/// The last slot; features of later ones count for it.
const LAST_SLOT: i32 = 102_399;

/// Writes before each save how many entries of each slot the graph's tables have
/// (B67-B70).
///
/// A graph that has any multi hash table isn't counted. Entries are counted on the
/// thread that saves; the listener has no state.
#[derive(Debug)]
pub struct FidSlotCountSaverListener {
    model_dir: PathBuf,
    tables: Vec<Arc<dyn EmbeddingTable>>,
}

impl FidSlotCountSaverListener {
    /// Counts the tables that `graph` has by now; with none it is a `ValueError`.
    pub fn new(graph: &Graph, model_dir: impl Into<PathBuf>) -> Result<Self> {
        let tables = graph.tables();
        if tables.is_empty() {
            return Err(Error::value(
                "expected a graph with hash tables or multi hash tables, found none",
            ));
        }
        Ok(Self {
            model_dir: model_dir.into(),
            tables,
        })
    }

    /// Each device counts its own tables, and the counts are added up.
    fn count(&self) -> Result<CkptInfo> {
        let mut devices: BTreeMap<&str, BTreeMap<i32, i64>> = BTreeMap::new();
        for table in &self.tables {
            let counts = devices.entry(table.device()).or_default();
            table.visit_slots(&mut |slot| {
                *counts.entry(counted_slot(slot)?).or_default() += 1;
                Ok(())
            })?;
        }
        let mut info = CkptInfo::default();
        for (slot, count) in devices.into_values().flatten() {
            *info.slot_counts.entry(slot).or_default() += count;
        }
        Ok(info)
    }
}

impl CheckpointSaverListener for FidSlotCountSaverListener {
    fn before_save(&self, _: &Arc<Session>, global_step: i64) -> Result<()> {
        let is_multi = |table: &Arc<dyn EmbeddingTable>| table.kind() == TableKind::MultiHash;
        if self.tables.iter().any(is_multi) {
            return Ok(());
        }
        let text = to_text(&self.count()?);
        let dir = &self.model_dir;
        std::fs::create_dir_all(dir).map_err(|error| Error::from_io(&error, dir))?;
        let path = dir.join(format!("ckpt.info-{global_step}"));
        Files::default().write_whole(&path, text)
    }
}

fn counted_slot(slot: i64) -> Result<i32> {
    if slot < 0 {
        let message = format!("expected a slot of at least 0, found {slot}");
        return Err(Error::new(ErrorKind::InvalidArgumentError, message));
    }
    Ok(i32::try_from(slot).unwrap_or(LAST_SLOT).min(LAST_SLOT))
}

/// The message in text format, as protobuf for Python prints it: without a key of 0, which is
/// what a reader takes for one that isn't there.
fn to_text(info: &CkptInfo) -> String {
    let mut text = String::new();
    for (slot, count) in &info.slot_counts {
        let key = match slot {
            0 => String::new(),
            slot => format!("  key: {slot}\n"),
        };
        // Writing to a string can't fail.
        let _ = write!(text, "slot_counts {{\n{key}  value: {count}\n}}\n");
    }
    text
}
