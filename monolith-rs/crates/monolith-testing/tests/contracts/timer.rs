//! The saver's timer against a model of a few lines, and at each edge of its tide.

use std::ops::Range;
use std::time::Duration;

use monolith_training::save_utils::{Every, SecondOrStepTimer, Tide};

use crate::chance::Chance;

const MINUTES_OF_A_DAY: u64 = 24 * 60;
const LONG: Duration = Duration::from_secs(4000);
const SHORT: Duration = Duration::from_secs(10);

/// After which the one of the two is over and the other isn't.
const BETWEEN: Duration = Duration::from_secs(1000);

/// An hour and a minute of it.
type Time = (u64, u64);

const TIDES: [(Time, Time); 15] = [
    ((0, 0), (1, 0)),
    ((0, 0), (0, 1)),
    ((0, 30), (1, 0)),
    ((0, 0), (24, 0)),
    ((9, 0), (17, 30)),
    ((9, 59), (10, 1)),
    ((12, 0), (12, 30)),
    ((12, 15), (13, 0)),
    ((23, 59), (24, 0)),
    ((0, 1), (0, 0)),
    ((0, 0), (0, 0)),
    ((12, 30), (12, 30)),
    ((12, 30), (12, 29)),
    ((22, 0), (6, 0)),
    ((23, 0), (0, 0)),
];

fn hours((start, end): (Time, Time)) -> Range<u64> {
    start.0 * 60 + start.1..end.0 * 60 + end.1
}

/// As the behaviour page has it.
fn is_on(hours: &Range<u64>, now: Duration) -> bool {
    hours.is_empty() || hours.contains(&(now.as_secs() / 60 % MINUTES_OF_A_DAY))
}

fn tide((start, end): (Time, Time), every: Duration) -> Tide {
    Tide { start, end, every }
}

/// Times at and around each edge, of an early and a late day.
fn edges(hours: &Range<u64>) -> Vec<Duration> {
    let mut minutes = vec![0, 1, 59, 60, 61, 719, 720, 1380, 1439];
    minutes.extend([hours.start + 1, hours.end + 1, hours.start, hours.end]);
    minutes.extend([hours.start, hours.end].map(|minute| (minute + 1439) % 1440));
    let nanosecond = Duration::from_nanos(1);
    let around = |time: Duration| [time.saturating_sub(nanosecond), time, time + nanosecond];
    let at = |day: u64, minute: u64| Duration::from_secs((day * 1440 + minute) * 60);
    let days = [1, 20_000].into_iter();
    days.flat_map(|day| minutes.iter().map(move |minute| at(day, *minute)))
        .flat_map(around)
        .collect()
}

#[test]
fn each_minute_belongs_to_the_tide_or_not() {
    for times in TIDES {
        let hours = hours(times);
        for (within, outside) in [(SHORT, LONG), (LONG, SHORT)] {
            let timer = SecondOrStepTimer::new(Every::Time(within));
            let mut timer = timer.with_tide(Some(tide(times, outside)));
            for now in edges(&hours) {
                timer.update_last_triggered_step(1, now.saturating_sub(BETWEEN));
                let every = if is_on(&hours, now) { within } else { outside };
                let due = timer.should_trigger_for_step(2, now);
                assert_eq!(due, every == SHORT, "{times:?} at {now:?}");
            }
        }
    }
}

#[test]
fn steps_matter_in_the_tide_and_not_outside_it() {
    for times in TIDES {
        let hours = hours(times);
        let timer = SecondOrStepTimer::new(Every::Steps(5));
        let mut timer = timer.with_tide(Some(tide(times, LONG)));
        for now in edges(&hours) {
            timer.update_last_triggered_step(10, now.saturating_sub(BETWEEN));
            let due = [10, 14, 15, 16].map(|step| timer.should_trigger_for_step(step, now));
            let on = is_on(&hours, now);
            assert_eq!(due, [false, false, on, on], "{times:?} at {now:?}");
        }
    }
}

#[test]
fn an_interval_is_over_at_its_end_and_not_before() {
    let nanosecond = Duration::from_nanos(1);
    for milliseconds in [1, 1000, 1500, 30_000, 90_250, 86_400_000, 10_u64.pow(9)] {
        let interval = Duration::from_millis(milliseconds);
        let mut timer = SecondOrStepTimer::new(Every::Time(interval));
        for start in [0, 1, 60_000_000_000, 1_728_000_000_000_000_007] {
            let start = Duration::from_nanos(start);
            timer.update_last_triggered_step(0, start);
            assert!(
                !timer.should_trigger_for_step(1, (start + interval).saturating_sub(nanosecond))
            );
            assert!(timer.should_trigger_for_step(1, start + interval));
        }
    }
}

/// What a timer does, in few words: it remembers, and can be disabled.
struct Model {
    every: Every,
    hours: Option<Range<u64>>,
    enabled: bool,
    last: Option<(i64, Duration)>,
}

impl Model {
    fn is_due(&self, step: i64, now: Duration) -> bool {
        let Some((last_step, last)) = self.last else {
            return self.enabled;
        };
        let outside = self.hours.as_ref().is_some_and(|hours| !is_on(hours, now));
        let every = if outside {
            Every::Time(SHORT)
        } else {
            self.every
        };
        let due = match every {
            Every::Time(interval) => now.saturating_sub(last) >= interval,
            Every::Steps(steps) => step - last_step >= steps,
        };
        self.enabled && step != last_step && due
    }
}

/// A random sequence of everything that a timer can be told.
fn play(every: Every, times: Option<(Time, Time)>, chance: &mut Chance) {
    let timer = SecondOrStepTimer::new(every);
    let mut timer = timer.with_tide(times.map(|times| tide(times, SHORT)));
    let hours = times.map(hours);
    let mut model = Model {
        every,
        hours,
        enabled: true,
        last: None,
    };
    let day = chance.below(3);
    let mut now = Duration::from_secs((day * 1440 + 1437 + chance.below(6)) * 60);
    let mut step = 0;
    for _ in 0..40 {
        match chance.below(8) {
            0 => {
                timer.reset();
                model.last = None;
            }
            1 => {
                timer.enable();
                model.enabled = true;
            }
            2 => {
                timer.disable();
                model.enabled = false;
            }
            3 | 4 => now += Duration::from_secs(chance.one_of(&[1, 3, 10, 60, 3600])),
            5 => step += chance.one_of(&[-1, 0, 1, 1, 2, 3]),
            _ => {
                timer.update_last_triggered_step(step, now);
                model.last = Some((step, now));
            }
        }
        for step in [step - 1, step, step + 1, step + 3] {
            assert_eq!(
                timer.should_trigger_for_step(step, now),
                model.is_due(step, now)
            );
        }
        assert_eq!(timer.is_enabled(), model.enabled);
        assert_eq!(
            timer.last_triggered_step(),
            model.last.map(|(step, _)| step)
        );
    }
}

#[test]
fn a_timer_does_what_the_model_does_in_any_sequence() {
    let mut chance = Chance::new(7);
    let seconds = |seconds| Every::Time(Duration::from_secs(seconds));
    for every in [seconds(60), seconds(7), Every::Steps(3), Every::Steps(1)] {
        for times in [
            None,
            Some(((0, 0), (0, 2))),
            Some(((23, 58), (24, 0))),
            Some(((1, 0), (0, 1))),
        ] {
            for _ in 0..50 {
                play(every, times, &mut chance);
            }
        }
    }
}
