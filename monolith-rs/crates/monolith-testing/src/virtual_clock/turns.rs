//! Choice of the next lane by a script.

use super::schedule::{LaneId, Schedule};

impl Schedule {
    /// Chooses the lane that goes on next, and the instant at which it does.
    ///
    /// # Errors
    ///
    /// Returns an error if the schedule takes a candidate that doesn't exist.
    pub(super) fn choose(&mut self) -> Result<Option<(LaneId, u64)>, String> {
        if self.script.is_none() {
            return Ok(self.next());
        }
        let ready: Vec<(LaneId, u64)> = self.ready().collect();
        let Some(instant) = ready.iter().map(|(_, at)| *at).min() else {
            return Ok(None);
        };
        let at_once = || {
            let lanes = ready.iter().filter(|(_, at)| *at == instant);
            lanes.map(|(lane, _)| *lane)
        };
        let mut lanes: Vec<LaneId> = at_once().filter(|lane| !self.is_last(*lane)).collect();
        if lanes.is_empty() {
            lanes = at_once().collect();
        }
        lanes.sort_unstable_by_key(|lane| self.order(*lane));
        self.take(&lanes).map(|lane| Some((lane, instant)))
    }

    /// Chooses a lane to run before `lane` takes a lock; only a script ever does.
    pub(super) fn overtaking(&mut self, lane: LaneId) -> Result<Option<LaneId>, String> {
        if self.script.is_none() {
            return Ok(None);
        }
        let now = self.now;
        let mut lanes: Vec<LaneId> = self
            .ready()
            .filter(|(other, at)| *at == now && !self.is_last(*other))
            .map(|(other, _)| other)
            .collect();
        lanes.sort_unstable_by_key(|other| self.order(*other));
        lanes.insert(0, lane);
        let taken = self.take(&lanes)?;
        Ok((taken != lane).then_some(taken))
    }

    fn take(&mut self, lanes: &[LaneId]) -> Result<LaneId, String> {
        let candidates = self.without_twins(lanes);
        let labels: Vec<String> = candidates
            .iter()
            .map(|lane| self.label(*lane).to_owned())
            .collect();
        match &mut self.script {
            Some(script) if candidates.len() > 1 => Ok(candidates[script.take(labels)?]),
            _ => Ok(candidates[0]),
        }
    }

    /// Returns the lanes without twins, of which it keeps the first: any other would do the same.
    fn without_twins(&self, lanes: &[LaneId]) -> Vec<LaneId> {
        let mut kept: Vec<LaneId> = Vec::new();
        for lane in lanes {
            let twin = self.fresh_twin(*lane);
            let known = |other: &LaneId| self.fresh_twin(*other) == twin;
            if twin.is_none() || !kept.iter().any(known) {
                kept.push(*lane);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::super::schedule::{Condition, Park};
    use super::super::script::Choice;
    use super::*;

    fn at(deadline: u64) -> Park {
        Park::until(Some(deadline), Condition::Nothing)
    }

    fn scripted(script: &[usize]) -> Schedule {
        Schedule::scripted(script.to_vec())
    }

    #[test]
    fn an_empty_script_takes_the_order_of_parking_and_keeps_what_it_took() {
        let mut schedule = scripted(&[]);
        schedule.start("late", at(20));
        let first = schedule.start("first", at(10));
        schedule.start("second", at(10));
        assert_eq!(schedule.choose(), Ok(Some((first, 10))));
        let choice = Choice {
            candidates: vec!["first".into(), "second".into()],
            taken: 0,
        };
        assert_eq!(schedule.choices(), [choice]);
    }

    #[test]
    fn a_script_takes_another_and_settling_is_no_candidate() {
        let mut schedule = scripted(&[1]);
        let settling = schedule.start("main", at(0));
        let last = Park {
            last: true,
            ..at(0)
        };
        schedule.park(settling, last);
        schedule.start("first", at(0));
        let second = schedule.start("second", at(0));
        assert_eq!(schedule.choose(), Ok(Some((second, 0))));
    }

    #[test]
    fn a_candidate_that_is_not_there_is_refused() {
        let mut schedule = scripted(&[2]);
        schedule.start("a", at(0));
        schedule.start("b", at(0));
        let error = schedule.choose().unwrap_err();
        assert_eq!(
            error,
            "choice 0 of the schedule: expected a candidate from 0 to 1, got 2 (of a, b)"
        );
    }

    #[test]
    fn of_twins_that_have_not_begun_only_the_first_is_a_candidate() {
        let mut schedule = scripted(&[]);
        for _ in 0..2 {
            let twin = schedule.start("concurrently-1", at(0));
            schedule.set_twin(twin, "the same step".into());
        }
        schedule.choose().unwrap();
        assert_eq!(schedule.choices(), []);
    }

    #[test]
    fn who_takes_a_lock_is_overtaken_only_where_a_script_says_so() {
        for (script, overtakes) in [(None, false), (Some(vec![0]), false), (Some(vec![1]), true)] {
            let mut schedule = script.map_or_else(|| Schedule::new(None), Schedule::scripted);
            let locking = schedule.start("locking", at(0));
            schedule.resume(locking);
            let other = schedule.start("other", at(0));
            schedule.start("later", at(1));
            let expected = overtakes.then_some(other);
            assert_eq!(schedule.overtaking(locking), Ok(expected));
        }
    }
}
