//! Measurements of a run at one moment: the barrier, the global step, saves, the health watch.
//!
//! Upstream has nothing like it. [`RunMetrics`] depends on no metrics library; with the feature
//! `metrics`, `prometheus_metrics` exports what it reads to Prometheus.

use std::sync::Arc;

use crate::barrier_ops::BarrierOp;
use crate::errors::Result;
use crate::hooks::ps_check_hooks::PsHealthCheckerHook;
use crate::save_utils::NoFirstSaveCheckpointSaverHook;
use crate::session::Session;

/// The kind of value of a measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that may also fall.
    Gauge,
    /// Seconds since the epoch of the hook's clock.
    Moment,
}

/// A named value, and the label that distinguishes it from others of the same name.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The name; measurements that differ only in their label share it.
    pub name: &'static str,
    /// One sentence that describes the name.
    pub about: &'static str,
    /// The value.
    pub value: f64,
    /// The kind of the value.
    pub kind: Kind,
    /// The name and the value of the label.
    pub label: Option<(&'static str, String)>,
}

impl Measurement {
    fn new(kind: Kind, name: &'static str, about: &'static str, value: f64) -> Self {
        Self {
            name,
            about,
            value,
            kind,
            label: None,
        }
    }

    fn gauge(name: &'static str, about: &'static str, value: f64) -> Self {
        Self::new(Kind::Gauge, name, about, value)
    }

    fn labelled(mut self, label: &'static str, value: String) -> Self {
        self.label = Some((label, value));
        self
    }
}

/// Reader of the state of a run, for any exporter.
///
/// Any thread may read; it holds no lock of the hooks. The session and the hooks are read one
/// after the other, not at the same instant.
#[derive(Debug)]
pub struct RunMetrics {
    barrier_op: Arc<BarrierOp>,
    saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
    health_hook: Option<Arc<PsHealthCheckerHook>>,
}

#[allow(clippy::cast_precision_loss)] // beyond 2^53 a count is rounded, as by Python's `float`
impl RunMetrics {
    /// Creates a reader for a run with this barrier, or a view of it, and these hooks.
    ///
    /// A health hook without a resilient watch gives no measurements.
    pub fn new(
        barrier_op: Arc<BarrierOp>,
        saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
        health_hook: Option<Arc<PsHealthCheckerHook>>,
    ) -> Self {
        Self {
            barrier_op,
            saver_hook,
            health_hook,
        }
    }

    /// Returns what can be read; measurements of one name are adjacent.
    ///
    /// `session_up` is 0 without a session, and if the session can't be read, for example because
    /// it is closed. The hooks are read in either case.
    pub fn read(&self, session: Option<&Session>) -> Vec<Measurement> {
        let in_session = session.and_then(|session| self.in_session(session).ok());
        let mut all = vec![Measurement::gauge(
            "session_up",
            "1 if the session could be read.",
            f64::from(in_session.is_some()),
        )];
        all.extend(in_session.unwrap_or_default());
        all.extend(self.last_save());
        all.extend(self.watch());
        all
    }

    /// Reads the barrier and the global step.
    fn in_session(&self, session: &Session) -> Result<Vec<Measurement>> {
        // One read of all bits; bit 0 stands for the barrier itself.
        let bits = self.barrier_op.get_blocked_indices(session)?;
        let placed = bits.first() == Some(&0);
        let held = bits.len() - usize::from(placed);
        let mut read = vec![
            Measurement::gauge(
                "barrier_placed",
                "1 while the barrier is placed.",
                f64::from(placed),
            ),
            Measurement::gauge(
                "workers_held",
                "Workers that the barrier blocks.",
                held as f64,
            ),
        ];
        // Without a barrier in this session, the holds are those of an earlier one.
        if placed {
            let holds = self.barrier_op.holds().into_iter();
            read.extend(holds.map(|hold| {
                Measurement::new(
                    Kind::Moment,
                    "barrier_held_since_timestamp_seconds",
                    "Since when each holder holds the barrier.",
                    hold.since.as_secs_f64(),
                )
                .labelled("holder", hold.holder)
            }));
        }
        let step = session.step_values()?.global_step;
        read.extend(
            step.map(|step| Measurement::gauge("global_step", "The global step.", step as f64)),
        );
        Ok(read)
    }

    /// Reads the newest save, if one was tried.
    fn last_save(&self) -> Vec<Measurement> {
        let Some(save) = self.saver_hook.as_ref().and_then(|hook| hook.last_save()) else {
            return Vec::new();
        };
        vec![
            Measurement::new(
                Kind::Moment,
                "last_save_timestamp_seconds",
                "The end of the newest save.",
                save.ended.as_secs_f64(),
            ),
            Measurement::gauge(
                "last_save_step",
                "The step of the newest save.",
                save.step as f64,
            ),
            Measurement::gauge(
                "last_save_failed",
                "1 if the newest save failed.",
                f64::from(save.error.is_some()),
            ),
        ]
    }

    /// Reads the resilient watch of the newest session, if there is one.
    fn watch(&self) -> Vec<Measurement> {
        let hook = self.health_hook.as_ref();
        let Some(status) = hook.and_then(|hook| hook.watch_status()) else {
            return Vec::new();
        };
        let counts = [
            ("health_polls", "Polls that have ended.", status.polls),
            (
                "health_polls_failed",
                "Polls that a PS didn't answer.",
                status.failed_polls,
            ),
            ("health_alarms", "Reports of unhealthy PS.", status.alarms),
            (
                "health_reports_failed",
                "Reports that failed.",
                status.failed_reports,
            ),
        ];
        let counters = counts
            .map(|(name, about, count)| Measurement::new(Kind::Counter, name, about, count as f64));
        let last_good_poll = status.last_good_poll.map(|ended| {
            Measurement::new(
                Kind::Moment,
                "health_last_good_poll_timestamp_seconds",
                "The end of the last poll that all PS answered.",
                ended.as_secs_f64(),
            )
        });
        let unhealthy = status.unhealthy.into_iter().map(|ps| {
            Measurement::gauge("ps_unhealthy", "1 for each PS that is unhealthy.", 1.0)
                .labelled("ps", ps.to_string())
        });
        counters
            .into_iter()
            .chain(last_good_poll)
            .chain(unhealthy)
            .collect()
    }
}
