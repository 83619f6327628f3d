//! Plays a scenario from its first fault to the files that it leaves.

use std::sync::Arc;

use monolith_training::errors::{Error, Result};
use monolith_training::session::MonitoredSession;
use monolith_training::session::monitored::Hooks;
use monolith_training::testing::virtual_clock::VirtualClock;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::logs;
use crate::protocol::Answer;
use crate::rpc::Operator;
use crate::scenario::{Branch, Scenario, Step, Unplayable};
use crate::workers::{Surroundings, Workers};

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
    hooks: Hooks,
}

impl Player {
    fn new(cluster: Arc<Cluster>, operator: Arc<Operator>) -> Self {
        Self {
            cluster,
            operator,
            session: None,
            hooks: Hooks::new(),
        }
    }

    /// An error is one in the scenario, not one in what it plays.
    fn play(mut self, scenario: Scenario) -> Result<(), String> {
        let workers = Arc::new(Workers::start(
            Surroundings {
                clock: self.cluster.clock.clone(),
                recorder: Arc::clone(&self.cluster.recorder),
                barrier_op: Arc::clone(&self.cluster.barrier_op),
                current: Arc::clone(&self.cluster.current),
            },
            scenario.cluster.workers,
        ));
        for (at, fault) in scenario.faults.iter().enumerate() {
            self.cluster.apply(fault.clone(), &format!("faults[{at}]"));
        }
        self.open(&scenario);
        self.cluster.clock.settle();
        for (at, step) in scenario.steps.into_iter().enumerate() {
            self.step(at, step, &workers)?;
            self.cluster.clock.settle();
        }
        if self.session.is_some() {
            self.leave(None);
            self.cluster.clock.settle();
        }
        let left = self.cluster.model_dir.left();
        self.cluster.recorder.record("files", json!({"left": left}));
        Ok(())
    }

    fn open(&mut self, scenario: &Scenario) {
        self.hooks = self.cluster.hooks(scenario);
        match self.cluster.open(scenario, &self.hooks) {
            Ok(session) => self.session = Some(session),
            Err(error) => self.left(Err(error)),
        }
    }

    fn step(&mut self, at: usize, step: Step, workers: &Arc<Workers>) -> Result<(), String> {
        match step {
            Step::Train(count) => self.train(at, count)?,
            Step::Advance(time) => {
                monolith_training::clock::Clock::sleep(&self.cluster.clock, time);
            }
            Step::Fault(fault) => self.cluster.apply(fault, &format!("steps[{at}].fault")),
            Step::Branch(branch) => {
                self.check_branch(at, branch)?;
                self.branch(branch, workers)();
            }
            Step::Concurrently(branches) => {
                for branch in &branches {
                    self.check_branch(at, *branch)?;
                }
                self.concurrently(&branches, workers);
            }
            Step::Raise(error) => {
                if self.session.is_none() {
                    return Err(left_before(at, "raise"));
                }
                self.leave(Some(error));
            }
            Step::End => self.leave(None),
        }
        Ok(())
    }

    fn train(&mut self, at: usize, count: u64) -> Result<(), String> {
        for _ in 0..count {
            let Some(session) = &mut self.session else {
                return Err(left_before(at, "train"));
            };
            match session.run(|session| session.train_step()) {
                Ok(global_step) => {
                    let fields = json!({"worker": 0, "global_step": global_step});
                    self.cluster.recorder.record("step", fields);
                }
                Err(error) => {
                    self.leave(Some(error));
                    break;
                }
            }
        }
        Ok(())
    }

    fn check_branch(&self, at: usize, branch: Branch) -> Result<(), String> {
        match branch {
            Branch::Worker { .. } if self.session.is_none() => Err(left_before(at, "worker")),
            _ => Ok(()),
        }
    }

    /// What the branch does, on whichever lane it is called.
    fn branch(&self, branch: Branch, workers: &Arc<Workers>) -> impl FnOnce() + Send + 'static {
        let (cluster, operator) = (Arc::clone(&self.cluster), Arc::clone(&self.operator));
        let workers = Arc::clone(workers);
        move || match branch {
            Branch::Rpc(method) => {
                let dir = cluster.model_dir.path();
                operator.call(method, dir, &cluster.clock, &cluster.recorder);
            }
            Branch::Worker { index, train } => workers.give(index, train),
        }
    }

    fn concurrently(&self, branches: &[Branch], workers: &Arc<Workers>) {
        let clock = &self.cluster.clock;
        let lanes: Vec<_> = branches
            .iter()
            .map(|branch| clock.start_lane("concurrently", self.branch(*branch, workers)))
            .collect();
        clock.wait_until(move || !lanes.iter().any(|lane| lane.is_alive()));
    }

    /// Ends the session as leaving its `with` block would; fine if it was left.
    fn leave(&mut self, error: Option<Error>) {
        if let Some(mut session) = self.session.take() {
            let outcome = session.leave(error);
            self.left(outcome);
        }
    }

    fn left(&self, outcome: Result<()>) {
        let recorder = &self.cluster.recorder;
        if let Err(error) = outcome {
            recorder.raised(&error);
        }
        recorder.record("session", json!({"state": "closed"}));
    }
}

fn left_before(at: usize, step: &str) -> String {
    format!("steps[{at}]: {step}: the session was left before")
}
