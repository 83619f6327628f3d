//! A schedule that a run follows: choice points and the candidate taken at each.

/// A choice point: the labels of the lanes that could go on, and the index of the one that did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The labels, in order of parking.
    pub candidates: Vec<String>,
    /// The index of the one that went on.
    pub taken: usize,
}

/// The candidate to take at each choice point, and the choices made so far.
#[derive(Debug, Default)]
pub(super) struct Script {
    schedule: Vec<usize>,
    pub(super) choices: Vec<Choice>,
}

impl Script {
    pub(super) fn new(schedule: Vec<usize>) -> Self {
        Self {
            schedule,
            choices: Vec::new(),
        }
    }

    /// Records the next choice point and returns the index taken; 0 once the schedule is used up.
    pub(super) fn take(&mut self, candidates: Vec<String>) -> Result<usize, String> {
        let point = self.choices.len();
        let taken = self.schedule.get(point).copied().unwrap_or(0);
        if taken >= candidates.len() {
            return Err(format!(
                "choice {point} of the schedule: expected a candidate from 0 to {}, got {taken} \
                 (of {})",
                candidates.len() - 1,
                candidates.join(", ")
            ));
        }
        self.choices.push(Choice { candidates, taken });
        Ok(taken)
    }
}
