//! Parameter servers that aren't there: their memory, and their faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::strikes::Strikes;
use crate::clock::{Clock, relock};
use crate::device_utils::ps_device;
use crate::errors::{Error, ErrorKind, Result};
use crate::logging_ops::{DEFAULT_MEM_LIMIT, HealthSource, MachineInfo, health};

/// What can happen to a machine. A later one of a kind replaces an earlier one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MachineFault {
    /// Its resident memory is now this many bytes.
    Rss(i64),
    /// Its health check gives these bytes instead.
    HealthBytes(Vec<u8>),
    /// Its health check fails, and the poll with it.
    PollError,
    /// Its health check takes this much time.
    SlowPoll(Duration),
    /// It has its first memory again and no other fault.
    Recover,
}

/// A value and the path of the fault that it is from, if it is from one.
#[derive(Clone, Debug)]
struct Caused<T> {
    value: T,
    by: Option<String>,
}

#[derive(Debug)]
struct Machine {
    first_rss: i64,
    rss: Caused<i64>,
    health_bytes: Option<Caused<Vec<u8>>>,
    poll_error: Option<Caused<()>>,
    slow_poll: Option<Caused<Duration>>,
    recovered: Option<Caused<()>>,
}

impl Machine {
    fn new(rss: i64) -> Self {
        Self {
            first_rss: rss,
            rss: Caused {
                value: rss,
                by: None,
            },
            health_bytes: None,
            poll_error: None,
            slow_poll: None,
            recovered: None,
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
                *self = Self::new(self.first_rss);
                self.recovered = Some(caused((), path));
            }
        }
    }
}

/// All parameter servers of a cluster.
///
/// A poll takes as long as its slowest machine and then reads all of them. The
/// mutex is not held while it waits.
#[derive(Debug)]
pub struct Machines {
    clock: Arc<dyn Clock>,
    strikes: Arc<Strikes>,
    machines: Mutex<Vec<Machine>>,
    limits: Mutex<BTreeMap<MachineInfo, i64>>,
}

impl Machines {
    /// One machine for each resident memory given, in bytes.
    pub fn new(clock: Arc<dyn Clock>, strikes: Arc<Strikes>, rss: &[i64]) -> Self {
        Self {
            clock,
            strikes,
            machines: Mutex::new(rss.iter().copied().map(Machine::new).collect()),
            limits: Mutex::new(BTreeMap::new()),
        }
    }

    /// From now on. The path is what it strikes as; the machine must exist.
    pub fn set(&self, ps: usize, fault: MachineFault, path: &str) {
        relock(&self.machines)[ps].set(fault, path);
    }

    fn strike<T>(&self, caused: Option<&Caused<T>>) {
        if let Some(path) = caused.and_then(|caused| caused.by.as_ref()) {
            self.strikes.strike(path);
        }
    }

    fn ps_of(&self, info: &MachineInfo) -> Result<usize> {
        let count = relock(&self.machines).len();
        (0..count)
            .find(|ps| ps_device(*ps) == info.device)
            .ok_or_else(|| {
                let message = format!("there is no device {}", info.device);
                Error::new(ErrorKind::InvalidArgumentError, message)
            })
    }

    /// How long a poll of these machines takes.
    fn slowest(&self, polled: &[usize]) -> Duration {
        let machines = relock(&self.machines);
        let slow = polled
            .iter()
            .filter_map(|ps| machines[*ps].slow_poll.as_ref());
        let takes = slow.map(|slow| {
            self.strike(Some(slow));
            slow.value
        });
        takes.max().unwrap_or_default()
    }

    fn read(&self, ps: usize, limit: i64) -> Result<Vec<u8>> {
        let machines = relock(&self.machines);
        let machine = &machines[ps];
        self.strike(machine.recovered.as_ref());
        if machine.poll_error.is_some() {
            self.strike(machine.poll_error.as_ref());
            let message = format!("health check of PS {ps} failed");
            return Err(Error::new(ErrorKind::UnknownError, message));
        }
        if let Some(bytes) = &machine.health_bytes {
            self.strike(Some(bytes));
            return Ok(bytes.value.clone());
        }
        self.strike(Some(&machine.rss));
        Ok(health(machine.rss.value, limit))
    }
}

impl HealthSource for Machines {
    fn machine_info(
        &self,
        device: &str,
        shared_name: &str,
        mem_limit: Option<i64>,
    ) -> Result<MachineInfo> {
        let info = MachineInfo {
            device: device.to_owned(),
            shared_name: shared_name.to_owned(),
        };
        self.ps_of(&info)?;
        relock(&self.limits)
            .entry(info.clone())
            .or_insert(mem_limit.unwrap_or(DEFAULT_MEM_LIMIT));
        Ok(info)
    }

    fn check_machine_health(&self, polled: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        let ps: Vec<usize> = polled
            .iter()
            .map(|info| self.ps_of(info))
            .collect::<Result<_>>()?;
        let takes = self.slowest(&ps);
        if !takes.is_zero() {
            self.clock.sleep(takes);
        }
        let limits: Vec<i64> = {
            let limits = relock(&self.limits);
            let limit = |info| limits.get(info).copied().unwrap_or(DEFAULT_MEM_LIMIT);
            polled.iter().map(limit).collect()
        };
        // All are read, also after one that fails, as ops of one run would be.
        let read: Vec<Result<Vec<u8>>> = ps
            .iter()
            .zip(limits)
            .map(|(ps, limit)| self.read(*ps, limit))
            .collect();
        read.into_iter().collect()
    }
}
