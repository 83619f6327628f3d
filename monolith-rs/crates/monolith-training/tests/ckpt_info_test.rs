//! Features counted by slot at each checkpoint.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::Path;
use std::sync::Arc;

use monolith_training::errors::{ErrorKind, Result};
use monolith_training::hooks::ckpt_info::{EmbeddingTable, FidSlotCountSaverListener, TableKind};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};

/// A table with an entry in each of these slots.
#[derive(Debug)]
struct Table {
    device: &'static str,
    kind: TableKind,
    slots: Vec<i64>,
}

impl EmbeddingTable for Table {
    fn device(&self) -> &str {
        self.device
    }

    fn kind(&self) -> TableKind {
        self.kind
    }

    fn visit_slots(&self, visit: &mut dyn FnMut(i64) -> Result<()>) -> Result<()> {
        self.slots.iter().try_for_each(|slot| visit(*slot))
    }
}

fn hash(device: &'static str, slots: &[i64]) -> Table {
    let (kind, slots) = (TableKind::Hash, slots.to_vec());
    Table {
        device,
        kind,
        slots,
    }
}

/// Has the tables counted before a save of step 7.
fn save(dir: &Path, tables: Vec<Table>) -> Result<()> {
    let graph = Graph::new();
    for table in tables {
        graph.add_table(Arc::new(table));
    }
    let listener = FidSlotCountSaverListener::new(&graph, dir)?;
    let session = Session::new(&graph, 7).unwrap();
    assert_eq!(listener.after_save(&session, 7), Ok(false));
    listener.before_save(&session, 7)
}

fn written(dir: &Path) -> String {
    fs::read_to_string(dir.join("ckpt.info-7")).unwrap()
}

#[test]
fn entries_are_counted_by_slot_and_added_up_over_devices() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new");
    let tables = vec![
        hash("ps0", &[10, 2, 10]),
        hash("ps1", &[10]),
        hash("ps0", &[2]),
    ];
    save(&dir, tables).unwrap();
    let expected = "slot_counts {\n  key: 2\n  value: 2\n}\n\
                    slot_counts {\n  key: 10\n  value: 3\n}\n";
    assert_eq!(written(&dir), expected);
    // They are counted anew each time.
    save(&dir, vec![hash("ps0", &[])]).unwrap();
    assert_eq!(written(&dir), "");
}

#[test]
fn slot_0_has_no_key_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), vec![hash("ps0", &[1, 0])]).unwrap();
    let expected = "slot_counts {\n  value: 1\n}\nslot_counts {\n  key: 1\n  value: 1\n}\n";
    assert_eq!(written(dir.path()), expected);
}

#[test]
fn late_slots_count_as_the_last_and_negative_ones_are_invalid() {
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), vec![hash("ps0", &[102_399, 102_400, i64::MAX])]).unwrap();
    let last = "slot_counts {\n  key: 102399\n  value: 3\n}\n";
    assert_eq!(written(dir.path()), last);
    let error = save(dir.path(), vec![hash("ps0", &[1, -1])]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgumentError);
    assert_eq!(written(dir.path()), last);
}

#[test]
fn a_graph_with_a_multi_hash_table_is_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let multi = Table {
        kind: TableKind::MultiHash,
        ..hash("ps0", &[1])
    };
    save(dir.path(), vec![hash("ps0", &[1]), multi]).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_graph_without_tables_is_a_value_error() {
    let error = save(Path::new("unused"), Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueError);
}
