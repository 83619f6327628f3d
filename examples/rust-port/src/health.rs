//! The thread that watches the parameter servers (docs/behaviour.md, B5 to B16).

use std::sync::Arc;
use std::time::Duration;

use parity_driver::HealthSource;
use parity_driver::clock::Clock;
use parity_driver::coordinator::Coordinator;
use parity_driver::device_utils::ps_device;
use parity_driver::errors::{Error, ErrorKind, Result};

use crate::barrier::Barrier;
use crate::result::{HealthResult, parse};

/// From the end of one poll to the next.
const INTERVAL: Duration = Duration::from_secs(30);

/// Is told of the parameter servers that aren't healthy, ascending.
pub type Report = Box<dyn Fn(&[(usize, HealthResult)]) -> Result<()> + Send>;

/// What the thread works with.
pub struct Watch {
    /// Whose time it waits in.
    pub clock: Arc<dyn Clock>,
    /// Whom it asks.
    pub machines: Arc<dyn HealthSource>,
    /// How many parameter servers there are.
    pub num_ps: usize,
    /// Whom it tells.
    pub report: Report,
    /// What it places then.
    pub barrier: Option<Arc<Barrier>>,
}

impl Watch {
    /// Starts the thread, which ends when `coord` asks it to.
    pub fn start(self, coord: &Arc<Coordinator>) -> Result<()> {
        let (clock, own) = (Arc::clone(&self.clock), Arc::clone(coord));
        clock.start_thread("ps_health", Some(coord), Box::new(move || self.run(&own)))?;
        Ok(())
    }

    fn run(&self, coord: &Arc<Coordinator>) -> Result<()> {
        while !coord.should_stop() {
            let unhealthy = self.poll()?;
            if !unhealthy.is_empty() {
                (self.report)(&unhealthy)?;
                self.place_barrier()?;
                self.clock.wait_for_stop(coord, None);
                return Ok(());
            }
            self.clock.wait_for_stop(coord, Some(INTERVAL));
        }
        Ok(())
    }

    /// Any bytes mean unhealthy; bytes that can't be parsed hide all others.
    fn poll(&self) -> Result<Vec<(usize, HealthResult)>> {
        let info = |ps| {
            let name = format!("ps_machine_info_{ps}");
            self.machines.machine_info(&ps_device(ps), &name, None)
        };
        let polled = (0..self.num_ps).map(info).collect::<Result<Vec<_>>>()?;
        let answers = self.machines.check_machine_health(&polled)?;
        let unhealthy = answers.iter().enumerate().filter(|(_, it)| !it.is_empty());
        unhealthy
            .map(|(ps, bytes)| Ok((ps, parse(bytes)?)))
            .collect()
    }

    fn place_barrier(&self) -> Result<()> {
        match &self.barrier {
            Some(barrier) => barrier.place(""),
            None => Err(Error::new(
                ErrorKind::AttributeError,
                "'NoneType' object has no attribute 'place_barrier'",
            )),
        }
    }
}
