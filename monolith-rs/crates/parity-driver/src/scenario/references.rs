//! What one part of a scenario says of another, and what all of them come to together.

use super::bounds::{self, LONGEST_TIME, MOST_HOOKS, MOST_LANES, MOST_STEPS};
use super::reading::failed;
use super::{Branch, Hook, Scenario, Step, Unplayable};

/// Refuses what refers to something that isn't there, or is too much in all.
pub(super) fn check(scenario: &Scenario) -> Result<(), Unplayable> {
    let machines = scenario.machines.iter().map(|machine| machine.ps);
    if !machines.eq(0..scenario.cluster.ps) {
        return Err(failed("machines", "must list every PS in order"));
    }
    check_hooks(scenario)?;
    check_workers(scenario)?;
    check_totals(scenario)
}

fn check_hooks(scenario: &Scenario) -> Result<(), Unplayable> {
    let has = |wanted: fn(&Hook) -> bool| scenario.hooks.iter().any(wanted);
    let has_saver = has(|hook| matches!(hook, Hook::Saver(_)));
    let has_controller = has(|hook| matches!(hook, Hook::Controller {}));
    for (at, hook) in scenario.hooks.iter().enumerate() {
        let missing = match hook {
            Hook::Server { .. } if !has_saver => "a server needs a saver",
            Hook::QueryAction {} if !has_controller => "a query_action needs a controller",
            Hook::Saver(saver) => {
                let at = format!("hooks[{at}].saver.listeners");
                bounds::check_list(&at, &saver.listeners, MOST_HOOKS)?;
                continue;
            }
            _ => continue,
        };
        return Err(failed(&format!("hooks[{at}]"), missing));
    }
    for (at, step) in scenario.steps.iter().enumerate() {
        let missing = match step {
            Step::Timer(_) if !has_saver => "there is no saver",
            Step::ControllerOp(_) if !has_controller => "there is no controller",
            _ => continue,
        };
        return Err(failed(&format!("steps[{at}]"), missing));
    }
    Ok(())
}

/// The branches of a step, each with its place.
fn branches(step: &Step, at: &str) -> Vec<(String, Branch)> {
    match step {
        Step::Branch(branch) => vec![(at.to_owned(), *branch)],
        Step::Concurrently(branches) => {
            let branches = branches.iter().enumerate();
            branches
                .map(|(index, branch)| (format!("{at}.concurrently[{index}]"), *branch))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn check_workers(scenario: &Scenario) -> Result<(), Unplayable> {
    for (at, step) in scenario.steps.iter().enumerate() {
        for (at, branch) in branches(step, &format!("steps[{at}]")) {
            match branch {
                Branch::Worker { index, .. }
                    if usize::try_from(index).is_ok_and(|i| i < scenario.cluster.workers) => {}
                Branch::Worker { index, .. } => {
                    let message = format!("there is no worker {index}");
                    return Err(failed(&format!("{at}.worker"), message));
                }
                Branch::Rpc(_) => {}
            }
        }
    }
    Ok(())
}

/// What is bounded of one step is so of all of them together.
fn check_totals(scenario: &Scenario) -> Result<(), Unplayable> {
    let (mut time, mut training, mut calls): (u64, u64, u64) = (0, 0, 0);
    for (at, step) in scenario.steps.iter().enumerate() {
        match step {
            Step::Advance(advance) => {
                let advance = u64::try_from(advance.as_millis()).unwrap_or(u64::MAX);
                time = time.saturating_add(advance);
            }
            Step::Train(train) => training = training.saturating_add(*train),
            Step::Background(_) => calls = calls.saturating_add(1),
            _ => {
                for (_, branch) in branches(step, "") {
                    if let Branch::Worker { train, .. } = branch {
                        training = training.saturating_add(train);
                    }
                }
            }
        }
        for (total, most, of) in [
            (time, LONGEST_TIME, "ms of time"),
            (training, MOST_STEPS, "training steps"),
            (calls, MOST_LANES, "calls in the background"),
        ] {
            if total > most {
                let message = format!("expected at most {most} {of} up to here, got {total}");
                return Err(failed(&format!("steps[{at}]"), message));
            }
        }
    }
    Ok(())
}
