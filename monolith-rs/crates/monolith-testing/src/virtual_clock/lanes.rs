//! The threads behind the lanes: how they wait for the turn, pass it and leave.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::schedule::{Condition, LaneId, Park};
use super::{
    BACKGROUND_PREFIX, CONCURRENT_PREFIX, Failure, Phase, Shared, State, VirtualClock, Watcher,
};
use crate::panics::Panic;
use monolith_training::clock::{HandlerPool, Job, RawLock, Thread, relock};

thread_local! {
    static LANE: Cell<Option<LaneId>> = const { Cell::new(None) };
}

/// The payload with which a lane unwinds if the run ends before it does.
pub(super) struct LaneLeft;

/// Runs a body and catches its panic.
///
/// A lane that leaves at the end of the run isn't caught: it goes on unwinding.
///
/// # Errors
///
/// Returns the panic if the body panics.
pub fn catch_panic<T>(body: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        if payload.is::<LaneLeft>() {
            resume_unwind(payload);
        }
        Panic::caught(&*payload)
    })
}

/// The kind of a lane, which decides what its end means.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Main,
    Plain,
    Handler(usize),
}

impl Shared {
    /// Returns the lane of the calling thread.
    ///
    /// Another thread fails the run, which would miss what that thread does; the panic alone
    /// might go unnoticed.
    #[track_caller]
    pub(super) fn current_lane(&self) -> LaneId {
        if let Some(lane) = LANE.get() {
            return lane;
        }
        relock(&self.state).was_misused = true;
        panic!("{}", Failure::NoLane);
    }

    /// Gives the turn to the next lane and moves time to its instant.
    pub(super) fn pass_turn(&self, state: &mut State) {
        state.turn = None;
        if !matches!(state.phase, Phase::Over(_)) {
            match state.schedule.choose() {
                Ok(Some((lane, at))) => Self::give_turn(state, lane, at),
                Ok(None) => {
                    let lanes = state.schedule.describe();
                    state.phase = Phase::Over(Some(Failure::Deadlock(lanes)));
                }
                Err(message) => state.phase = Phase::Over(Some(Failure::Schedule(message))),
            }
        }
        if matches!(state.phase, Phase::Over(_)) {
            self.changed.notify_all();
        }
    }

    fn give_turn(state: &mut State, lane: LaneId, at: u64) {
        state.schedule.now = at;
        state.turn = Some(lane);
        state.turn_began = Instant::now();
        state.open_gate(lane);
    }

