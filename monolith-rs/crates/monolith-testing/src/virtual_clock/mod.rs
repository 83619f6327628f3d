//! A virtual clock: a run takes no real time and can be repeated exactly.
//!
//! It follows the rules of `docs/virtual-time.md` to the letter. Every thread that the clock
//! starts is a *lane*. One lane has the turn and runs; each of the others is parked on a condition
//! variable of its own. A lane that gives way chooses the next one itself, without a scheduler
//! thread; the thread that called [`VirtualClock::run`] only watches that the turn keeps moving.
//!
//! One mutex guards all of the clock's state. It is held for the bookkeeping of one call and never
//! while a lane runs. Lanes that are still parked when main has ended are woken one after the
//! other and unwind quietly with `LaneLeft`.

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

/// The longest real time for which a lane may keep the turn.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// Prefix of the labels of branches that run at the same instant.
///
/// A handler that serves such a lane has the same label.
pub const CONCURRENT_PREFIX: &str = "concurrently-";

/// Prefix of the labels of calls that are made while main goes on.
///
/// A handler that serves such a lane has the same label.
pub const BACKGROUND_PREFIX: &str = "background-";

/// The reason why a run could not be played to its end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No lane can ever run again.
    #[error("deadlock: {0}")]
    Deadlock(String),
    /// A lane neither parked nor ended within the limit.
    #[error(
        "stalled: {lane} has kept the turn for {limit:?} of real time: it loops, or waits outside of \
         Clock; {lanes}"
    )]
    Stalled {
        /// The lane that has the turn.
        lane: String,
        /// The longest time for which it may keep the turn.
        limit: Duration,
        /// The state of every lane.
        lanes: String,
    },
    /// The schedule takes a candidate that doesn't exist.
    #[error("{0}")]
    Schedule(String),
    /// The system can't create another thread.
    #[error("no thread for lane {lane}: {message}")]
    NoThread {
        /// The lane that needed the thread.
        lane: String,
        /// The system's error message.
        message: String,
    },
    /// A lane that is neither a hook's thread nor a handler panicked.
    #[error("{lane} {panic}")]
    Panicked {
        /// The lane.
        lane: String,
        /// The panic's message and location.
        panic: Panic,
    },
    /// A thread that the clock didn't start waited or asked for its lane.
    #[error("only a lane may wait or record; start threads through Clock::start_thread")]
    NoLane,
}

/// Observer of lanes, called on the lane's own thread while it has the turn.
pub trait Watcher: Send + Sync {
    /// Called when the lane is about to park or has ended.
    fn gives_way(&self);

    /// Called when a thread that [`Clock::start_thread`] started has ended.
    ///
    /// [`Clock::start_thread`]: monolith_training::clock::Clock::start_thread
    fn thread_ended(&self, label: &str, outcome: &Result<(), Error>);
}

/// The virtual clock of one run; clones share it.
#[derive(Clone)]
pub struct VirtualClock {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Signals every change but that of the turn: the run's end, a lane that leaves, a request.
    changed: Condvar,
    limit: Duration,
}

struct State {
    schedule: Schedule,
    turn: Option<LaneId>,
    /// The real time at which the turn began.
    turn_began: Instant,
    /// One for each lane to wait for its turn: a common one would wake all lanes each time.
    gates: BTreeMap<LaneId, Arc<Condvar>>,
    phase: Phase,
    /// Weak because the watcher may own the clock.
    watcher: Option<Weak<dyn Watcher>>,
    /// The number of threads started with each name.
    names: BTreeMap<String, u32>,
    /// Labels and handles of threads, in the order they were started.
    threads: Vec<(String, Arc<Thread>)>,
    handover: Option<Handover>,
    /// Handlers whose client gave up before they began.
    abandoned: BTreeSet<LaneId>,
    /// Whether a thread that is no lane did what only a lane may do.
    was_misused: bool,
}

impl State {
    /// Wakes the lane if it is already waiting for its turn.
    fn open_gate(&self, lane: LaneId) {
        if let Some(gate) = self.gates.get(&lane) {
            gate.notify_one();
        }
    }
}

#[derive(Debug)]
enum Phase {
    Playing,
    /// Main has ended, or the run has failed: a lane gets the turn only to leave.
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
    /// Creates a clock at 0 that breaks ties by the seed, or without one by order of parking.
    pub fn new(seed: Option<u64>) -> Self {
        Self::with_limit(seed, STALL_LIMIT)
    }

    /// Creates a clock as [`new`](Self::new) does, with another limit on a turn's real time.
    fn with_limit(seed: Option<u64>, limit: Duration) -> Self {
        Self::following(Schedule::new(seed), limit)
    }

    /// Creates a clock that takes these candidates at its choice points, then always the first.
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

    /// Sets the watcher of lanes; the clock keeps only a weak reference to it.
    pub fn watch(&self, watcher: &Arc<impl Watcher + 'static>) {
        let watcher = Arc::downgrade(watcher);
        relock(&self.shared.state).watcher = Some(watcher);
    }

    /// Runs `main` as the lane `main`, with everything that it starts.
    ///
    /// Returns when main has ended and every other lane has left.
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
            // Any other failure is probably a consequence of it.
            return Err(Failure::NoLane);
        }
        match (failure, relock(&result).take()) {
            (None, Some(result)) => Ok(result),
            (Some(failure), _) => Err(failure),
            (None, None) => unreachable!("main ended without a result or a failure"),
        }
    }

    /// Returns the label of the calling lane.
    ///
    /// # Panics
    ///
    /// Panics if the calling thread is no lane; the run then fails as well.
    #[track_caller]
    pub fn label(&self) -> String {
        let lane = self.shared.current_lane();
        relock(&self.shared.state).schedule.label(lane).to_owned()
    }

    /// Returns each choice point so far; none without a schedule.
    pub fn choices(&self) -> Vec<Choice> {
        relock(&self.shared.state).schedule.choices().to_vec()
    }

    /// Returns the virtual time in milliseconds, rounded down.
    pub fn now_ms(&self) -> u64 {
        relock(&self.shared.state).schedule.now / 1000
    }

    /// Returns the labels of hooks' threads that have not ended, in the order they were started.
    pub fn live_threads(&self) -> Vec<String> {
        relock(&self.shared.state)
            .threads
            .iter()
            .filter(|(_, thread)| thread.is_alive())
            .map(|(label, _)| label.clone())
            .collect()
    }

    /// Starts a lane that is not a hook's thread.
    pub fn start_lane(&self, label: &str, body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
        let park = self.now_park(Condition::Nothing);
        self.spawn_lane(label, park, lanes::Kind::Plain, body)
    }

    /// Starts a lane that does the same as all others started at this instant with the same `twin`.
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

    /// Parks until `condition` holds; returns at once if it already does.
    ///
    /// `condition` may read only state that lanes change, and must not call the clock.
    pub fn wait_until(&self, condition: impl Fn() -> bool + Send + 'static) {
        if !condition() {
            self.park(Park::until(None, Condition::When(Box::new(condition))));
        }
    }

    /// Lets every other lane run that can at this instant.
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

    /// Returns the instant that is `time` from now, in microseconds.
    fn after(&self, time: Duration) -> u64 {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        relock(&self.shared.state).schedule.now.saturating_add(time)
    }

    /// Watches until main has ended or the run has failed, and returns the failure.
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
    /// Stops at a lane that gets stuck while leaving.
    fn leave_parked_lanes(&self) {
        // Lanes that wait for a request leave as well.
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
