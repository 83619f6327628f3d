//! Plays a scenario from its first fault to the files that it leaves.

use std::sync::Arc;

use monolith_testing::virtual_clock::{BACKGROUND_PREFIX, CONCURRENT_PREFIX, VirtualClock};
use monolith_training::clock::Clock;
use monolith_training::errors::{Error, Result};
use monolith_training::session::MonitoredSession;
use serde_json::Value;

use super::beside::{Beside, LEFT_BEFORE};
use super::chief_hooks::ChiefHooks;
use super::cluster::Cluster;
use super::lanes::{Lane, wait_for};
use super::logs;
use super::workers::{Surroundings, Workers};
use crate::protocol::Refusal;
use crate::scenario::{Scenario, Unplayable};
use crate::wire::events::{Event, SessionState, ThreadFate};
use crate::wire::protocol::{Answer, Choice};
use crate::wire::scenario::{BackgroundStep, ConcurrentStep, InBackground, LookTarget, Step};

/// Plays a scenario, and answers with its trace or with why there is none.
pub(crate) fn play(seq: u64, clock: &VirtualClock, scenario: Value) -> Answer {
    let played = try_play(clock, scenario);
    let choices = clock.choices().into_iter().map(Choice::from).collect();
    match played {
        Ok(cluster) => Answer::Trace {
            seq,
            events: cluster.recorder.take_events(),
            struck: cluster.strikes.all(),
            choices,
        },
        Err(NotPlayed::Skipped(reason)) => Answer::Skipped { seq, reason },
        Err(NotPlayed::Refused(refusal)) => Answer::refused(seq, refusal, choices),
    }
}

/// Why there is no trace.
enum NotPlayed {
    Skipped(String),
    Refused(Refusal),
}

impl From<Unplayable> for NotPlayed {
    fn from(unplayable: Unplayable) -> Self {
        match unplayable {
            Unplayable::Skipped(reason) => Self::Skipped(reason),
            Unplayable::Failed(message) => Self::Refused(message.into()),
        }
    }
}

fn try_play(clock: &VirtualClock, scenario: Value) -> Result<Arc<Cluster>, NotPlayed> {
    let scenario = Scenario::parse(scenario)?;
    let set_up = |error: Error| NotPlayed::Refused(format!("setting up: {error}").into());
    let cluster = Arc::new(Cluster::new(clock.clone(), &scenario).map_err(set_up)?);
    clock.watch(Arc::clone(&cluster.recorder) as _);
    logs::record_into(Some(Arc::clone(&cluster.recorder)));
    let playing = Arc::clone(&cluster);
    let outcome = clock.run(move || Player::new(playing, &scenario)?.play(scenario));
    logs::record_into(None);
    match outcome {
        Err(failure) => Err(NotPlayed::Refused(failure.into())),
        Ok(Err(refusal)) => Err(NotPlayed::Refused(refusal)),
        Ok(Ok(())) => {
            for label in clock.live_threads() {
                let left = Event::Thread {
                    thread: label.clone(),
                    fate: ThreadFate::Left,
                    error: None,
                };
                cluster.recorder.record_on(&label, left);
            }
            Ok(cluster)
        }
    }
}

/// The scenario's own lane.
struct Player {
    cluster: Arc<Cluster>,
    session: Option<MonitoredSession>,
    /// Kept to the end, so that a server that nobody ended goes on.
    hooks: ChiefHooks,
    beside: Beside,
    background: Vec<Lane<Refusal>>,
}

impl Player {
    fn new(cluster: Arc<Cluster>, scenario: &Scenario) -> Result<Self, Refusal> {
        let workers = Workers::new(Surroundings {
            clock: cluster.clock.clone(),
            recorder: Arc::clone(&cluster.recorder),
            barrier_op: Arc::clone(&cluster.barrier_op),
            chief: cluster.chief.clone(),
        });
        let hooks = ChiefHooks::new(&cluster, scenario)
            .map_err(|error| Refusal::from(format!("setting up: {error}")))?;
        Ok(Self {
            beside: Beside::new(&cluster, workers, &hooks),
            hooks,
            cluster,
            session: None,
            background: Vec::new(),
        })
    }

    /// An error is one in the scenario, not one in what it plays.
    fn play(mut self, scenario: Scenario) -> Result<(), Refusal> {
        for (at, fault) in scenario.faults.iter().enumerate() {
            self.cluster.apply(fault.clone(), &format!("faults[{at}]"));
        }
        self.open(&scenario);
        self.cluster.operator.take_unplayable()?;
        self.cluster.clock.settle();
        for (at, step) in scenario.steps.into_iter().enumerate() {
            let kind = step.kind();
            self.step(at, step)
                .and_then(|()| self.cluster.operator.take_unplayable())
                .map_err(|message| Refusal {
                    step: Some(at),
                    ..format!("steps[{at}]: {kind}: {message}").into()
                })?;
            self.cluster.clock.settle();
        }
        if self.session.is_some() {
            self.leave(None)?;
            self.cluster.operator.take_unplayable()?;
        }
        wait_for(&self.cluster.clock, &self.background)?;
        let left = self.cluster.model_dir.left();
        self.cluster.recorder.record(Event::Files { left });
        Ok(())
    }

