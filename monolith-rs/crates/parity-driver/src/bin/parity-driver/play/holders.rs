//! The barrier as each of the chief's hooks has it.

use std::sync::Arc;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::errors::Result;

/// What the hooks that place the barrier place it by: views of their own, if a scenario has them
/// as holders, else the barrier itself.
pub(crate) struct Holders {
    pub(crate) ps_health: Arc<BarrierOp>,
    pub(crate) save: Arc<BarrierOp>,
    pub(crate) stop: Arc<BarrierOp>,
    pub(crate) operator: Arc<BarrierOp>,
}

impl Holders {
    pub(crate) fn new(barrier_op: &Arc<BarrierOp>, held: bool) -> Result<Self> {
        let barrier_of = |holder, releases: &[&str]| {
            if held {
                return barrier_op.held_by(holder, releases);
            }
            Ok(Arc::clone(barrier_op))
        };
        Ok(Self {
            ps_health: barrier_of("ps_health", &[])?,
            save: barrier_of("save", &[])?,
            stop: barrier_of("stop", &[])?,
            operator: barrier_of("operator", &["ps_health", "stop", ""])?,
        })
    }
}
