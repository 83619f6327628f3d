//! The listener that holds the workers around a save.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ckpt_meta::{WorkerCkptInfo, assign_ckpt_info};
use crate::barrier_ops::BarrierOp;
use crate::clock::Clock;
use crate::errors::{ErrorKind, Result};
use crate::save_utils::CheckpointSaverListener;
use crate::session::{Graph, Session};

/// The action that a save places the barrier with.
pub const SAVE_ACTION: &str = "Save";

/// Places the barrier before a save, waits for the workers, and removes it after
/// (B53-B59).
///
/// It doesn't raise for workers that are missing, nor for a barrier that somebody else
/// has placed: that one it leaves placed. After a barrier callback that raised, and
/// after a save that failed without `after_save`, the barrier stays placed.
///
/// `placed` is whether it owes a removal, as it still does after one that failed. Saves follow
/// one another under the saver hook's lock, so before and after don't overlap.
#[derive(Debug)]
pub struct BarrierSaverListener {
    barrier_op: Arc<BarrierOp>,
    clock: Arc<dyn Clock>,
    wait: Duration,
    max_pending: Duration,
    placed: AtomicBool,
}

impl BarrierSaverListener {
    /// Holds the workers of `barrier_op`, and gives `graph` its checkpoint info.
    pub fn new(graph: &Graph, clock: Arc<dyn Clock>, barrier_op: Arc<BarrierOp>) -> Self {
        graph.add_ckpt_info();
        Self {
            barrier_op,
            clock,
            wait: Duration::from_secs(1),
            max_pending: Duration::from_secs(30),
            placed: AtomicBool::new(false),
        }
    }

    /// With this time between two looks at the workers (1 s by default).
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// With this time that may pass before a look is the last (30 s by default).
    #[must_use]
    pub fn with_max_pending(mut self, max_pending: Duration) -> Self {
        self.max_pending = max_pending;
        self
    }

    /// Places the barrier, unless it is.
    fn place(&self, session: &Arc<Session>) -> Result<()> {
        tracing::info!("Placing the barrier for a save.");
        match self.barrier_op.place_barrier(session, SAVE_ACTION) {
            Err(error) if error.kind() == ErrorKind::BarrierAlreadyPlacedError => {
                tracing::info!("The barrier was placed by someone else already.");
                Ok(())
            }
            outcome => {
                outcome?;
                self.placed.store(true, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

impl CheckpointSaverListener for BarrierSaverListener {
    fn before_save(&self, session: &Arc<Session>, global_step: i64) -> Result<()> {
        let begun = self.clock.now();
        let global_step = Some(global_step);
        assign_ckpt_info(session, &WorkerCkptInfo { global_step })?;
        self.place(session)?;
        while !self.barrier_op.is_all_blocked(session)? {
            self.clock.sleep(self.wait);
            if self.clock.now().saturating_sub(begun) > self.max_pending {
                break;
            }
        }
        let missing = self.barrier_op.get_unblocked_indices(session)?;
        if missing.is_empty() {
            tracing::info!("All workers are blocked.");
        } else {
            tracing::info!("Workers that are not blocked: {missing:?}");
        }
        Ok(())
    }

    fn after_save(&self, session: &Arc<Session>, _: i64) -> Result<bool> {
        if self.placed.load(Ordering::SeqCst) {
            tracing::info!("Removing the barrier after a save.");
            self.barrier_op.remove_barrier(session)?;
            self.placed.store(false, Ordering::SeqCst);
        }
        Ok(false)
    }
}
