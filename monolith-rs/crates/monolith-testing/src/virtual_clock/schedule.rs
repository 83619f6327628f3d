//! Choice of the next lane: the rules of `docs/virtual-time.md` as plain data.
//!
//! Nothing here waits or knows of threads.

use std::fmt;

use super::script::{Choice, Script};

/// The index of a lane, in the order they were started.
pub(super) type LaneId = usize;

/// A condition that lets a parked lane go on before its deadline.
pub(super) enum Condition {
    Nothing,
    LockFree(usize),
    LaneEnded(LaneId),
    WorkerFree(usize),
    /// Reads state that only lanes change; must not call the clock.
    When(Box<dyn Fn() -> bool + Send>),
}

/// The terms on which a lane parks.
pub(super) struct Park {
    /// In microseconds; `None` for never.
    pub(super) deadline: Option<u64>,
    pub(super) condition: Condition,
    /// Whether it sorts after every other lane that can go on at the same instant.
    pub(super) last: bool,
}

impl Park {
    pub(super) fn until(deadline: Option<u64>, condition: Condition) -> Self {
        Self {
            deadline,
            condition,
            last: false,
        }
    }
}

enum State {
    Running,
    Parked(Park),
    Ended,
}

struct Lane {
    label: String,
    state: State,
    /// The number of times that it has parked, its start included.
    parks: u64,
    /// Its place in the order of parking, counted over all lanes.
    order: u64,
    tie_key: u64,
    /// A key: lanes that share it are interchangeable until they have had a turn.
    twin: Option<String>,
}

struct Pool {
    workers: usize,
    begun: usize,
}

/// All lanes of one run, its locks and its pools.
pub(super) struct Schedule {
    pub(super) now: u64,
    seed: Option<u64>,
    pub(super) script: Option<Script>,
    lanes: Vec<Lane>,
    parkings: u64,
    locks: Vec<bool>,
    pools: Vec<Pool>,
}

