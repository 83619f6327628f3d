//! The barrier that can hold all workers.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::{Clock, Lock, relock};
use crate::errors::{Error, ErrorKind, Result, with_room};
use crate::session::{Graph, Session, SessionRunContext, SessionRunHook, StepValues};

/// Is called with the action when the barrier is placed, and on each worker
/// that is blocked by it.
pub type BarrierCallback = Arc<dyn Fn(&str, &Arc<Session>) -> Result<()> + Send + Sync>;

/// A vector of bits in the session: bit 0 says that the barrier is placed, bit
/// i that worker i is blocked.
///
/// `lock` orders those who place, remove and arrive at the barrier. It is held
/// while callbacks run, which may take time, and freed on every way out of
/// them. It is not held while a worker waits. Looking takes no lock. The mutex of
/// `callbacks` is held to find or to append one, and never while one runs, so that a
/// callback may append another.
pub struct BarrierOp {
    clock: Arc<dyn Clock>,
    capacity: usize,
    wait: Duration,
    callbacks: Mutex<Vec<BarrierCallback>>,
    lock: Lock<()>,
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
        Ok(Self {
            lock: Lock::new(&*clock, ()),
            clock,
            capacity,
            wait: Duration::from_secs(1),
            callbacks: Mutex::default(),
        })
    }

    /// With these callbacks, called in this order.
    #[must_use]
    pub fn with_callbacks(mut self, callbacks: Vec<BarrierCallback>) -> Self {
        self.callbacks = Mutex::new(callbacks);
        self
    }

    /// Appends a callback, which is called from now on too (B21).
    ///
    /// Upstream keeps the list that it was given, so that its owner appends to that.
    pub fn append_callback(&self, callback: BarrierCallback) {
        relock(&self.callbacks).push(callback);
    }

    /// With this time between two looks of a blocked worker (1 s by default).
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// How many bits the barrier has.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Places the barrier with an action, and runs the callbacks.
    ///
    /// Placed already: `BarrierAlreadyPlacedError` without a message, and nothing
    /// changes (B18). A callback that fails leaves it placed and skips the later ones.
    pub fn place_barrier(&self, session: &Arc<Session>, action: &str) -> Result<()> {
        let _held = self.lock.lock();
        session.with_barrier(|barrier| {
            if barrier.bits[0] {
                return Err(Error::new(ErrorKind::BarrierAlreadyPlacedError, ""));
            }
            barrier.bits[0] = true;
            action.clone_into(&mut barrier.action);
            Ok(())
        })??;
        self.run_callbacks(action, session)
    }

    /// Clears bit 0 alone; fine if nothing is placed.
    pub fn remove_barrier(&self, session: &Session) -> Result<()> {
        let _held = self.lock.lock();
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
            .filter(|bit| (1..self.capacity).contains(bit))
            .ok_or_else(|| {
                Error::value(format!(
                    "Index [{index}] must be non-negative and less than capacity [{}]. ",
                    self.capacity
                ))
            })?;
        {
            let _held = self.lock.lock();
            let action = session.with_barrier(|barrier| {
                barrier.bits[bit] = true;
                barrier.action.clone()
            })?;
            self.run_callbacks(&action, session)?;
        }
        let mut logged = None;
        while self.is_barrier_placed(session)? {
            let now = self.clock.now();
            if logged.is_none_or(|logged| now >= logged + WAITING_LOG_INTERVAL) {
                tracing::info!("The worker {index} waits until barrier removed.");
                logged = Some(now);
            }
            self.clock.sleep(self.wait);
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
        let callback = |at: usize| relock(&self.callbacks).get(at).cloned();
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
            .field("capacity", &self.capacity)
            .field("wait", &self.wait)
            .field("callbacks", &relock(&self.callbacks).len())
            .finish_non_exhaustive()
    }
}

/// Blocks worker `index` after a step that found the barrier placed.
///
/// Index 0 and below never block. An index that the barrier has no bit for is
/// noticed only then.
#[derive(Debug)]
pub struct BarrierHook {
    index: i64,
    barrier_op: Arc<BarrierOp>,
}

impl BarrierHook {
    /// The hook of worker `index`.
    pub fn new(index: i64, barrier_op: Arc<BarrierOp>) -> Self {
        Self { index, barrier_op }
    }
}

impl SessionRunHook for BarrierHook {
    fn after_run(&self, context: &SessionRunContext, values: &StepValues) -> Result<()> {
        if self.index > 0 && values.barrier_placed == Some(true) {
            self.barrier_op
                .wait_until_barrier_removed(context.session(), self.index)?;
        }
        Ok(())
    }
}
