//! A watch over the parameter servers that no error ends, which upstream doesn't have.
//!
//! What it does in which case is in the table of `docs/production.md`, *A watch that lives*.
//!
//! - `resilience`: its options;
//! - `reporter`: reports that are waited for until a deadline.

mod reporter;
mod resilience;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::reporter::{Reported, Reporter};
pub use self::resilience::Resilience;
use crate::clock::{Clock, panic_text, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, ErrorKind, Result};
use crate::hooks::ps_check_hooks::{Config, MachineName, Results};
use crate::logging_ops::{MachineHealthResult, parse_machine_health};
use crate::session::Session;

/// What a watch has come to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WatchStatus {
    /// The polls that are over.
    pub polls: u64,
    /// Those in which a parameter server gave no answer.
    pub failed_polls: u64,
    /// The end of the last one in which all answered, by the hook's clock.
    pub last_good_poll: Option<Duration>,
    /// The reports that were made.
    pub alarms: u64,
    /// Those that failed, or weren't made in time.
    pub failed_reports: u64,
    /// Who was unhealthy, or unreachable, at the last poll, ascending.
    pub unhealthy: Vec<usize>,
}

/// The status of a watch, for any thread to look at.
///
/// The mutex is held to count or to clone it, and never across a call out of this module.
#[derive(Debug, Default)]
pub(super) struct SharedStatus(Mutex<WatchStatus>);

impl SharedStatus {
    pub(super) fn get(&self) -> WatchStatus {
        relock(&self.0).clone()
    }

    fn update(&self, update: impl FnOnce(&mut WatchStatus)) {
        update(&mut relock(&self.0));
    }
}

/// What one poll has found.
struct Poll {
    unhealthy: Results,
    /// Whether each parameter server gave an answer.
    is_complete: bool,
}

/// The watch of one session, on one thread, until the session's coordinator stops.
///
/// Whatever goes wrong is logged and counted, and the watch goes on; a panic of a health source, a
/// report or a callback of the barrier is an error like others. That thread alone has all of this
/// but the status. No lock is held while a poll or a report runs, and while the barrier is placed
/// none but the barrier's own.
pub(super) struct ResilientWatch {
    config: Config,
    names: Vec<MachineName>,
    poll_interval: Duration,
    resilience: Resilience,
    session: Arc<Session>,
    coord: Arc<Coordinator>,
    status: Arc<SharedStatus>,
    reporter: Reporter,
    /// How many polls in a row each hasn't answered; who has answered isn't in it.
    missed: BTreeMap<usize, u32>,
    /// Whether no poll has been begun.
    is_first: bool,
    /// The unhealthy for whom the barrier was placed.
    held_for: BTreeSet<usize>,
}

impl ResilientWatch {
    /// A watch that has polled nobody yet.
    pub(super) fn new(
        config: Config,
        poll_interval: Duration,
        resilience: Resilience,
        session: Arc<Session>,
        coord: Arc<Coordinator>,
    ) -> Self {
        let reporter = Reporter::new(
            Arc::clone(&config.clock),
            Arc::clone(&config.report_fn),
            resilience.report_deadline(),
        );
        Self {
            names: config.machine_names(),
            config,
            poll_interval,
            resilience,
            session,
            coord,
            status: Arc::default(),
            reporter,
            missed: BTreeMap::new(),
            is_first: true,
            held_for: BTreeSet::new(),
        }
    }

    /// What this watch comes to.
    pub(super) fn status(&self) -> Arc<SharedStatus> {
        Arc::clone(&self.status)
    }

    /// Polls until the coordinator stops.
    pub(super) fn run(mut self) {
        let mut troubles: u32 = 0;
        while !self.coord.should_stop() {
            let poll = self.poll();
            let went_well = self.react(&poll.unhealthy) && poll.is_complete;
            troubles = if went_well {
                0
            } else {
                troubles.saturating_add(1)
            };
            let wait = self.resilience.wait_after(troubles, self.poll_interval);
            self.config.clock.wait_for_stop(&self.coord, Some(wait));
        }
    }

    /// Asks all at once, or each alone after one of them gave no answer.
    fn poll(&mut self) -> Poll {
        let answers = self.answers();
        let is_complete = answers.len() == self.config.num_ps;
        let answers = answers.into_iter();
        let mut unhealthy: Results = answers
            .filter(|(_, status)| !status.is_empty())
            .map(|(ps, status)| (ps, finding(&status)))
            .collect();
        let unreachable = (self.missed.iter())
            .filter(|(_, missed)| **missed >= self.resilience.unreachable_after())
            .map(|(ps, missed)| (*ps, says(format!("No answer to {missed} polls in a row."))));
        unhealthy.extend(unreachable);
        let now = self.config.clock.now();
        self.status.update(|status| {
            status.polls += 1;
            if is_complete {
                status.last_good_poll = Some(now);
            } else {
                status.failed_polls += 1;
            }
            status.unhealthy = unhealthy.keys().copied().collect();
        });
        Poll {
            unhealthy,
            is_complete,
        }
    }

