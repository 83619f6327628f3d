//! Reading and checking a scenario.
//!
//! Its types are generated: [`crate::wire::scenario`]. What they can't say is here.
//!
//! - [`kinds`]: telling what this driver lacks from what is wrong;
//! - [`references`]: what one part says of another.

mod kinds;
mod references;

use serde_json::Value;

pub(crate) use crate::wire::scenario::Scenario;
use crate::wire::scenario::{FAULTS, HOOKS, STEPS};

/// What this driver can play, sorted.
pub(crate) fn capabilities() -> Vec<&'static str> {
    let mut all = [HOOKS, FAULTS, STEPS, &["seed"]].concat();
    all.sort_unstable();
    all
}

/// Why a scenario is not played.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Unplayable {
    /// It needs what this driver lacks.
    Skipped(String),
    /// It is not a scenario.
    Failed(String),
}

impl Scenario {
    /// Reads a document and checks it.
    pub(crate) fn parse(mut document: Value) -> Result<Self, Unplayable> {
        kinds::check(&mut document)?;
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
