//! A schedule that a run follows: choice points, and what was taken at each.

/// A moment at which one of several lanes could go on: their labels, and which one did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The labels, in order of parking.
    pub candidates: Vec<String>,
    /// The index of the one that went on.
    pub taken: usize,
}

/// The candidate to take at each choice point, and what was taken so far.
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

    /// The index taken at the next choice point; 0 once the schedule is used up.
    pub(super) fn take(&mut self, candidates: Vec<String>) -> Result<usize, String> {
        let point = self.choices.len();
        let taken = self.schedule.get(point).copied().unwrap_or(0);
        if taken >= candidates.len() {
            return Err(format!(
                "choice {point} of the schedule takes candidate {taken} of {}; 0 to {} would be right",
                candidates.join(", "),
                candidates.len() - 1
            ));
        }
        self.choices.push(Choice { candidates, taken });
        Ok(taken)
    }
}
