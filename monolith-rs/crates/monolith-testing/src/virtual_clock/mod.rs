//! A clock under which a whole run is played at once and repeats itself exactly.
//!
//! The rules are those of `docs/virtual-time.md`, to the letter. Every thread
//! that the clock starts is a *lane*; one lane has the turn and runs, the rest
//! are parked on one condition variable. A lane that gives way picks the next
//! itself, so no scheduler thread stands between them; the thread that called
//! [`VirtualClock::run`] only watches that the turn keeps moving.
//!
//! One mutex guards everything in here. It is held for the bookkeeping of one
//! call and never while a lane runs. Lanes that are still parked when main has
//! ended are woken one after the other with `LaneLeft` and unwind quietly.

mod handover;
mod lanes;
mod port;
mod schedule;
mod script;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use self::handover::Handover;
pub use self::handover::Reply;
pub use self::lanes::catch_panic;
use self::schedule::{Condition, LaneId, Park, Schedule};
pub use self::script::Choice;
use crate::panics::Panic;
use monolith_training::clock::{Thread, relock};
use monolith_training::errors::Error;

/// How long in real time a lane may keep the turn.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// How the labels of branches begin that run at the same instant. A handler that
/// serves one has its label.
pub const CONCURRENT_PREFIX: &str = "concurrently-";

/// How the labels of calls begin that are made while main goes on. A handler that
/// serves one has its label.
pub const BACKGROUND_PREFIX: &str = "background-";

/// Why a run could not be played to its end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No lane can ever go on.
    #[error("deadlock: {0}")]
    Deadlock(String),
    /// A lane neither parked nor ended within the limit.
    #[error(
        "stalled: {lane} has kept the turn for {limit:?} of real time: it loops, or waits outside of \
         Clock; {lanes}"
    )]
    Stalled {
        /// Who has the turn.
        lane: String,
        /// How long it may keep it.
        limit: Duration,
        /// What every lane is doing.
        lanes: String,
    },
    /// The schedule takes a candidate that there isn't.
    #[error("{0}")]
    Schedule(String),
    /// The system makes no more threads.
    #[error("no thread for lane {lane}: {message}")]
    NoThread {
        /// Whose it was to be.
        lane: String,
        /// What the system said.
        message: String,
    },
    /// A lane panicked that is neither a hook's thread nor a handler.
    #[error("{lane} {panic}")]
    Panicked {
        /// Who.
        lane: String,
        /// What it said, and where.
        panic: Panic,
    },
    /// A thread waited, or asked which lane it is, that the clock didn't start.
    #[error("only a lane may wait or record; start threads through Clock::start_thread")]
    NoLane,
}

/// Is told what lanes do, on the lane's own thread while it has the turn.
pub trait Watcher: Send + Sync {
    /// The lane is about to park or has ended.
    fn gives_way(&self);

    /// A thread that was started through [`Clock::start_thread`](monolith_training::clock::Clock::start_thread) has ended.
    fn thread_ended(&self, label: &str, outcome: &Result<(), Error>);
}

/// The virtual clock of one run; clones are the same clock.
#[derive(Clone)]
pub struct VirtualClock {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// For whoever waits for anything but its turn: the run's end, a lane that leaves, a request.
    changed: Condvar,
    limit: Duration,
}

struct State {
    schedule: Schedule,
    turn: Option<LaneId>,
    /// Since when, in real time.
    turn_began: Instant,
    /// Each lane waits for its turn at its own: a common one would wake all of them each time.
    gates: BTreeMap<LaneId, Arc<Condvar>>,
    phase: Phase,
    /// A watcher may have the clock, so the clock doesn't have it.
    watcher: Option<Weak<dyn Watcher>>,
    /// How many threads of each name were started.
    names: BTreeMap<String, u32>,
    /// Labels of threads, in order of starting, with their handles.
    threads: Vec<(String, Arc<Thread>)>,
    handover: Option<Handover>,
    /// Handlers whose client has given up before they have begun.
    abandoned: BTreeSet<LaneId>,
    /// Whether a thread did what only a lane may do.
    was_misused: bool,
}

impl State {
    /// Wakes the lane if it waits for its turn already.
    fn open_gate(&self, lane: LaneId) {
        if let Some(gate) = self.gates.get(&lane) {
            gate.notify_one();
        }
    }
}

#[derive(Debug)]
enum Phase {
    Playing,
    /// Main has ended, or the run has failed: nobody gets the turn but to leave.
    Over(Option<Failure>),
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = relock(&self.shared.state);
        write!(
            f,
            "VirtualClock({} us: {})",
            state.schedule.now,
            state.schedule.describe()
        )
    }
}

impl VirtualClock {
    /// A clock at 0 whose ties are broken by order, or by the seed.
    pub fn new(seed: Option<u64>) -> Self {
        Self::with_limit(seed, STALL_LIMIT)
    }

    /// As [`new`](Self::new), with another limit on the real time of a turn.
    fn with_limit(seed: Option<u64>, limit: Duration) -> Self {
        Self::following(Schedule::new(seed), limit)
    }

    /// A clock that takes these candidates at its choice points, and the first at
    /// those beyond.
    pub fn scripted(schedule: Vec<usize>) -> Self {
        Self::following(Schedule::scripted(schedule), STALL_LIMIT)
    }

