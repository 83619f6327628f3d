//! The barrier that holds workers (docs/behaviour.md, B17 to B24).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parity_driver::clock::{Clock, Lock, relock};
use parity_driver::errors::{Error, ErrorKind, Result};

/// Is called with the action by who places the barrier and by each worker that it holds.
pub type Callback = Box<dyn Fn(&str) -> Result<()> + Send + Sync>;

/// A bit for each worker; bit 0 says that the barrier is placed.
pub struct Barrier {
    pub(crate) clock: Arc<dyn Clock>,
    wait: Duration,
    callbacks: Vec<Callback>,
    /// Held while callbacks run, which may take time; `state` never is.
    lock: Lock<()>,
    state: Mutex<State>,
}

struct State {
    bits: Vec<bool>,
    action: String,
    closed: bool,
}

impl Barrier {
    /// A barrier with this many bits, at which a worker looks each `wait`.
    pub fn new(
        clock: Arc<dyn Clock>,
        capacity: usize,
        wait: Duration,
        callbacks: Vec<Callback>,
    ) -> Self {
        let state = State {
            bits: vec![false; capacity],
            action: String::new(),
            closed: false,
        };
        Self {
            lock: Lock::new(&*clock, ()),
            clock,
            wait,
            callbacks,
            state: Mutex::new(state),
        }
    }

    /// Sets bit 0 and runs the callbacks, or raises if it is set.
    pub fn place(&self, action: &str) -> Result<()> {
        let _held = self.lock.lock();
        {
            let mut state = relock(&self.state);
            if state.bits[0] {
                return Err(Error::new(ErrorKind::BarrierAlreadyPlacedError, ""));
            }
            state.bits[0] = true;
            action.clone_into(&mut state.action);
        }
        self.run_callbacks(action)
    }

    /// Clears bit 0 alone.
    pub fn remove(&self) {
        let _held = self.lock.lock();
        relock(&self.state).bits[0] = false;
    }

    /// Says whether bit 0 is set, as a step reads it.
    pub fn is_placed(&self) -> Result<bool> {
        let state = relock(&self.state);
        if state.closed {
            return Err(Error::closed_session());
        }
        Ok(state.bits[0])
    }

    /// Sets the worker's bit, runs the callbacks, and clears it once bit 0 is clear.
    pub fn hold(&self, worker: usize) -> Result<()> {
        let capacity = relock(&self.state).bits.len();
        if worker >= capacity {
            return Err(Error::value(format!(
                "Index [{worker}] must be non-negative and less than capacity [{capacity}]. "
            )));
        }
        {
            let _held = self.lock.lock();
            let action = {
                let mut state = relock(&self.state);
                state.bits[worker] = true;
                state.action.clone()
            };
            self.run_callbacks(&action)?;
        }
        while self.is_placed()? {
            self.clock.sleep(self.wait);
        }
        relock(&self.state).bits[worker] = false;
        Ok(())
    }

    /// The indices of the bits that are set, or of those that aren't.
    pub fn indices(&self, set: bool) -> Vec<usize> {
        let bits = &relock(&self.state).bits;
        (0..bits.len()).filter(|bit| bits[*bit] == set).collect()
    }

    /// Has those who look at it fail from now on, as its session was closed.
    pub fn close(&self) {
        relock(&self.state).closed = true;
    }

    fn run_callbacks(&self, action: &str) -> Result<()> {
        self.callbacks
            .iter()
            .try_for_each(|callback| callback(action))
    }
}
