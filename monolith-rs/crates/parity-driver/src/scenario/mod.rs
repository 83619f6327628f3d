//! Reading and checking a scenario.
//!
//! Its types are generated: [`crate::wire::scenario`]. What they can't say is here.
//!
//! - `kinds`: telling what a port lacks from what is wrong;
//! - `references`: what one part says of another;
//! - `faults`: the faults that it declares.

mod faults;
mod kinds;
mod references;

use monolith_training::errors::Error;
use serde_json::Value;

pub use self::faults::probe_path;
use crate::wire::scenario::{FAULTS, HOOKS, STEPS, Scenario};

/// Every hook, fault and step that a scenario can have.
pub fn all_words() -> Vec<&'static str> {
    [HOOKS, FAULTS, STEPS].concat()
}

/// Why a scenario is not played.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unplayable {
    /// It needs what the port lacks; the reason.
    Skipped(String),
    /// It is not a scenario, or says something that can't be done; the message.
    Failed(String),
}

impl Unplayable {
    /// It needs this, which the port lacks.
    pub fn lacks(what: &str) -> Self {
        Self::Skipped(format!("needs {what}"))
    }

    /// It needs this, which the port says it has; the method of its job is the default one.
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
    /// Reads a document and checks it.
    ///
    /// # Errors
    ///
    /// It has a hook, a fault or a step that isn't among `words`, or isn't a scenario.
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
