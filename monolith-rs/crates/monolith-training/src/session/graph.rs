//! Graphs: which variables their sessions have, and what they collect.

use std::sync::{Arc, Mutex};

use super::collections::{EmbeddingTable, SaveableIterator};
use crate::clock::relock;
use crate::errors::{Error, Result};

/// A TensorFlow graph, reduced to its variables and collections.
///
/// The mutex guards what was added so far and is not held across a call out of this
/// module.
#[derive(Debug)]
pub struct Graph {
    /// What it is at first, if there is one.
    global_step: Option<i64>,
    added: Mutex<Added>,
}

/// Additions to a graph after it was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Added {
    pub(super) barrier_capacity: Option<usize>,
    pub(super) has_control: bool,
    pub(super) has_ckpt_info: bool,
    iterators: Vec<Arc<dyn SaveableIterator>>,
    keeps_iterators: bool,
    tables: Vec<Arc<dyn EmbeddingTable>>,
}

impl Graph {
    /// A graph with a global step and no barrier yet.
    pub fn new() -> Arc<Self> {
        Self::with_global_step(Some(0))
    }

    /// A graph that has no global step.
    pub fn without_global_step() -> Arc<Self> {
        Self::with_global_step(None)
    }

    /// A graph whose global step begins with this, or that has none.
    pub fn with_global_step(global_step: Option<i64>) -> Arc<Self> {
        let added = Added {
            keeps_iterators: true,
            ..Added::default()
        };
        Arc::new(Self {
            global_step,
            added: Mutex::new(added),
        })
    }

    /// Whether its sessions have a global step.
    pub fn has_global_step(&self) -> bool {
        self.global_step.is_some()
    }

    /// The global step of a new session that isn't restored.
    pub(super) fn first_global_step(&self) -> i64 {
        self.global_step.unwrap_or(0)
    }

    /// Adds an iterator to the global ones.
    pub fn add_iterator(&self, iterator: Arc<dyn SaveableIterator>) {
        relock(&self.added).iterators.push(iterator);
    }

    /// Adds a hash table or a multi hash table.
    pub fn add_table(&self, table: Arc<dyn EmbeddingTable>) {
        relock(&self.added).tables.push(table);
    }

    /// Its iterators by now, or none where they are not to be saved.
    pub(crate) fn saved_iterators(&self) -> Vec<Arc<dyn SaveableIterator>> {
        let added = relock(&self.added);
        if added.keeps_iterators {
            added.iterators.clone()
        } else {
            Vec::new()
        }
    }

    /// From now on [`saved_iterators`](Self::saved_iterators) gives none.
    pub(crate) fn keep_no_iterators(&self) {
        relock(&self.added).keeps_iterators = false;
    }

    /// Its tables by now.
    pub(crate) fn tables(&self) -> Vec<Arc<dyn EmbeddingTable>> {
        relock(&self.added).tables.clone()
    }

    /// Gives the graph the controller's flags; it can have them once.
    pub(crate) fn add_control(&self) -> Result<()> {
        let mut added = relock(&self.added);
        if added.has_control {
            return Err(already_exists("control_var"));
        }
        added.has_control = true;
        Ok(())
    }

    /// Gives the graph its checkpoint info, unless it has it.
    pub(crate) fn add_ckpt_info(&self) {
        relock(&self.added).has_ckpt_info = true;
    }

    /// Gives the graph its barrier; there can be one.
    pub(crate) fn add_barrier(&self, capacity: usize) -> Result<()> {
        let mut added = relock(&self.added);
        if added.barrier_capacity.is_some() {
            return Err(already_exists("barrier_var"));
        }
        added.barrier_capacity = Some(capacity);
        Ok(())
    }

    pub(super) fn added(&self) -> Added {
        relock(&self.added).clone()
    }
}

fn already_exists(variable: &str) -> Error {
    Error::value(format!("Variable {variable} already exists, disallowed."))
}
