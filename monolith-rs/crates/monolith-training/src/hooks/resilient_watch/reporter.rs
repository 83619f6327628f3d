//! Reports that are waited for until a deadline and no longer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::attempt;
use crate::clock::Clock;
use crate::coordinator::Coordinator;
use crate::errors::Result;
use crate::hooks::ps_check_hooks::{ReportFn, Results};

/// The name of a report's thread.
const THREAD_NAME: &str = "ps_report";

/// What came of a poll's findings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reported {
    /// There was nothing to report, or what there was has been reported meanwhile.
    Already,
    /// A report was made.
    Made,
    /// One went wrong, or wasn't made in time.
    Failed,
    /// An earlier one is still under way, so that none was begun.
    Waits,
}

/// A report on a thread of its own.
struct Report {
    /// Those it is about that have been unhealthy ever since.
    of: BTreeSet<usize>,
    /// Is asked to stop when the report is done, whatever came of it.
    done: Arc<Coordinator>,
    succeeded: Arc<AtomicBool>,
}

/// Who is to be reported, and who has been.
///
/// One thread has it. It shares with the thread of a report only what says how that ended, and
/// holds no lock while it waits.
pub(super) struct Reporter {
    clock: Arc<dyn Clock>,
    report_fn: ReportFn,
    deadline: Duration,
    reported: BTreeSet<usize>,
    /// Begun and not known to be done: no other is begun meanwhile.
    under_way: Option<Report>,
}

impl Reporter {
    /// Nobody is reported yet.
    pub(super) fn new(clock: Arc<dyn Clock>, report_fn: ReportFn, deadline: Duration) -> Self {
        Self {
            clock,
            report_fn,
            deadline,
            reported: BTreeSet::new(),
            under_way: None,
        }
    }

    /// Reports all who are unhealthy, if one of them has become so since the last report. Of the
    /// others, `unsure` are those who may not have been healthy since.
    pub(super) fn react(
        &mut self,
        unhealthy: &Results,
        unsure: impl Fn(&usize) -> bool,
    ) -> Reported {
        self.reported.retain(&unsure);
        if let Some(report) = &mut self.under_way {
            report.of.retain(&unsure);
        }
        if !self.has_news(unhealthy) {
            return Reported::Already;
        }
        if let Some(late) = self.under_way.take() {
            if !late.done.should_stop() {
                tracing::error!("The health watch goes on: an earlier report isn't done.");
                self.under_way = Some(late);
                return Reported::Waits;
            }
            self.note(late);
            if !self.has_news(unhealthy) {
                return Reported::Already;
            }
        }
        self.report(unhealthy)
    }

    fn has_news(&self, unhealthy: &Results) -> bool {
        unhealthy.keys().any(|ps| !self.reported.contains(ps))
    }

    fn report(&mut self, unhealthy: &Results) -> Reported {
        let report = match self.begin(unhealthy) {
            Ok(report) => report,
            Err(error) => {
                tracing::error!("The health watch goes on: a report can't be begun: {error}");
                return Reported::Failed;
            }
        };
        if !(self.clock).wait_for_stop(&report.done, Some(self.deadline)) {
            tracing::error!("The health watch goes on: a report isn't done in time.");
            self.under_way = Some(report);
            return Reported::Failed;
        }
        if self.note(report) {
            Reported::Made
        } else {
            Reported::Failed
        }
    }

    /// Begins a report. No coordinator waits for its thread, as it may never end.
    fn begin(&self, unhealthy: &Results) -> Result<Report> {
        let report = Report {
            of: unhealthy.keys().copied().collect(),
            done: Coordinator::new(),
            succeeded: Arc::default(),
        };
        let (clock, report_fn) = (Arc::clone(&self.clock), Arc::clone(&self.report_fn));
        let (done, succeeded) = (Arc::clone(&report.done), Arc::clone(&report.succeeded));
        let unhealthy = unhealthy.clone();
        let target = move || {
            match attempt(&*clock, || report_fn(&unhealthy)) {
                Ok(()) => succeeded.store(true, Ordering::Release),
                Err(error) => {
                    tracing::error!("The health watch goes on: a report failed: {error}");
                }
            }
            done.request_stop();
            Ok(())
        };
        self.clock
            .start_thread(THREAD_NAME, None, Box::new(target))?;
        Ok(report)
    }

    /// Takes note of a report that is done, and of whether it succeeded.
    fn note(&mut self, mut report: Report) -> bool {
        let succeeded = report.succeeded.load(Ordering::Acquire);
        if succeeded {
            self.reported.append(&mut report.of);
        }
        succeeded
    }
}
