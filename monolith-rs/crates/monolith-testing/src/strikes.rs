//! Which of the declared faults struck.

use std::collections::BTreeMap;
use std::sync::Mutex;

use monolith_training::clock::relock;

/// Every declared fault by its path, and whether anything noticed it.
#[derive(Debug, Default)]
pub struct Strikes {
    struck: Mutex<BTreeMap<String, bool>>,
}

impl Strikes {
    /// Says that there is this fault, which hasn't struck yet.
    pub fn declare(&self, path: &str) {
        relock(&self.struck).insert(path.to_owned(), false);
    }

    /// Says that it struck.
    pub fn strike(&self, path: &str) {
        relock(&self.struck).insert(path.to_owned(), true);
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<String, bool> {
        relock(&self.struck).clone()
    }
}