    /// The status of each parameter server that gives an answer.
    ///
    /// The first poll asks all at once and each alone: the first time of anything has no deadline
    /// in TensorFlow, and the port polls as Python does.
    fn answers(&mut self) -> BTreeMap<usize, Vec<u8>> {
        let everybody = 0..self.config.num_ps;
        let is_first = std::mem::replace(&mut self.is_first, false);
        let mut answers = BTreeMap::new();
        if self.missed.is_empty()
            && let Some(statuses) = self.ask(everybody.clone())
        {
            answers.extend(everybody.clone().zip(statuses));
            if !is_first {
                return answers;
            }
        }
        for ps in everybody {
            // Each may take as long as a poll may, and the exit waits for this thread.
            if self.coord.should_stop() {
                break;
            }
            let alone = self.ask(ps..ps + 1);
            if let Some(status) = alone.and_then(|mut statuses| statuses.pop()) {
                self.missed.remove(&ps);
                answers.insert(ps, status);
            } else {
                answers.remove(&ps);
                let missed = self.missed.entry(ps).or_default();
                *missed = missed.saturating_add(1);
            }
        }
        answers
    }

    /// The status of each of these; none if one of them gives no answer, which is logged.
    fn ask(&self, whom: Range<usize>) -> Option<Vec<Vec<u8>>> {
        let (first, count) = (whom.start, whom.len());
        let asked = attempt(&*self.config.clock, || {
            // As in Python the poll is a run of the session, so a closed one fails.
            self.session.step_values()?;
            let machines = self.config.machines(&self.names[whom])?;
            let deadline = self.resilience.poll_deadline();
            let statuses = self.config.health.check_within(&machines, deadline)?;
            if statuses.len() == count {
                return Ok(statuses);
            }
            let given = statuses.len();
            Err(Error::runtime(format!("{given} answers, expected {count}")))
        });
        asked
            .inspect_err(|error| {
                let last = first + count.saturating_sub(1);
                tracing::error!(
                    "The health watch goes on: a poll of PS {first} to {last} failed: {error}"
                );
            })
            .ok()
    }

    /// Reports who has become unhealthy, then holds the workers; says whether both went well.
    ///
    /// A report that goes wrong is made again after the next poll, and the barrier is placed
    /// nevertheless.
    fn react(&mut self, unhealthy: &Results) -> bool {
        // Who has given no answer hasn't been healthy in between.
        let unsure = |ps: &usize| unhealthy.contains_key(ps) || self.missed.contains_key(ps);
        self.held_for.retain(unsure);
        let reported = self.reporter.react(unhealthy, unsure);
        self.status.update(|status| match reported {
            Reported::Made => status.alarms += 1,
            Reported::Failed => status.failed_reports += 1,
            Reported::Already | Reported::Waits => {}
        });
        let held = self.hold(unhealthy);
        held && matches!(reported, Reported::Already | Reported::Made)
    }

    /// Places the barrier if somebody has become unhealthy since; says whether that went well.
    fn hold(&mut self, unhealthy: &Results) -> bool {
        if unhealthy.keys().all(|ps| self.held_for.contains(ps)) {
            return true;
        }
        let placed = attempt(&*self.config.clock, || match &self.config.barrier_op {
            Some(barrier) => barrier.place_barrier(&self.session, ""),
            None => Ok(()),
        });
        match placed {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BarrierAlreadyPlacedError => {
                tracing::info!("The workers are held already.");
            }
            Err(error) => {
                tracing::error!("The health watch goes on: the barrier can't be placed: {error}");
                return false;
            }
        }
        self.held_for.extend(unhealthy.keys());
        true
    }
}

/// Does what others may have written; a panic of it is an error.
///
/// A thread that the clock ends is let go.
fn attempt<T>(clock: &dyn Clock, action: impl FnOnce() -> Result<T>) -> Result<T> {
    // Locks are freed by unwinding, and aren't poisoned.
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|payload| {
        if clock.ends_thread_by(&*payload) {
            resume_unwind(payload);
        }
        let message = format!("panicked: {}", panic_text(&*payload));
        Err(Error::runtime(message))
    })
}

fn finding(status: &[u8]) -> MachineHealthResult {
    parse_machine_health(status).unwrap_or_else(|_| {
        let count = status.len();
        says(format!("{count} bytes that are no MachineHealthResult."))
    })
}

/// What is told of a parameter server that doesn't tell itself.
fn says(message: String) -> MachineHealthResult {
    MachineHealthResult {
        status: None,
        message: Some(message),
    }
}