impl Schedule {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self {
            now: 0,
            seed,
            script: None,
            lanes: Vec::new(),
            parkings: 0,
            locks: Vec::new(),
            pools: Vec::new(),
        }
    }

    /// Creates a schedule that takes these candidates at its choice points.
    pub(super) fn scripted(schedule: Vec<usize>) -> Self {
        Self {
            script: Some(Script::new(schedule)),
            ..Self::new(None)
        }
    }

    /// Returns each choice point so far; none without a script.
    pub(super) fn choices(&self) -> &[Choice] {
        self.script.as_ref().map_or(&[], |script| &script.choices)
    }

    /// Adds a lane, which counts as parking at this moment.
    pub(super) fn start(&mut self, label: &str, park: Park) -> LaneId {
        let lane = self.lanes.len();
        self.lanes.push(Lane {
            label: label.to_owned(),
            state: State::Running,
            parks: 0,
            order: 0,
            tie_key: 0,
            twin: None,
        });
        self.park(lane, park);
        lane
    }

    /// Declares that the lane does the same as every other with this twin.
    pub(super) fn set_twin(&mut self, lane: LaneId, twin: String) {
        self.lanes[lane].twin = Some(twin);
    }

    /// Returns the lane's twin, if it has one and has not had a turn yet.
    pub(super) fn fresh_twin(&self, lane: LaneId) -> Option<&str> {
        let lane = &self.lanes[lane];
        lane.twin.as_deref().filter(|_| lane.parks == 1)
    }

    pub(super) fn park(&mut self, lane: LaneId, park: Park) {
        let order = self.parkings;
        self.parkings += 1;
        let seed = self.seed;
        let lane = &mut self.lanes[lane];
        lane.order = order;
        lane.tie_key = match seed {
            None => order,
            Some(seed) => splitmix64(seed ^ fnv1a64(&lane.label) ^ lane.parks),
        };
        lane.parks += 1;
        lane.state = State::Parked(park);
    }

    pub(super) fn resume(&mut self, lane: LaneId) {
        self.lanes[lane].state = State::Running;
    }

    pub(super) fn end(&mut self, lane: LaneId) {
        self.lanes[lane].state = State::Ended;
    }

    /// Returns the next lane by tie key, and the instant at which it goes on.
    pub(super) fn next(&self) -> Option<(LaneId, u64)> {
        self.ready().min_by_key(|(id, at)| {
            let lane = &self.lanes[*id];
            (*at, self.is_last(*id), lane.tie_key, lane.order)
        })
    }

    /// Returns each lane that can go on by itself, and the instant at which it can.
    pub(super) fn ready(&self) -> impl Iterator<Item = (LaneId, u64)> {
        self.lanes.iter().enumerate().filter_map(|(id, lane)| {
            let State::Parked(park) = &lane.state else {
                return None;
            };
            let at = if self.holds(&park.condition) {
                self.now
            } else {
                park.deadline?.max(self.now)
            };
            Some((id, at))
        })
    }

    /// Returns whether the lane sorts after every other lane of its instant.
    pub(super) fn is_last(&self, lane: LaneId) -> bool {
        matches!(&self.lanes[lane].state, State::Parked(park) if park.last)
    }

    /// Returns the lane's place in the order of parking, counted over all lanes.
    pub(super) fn order(&self, lane: LaneId) -> u64 {
        self.lanes[lane].order
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Nothing => false,
            Condition::LockFree(lock) => !self.locks[*lock],
            Condition::LaneEnded(lane) => self.has_ended(*lane),
            Condition::WorkerFree(pool) => self.pools[*pool].begun < self.pools[*pool].workers,
            Condition::When(test) => test(),
        }
    }

    pub(super) fn has_ended(&self, lane: LaneId) -> bool {
        matches!(self.lanes[lane].state, State::Ended)
    }

    pub(super) fn waits_for_a_worker(&self, lane: LaneId) -> bool {
        matches!(
            &self.lanes[lane].state,
            State::Parked(Park {
                condition: Condition::WorkerFree(_),
                ..
            })
        )
    }

    pub(super) fn label(&self, lane: LaneId) -> &str {
        &self.lanes[lane].label
    }

    /// Returns the parked lanes, in order of parking.
    pub(super) fn parked(&self) -> Vec<LaneId> {
        let mut parked: Vec<(u64, LaneId)> = self
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| matches!(lane.state, State::Parked(_)))
            .map(|(id, lane)| (lane.order, id))
            .collect();
        parked.sort_unstable();
        parked.into_iter().map(|(_, id)| id).collect()
    }

    /// Describes each lane that has not ended.
    pub(super) fn describe(&self) -> String {
        let lanes: Vec<String> = self
            .lanes
            .iter()
            .filter_map(|lane| match &lane.state {
                State::Ended => None,
                State::Running => Some(format!("{} runs", lane.label)),
                State::Parked(park) => Some(format!("{} waits for {park}", lane.label)),
            })
            .collect();
        lanes.join("; ")
    }

    pub(super) fn new_lock(&mut self) -> usize {
        self.locks.push(false);
        self.locks.len() - 1
    }

    /// Takes the lock if it is free.
    pub(super) fn try_lock(&mut self, lock: usize) -> bool {
        !std::mem::replace(&mut self.locks[lock], true)
    }

    pub(super) fn unlock(&mut self, lock: usize) {
        self.locks[lock] = false;
    }

    pub(super) fn new_pool(&mut self, workers: usize) -> usize {
        self.pools.push(Pool { workers, begun: 0 });
        self.pools.len() - 1
    }

    pub(super) fn begin_job(&mut self, pool: usize) {
        self.pools[pool].begun += 1;
    }

    pub(super) fn end_job(&mut self, pool: usize) {
        self.pools[pool].begun -= 1;
    }
}

impl fmt::Display for Park {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.condition {
            Condition::Nothing => f.write_str("time to pass"),
            Condition::LockFree(_) => f.write_str("a lock"),
            Condition::LaneEnded(_) => f.write_str("its RPC"),
            Condition::WorkerFree(_) => f.write_str("a free worker"),
            Condition::When(_) => f.write_str("its condition"),
        }?;
        match self.deadline {
            Some(deadline) => write!(f, " until {deadline} us"),
            None => Ok(()),
        }
    }
}

/// Hashes the label's UTF-8 bytes with FNV-1a.
fn fnv1a64(label: &str) -> u64 {
    label.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Returns the output of one `SplitMix64` step from this state.
fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
