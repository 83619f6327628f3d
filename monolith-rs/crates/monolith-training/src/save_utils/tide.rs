//! Hours of the day with an interval of their own.

use std::time::Duration;

const MINUTES_OF_A_DAY: u64 = 24 * 60;

/// The hours of high tide, in UTC, and how often something is due outside them (B76).
///
/// The first minute is in the tide and the last isn't. A tide whose start isn't before
/// its end is always on, so none runs over midnight.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tide {
    /// The hour and the minute that it starts at.
    pub start: (u64, u64),
    /// The hour and the minute that it ends at.
    pub end: (u64, u64),
    /// How much time passes between two triggers outside it, whatever the steps.
    pub every: Duration,
}

impl Tide {
    /// Whether `now`, the time since midnight of some day, is in the tide.
    pub fn is_on(&self, now: Duration) -> bool {
        let minutes = |(hour, minute): (u64, u64)| hour * 60 + minute;
        let (start, end) = (minutes(self.start), minutes(self.end));
        let minute = now.as_secs() / 60 % MINUTES_OF_A_DAY;
        start >= end || (start..end).contains(&minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64, hour: u64, minute: u64, second: u64) -> Duration {
        Duration::from_secs(((day * 24 + hour) * 60 + minute) * 60 + second)
    }

    fn tide(start: (u64, u64), end: (u64, u64)) -> Tide {
        let every = Duration::from_secs(60);
        Tide { start, end, every }
    }

    #[test]
    fn the_first_minute_is_in_it_and_the_last_is_not() {
        let tide = tide((9, 0), (17, 30));
        for day in [0, 20_000] {
            for (now, is_on) in [
                (at(day, 8, 59, 59), false),
                (at(day, 9, 0, 0), true),
                (at(day, 17, 29, 59), true),
                (at(day, 17, 30, 0), false),
                (at(day, 0, 0, 0), false),
            ] {
                assert_eq!(tide.is_on(now), is_on, "{now:?}");
            }
        }
    }

    #[test]
    fn one_that_does_not_start_before_its_end_is_always_on() {
        for tide in [tide((22, 0), (6, 0)), tide((9, 0), (9, 0))] {
            for hour in 0..24 {
                assert!(tide.is_on(at(0, hour, 0, 0)));
            }
        }
    }
}
