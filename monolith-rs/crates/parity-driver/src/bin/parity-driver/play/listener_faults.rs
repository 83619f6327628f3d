//! Errors raised by listeners.

use std::sync::{Arc, Mutex};

use monolith_testing::strikes::Strikes;
use monolith_training::clock::relock;
use monolith_training::errors::{Error, Result};
use parity_driver::wire::scenario::{ListenerError, SaveMethod};

impl Fault {
    fn is_of(&self, listener: usize, method: SaveMethod) -> bool {
        (self.listener, self.method) == (listener, method)
    }
}

/// The errors of listeners by index and method; a later error replaces an earlier one.
#[derive(Debug)]
pub(crate) struct ListenerFaults {
    strikes: Arc<Strikes>,
    faults: Mutex<Vec<Fault>>,
}

#[derive(Debug)]
struct Fault {
    listener: usize,
    method: SaveMethod,
    error: Error,
    /// The number of calls that still fail; `None` for all.
    left: Option<u32>,
    path: String,
}

impl ListenerFaults {
    pub(crate) fn new(strikes: Arc<Strikes>) -> Self {
        Self {
            strikes,
            faults: Mutex::default(),
        }
    }

    /// Makes later calls of this method fail.
    pub(crate) fn set(&self, raised: ListenerError, path: &str) {
        let fault = Fault {
            listener: raised.listener,
            method: raised.method,
            error: Error::new(raised.error, raised.message),
            left: raised.times,
            path: path.to_owned(),
        };
        let mut faults = relock(&self.faults);
        faults.retain(|it| !it.is_of(fault.listener, fault.method));
        faults.push(fault);
    }

    /// Returns the error of this call, if there is one left.
    pub(crate) fn raise(&self, listener: usize, method: SaveMethod) -> Result<()> {
        let mut faults = relock(&self.faults);
        let mut faults = faults.iter_mut();
        let Some(fault) = faults.find(|it| it.is_of(listener, method)) else {
            return Ok(());
        };
        match &mut fault.left {
            Some(0) => return Ok(()),
            Some(left) => *left -= 1,
            None => {}
        }
        self.strikes.strike(&fault.path);
        Err(fault.error.clone())
    }
}
