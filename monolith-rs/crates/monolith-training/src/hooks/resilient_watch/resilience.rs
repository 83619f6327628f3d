//! The options of a watch that goes on.

use std::time::Duration;

use crate::errors::{Error, Result};

/// Options of a watch that goes on: the page `docs/production.md`.
///
/// All of them are more than 0, from the default on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resilience {
    poll_deadline: Duration,
    report_deadline: Duration,
    backoff: Duration,
    unreachable_after: u32,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            poll_deadline: Duration::from_secs(10),
            report_deadline: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            unreachable_after: 3,
        }
    }
}

impl Resilience {
    /// With this time after which a poll is given up (10 s by default).
    ///
    /// Giving up is the affair of the
    /// [`HealthSource`](crate::logging_ops::HealthSource::check_within), which is told. No time at
    /// all is a `ValueError`.
    pub fn with_poll_deadline(mut self, poll_deadline: Duration) -> Result<Self> {
        self.poll_deadline = some_time("poll_deadline", poll_deadline)?;
        Ok(self)
    }

    /// With this time after which a report is no longer waited for (30 s by default).
    ///
    /// No time at all is a `ValueError`.
    pub fn with_report_deadline(mut self, report_deadline: Duration) -> Result<Self> {
        self.report_deadline = some_time("report_deadline", report_deadline)?;
        Ok(self)
    }

    /// With this time from a poll that went wrong to the next (1 s by default). It is twice as long
    /// each time that it goes wrong again, at most that between two good polls.
    ///
    /// No time at all is a `ValueError`.
    pub fn with_backoff(mut self, backoff: Duration) -> Result<Self> {
        self.backoff = some_time("backoff", backoff)?;
        Ok(self)
    }

    /// With this number of polls in a row without an answer after which a parameter server is
    /// reported (3 by default).
    ///
    /// None is a `ValueError`.
    pub fn with_unreachable_after(mut self, polls: u32) -> Result<Self> {
        if polls == 0 {
            return Err(not_more_than_zero("unreachable_after"));
        }
        self.unreachable_after = polls;
        Ok(self)
    }

    /// See [`with_poll_deadline`](Self::with_poll_deadline).
    pub fn poll_deadline(&self) -> Duration {
        self.poll_deadline
    }

    /// See [`with_report_deadline`](Self::with_report_deadline).
    pub fn report_deadline(&self) -> Duration {
        self.report_deadline
    }

    /// See [`with_backoff`](Self::with_backoff).
    pub fn backoff(&self) -> Duration {
        self.backoff
    }

    /// See [`with_unreachable_after`](Self::with_unreachable_after).
    pub fn unreachable_after(&self) -> u32 {
        self.unreachable_after
    }

    /// The time to the next poll after this many in a row that went wrong.
    pub(super) fn wait_after(&self, troubles: u32, poll_interval: Duration) -> Duration {
        let Some(again) = troubles.checked_sub(1) else {
            return poll_interval;
        };
        // What is too long to be counted is longer than the interval.
        let doubled = 2_u32.checked_pow(again);
        let doubled = doubled.and_then(|times| self.backoff.checked_mul(times));
        doubled.map_or(poll_interval, |wait| wait.min(poll_interval))
    }
}

fn some_time(name: &str, time: Duration) -> Result<Duration> {
    if time.is_zero() {
        return Err(not_more_than_zero(name));
    }
    Ok(time)
}

fn not_more_than_zero(name: &str) -> Error {
    Error::value(format!("{name}: expected more than 0, got 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    #[test]
    fn each_option_is_more_than_nothing() {
        let (options, none) = (Resilience::default(), Duration::ZERO);
        for (name, refused) in [
            ("poll_deadline", options.with_poll_deadline(none)),
            ("report_deadline", options.with_report_deadline(none)),
            ("backoff", options.with_backoff(none)),
            ("unreachable_after", options.with_unreachable_after(0)),
        ] {
            let message = format!("{name}: expected more than 0, got 0");
            assert_eq!(refused, Err(Error::value(message)));
        }
    }

    #[test]
    fn each_option_has_its_default_until_it_is_given() {
        let options = Resilience::default();
        assert_eq!(options.poll_deadline(), Duration::from_secs(10));
        assert_eq!(options.report_deadline(), Duration::from_secs(30));
        assert_eq!(options.backoff(), Duration::from_secs(1));
        assert_eq!(options.unreachable_after(), 3);
        let given = |nanos| Duration::from_nanos(nanos);
        let options = (options.with_poll_deadline(given(1)))
            .and_then(|options| options.with_report_deadline(given(2)))
            .and_then(|options| options.with_backoff(given(3)))
            .and_then(|options| options.with_unreachable_after(4))
            .unwrap();
        assert_eq!(options.poll_deadline(), given(1));
        assert_eq!(options.report_deadline(), given(2));
        assert_eq!(options.backoff(), given(3));
        assert_eq!(options.unreachable_after(), 4);
    }

    #[test]
    fn the_backoff_doubles_up_to_the_interval() {
        let waits = |options: Resilience| {
            let wait = |troubles| options.wait_after(troubles, INTERVAL).as_secs();
            [0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, u32::MAX].map(wait)
        };
        let options = Resilience::default();
        assert_eq!(waits(options), [30, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]);
        let longest = options.with_backoff(Duration::MAX).unwrap();
        assert_eq!(waits(longest), [30; 12]);
    }
}
