//! Simulated parameter servers: their memory and their faults.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::strikes::Strikes;
use monolith_training::clock::{Clock, relock};
use monolith_training::device_utils::ps_device;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::logging_ops::{HealthSource, MachineInfo, health};

/// A fault of a machine. A later fault of a kind replaces an earlier one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MachineFault {
    /// Its resident memory is this many bytes.
    Rss(i64),
    /// Its health check returns these bytes instead.
    HealthBytes(Vec<u8>),
    /// Its health check fails, and the poll with it.
    PollError,
    /// Its health check takes this much time.
    SlowPoll(Duration),
    /// It has its initial memory again and no other fault.
    Recover,
}

/// A value and the path of the fault that set it, if one did.
#[derive(Clone, Debug)]
struct Caused<T> {
    value: T,
    by: Option<String>,
}

#[derive(Debug)]
struct Machine {
    first_rss: i64,
    /// Set by the last `Rss` or `Recover`.
    rss: Caused<i64>,
    health_bytes: Option<Caused<Vec<u8>>>,
    poll_error: Option<Caused<()>>,
    slow_poll: Option<Caused<Duration>>,
    /// Memory limits of its machine info by shared name, which no fault takes away.
    limits: BTreeMap<String, i64>,
}

impl Machine {
    fn new(first_rss: i64, by: Option<String>) -> Self {
        Self {
            first_rss,
            rss: Caused {
                value: first_rss,
                by,
            },
            health_bytes: None,
            poll_error: None,
            slow_poll: None,
            limits: BTreeMap::new(),
        }
    }

    fn set(&mut self, fault: MachineFault, path: &str) {
        fn caused<T>(value: T, path: &str) -> Caused<T> {
            Caused {
                value,
                by: Some(path.to_owned()),
            }
        }
        match fault {
            MachineFault::Rss(bytes) => self.rss = caused(bytes, path),
            MachineFault::HealthBytes(bytes) => self.health_bytes = Some(caused(bytes, path)),
            MachineFault::PollError => self.poll_error = Some(caused((), path)),
            MachineFault::SlowPoll(takes) => self.slow_poll = Some(caused(takes, path)),
            MachineFault::Recover => {
                *self = Self {
                    limits: mem::take(&mut self.limits),
                    ..Self::new(self.first_rss, Some(path.to_owned()))
                };
            }
        }
    }
}

/// All parameter servers of a cluster.
///
/// A poll checks them one after the other in ascending order: their delays add up, and the
/// first failure ends the poll. No mutex is held while it waits.
#[derive(Debug)]
pub struct Machines {
    clock: Arc<dyn Clock>,
    strikes: Arc<Strikes>,
    default_mem_limit: i64,
    by_device: BTreeMap<String, usize>,
    all: Mutex<Vec<Machine>>,
}

impl Machines {
    /// Creates one machine for each resident memory in `rss`, in bytes.
    ///
    /// `default_mem_limit` applies to machine info that is created without a limit.
    pub fn new(
        clock: Arc<dyn Clock>,
        strikes: Arc<Strikes>,
        default_mem_limit: i64,
        rss: &[i64],
    ) -> Self {
        let machines = rss.iter().map(|rss| Machine::new(*rss, None));
        Self {
            clock,
            strikes,
            default_mem_limit,
            by_device: (0..rss.len()).map(|ps| (ps_device(ps), ps)).collect(),
            all: Mutex::new(machines.collect()),
        }
    }

    /// Applies a fault to a machine, which must exist.
    ///
    /// `path` identifies it in [`Strikes`].
    pub fn set(&self, ps: usize, fault: MachineFault, path: &str) {
        relock(&self.all)[ps].set(fault, path);
    }

    fn ps_of(&self, device: &str) -> Result<usize> {
        self.by_device.get(device).copied().ok_or_else(|| {
            let message = format!("there is no device {device}");
            Error::new(ErrorKind::InvalidArgumentError, message)
        })
    }

    /// Checks one machine: applies its delay, its error, its bytes and its memory, in this order.
    fn check(&self, info: &MachineInfo, deadline: Option<Duration>) -> Result<Vec<u8>> {
        let ps = self.ps_of(&info.device)?;
        let slow = relock(&self.all)[ps].slow_poll.clone();
        if let Some(takes) = slow.map(|slow| self.heed(&slow)) {
            self.take(takes, deadline)?;
        }
        let machines = relock(&self.all);
        let machine = &machines[ps];
        if let Some(error) = &machine.poll_error {
            self.heed(error);
            let message = format!("the health check of PS {ps} failed");
            return Err(Error::new(ErrorKind::UnknownError, message));
        }
        if let Some(bytes) = &machine.health_bytes {
            return Ok(self.heed(bytes));
        }
        match machine.limits.get(&info.shared_name) {
            Some(limit) => Ok(health(self.heed(&machine.rss), *limit)),
            None => Err(Error::new(
                ErrorKind::NotFoundError,
                format!("there is no {} on {}", info.shared_name, info.device),
            )),
        }
    }

    /// Sleeps for `takes`, or until the deadline if that is earlier: the poll then fails.
    fn take(&self, takes: Duration, deadline: Option<Duration>) -> Result<()> {
        let left = deadline.map(|deadline| deadline.saturating_sub(self.clock.now()));
        let in_time = left.map_or(takes, |left| takes.min(left));
        self.clock.sleep(in_time);
        if in_time < takes {
            let message = "the poll is given up at its deadline";
            return Err(Error::new(ErrorKind::UnknownError, message));
        }
        Ok(())
    }

    /// Returns the value and records that the fault behind it has struck.
    fn heed<T: Clone>(&self, caused: &Caused<T>) -> T {
        if let Some(path) = &caused.by {
            self.strikes.strike(path);
        }
        caused.value.clone()
    }
}

impl HealthSource for Machines {
    fn machine_info(
        &self,
        device: &str,
        shared_name: &str,
        mem_limit: Option<i64>,
    ) -> Result<MachineInfo> {
        let ps = self.ps_of(device)?;
        let limits = &mut relock(&self.all)[ps].limits;
        if !limits.contains_key(shared_name) {
            let limit = mem_limit.unwrap_or(self.default_mem_limit);
            limits.insert(shared_name.to_owned(), limit);
        }
        Ok(MachineInfo {
            device: device.to_owned(),
            shared_name: shared_name.to_owned(),
        })
    }

    fn check_machine_health(&self, polled: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        polled.iter().map(|info| self.check(info, None)).collect()
    }

    /// Polls the machines; `deadline` bounds the whole poll.
    fn check_within(&self, polled: &[MachineInfo], deadline: Duration) -> Result<Vec<Vec<u8>>> {
        let deadline = Some(self.clock.now().saturating_add(deadline));
        let checked = polled.iter().map(|info| self.check(info, deadline));
        checked.collect()
    }
}
