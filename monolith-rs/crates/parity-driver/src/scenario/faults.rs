//! The faults that a scenario declares.

use crate::wire::scenario::{BackgroundStep, Hook, InBackground, Probe, Scenario, Step};

/// Returns the path that identifies the error of the probe at this index of the hooks.
pub fn probe_path(at: usize) -> String {
    format!("hooks[{at}].probe.raises")
}

impl Scenario {
    /// Returns the paths of all faults that should strike.
    pub(crate) fn declared_faults(&self) -> Vec<String> {
        let raises = |hook: &Hook| {
            matches!(
                hook,
                Hook::Probe(Probe {
                    raises: Some(_),
                    ..
                })
            )
        };
        let hooks = self.hooks.iter().enumerate();
        let probes = hooks.filter(|(_, hook)| raises(hook));
        let probes = probes.map(|(at, _)| probe_path(at));
        let first = (0..self.faults.len()).map(|at| format!("faults[{at}]"));
        let steps = self.steps.iter().enumerate();
        let steps = steps.filter_map(|(at, step)| match step {
            Step::Fault(_) => Some(format!("steps[{at}].fault")),
            Step::Background(BackgroundStep {
                background: InBackground::Fault(_),
                ..
            }) => Some(format!("steps[{at}].background.fault")),
            _ => None,
        });
        probes.chain(first).chain(steps).collect()
    }
}
