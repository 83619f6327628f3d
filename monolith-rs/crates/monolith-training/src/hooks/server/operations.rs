//! What an operator sees of a run, beside what the controller's calls say.

use std::sync::Arc;
use std::time::Duration;

use super::answering::{Answer, gaps, raised, to_wire, with_buffer};
use crate::barrier_ops::{BarrierOp, Hold};
use crate::clock::Clock;
use crate::errors::Result;
use crate::hooks::ps_check_hooks::PsHealthCheckerHook;
use crate::hooks::resilient_watch::WatchStatus;
use crate::proto::operations::{GetRunStatusResponse, Hold as WireHold, Save, Watch};
use crate::save_utils::{LastSave, NoFirstSaveCheckpointSaverHook};
use crate::session::Session;

/// Says what state the run of one session is in, on threads of the handler pool; changes nothing.
///
/// It holds no lock: what it puts together was true one after the other.
#[derive(Debug)]
pub struct OperationsServicer {
    session: Arc<Session>,
    barrier_op: Arc<BarrierOp>,
    saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
    health_hook: Option<Arc<PsHealthCheckerHook>>,
    clock: Arc<dyn Clock>,
    since: Duration,
}

impl OperationsServicer {
    /// Describes what runs in `session`, which was created now by `clock`, that of all of these.
    ///
    /// The barrier may be a view of it.
    pub fn new(
        session: Arc<Session>,
        barrier_op: Arc<BarrierOp>,
        saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
        health_hook: Option<Arc<PsHealthCheckerHook>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let since = clock.now();
        Self {
            session,
            barrier_op,
            saver_hook,
            health_hook,
            clock,
            since,
        }
    }

    /// The state of the run.
    pub fn get_run_status(&self) -> Answer<GetRunStatusResponse> {
        self.status()
            .and_then(with_buffer)
            .map_err(|error| raised(&error))
    }

    fn status(&self) -> Result<GetRunStatusResponse> {
        // Of one look, in which bit 0 stands for the barrier itself.
        let bits = self.barrier_op.get_blocked_indices(&self.session)?;
        let placed = bits.first() == Some(&0);
        let blocked = if placed { &bits[1..] } else { &bits[..] };
        let free = self.barrier_op.capacity() - 1 - blocked.len();
        let without_chief = gaps(&bits, self.barrier_op.capacity()).filter(|index| *index > 0);
        // The holds of a session that was recreated may be noted still.
        let holds = if placed {
            self.barrier_op.holds()
        } else {
            Vec::new()
        };
        let watch = self
            .health_hook
            .as_ref()
            .and_then(|hook| hook.watch_status());
        let last_save = self.saver_hook.as_ref().and_then(|hook| hook.last_save());
        Ok(GetRunStatusResponse {
            global_step: self.session.step_values()?.global_step,
            now_ms: milliseconds(self.clock.now()),
            session_since_ms: milliseconds(self.since),
            placed,
            holds: holds.into_iter().map(hold_on_wire).collect(),
            blocked: to_wire(blocked.iter().copied(), blocked.len())?,
            free: to_wire(without_chief, free)?,
            last_save: last_save.map(save_on_wire),
            watch: watch.map(watch_on_wire).transpose()?,
        })
    }
}

fn hold_on_wire(hold: Hold) -> WireHold {
    WireHold {
        holder: hold.holder,
        action: hold.action,
        since_ms: milliseconds(hold.since),
    }
}

fn save_on_wire(save: LastSave) -> Save {
    Save {
        step: save.step,
        ended_ms: milliseconds(save.ended),
        error: save.error.map(|kind| kind.to_string()).unwrap_or_default(),
    }
}

fn watch_on_wire(watch: WatchStatus) -> Result<Watch> {
    let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let unhealthy = watch.unhealthy.len();
    Ok(Watch {
        polls: count(watch.polls),
        failed_polls: count(watch.failed_polls),
        last_good_poll_ms: watch.last_good_poll.map(milliseconds),
        alarms: count(watch.alarms),
        failed_reports: count(watch.failed_reports),
        unhealthy: to_wire(watch.unhealthy.into_iter(), unhealthy)?,
    })
}

/// On the wire, where times are of so many.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
