//! Stopping and saving by flags in the session, and by a file that an operator
//! writes.
//!
//! Two flags ask the chief's [`ControllerHook`] for a stop or a save. Whoever has
//! the session can set them; [`QueryActionHook`] does, on behalf of an operator
//! who has only a file system.
//!
//! - [`query_action`]: the file protocol;
//! - [`action_text`]: reading the file's text format.

pub mod action_text;
pub mod query_action;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use self::query_action::{QUERY_INTERVAL, QueryActionHook};

use crate::barrier_ops::{BarrierCallback, BarrierOp};
use crate::clock::Clock;
use crate::errors::Result;
use crate::session::{Flag, Graph, Session, SessionRunContext, SessionRunHook, StepValues};

/// The action that a stop places the barrier with.
pub const STOP_ACTION: &str = "Stop";

/// How long a stop waits for all workers to be blocked, as upstream has it.
const ALL_BLOCKED_LIMIT: Duration = Duration::from_secs(30);

/// From one look at the workers to the next, as upstream has it.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Saves, on the training thread.
pub type TriggerSave = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// Stops or saves after a step, as the session's flags ask (B46).
///
/// The flags are fetched with the step: one that is set while the step runs, or by a
/// hook after it, is seen with the next step. A new session clears them. The stop flag
/// is never reset, so each later step places the barrier anew; the save flag is reset
/// before the save, so that what is asked for meanwhile isn't lost. While a stop is
/// asked for, a save is not looked at.
///
/// Upstream's `num_ps` says on which device the flags live; here there are none.
pub struct ControllerHook {
    clock: Arc<dyn Clock>,
    barrier_op: Option<Arc<BarrierOp>>,
    trigger_save: Option<TriggerSave>,
    wait: Duration,
    max_pending: Duration,
}

impl ControllerHook {
    /// Gives `graph` the two flags; a graph that has them already is a `ValueError`.
    ///
    /// A stop places `barrier_op`, and does nothing without one. A save is
    /// `trigger_save`'s, and without it resets the flag and nothing else.
    pub fn new(
        graph: &Graph,
        clock: Arc<dyn Clock>,
        barrier_op: Option<Arc<BarrierOp>>,
        trigger_save: Option<TriggerSave>,
    ) -> Result<Self> {
        graph.add_control()?;
        Ok(Self {
            clock,
            barrier_op,
            trigger_save,
            wait: LOOK_INTERVAL,
            max_pending: ALL_BLOCKED_LIMIT,
        })
    }

    /// With this time between two looks at the workers (2 s by default).
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// With this time after which a stop gives up on missing workers (30 s by default).
    #[must_use]
    pub fn with_max_pending(mut self, max_pending: Duration) -> Self {
        self.max_pending = max_pending;
        self
    }

    /// Asks for a stop, as running upstream's `stop_op` does.
    pub fn stop_op(&self, session: &Session) -> Result<()> {
        session.set_flag(Flag::Stop, true)
    }

    /// Asks for a save, as running upstream's `trigger_save_op` does.
    pub fn trigger_save_op(&self, session: &Session) -> Result<()> {
        session.set_flag(Flag::TriggerSave, true)
    }

    /// Holds the workers until all of them are blocked, or the time is up.
    fn stop_training(&self, session: &Arc<Session>) -> Result<()> {
        let Some(barrier) = &self.barrier_op else {
            return Ok(());
        };
        barrier.place_barrier(session, STOP_ACTION)?;
        let deadline = self.clock.now() + self.max_pending;
        while self.clock.now() < deadline && !barrier.is_all_blocked(session)? {
            self.clock.sleep(self.wait);
        }
        barrier.remove_barrier(session)
    }

    fn save(&self, session: &Session) -> Result<()> {
        session.set_flag(Flag::TriggerSave, false)?;
        match &self.trigger_save {
            Some(trigger_save) => trigger_save(),
            None => Ok(()),
        }
    }
}

impl SessionRunHook for ControllerHook {
    /// While the barrier is placed a stop is a `BarrierAlreadyPlacedError`.
    fn after_run(&self, context: &SessionRunContext, values: &StepValues) -> Result<()> {
        let asked = values.control.unwrap_or_default();
        if asked.stop {
            self.stop_training(context.session())
        } else if asked.trigger_save {
            self.save(context.session())
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for ControllerHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControllerHook")
            .field("barrier_op", &self.barrier_op)
            .field("trigger_save", &self.trigger_save.is_some())
            .finish_non_exhaustive()
    }
}

/// Ends training once the barrier was placed with the action "Stop" (B46).
///
/// The callback runs on whichever thread places or waits, the hook on the
/// training thread; what they share is one flag that is only ever set.
#[derive(Clone, Debug, Default)]
pub struct StopHelper {
    stop_seen: Arc<AtomicBool>,
}

impl StopHelper {
    /// One that hasn't seen a stop.
    pub fn new() -> Self {
        Self::default()
    }

    /// For [`BarrierOp::with_callbacks`]; heeds the action "Stop" alone.
    pub fn create_barrier_callback(&self) -> BarrierCallback {
        let stop_seen = Arc::clone(&self.stop_seen);
        Arc::new(move |action, _| {
            if action == STOP_ACTION {
                stop_seen.store(true, Ordering::SeqCst);
            }
            Ok(())
        })
    }

    /// Requests stop after the next step; listed before [`ControllerHook`], one
    /// step later.
    pub fn create_stop_hook(&self) -> Arc<dyn SessionRunHook> {
        Arc::new(StopHook {
            stop_seen: Arc::clone(&self.stop_seen),
        })
    }
}

struct StopHook {
    stop_seen: Arc<AtomicBool>,
}

impl SessionRunHook for StopHook {
    fn after_run(&self, context: &SessionRunContext, _: &StepValues) -> Result<()> {
        if self.stop_seen.load(Ordering::SeqCst) {
            context.request_stop();
        }
        Ok(())
    }
}
