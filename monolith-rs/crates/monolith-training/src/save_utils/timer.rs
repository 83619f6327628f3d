//! Whether a step is due.

use std::time::Duration;

use super::tide::Tide;

/// How often something is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Every {
    /// After this much time.
    Time(Duration),
    /// After this many steps.
    Steps(i64),
}

/// Remembers when something was last done and says when it is due again.
///
/// Disabled, it never says so; what it remembers stays. Upstream calls it
/// `SecondOrStepTimerWithTideSetting`.
#[derive(Clone, Debug)]
pub struct SecondOrStepTimer {
    every: Every,
    tide: Option<Tide>,
    last: Option<(i64, Duration)>,
    enabled: bool,
}

impl SecondOrStepTimer {
    /// A timer that was never triggered, and so is due at once.
    pub fn new(every: Every) -> Self {
        Self {
            every,
            tide: None,
            last: None,
            enabled: true,
        }
    }

    /// With these hours, outside which steps don't count (B76).
    #[must_use]
    pub fn with_tide(mut self, tide: Option<Tide>) -> Self {
        self.tide = tide;
        self
    }

    /// Whether `step`, at the time `now`, is due. A step is due only once.
    pub fn should_trigger_for_step(&self, step: i64, now: Duration) -> bool {
        let Some((last_step, last_time)) = self.last else {
            return self.enabled;
        };
        let every = match self.tide {
            Some(tide) if !tide.is_on(now) => Every::Time(tide.every),
            _ => self.every,
        };
        let due = match every {
            Every::Time(time) => now >= last_time.saturating_add(time),
            // As TensorFlow's int64 does, it may wrap.
            Every::Steps(steps) => step >= last_step.wrapping_add(steps),
        };
        self.enabled && step != last_step && due
    }

    /// Counts from this step and time on.
    pub fn update_last_triggered_step(&mut self, step: i64, now: Duration) {
        self.last = Some((step, now));
    }

    /// Forgets what was counted, as if it was never triggered.
    pub fn reset(&mut self) {
        self.last = None;
    }

    /// The step that was last counted.
    pub fn last_triggered_step(&self) -> Option<i64> {
        self.last.map(|(step, _)| step)
    }

    /// Makes it work again.
    pub fn enable(&mut self) {
        self.enabled = true;
    }

    /// Makes nothing due until it is enabled.
    pub fn disable(&mut self) {
        self.enabled = false;
    }

    /// Whether it works.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    #[test]
    fn a_timer_that_was_never_triggered_is_due() {
        let timer = SecondOrStepTimer::new(Every::Steps(10));
        assert!(timer.should_trigger_for_step(0, NOW));
    }

    #[test]
    fn an_interval_may_be_longer_than_time_is() {
        let mut timer = SecondOrStepTimer::new(Every::Time(Duration::MAX));
        timer.update_last_triggered_step(5, NOW);
        assert!(!timer.should_trigger_for_step(6, NOW));
    }

    #[test]
    fn outside_the_tide_its_interval_counts_and_steps_do_not() {
        let tide = Tide {
            start: (9, 0),
            end: (17, 30),
            every: Duration::from_secs(600),
        };
        let hour = Duration::from_secs(3600);
        let mut timer = SecondOrStepTimer::new(Every::Steps(10)).with_tide(Some(tide));
        assert!(timer.should_trigger_for_step(0, hour));
        timer.update_last_triggered_step(0, hour);
        assert!(!timer.should_trigger_for_step(100, hour * 69 / 60));
        assert!(timer.should_trigger_for_step(1, hour * 7 / 6));
        assert!(!timer.should_trigger_for_step(0, hour * 7 / 6));
        timer.update_last_triggered_step(1, hour * 10);
        assert!(!timer.should_trigger_for_step(2, hour * 12));
        assert!(timer.should_trigger_for_step(11, hour * 10));
    }

    #[test]
    fn a_reset_timer_was_never_triggered() {
        let mut timer = SecondOrStepTimer::new(Every::Steps(10));
        timer.update_last_triggered_step(5, NOW);
        timer.reset();
        assert_eq!(timer.last_triggered_step(), None);
        assert!(timer.should_trigger_for_step(5, NOW));
    }

    #[test]
    fn steps_are_due_once_and_after_their_number() {
        let mut timer = SecondOrStepTimer::new(Every::Steps(10));
        timer.update_last_triggered_step(5, NOW);
        assert!(!timer.should_trigger_for_step(5, NOW));
        assert!(!timer.should_trigger_for_step(14, NOW));
        assert!(timer.should_trigger_for_step(15, NOW));
    }

    #[test]
    fn time_makes_another_step_due_and_a_disabled_timer_none() {
        let mut timer = SecondOrStepTimer::new(Every::Time(Duration::from_secs(60)));
        timer.update_last_triggered_step(5, NOW);
        let later = NOW + Duration::from_secs(60);
        assert!(!timer.should_trigger_for_step(6, NOW));
        assert!(!timer.should_trigger_for_step(5, later));
        assert!(timer.should_trigger_for_step(6, later));
        timer.disable();
        assert!(!timer.should_trigger_for_step(6, later));
        timer.enable();
        assert!(timer.should_trigger_for_step(6, later));
    }
}
