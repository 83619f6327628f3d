//! The hook that holds a worker.

use std::sync::Arc;

use super::BarrierOp;
use crate::errors::Result;
use crate::session::{SessionRunContext, SessionRunHook, StepValues};

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
