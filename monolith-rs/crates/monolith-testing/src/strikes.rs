//! The record of which declared faults struck.

use std::collections::BTreeMap;
use std::sync::Mutex;

use monolith_training::clock::relock;

/// Every declared fault by its path, and whether it had an effect.
#[derive(Debug, Default)]
pub struct Strikes {
    struck: Mutex<BTreeMap<String, bool>>,
}

impl Strikes {
    /// Declares a fault, which hasn't struck yet.
    pub fn declare(&self, path: &str) {
        relock(&self.struck).insert(path.to_owned(), false);
    }

    /// Records that a fault has struck.
    pub fn strike(&self, path: &str) {
        relock(&self.struck).insert(path.to_owned(), true);
    }

    /// Returns each declared fault and whether it has struck.
    pub fn all(&self) -> BTreeMap<String, bool> {
        relock(&self.struck).clone()
    }
}
