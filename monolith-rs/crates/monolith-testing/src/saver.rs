//! A saver that fails or is slow on demand.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::strikes::Strikes;
use monolith_training::clock::{Clock, relock};
use monolith_training::errors::{Error, Result};
use monolith_training::save_utils::Saver;
use monolith_training::session::Session;

/// A fault of a saver. A later fault of a kind replaces an earlier one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SaverFault {
    /// Writing raises this error.
    Error {
        /// The error that it raises.
        error: Error,
        /// The number of saves that fail; `None` for all.
        times: Option<u64>,
    },
    /// Writing first takes this much time.
    Slow(Duration),
}

#[derive(Debug, Default)]
struct Faults {
    error: Option<(Error, Option<u64>, String)>,
    slow: Option<(Duration, String)>,
}

/// Wrapper around a saver that injects faults. No lock is held while it writes.
pub struct FaultySaver {
    inner: Arc<dyn Saver>,
    clock: Arc<dyn Clock>,
    strikes: Arc<Strikes>,
    faults: Mutex<Faults>,
}

impl FaultySaver {
    /// Creates a saver without faults.
    pub fn new(inner: Arc<dyn Saver>, clock: Arc<dyn Clock>, strikes: Arc<Strikes>) -> Self {
        Self {
            inner,
            clock,
            strikes,
            faults: Mutex::default(),
        }
    }

    /// Sets a fault for later saves.
    ///
    /// `path` identifies it in [`Strikes`].
    pub fn set(&self, fault: SaverFault, path: &str) {
        let mut faults = relock(&self.faults);
        match fault {
            SaverFault::Error { error, times } => {
                faults.error = Some((error, times, path.to_owned()));
            }
            SaverFault::Slow(takes) => faults.slow = Some((takes, path.to_owned())),
        }
    }

    fn next_error(&self) -> Option<Error> {
        let mut faults = relock(&self.faults);
        let (error, times, path) = faults.error.as_mut()?;
        match times {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None => {}
        }
        self.strikes.strike(path);
        Some(error.clone())
    }
}

impl Saver for FaultySaver {
    fn save(&self, session: &Session, dir: &Path, basename: &str, step: i64) -> Result<()> {
        let slow = relock(&self.faults).slow.clone();
        if let Some((takes, path)) = slow {
            self.strikes.strike(&path);
            self.clock.sleep(takes);
        }
        match self.next_error() {
            Some(error) => Err(error),
            None => self.inner.save(session, dir, basename, step),
        }
    }

    fn recover_last_checkpoints(&self, dir: &Path) -> Result<()> {
        self.inner.recover_last_checkpoints(dir)
    }
}

impl fmt::Debug for FaultySaver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultySaver({:?})", self.faults)
    }
}
