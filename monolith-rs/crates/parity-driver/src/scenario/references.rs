//! Checks of references from one part of a scenario to another, and of totals.

use std::time::Duration;

use super::{Scenario, Unplayable, failed};
use crate::wire::scenario::{
    ActionContent, BackgroundStep, ConcurrentStep, FileContent, Hook, InBackground, LONGEST_TIME,
    ListenerKind, MOST_LANES, MOST_STEPS, Saver, Step, WorkerTrain,
};

/// Checks that every reference has its target and that no total is too large.
pub(super) fn check(scenario: &Scenario) -> Result<(), Unplayable> {
    check_machines(scenario)?;
    check_ps(scenario)?;
    check_contents(scenario)?;
    check_hooks(scenario)?;
    check_workers(scenario)?;
    check_totals(scenario)
}

fn check_machines(scenario: &Scenario) -> Result<(), Unplayable> {
    let (expected, got) = (scenario.cluster.ps, scenario.machines.len());
    if got != expected {
        let message = format!("expected one machine for each of {expected} PS, got {got}");
        return Err(failed("machines", message));
    }
    for (at, machine) in scenario.machines.iter().enumerate() {
        if machine.ps != at {
            let message = format!("expected {at}, got {}", machine.ps);
            return Err(failed(&format!("machines[{at}].ps"), message));
        }
    }
    Ok(())
}