    fn following(schedule: Schedule, limit: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    schedule,
                    turn: None,
                    turn_began: Instant::now(),
                    gates: BTreeMap::new(),
                    phase: Phase::Playing,
                    watcher: None,
                    names: BTreeMap::new(),
                    threads: Vec::new(),
                    handover: None,
                    abandoned: BTreeSet::new(),
                    was_misused: false,
                }),
                changed: Condvar::new(),
                limit,
            }),
        }
    }

    /// From now on `watcher` is told what lanes do, as long as somebody else has it.
    pub fn watch(&self, watcher: &Arc<impl Watcher + 'static>) {
        let watcher = Arc::downgrade(watcher);
        relock(&self.shared.state).watcher = Some(watcher);
    }

    /// Runs `main` as the lane `main`, and everything that it starts.
    ///
    /// Returns when main has ended and every other lane was left.
    pub fn run<T: Send + 'static>(
        &self,
        main: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let park = self.now_park(Condition::Nothing);
        self.spawn_lane("main", park, lanes::Kind::Main, move || {
            *relock(&slot) = Some(main());
        });
        self.shared.pass_turn(&mut relock(&self.shared.state));
        let failure = self.supervise();
        self.leave_parked_lanes();
        if relock(&self.shared.state).was_misused {
            // Another failure is likely to come of it.
            return Err(Failure::NoLane);
        }
        match (failure, relock(&result).take()) {
            (None, Some(result)) => Ok(result),
            (Some(failure), _) => Err(failure),
            (None, None) => unreachable!("main ended without a result or a failure"),
        }
    }

    /// The label of the lane that calls.
    ///
    /// # Panics
    ///
    /// It is no lane; the run then fails as well.
    #[track_caller]
    pub fn label(&self) -> String {
        let lane = self.shared.current_lane();
        relock(&self.shared.state).schedule.label(lane).to_owned()
    }

    /// Each choice point so far; none without a schedule.
    pub fn choices(&self) -> Vec<Choice> {
        relock(&self.shared.state).schedule.choices().to_vec()
    }

    /// Virtual time in whole milliseconds, rounded down.
    pub fn now_ms(&self) -> u64 {
        relock(&self.shared.state).schedule.now / 1000
    }

    /// Labels of the hooks' threads that have not ended, in order of starting.
    pub fn live_threads(&self) -> Vec<String> {
        relock(&self.shared.state)
            .threads
            .iter()
            .filter(|(_, thread)| thread.is_alive())
            .map(|(label, _)| label.clone())
            .collect()
    }

    /// Starts a lane that is no hook's thread.
    pub fn start_lane(&self, label: &str, body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
        let park = self.now_park(Condition::Nothing);
        self.spawn_lane(label, park, lanes::Kind::Plain, body)
    }

    /// Starts a lane that does the same as every other that is started at this instant
    /// with this twin.
    pub fn start_twin(
        &self,
        label: &str,
        twin: String,
        body: impl FnOnce() + Send + 'static,
    ) -> Arc<Thread> {
        let park = self.now_park(Condition::Nothing);
        let lane = {
            let mut state = relock(&self.shared.state);
            let lane = state.schedule.start(label, park);
            state.schedule.set_twin(lane, twin);
            lane
        };
        self.spawn_thread(lane, label, lanes::Kind::Plain, body)
    }

    /// Parks until `condition` holds; returns at once if it holds already.
    ///
    /// It may look only at what lanes change, and must not call the clock.
    pub fn wait_until(&self, condition: impl Fn() -> bool + Send + 'static) {
        if !condition() {
            self.park(Park::until(None, Condition::When(Box::new(condition))));
        }
    }

    /// Lets every other lane go on that can at this instant.
    pub fn settle(&self) {
        let mut park = self.now_park(Condition::Nothing);
        park.last = true;
        self.park(park);
    }

    fn now_park(&self, condition: Condition) -> Park {
        Park::until(Some(relock(&self.shared.state).schedule.now), condition)
    }

    fn park_for(&self, time: Duration, condition: Condition) {
        self.park(Park::until(Some(self.after(time)), condition));
    }

    /// The instant that is this much later, in microseconds.
    fn after(&self, time: Duration) -> u64 {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        relock(&self.shared.state).schedule.now.saturating_add(time)
    }

    /// Watches until main has ended or the run has failed.
    fn supervise(&self) -> Option<Failure> {
        let mut state = relock(&self.shared.state);
        loop {
            if let Phase::Over(failure) = &state.phase {
                return failure.clone();
            }
            let left = self.shared.limit.saturating_sub(state.turn_began.elapsed());
            if left.is_zero() {
                let lane = state
                    .turn
                    .map_or("nobody", |lane| state.schedule.label(lane));
                let failure = Failure::Stalled {
                    lane: lane.to_owned(),
                    limit: self.shared.limit,
                    lanes: state.schedule.describe(),
                };
                state.phase = Phase::Over(Some(failure));
                continue;
            }
            state = match self.shared.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Wakes parked lanes to leave, one after the other in order of parking.
    ///
    /// A lane that is stuck on its way out is left behind with those after it.
    fn leave_parked_lanes(&self) {
        // A lane that waits for a request leaves as well.
        self.shared.changed.notify_all();
        let parked = relock(&self.shared.state).schedule.parked();
        for lane in parked {
            let mut state = relock(&self.shared.state);
            if state.schedule.has_ended(lane) {
                continue;
            }
            state.turn = Some(lane);
            state.open_gate(lane);
            let gone = |state: &mut State| state.turn == Some(lane);
            let (_state, timeout) =
                match self
                    .shared
                    .changed
                    .wait_timeout_while(state, self.shared.limit, gone)
                {
                    Ok(waited) => waited,
                    Err(poisoned) => poisoned.into_inner(),
                };
            if timeout.timed_out() {
                tracing::warn!("a lane did not leave");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
