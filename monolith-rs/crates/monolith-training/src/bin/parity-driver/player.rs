//! Plays a scenario from its first fault to the files that it leaves.

use std::sync::{Arc, Mutex, PoisonError};

use monolith_training::clock::Clock;
use monolith_training::errors::{Error, Result};
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{MonitoredSession, Session};
use monolith_training::testing::virtual_clock::{CONCURRENT_PREFIX, VirtualClock};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::logs;
use crate::protocol::Answer;
use crate::rpc::Operator;
use crate::scenario::{Branch, Scenario, Step, Unplayable};
use crate::workers::{Surroundings, Workers};

/// Why a step that needs the session can't be played.
const LEFT_BEFORE: &str = "the session was left before";

/// Plays a scenario, and answers with its trace or with why there is none.
pub(crate) fn play(seq: u64, seed: Option<u64>, scenario: Value) -> Answer {
    match try_play(seed, scenario) {
        Ok(cluster) => Answer::Trace {
            seq,
            events: cluster.recorder.take_events(),
            struck: cluster.strikes.all(),
        },
        Err(Unplayable::Skipped(reason)) => Answer::Skipped { seq, reason },
        Err(Unplayable::Failed(message)) => Answer::Failed { seq, message },
    }
}

fn try_play(seed: Option<u64>, scenario: Value) -> Result<Arc<Cluster>, Unplayable> {
    let scenario = Scenario::parse(scenario)?;
    let set_up = |error: Error| Unplayable::Failed(format!("setting up: {error}"));
    let clock = VirtualClock::new(seed);
    let cluster = Arc::new(Cluster::new(clock.clone(), &scenario).map_err(set_up)?);
    let operator = Operator::new().map_err(set_up)?;
    clock.watch(Arc::clone(&cluster.recorder) as _);
    logs::record_into(Some(Arc::clone(&cluster.recorder)));
    let playing = Arc::clone(&cluster);
    let outcome = clock.run(move || Player::new(playing, Arc::new(operator)).play(scenario));
    logs::record_into(None);
    match outcome {
        Err(failure) => Err(Unplayable::Failed(failure.to_string())),
        Ok(Err(message)) => Err(Unplayable::Failed(message)),
        Ok(Ok(())) => {
            for label in clock.live_threads() {
                let fields = json!({"thread": label, "fate": "left", "error": null});
                cluster.recorder.record_on(&label, "thread", fields);
            }
            Ok(cluster)
        }
    }
}

/// The scenario's own lane.
struct Player {
    cluster: Arc<Cluster>,
    operator: Arc<Operator>,
    session: Option<MonitoredSession>,
    /// Kept to the end, so that a server that nobody ended goes on.
    hooks: Hooks,
    workers: Arc<Workers>,
}

impl Player {
    fn new(cluster: Arc<Cluster>, operator: Arc<Operator>) -> Self {
        let workers = Workers::new(Surroundings {
            clock: cluster.clock.clone(),
            recorder: Arc::clone(&cluster.recorder),
            barrier_op: Arc::clone(&cluster.barrier_op),
            chief: cluster.chief.clone(),
        });
        Self {
            cluster,
            operator,
            session: None,
            hooks: Hooks::new(),
            workers: Arc::new(workers),
        }
    }

    /// An error is one in the scenario, not one in what it plays.
    fn play(mut self, scenario: Scenario) -> Result<(), String> {
        for (at, fault) in scenario.faults.iter().enumerate() {
            self.cluster.apply(fault.clone(), &format!("faults[{at}]"));
        }
        self.open(&scenario);
        self.cluster.clock.settle();
        for (at, step) in scenario.steps.into_iter().enumerate() {
            let kind = step.kind();
            self.step(at, step)
                .map_err(|message| format!("steps[{at}]: {kind}: {message}"))?;
            self.cluster.clock.settle();
        }
        if self.session.is_some() {
            self.leave(None)?;
        }
        let left = self.cluster.model_dir.left();
        self.cluster.recorder.record("files", json!({"left": left}));
        Ok(())
    }

    fn open(&mut self, scenario: &Scenario) {
        self.hooks = self.cluster.hooks(scenario);
        match self.cluster.open(scenario, &self.hooks) {
            Ok(session) => self.session = Some(session),
            Err(error) => self.was_left(Err(error)),
        }
    }

    fn step(&mut self, at: usize, step: Step) -> Result<(), String> {
        match step {
            Step::Train(count) => self.train(count),
            Step::Advance(time) => {
                self.cluster.clock.sleep(time);
                Ok(())
            }
            Step::Fault(fault) => {
                self.cluster.apply(fault, &format!("steps[{at}].fault"));
                Ok(())
            }
            Step::Branch(branch) => {
                self.check_branch(branch)?;
                self.branch(branch)()
            }
            Step::Concurrently(branches) => self.concurrently(at, &branches),
            Step::Raise(error) => self.leave(Some(error)),
            Step::End => self.leave(None),
        }
    }

    fn train(&mut self, count: u64) -> Result<(), String> {
        for _ in 0..count {
            let session = self.session.as_mut().ok_or(LEFT_BEFORE)?;
            match session.run(Session::train_step) {
                Ok(global_step) => {
                    let fields = json!({"worker": 0, "global_step": global_step});
                    self.cluster.recorder.record("step", fields);
                }
                Err(error) => return self.leave(Some(error)),
            }
        }
        Ok(())
    }

    fn check_branch(&self, branch: Branch) -> Result<(), String> {
        match branch {
            Branch::Worker { .. } if self.session.is_none() => Err(LEFT_BEFORE.to_owned()),
            _ => Ok(()),
        }
    }

    /// What the branch does, on whichever lane it is called.
    fn branch(&self, branch: Branch) -> impl FnOnce() -> Result<(), String> + Send + 'static {
        let (cluster, operator) = (Arc::clone(&self.cluster), Arc::clone(&self.operator));
        let workers = Arc::clone(&self.workers);
        move || match branch {
            Branch::Rpc(method) => {
                let dir = cluster.model_dir.path();
                operator
                    .call(method, dir, &cluster.clock, &cluster.recorder)
                    .map_err(|error| error.message().to_owned())
            }
            Branch::Worker { index, train } => {
                workers.give(index, train);
                Ok(())
            }
        }
    }

    fn concurrently(&self, at: usize, branches: &[Branch]) -> Result<(), String> {
        for branch in branches {
            self.check_branch(*branch)?;
        }
        let clock = &self.cluster.clock;
        let label = format!("{CONCURRENT_PREFIX}{at}");
        let errors = Arc::new(Mutex::new(Vec::new()));
        let lanes: Vec<_> = branches
            .iter()
            .map(|branch| {
                let (errors, body) = (Arc::clone(&errors), self.branch(*branch));
                clock.start_lane(&label, move || {
                    if let Err(message) = body() {
                        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
                        errors.push(message);
                    }
                })
            })
            .collect();
        clock.wait_until(move || !lanes.iter().any(|lane| lane.is_alive()));
        let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.pop().map_or(Ok(()), Err)
    }

    /// Leaves the session as its `with` block would be left.
    fn leave(&mut self, error: Option<Error>) -> Result<(), String> {
        let mut session = self.session.take().ok_or(LEFT_BEFORE)?;
        let outcome = session.leave(error);
        self.was_left(outcome);
        Ok(())
    }

    fn was_left(&self, outcome: Result<()>) {
        let recorder = &self.cluster.recorder;
        recorder.close();
        self.cluster.chief.set(None);
        if let Err(error) = outcome {
            recorder.raised(&error);
        }
        recorder.record("session", json!({"state": "closed"}));
    }
}
