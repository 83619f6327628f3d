//! The barrier that can hold all workers.
//!
//! - [`BarrierOp`]: placing and removing it, looking at it, waiting for it;
//! - [`Hold`]: who holds it, where each who places it has a view of it;
//! - [`BarrierHook`]: the hook that holds a worker.

mod holds;
mod hook;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::{Clock, Lock, relock};
use crate::errors::{Error, ErrorKind, Result, with_room};
use crate::session::{Graph, Session};

pub use self::holds::Hold;
use self::holds::{Holds, View};
pub use self::hook::BarrierHook;

/// Is called with the action when the barrier is placed, and on each worker
/// that is blocked by it.
pub type BarrierCallback = Arc<dyn Fn(&str, &Arc<Session>) -> Result<()> + Send + Sync>;

/// A vector of bits in the session: bit 0 says that the barrier is placed, bit
/// i that worker i is blocked.
///
/// By default it has no owner, as upstream: whoever removes it undoes everyone's stop. Those who
/// each have a view of it, by [`held_by`](Self::held_by), only let go of it.
///
/// One lock, which its views share, orders those who place, remove and arrive at the barrier. It
/// is held while callbacks run, which may take time, and freed on every way out of
/// them. It is not held while a worker waits. Looking takes no lock.
pub struct BarrierOp {
    shared: Arc<Shared>,
    wait: Duration,
    /// Whose view it is, if it is one.
    view: Option<View>,
}

/// What a barrier has in common with its views.
///
/// The mutex of `callbacks` is held to find or to append one, and never while one runs, so that a
/// callback may append another.
struct Shared {
    clock: Arc<dyn Clock>,
    capacity: usize,
    callbacks: Mutex<Vec<BarrierCallback>>,
    lock: Lock<()>,
    holds: Holds,
}

/// The largest capacity whose indices are all int32, as they are in TensorFlow and in
/// `GetBlockStatus`.
const MAX_CAPACITY: usize = 1 << 31;

/// From one log record of a waiting worker to the next (B20).
const WAITING_LOG_INTERVAL: Duration = Duration::from_secs(60);