    fn open(&mut self, scenario: &Scenario) {
        match self.cluster.open(scenario, &self.hooks.all) {
            Ok(session) => {
                self.session = Some(session);
                self.cluster.set_open(true);
            }
            Err(error) => self.was_left(Err(error)),
        }
    }

    fn step(&mut self, at: usize, step: Step) -> Result<(), String> {
        let step = match step {
            Step::Train(count) => return self.train(count),
            Step::Advance(time) => {
                self.cluster.clock.sleep(time);
                return Ok(());
            }
            Step::Background(step) => {
                self.start_in_background(at, step);
                return Ok(());
            }
            Step::Concurrently(steps) => return self.concurrently(at, steps),
            Step::Look(step) => {
                self.look(step.look);
                return Ok(());
            }
            Step::Raise(raised) => {
                return self.leave(Some(Error::new(raised.error, raised.message)));
            }
            Step::End {} => return self.leave(None),
            Step::Fault(step) => InBackground::Fault(step),
            Step::Rpc(step) => InBackground::Rpc(step),
            Step::Worker(step) => InBackground::Worker(step),
            Step::AddressFile(step) => InBackground::AddressFile(step),
            Step::ActionFile(step) => InBackground::ActionFile(step),
            Step::MachineInfo(step) => InBackground::MachineInfo(step),
            Step::ControllerOp(step) => InBackground::ControllerOp(step),
            Step::Timer(step) => InBackground::Timer(step),
        };
        self.beside.play(step, &format!("steps[{at}]"))
    }

    fn train(&mut self, count: u32) -> Result<(), String> {
        for _ in 0..count {
            let session = self.session.as_mut().ok_or(LEFT_BEFORE)?;
            if session.should_stop() {
                return Ok(());
            }
            let input = self.cluster.input.as_ref().map(|(input, _)| input);
            let stepped = session.run(|session| {
                let element = input.map(|input| input.take());
                Ok((session.train_step()?, element))
            });
            match stepped {
                Ok((global_step, element)) => {
                    let worker = 0;
                    if let Some(value) = element {
                        self.cluster.recorder.record(Event::Element { value });
                    }
                    self.cluster.recorder.record(Event::Step {
                        worker,
                        global_step,
                    });
                }
                Err(error) => return self.leave(Some(error)),
            }
        }
        Ok(())
    }

    fn start_in_background(&mut self, at: usize, step: BackgroundStep) {
        let label = format!("{BACKGROUND_PREFIX}{at}");
        let (clock, beside) = (self.cluster.clock.clone(), self.beside.clone());
        let prefixed = move || {
            clock.sleep(step.after);
            let played = beside.play(step.background, &format!("steps[{at}].background"));
            played.map_err(|message| Refusal {
                step: Some(at),
                ..format!("steps[{at}]: background: {message}").into()
            })
        };
        let lane = Lane::start(&self.cluster.clock, &label, None, prefixed);
        self.background.push(lane);
    }

    fn concurrently(&self, at: usize, steps: Vec<ConcurrentStep>) -> Result<(), String> {
        if steps
            .iter()
            .any(|step| matches!(step, ConcurrentStep::Worker(_)))
        {
            self.beside.check_session()?;
        }
        let label = format!("{CONCURRENT_PREFIX}{at}");
        let lanes = steps.into_iter().map(|step| {
            let twin = Some(format!("{step:?}"));
            let body = self.concurrent(step, format!("steps[{at}].concurrently"));
            Lane::start(&self.cluster.clock, &label, twin, body)
        });
        wait_for(&self.cluster.clock, &lanes.collect::<Vec<_>>())
    }

    /// What the step does, on its own lane.
    fn concurrent(
        &self,
        step: ConcurrentStep,
        place: String,
    ) -> impl FnOnce() -> Result<(), String> + Send + 'static {
        let beside = self.beside.clone();
        let step = match step {
            ConcurrentStep::Rpc(step) => InBackground::Rpc(step),
            ConcurrentStep::Worker(step) => InBackground::Worker(step),
        };
        move || beside.play(step, &place)
    }

    fn look(&self, look: LookTarget) {
        let (cluster, recorder) = (&self.cluster, &self.cluster.recorder);
        match look {
            LookTarget::CurrentSession => recorder.record(Event::CurrentSession {
                session: cluster.seen_current_session(),
            }),
            LookTarget::ActionResponse => recorder.record(Event::ActionResponse {
                response: cluster.model_dir.action_response(),
            }),
        }
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
        self.cluster.set_open(false);
        self.cluster.chief.set(None);
        if let Err(error) = outcome {
            recorder.raised(&error);
        }
        recorder.record(Event::Session {
            state: SessionState::Closed,
        });
    }
}
