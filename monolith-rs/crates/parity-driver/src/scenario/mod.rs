//! Parsing and validation of scenarios.
//!
//! The types are generated: [`crate::wire::scenario`]. This module checks what they can't express.
//!
//! - `kinds`: distinguishes what a port lacks from what is wrong;
//! - `references`: checks references from one part to another, and totals;
//! - `faults`: lists the declared faults.

mod faults;
mod kinds;
mod references;

use monolith_training::errors::Error;
use serde_json::Value;

pub use self::faults::probe_path;
use crate::wire::scenario::{FAULTS, HOOKS, STEPS, Scenario};

/// Returns the names of every hook, fault and step that a scenario can have.
pub fn all_words() -> Vec<&'static str> {
    [HOOKS, FAULTS, STEPS].concat()
}

/// The reason why a scenario is not played.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unplayable {
    /// It needs something that the port lacks, named in the reason.
    Skipped(String),
    /// It is invalid or asks for something that can't be done; see the message.
    Failed(String),
}

impl Unplayable {
    /// Creates the reason for a scenario that needs `what`, which the port lacks.
    pub fn lacks(what: &str) -> Self {
        Self::Skipped(format!("needs {what}"))
    }

    /// Creates the reason for a scenario that needs `what`, which the port claims to have although
    /// its job doesn't implement `method`.
    pub(crate) fn left_out(what: &str, method: &str) -> Self {
        let but = "which hello names, but Job has no method";
        Self::Skipped(format!("needs {what}, {but} {method}"))
    }
}

impl From<String> for Unplayable {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl From<Error> for Unplayable {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Scenario {
    /// Parses a document and checks it.
    ///
    /// # Errors
    ///
    /// Returns an error if it has a hook, a fault or a step that isn't among `words`, or isn't a
    /// valid scenario.
    pub fn parse(mut document: Value, words: &[&str]) -> Result<Self, Unplayable> {
        kinds::check(&mut document, words)?;
        let scenario = serde_path_to_error::deserialize(document)
            .map_err(|error| failed(&kinds::place(error.path()), error.inner().to_string()))?;
        references::check(&scenario)?;
        Ok(scenario)
    }
}

fn failed(at: &str, message: impl AsRef<str>) -> Unplayable {
    Unplayable::Failed(format!("{at}: {}", message.as_ref()))
}

#[cfg(test)]
mod tests;