    /// Waits in real time while `condition` holds, and keeps the turn.
    ///
    /// The lane leaves if the run ends meanwhile.
    pub(super) fn wait_while(&self, mut condition: impl FnMut(&mut State) -> bool) {
        let state = relock(&self.state);
        let state = self
            .changed
            .wait_while(state, |state| {
                !matches!(state.phase, Phase::Over(_)) && condition(state)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if matches!(state.phase, Phase::Over(_)) {
            drop(state);
            leave();
        }
    }

    pub(super) fn watcher(&self) -> Option<Arc<dyn Watcher>> {
        relock(&self.state).watcher.as_ref()?.upgrade()
    }

    /// Waits until the lane has the turn; returns false if it has it only to leave.
    fn wait_for_turn(&self, lane: LaneId) -> bool {
        let mut state = relock(&self.state);
        let gate = Arc::clone(state.gates.entry(lane).or_default());
        let mut state = gate
            .wait_while(state, |state| state.turn != Some(lane))
            .unwrap_or_else(PoisonError::into_inner);
        state.schedule.resume(lane);
        !matches!(state.phase, Phase::Over(_))
    }

    fn tell_watcher(&self) {
        if let Some(watcher) = self.watcher() {
            watcher.gives_way();
        }
    }
}

fn leave() -> ! {
    resume_unwind(Box::new(LaneLeft))
}

impl VirtualClock {
    /// Parks the calling lane and returns when it has the turn again.
    ///
    /// Unwinds with [`LaneLeft`] once the run is over. A lane that is already unwinding, and
    /// so running destructors, doesn't park at all.
    pub(super) fn park(&self, park: Park) {
        self.park_for_another(park, None);
    }

    /// Lets another lane run before a lock is taken, if the schedule says so.
    fn let_overtake(&self) {
        if relock(&self.shared.state).schedule.script.is_none() || std::thread::panicking() {
            return;
        }
        let lane = self.shared.current_lane();
        let mut state = relock(&self.shared.state);
        match state.schedule.overtaking(lane) {
            Ok(None) => {}
            Ok(first) => {
                let park = Park::until(Some(state.schedule.now), Condition::Nothing);
                drop(state);
                self.park_for_another(park, first);
            }
            Err(message) => {
                state.phase = Phase::Over(Some(Failure::Schedule(message)));
                self.shared.changed.notify_all();
                drop(state);
                leave();
            }
        }
    }

    /// Parks and gives the turn to `first`, or without it to the next lane.
    fn park_for_another(&self, park: Park, first: Option<LaneId>) {
        if std::thread::panicking() {
            return;
        }
        let lane = self.shared.current_lane();
        self.shared.tell_watcher();
        let mut state = relock(&self.shared.state);
        if matches!(state.phase, Phase::Over(_)) {
            drop(state);
            leave();
        }
        state.schedule.park(lane, park);
        match first {
            Some(first) => {
                let now = state.schedule.now;
                Shared::give_turn(&mut state, first, now);
            }
            None => self.shared.pass_turn(&mut state),
        }
        drop(state);
        if !self.shared.wait_for_turn(lane) {
            leave();
        }
    }

    /// Starts a lane, which runs when it gets its first turn.
    pub(super) fn spawn_lane(
        &self,
        label: &str,
        park: Park,
        kind: Kind,
        body: impl FnOnce() + Send + 'static,
    ) -> Arc<Thread> {
        let lane = relock(&self.shared.state).schedule.start(label, park);
        self.spawn_thread(lane, label, kind, body)
    }

    /// Starts the lane's thread; ends the run if the system can't create one.
    pub(super) fn spawn_thread(
        &self,
        lane: LaneId,
        name: &str,
        kind: Kind,
        body: impl FnOnce() + Send + 'static,
    ) -> Arc<Thread> {
        let thread = Thread::new(name);
        let handle = Arc::clone(&thread);
        let clock = self.clone();
        let spawned = std::thread::Builder::new().spawn(move || {
            LANE.set(Some(lane));
            let outcome = if clock.shared.wait_for_turn(lane) {
                if let Kind::Handler(pool) = kind {
                    relock(&clock.shared.state).schedule.begin_job(pool);
                }
                let abandoned = relock(&clock.shared.state).abandoned.remove(&lane);
                catch_unwind(AssertUnwindSafe(|| {
                    if !abandoned {
                        body();
                    }
                    clock.shared.tell_watcher();
                }))
            } else {
                drop(body);
                Err(Box::new(LaneLeft) as _)
            };
            let mut state = relock(&clock.shared.state);
            state.schedule.end(lane);
            match outcome {
                Ok(()) => {
                    handle.end();
                    match kind {
                        Kind::Main if !matches!(state.phase, Phase::Over(_)) => {
                            state.phase = Phase::Over(None);
                        }
                        Kind::Handler(pool) => state.schedule.end_job(pool),
                        Kind::Main | Kind::Plain => {}
                    }
                }
                // The thread stays "alive": it was interrupted and has not ended.
                Err(payload) if payload.is::<LaneLeft>() => {}
                Err(payload) => {
                    state.phase = Phase::Over(Some(Failure::Panicked {
                        lane: handle.name().to_owned(),
                        panic: Panic::caught(&*payload),
                    }));
                }
            }
            if state.turn == Some(lane) {
                clock.shared.pass_turn(&mut state);
            }
        });
        if let Err(error) = spawned {
            let mut state = relock(&self.shared.state);
            state.schedule.end(lane);
            state.phase = Phase::Over(Some(Failure::NoThread {
                lane: name.to_owned(),
                message: error.to_string(),
            }));
            // It may have been given the turn meanwhile, in order to leave.
            if state.turn == Some(lane) {
                state.turn = None;
            }
            self.shared.changed.notify_all();
        }
        thread
    }
}

/// A lock whose waiters park.
#[derive(Debug)]
pub(super) struct VirtualLock {
    clock: VirtualClock,
    lock: usize,
}

impl VirtualLock {
    pub(super) fn new(clock: VirtualClock, lock: usize) -> Self {
        Self { clock, lock }
    }

    fn try_acquire(&self) -> bool {
        relock(&self.clock.shared.state)
            .schedule
            .try_lock(self.lock)
    }
}

impl RawLock for VirtualLock {
    fn acquire(&self) {
        self.clock.let_overtake();
        if !self.try_acquire() {
            self.clock
                .park(Park::until(None, Condition::LockFree(self.lock)));
            // This succeeds: the lock was free when this lane got the turn.
            self.try_acquire();
        }
    }

    fn release(&self) {
        relock(&self.clock.shared.state).schedule.unlock(self.lock);
    }
}

/// A handler pool whose jobs are lanes.
pub(super) struct VirtualPool {
    clock: VirtualClock,
    pool: usize,
    name: String,
}

impl VirtualPool {
    pub(super) fn new(clock: VirtualClock, pool: usize, name: &str) -> Self {
        Self {
            clock,
            pool,
            name: name.to_owned(),
        }
    }
}

impl fmt::Debug for VirtualPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualPool({})", self.name)
    }
}

impl HandlerPool for VirtualPool {
    /// Starts a lane for the job; called from a server's own threads, which are no lanes.
    ///
    /// The job belongs to the client that is handing a request over: only that one has the turn.
    fn submit(&self, job: Job) {
        let mut state = relock(&self.clock.shared.state);
        if matches!(state.phase, Phase::Over(_)) {
            return;
        }
        let label = match &state.handover {
            Some(handover)
                if [CONCURRENT_PREFIX, BACKGROUND_PREFIX]
                    .iter()
                    .any(|prefix| handover.client_label.starts_with(prefix)) =>
            {
                handover.client_label.clone()
            }
            _ => self.name.clone(),
        };
        // A free worker makes it ready now, as a deadline of *now* would.
        let park = Park::until(None, Condition::WorkerFree(self.pool));
        let lane = state.schedule.start(&label, park);
        if let Some(handover) = &mut state.handover {
            handover.handler = Some(lane);
        }
        drop(state);
        let job = move || {
            if let Err(panic) = catch_panic(job) {
                tracing::error!("a handler {panic}");
            }
        };
        self.clock
            .spawn_thread(lane, &label, Kind::Handler(self.pool), job);
        self.clock.shared.changed.notify_all();
    }
}