fn check_ps(scenario: &Scenario) -> Result<(), Unplayable> {
    let faults = scenario.faults.iter().enumerate();
    let faults = faults.map(|(at, fault)| (format!("faults[{at}]"), fault.ps()));
    let steps = scenario.steps.iter().enumerate().map(|(at, step)| {
        let ps = match step {
            Step::Fault(step) => step.fault.ps(),
            Step::Background(step) => match &step.background {
                InBackground::Fault(step) => step.fault.ps(),
                InBackground::MachineInfo(info) => Some(info.ps),
                _ => None,
            },
            step => step.ps(),
        };
        (format!("steps[{at}].{}", step.kind()), ps)
    });
    for (at, ps) in faults.chain(steps) {
        match ps {
            Some(ps) if ps >= scenario.cluster.ps => {
                return Err(failed(&at, format!("there is no PS {ps}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Which of the alternatives of a file's content are given.
fn of_file(content: &FileContent) -> [bool; 3] {
    [content.text.is_some(), content.hex.is_some(), false]
}

fn of_action(content: &ActionContent) -> [bool; 3] {
    [
        content.text.is_some(),
        content.hex.is_some(),
        content.folder,
    ]
}

fn check_contents(scenario: &Scenario) -> Result<(), Unplayable> {
    for (at, step) in scenario.steps.iter().enumerate() {
        let given = match step {
            Step::AddressFile(content) => of_file(content),
            Step::ActionFile(content) => of_action(content),
            Step::StateFile(file) => of_file(&file.content),
            Step::Background(step) => match &step.background {
                InBackground::AddressFile(content) => of_file(content),
                InBackground::ActionFile(content) => of_action(content),
                InBackground::StateFile(file) => of_file(&file.content),
                _ => continue,
            },
            _ => continue,
        };
        if given.iter().filter(|given| **given).count() > 1 {
            let at = format!("steps[{at}].{}", step.kind());
            return Err(failed(
                &at,
                "expected text or hex or folder, got two of them",
            ));
        }
    }
    Ok(())
}

fn check_hooks(scenario: &Scenario) -> Result<(), Unplayable> {
    let has = |wanted: fn(&Hook) -> bool| scenario.hooks.iter().any(wanted);
    let has_saver = has(|hook| matches!(hook, Hook::Saver(_)));
    let has_controller = has(|hook| matches!(hook, Hook::Controller(_)));
    for (at, hook) in scenario.hooks.iter().enumerate() {
        let missing = match hook {
            Hook::Server(server) if server.saver && !has_saver => "a server needs a saver",
            Hook::QueryAction {} if !has_controller => "a query_action needs a controller",
            _ => continue,
        };
        return Err(failed(&format!("hooks[{at}]"), missing));
    }
    let counts_slots = |saver: &Saver| {
        let mut all = saver.listeners.iter().chain(&saver.guards);
        all.any(|kind| matches!(kind, ListenerKind::SlotCounts))
    };
    for (at, hook) in scenario.hooks.iter().enumerate() {
        if matches!(hook, Hook::Saver(saver) if counts_slots(saver)) && scenario.tables.is_empty() {
            return Err(failed(&format!("hooks[{at}]"), "slot_counts needs tables"));
        }
    }
    let has_callback = !scenario.barrier.callbacks.is_empty();
    for (at, step) in scenario.steps.iter().enumerate() {
        let (timer, op, callback) = match step {
            Step::Background(step) => (
                matches!(step.background, InBackground::Timer(_)),
                matches!(step.background, InBackground::ControllerOp(_)),
                matches!(step.background, InBackground::AppendCallback(_)),
            ),
            step => (
                matches!(step, Step::Timer(_)),
                matches!(step, Step::ControllerOp(_)),
                matches!(step, Step::AppendCallback(_)),
            ),
        };
        let missing = match (timer, op, callback) {
            (true, ..) if !has_saver => "there is no saver",
            (_, true, _) if !has_controller => "there is no controller",
            (.., true) if !has_callback => "an empty list isn't kept",
            _ => continue,
        };
        return Err(failed(&format!("steps[{at}]"), missing));
    }
    Ok(())
}

/// Returns the training that a step gives to workers, each with its place.
fn given<'a>(step: &'a Step, at: &str) -> Vec<(String, &'a WorkerTrain)> {
    match step {
        Step::Worker(worker) => vec![(format!("{at}.worker"), worker)],
        Step::Background(BackgroundStep {
            background: InBackground::Worker(worker),
            ..
        }) => vec![(format!("{at}.background.worker"), worker)],
        Step::Concurrently(steps) => {
            let steps = steps.iter().enumerate();
            let workers = steps.filter_map(|(index, step)| match step {
                ConcurrentStep::Worker(worker) => {
                    Some((format!("{at}.concurrently[{index}].worker"), worker))
                }
                ConcurrentStep::Rpc(_) => None,
            });
            workers.collect()
        }
        _ => Vec::new(),
    }
}

fn check_workers(scenario: &Scenario) -> Result<(), Unplayable> {
    for (at, step) in scenario.steps.iter().enumerate() {
        for (at, WorkerTrain { index, .. }) in given(step, &format!("steps[{at}]")) {
            if *index >= scenario.cluster.workers {
                return Err(failed(&at, format!("there is no worker {index}")));
            }
        }
    }
    Ok(())
}

/// Checks the totals over all steps.
fn check_totals(scenario: &Scenario) -> Result<(), Unplayable> {
    let (mut time, mut training, mut lanes): (u64, u64, u64) = (0, 0, 0);
    for (at, step) in scenario.steps.iter().enumerate() {
        let passes = match step {
            Step::Advance(advance) => *advance,
            Step::Background(step) => step.after,
            _ => Duration::ZERO,
        };
        time = time.saturating_add(u64::try_from(passes.as_millis()).unwrap_or(u64::MAX));
        match step {
            Step::Train(train) => training = training.saturating_add(u64::from(*train)),
            Step::Background(_) => lanes = lanes.saturating_add(1),
            _ => {}
        }
        for (_, WorkerTrain { train, takes, .. }) in given(step, "") {
            training = training.saturating_add(u64::from(*train));
            let under_way = takes.saturating_mul(*train);
            time = time.saturating_add(u64::try_from(under_way.as_millis()).unwrap_or(u64::MAX));
        }
        for (total, most, of) in [
            (time, LONGEST_TIME, "ms of time"),
            (training, MOST_STEPS, "training steps"),
            (lanes, MOST_LANES, "steps in the background"),
        ] {
            if total > most {
                let message = format!("expected at most {most} {of} up to here, got {total}");
                return Err(failed(&format!("steps[{at}]"), message));
            }
        }
    }
    Ok(())
}
