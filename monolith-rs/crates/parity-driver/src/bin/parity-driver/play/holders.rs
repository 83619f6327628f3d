//! Each hook's view of the barrier.

use std::sync::Arc;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::errors::Result;

/// The barrier as given to each hook that places it.
///
/// Each is a view of its own if the scenario makes the hooks holders, else the barrier itself.
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
