//! Counts of features by slot: slots of any size, devices, and counting again.

use std::fmt::Write;
use std::fs;
use std::sync::{Arc, Mutex};

use monolith_training::errors::{ErrorKind, Result};
use monolith_training::hooks::ckpt_info::{EmbeddingTable, FidSlotCountSaverListener, TableKind};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};
use tempfile::TempDir;

const LAST: i64 = 102_399;

/// A table whose entries have these slots, which may change between two saves.
#[derive(Debug)]
struct Entries {
    device: &'static str,
    kind: TableKind,
    slots: Mutex<Vec<i64>>,
}

impl Entries {
    fn new(device: &'static str, kind: TableKind, slots: &[i64]) -> Arc<Self> {
        let slots = Mutex::new(slots.to_vec());
        Arc::new(Self {
            device,
            kind,
            slots,
        })
    }

    fn on(device: &'static str, slots: &[i64]) -> Arc<Self> {
        Self::new(device, TableKind::Hash, slots)
    }

    fn set(&self, slots: &[i64]) {
        *self.slots.lock().unwrap() = slots.to_vec();
    }
}

impl EmbeddingTable for Entries {
    fn device(&self) -> &str {
        self.device
    }

    fn kind(&self) -> TableKind {
        self.kind
    }

    fn visit_slots(&self, visit: &mut dyn FnMut(i64) -> Result<()>) -> Result<()> {
        let slots = self.slots.lock().unwrap().clone();
        slots.into_iter().try_for_each(visit)
    }
}

/// A graph with tables, and its listener.
struct Counted {
    dir: TempDir,
    graph: Arc<Graph>,
    listener: FidSlotCountSaverListener,
    session: Arc<Session>,
}

impl Counted {
    fn new(tables: &[&Arc<Entries>]) -> Self {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        for &table in tables {
            graph.add_table(table.clone());
        }
        let listener = FidSlotCountSaverListener::new(&graph, dir.path()).unwrap();
        let session = Session::new(&graph, 0).unwrap();
        Self {
            dir,
            graph,
            listener,
            session,
        }
    }

    fn try_save(&self, step: i64) -> Result<()> {
        self.listener.before_save(&self.session, step)?;
        self.listener.after_save(&self.session, step).map(drop)
    }

    /// What a save of this step writes.
    fn save(&self, step: i64) -> String {
        self.try_save(step).unwrap();
        fs::read_to_string(self.dir.path().join(format!("ckpt.info-{step}"))).unwrap()
    }

    fn files(&self) -> usize {
        fs::read_dir(self.dir.path()).unwrap().count()
    }
}

fn text(counts: &[(i64, usize)]) -> String {
    let mut text = String::new();
    for (slot, count) in counts {
        text.push_str("slot_counts {\n");
        if *slot != 0 {
            writeln!(text, "  key: {slot}").unwrap(); // As in Python, where 0 isn't printed.
        }
        writeln!(text, "  value: {count}\n}}").unwrap();
    }
    text
}

#[test]
fn each_slot_counts_as_itself_or_as_the_last() {
    let table = Entries::on("ps0", &[]);
    let counted = Counted::new(&[&table]);
    for slot in [0, 1, 1 << 16, LAST - 1, LAST] {
        table.set(&[slot]);
        assert_eq!(counted.save(7), text(&[(slot, 1)]));
    }
    let late = [
        LAST + 1,
        (1 << 31) - 1,
        1 << 31,
        1 << 32,
        (1 << 32) + 5,
        1 << 53,
        1 << 62,
        i64::MAX,
    ];
    for slot in late {
        table.set(&[slot]);
        assert_eq!(counted.save(7), text(&[(LAST, 1)]), "{slot}");
    }
    table.set(&[&late[..], &[LAST, 0]].concat());
    assert_eq!(counted.save(7), text(&[(0, 1), (LAST, late.len() + 1)]));
}

#[test]
fn devices_are_summed_and_each_save_counts_anew() {
    let (first, second) = (Entries::on("ps0", &[3, 3, 0]), Entries::on("ps1", &[3]));
    let third = Entries::on("ps0", &[0]);
    let counted = Counted::new(&[&first, &second, &third]);
    for _ in 0..2 {
        assert_eq!(counted.save(7), text(&[(0, 2), (3, 3)]));
    }
    first.set(&[]);
    second.set(&[1, 3]);
    assert_eq!(counted.save(8), text(&[(0, 1), (1, 1), (3, 1)]));
    second.set(&[]);
    third.set(&[]);
    assert_eq!(counted.save(9), "");
}

#[test]
fn the_file_is_ascending_by_slot_and_earlier_ones_stay() {
    let table = Entries::on("ps0", &[100, 20, 3, 20]);
    let counted = Counted::new(&[&table]);
    let first = text(&[(3, 1), (20, 2), (100, 1)]);
    assert_eq!(counted.save(1), first);
    table.set(&[]);
    assert_eq!(counted.save(0), "");
    assert_eq!(counted.files(), 2);
    let kept = fs::read_to_string(counted.dir.path().join("ckpt.info-1"));
    assert_eq!(kept.unwrap(), first);
}

#[test]
fn a_negative_slot_of_any_table_writes_nothing_and_the_next_save_counts_anew() {
    for slot in [-1, -(1 << 31), -(1 << 32) + 5, i64::MIN] {
        let (good, bad) = (Entries::on("ps0", &[4]), Entries::on("ps1", &[4, slot]));
        let counted = Counted::new(&[&good, &bad]);
        let error = counted.try_save(7).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgumentError, "{slot}");
        assert_eq!(counted.files(), 0);
        bad.set(&[4]);
        assert_eq!(counted.save(7), text(&[(4, 2)]));
    }
}

#[test]
fn a_multi_hash_table_in_any_place_is_enough_for_nothing() {
    for place in 0..3 {
        let (one, two) = (Entries::on("ps0", &[1]), Entries::on("ps1", &[-1]));
        let multi = Entries::new("ps0", TableKind::MultiHash, &[1]);
        let mut tables = vec![&one, &two];
        tables.insert(place, &multi);
        let counted = Counted::new(&tables);
        counted.try_save(7).unwrap();
        assert_eq!(counted.files(), 0);
    }
}

#[test]
fn only_tables_at_construction_are_counted() {
    let error = FidSlotCountSaverListener::new(&Graph::new(), "unused").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueError);
    let counted = Counted::new(&[&Entries::on("ps0", &[1])]);
    counted.graph.add_table(Entries::on("ps0", &[1]));
    assert_eq!(counted.save(7), text(&[(1, 1)]));
}