impl BarrierOp {
    /// Gives `graph` a barrier for workers 0 to `capacity - 1`.
    ///
    /// A capacity that is 0 or has no int32 indices is a `ValueError`. One that takes more
    /// memory than there is fails each session of the graph.
    pub fn new(graph: &Graph, clock: Arc<dyn Clock>, capacity: usize) -> Result<Self> {
        if capacity == 0 {
            return Err(Error::value("capacity must be positive, it is 0."));
        }
        if capacity > MAX_CAPACITY {
            return Err(Error::value(format!(
                "capacity must be at most {MAX_CAPACITY}, it is {capacity}."
            )));
        }
        graph.add_barrier(capacity)?;
        let shared = Shared {
            lock: Lock::new(&*clock, ()),
            clock,
            capacity,
            callbacks: Mutex::default(),
            holds: Holds::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            wait: Duration::from_secs(1),
            view: None,
        })
    }

    /// With these callbacks, called in this order.
    #[must_use]
    pub fn with_callbacks(self, callbacks: Vec<BarrierCallback>) -> Self {
        *relock(&self.shared.callbacks) = callbacks;
        self
    }

    /// Appends a callback, which is called from now on too (B21).
    ///
    /// Upstream keeps the list that it was given, so that its owner appends to that.
    pub fn append_callback(&self, callback: BarrierCallback) {
        relock(&self.shared.callbacks).push(callback);
    }

    /// With this time between two looks of a blocked worker (1 s by default).
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The barrier as one of its holders has it, so that none undoes another's stop.
    ///
    /// It is placed as long as anybody holds it. Give each hook that places it a view of its own;
    /// workers need none. A view has the lock, the variables and the callbacks of its barrier. Its
    /// removal counts for the holders in `releases` as well, where `""` stands for whoever has
    /// placed the barrier without a view, or in another process.
    ///
    /// An empty name is a `ValueError`.
    pub fn held_by(&self, holder: &str, releases: &[&str]) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            shared: Arc::clone(&self.shared),
            wait: self.wait,
            view: Some(View::new(holder, releases)?),
        }))
    }

    /// How many bits the barrier has.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// For whom this process has placed the barrier, the earliest first.
    ///
    /// It is a note, which upstream hasn't: the bits in the session are what counts. It may be of
    /// an earlier session until the barrier is placed or removed in a new one.
    pub fn holds(&self) -> Vec<Hold> {
        self.shared.holds.all()
    }

    /// Places the barrier with an action, and runs the callbacks.
    ///
    /// Placed already: `BarrierAlreadyPlacedError` without a message, and nothing
    /// changes (B18). A callback that fails leaves it placed and skips the later ones.
    ///
    /// Through a view that is the error only if its holder holds it already. Else the holder
    /// joins those who do: no callback runs, and the action stays as it is.
    pub fn place_barrier(&self, session: &Arc<Session>, action: &str) -> Result<()> {
        let _held = self.shared.lock.lock();
        let is_placed_now = session.with_barrier(|barrier| {
            if barrier.bits[0] {
                return false;
            }
            barrier.bits[0] = true;
            action.clone_into(&mut barrier.action);
            true
        })?;
        let hold = Hold {
            holder: self.view.as_ref().map_or("", View::holder).to_owned(),
            action: action.to_owned(),
            since: self.shared.clock.now(),
        };
        if is_placed_now {
            self.shared.holds.begin(hold);
            return self.run_callbacks(action, session);
        }
        if self.view.is_some() && self.shared.holds.join(hold) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::BarrierAlreadyPlacedError, ""))
    }

    /// Clears bit 0 alone; fine if nothing is placed.
    ///
    /// Through a view it does so once nobody holds the barrier any more.
    pub fn remove_barrier(&self, session: &Session) -> Result<()> {
        let _held = self.shared.lock.lock();
        match &self.view {
            None => self.shared.holds.clear(),
            Some(view) if self.shared.holds.release(view) => {}
            Some(_) => return Ok(()),
        }
        session.with_barrier(|barrier| barrier.bits[0] = false)
    }

    /// Whether bit 0 is set.
    pub fn is_barrier_placed(&self, session: &Session) -> Result<bool> {
        session.with_barrier(|barrier| barrier.bits[0])
    }

    /// Whether bit 0 is clear.
    pub fn is_barrier_removed(&self, session: &Session) -> Result<bool> {
        Ok(!self.is_barrier_placed(session)?)
    }

    /// Says that worker `index` is here, and returns once bit 0 is clear.
    ///
    /// A failing callback leaves with the worker's bit set.
    pub fn wait_until_barrier_removed(&self, session: &Arc<Session>, index: i64) -> Result<()> {
        let bit = usize::try_from(index)
            .ok()
            .filter(|bit| (1..self.capacity()).contains(bit))
            .ok_or_else(|| {
                Error::value(format!(
                    "Index [{index}] must be non-negative and less than capacity [{}]. ",
                    self.capacity()
                ))
            })?;
        {
            let _held = self.shared.lock.lock();
            let action = session.with_barrier(|barrier| {
                barrier.bits[bit] = true;
                barrier.action.clone()
            })?;
            self.run_callbacks(&action, session)?;
        }
        let mut logged = None;
        while self.is_barrier_placed(session)? {
            let now = self.shared.clock.now();
            if logged.is_none_or(|logged| now >= logged + WAITING_LOG_INTERVAL) {
                tracing::info!("The worker {index} waits until barrier removed.");
                logged = Some(now);
            }
            self.shared.clock.sleep(self.wait);
        }
        session.with_barrier(|barrier| barrier.bits[bit] = false)
    }

    /// Whether all bits are set.
    pub fn is_all_blocked(&self, session: &Session) -> Result<bool> {
        session.with_barrier(|barrier| !barrier.bits.contains(&false))
    }

    /// Whether no bit is set.
    pub fn is_none_blocked(&self, session: &Session) -> Result<bool> {
        session.with_barrier(|barrier| !barrier.bits.contains(&true))
    }

    /// The bits that are set, ascending, 0 included.
    pub fn get_blocked_indices(&self, session: &Session) -> Result<Vec<usize>> {
        session.with_barrier(|barrier| indices(&barrier.bits, true))?
    }

    /// The bits that are clear, ascending, 0 included.
    pub fn get_unblocked_indices(&self, session: &Session) -> Result<Vec<usize>> {
        session.with_barrier(|barrier| indices(&barrier.bits, false))?
    }

    fn run_callbacks(&self, action: &str, session: &Arc<Session>) -> Result<()> {
        let callback = |at: usize| relock(&self.shared.callbacks).get(at).cloned();
        (0..)
            .map_while(callback)
            .try_for_each(|callback| callback(action, session))
    }
}

fn indices(bits: &[bool], wanted: bool) -> Result<Vec<usize>> {
    let is_wanted = |bit: &usize| bits[*bit] == wanted;
    let count = (0..bits.len()).filter(is_wanted).count();
    let mut indices = with_room(count, "indices of workers")?;
    indices.extend((0..bits.len()).filter(is_wanted));
    Ok(indices)
}

impl fmt::Debug for BarrierOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierOp")
            .field("capacity", &self.shared.capacity)
            .field("wait", &self.wait)
            .field("callbacks", &relock(&self.shared.callbacks).len())
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}
