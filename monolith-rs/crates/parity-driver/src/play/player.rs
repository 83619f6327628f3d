//! Plays a scenario from its first fault to the files that it leaves.

use std::sync::Arc;

use monolith_testing::virtual_clock::{BACKGROUND_PREFIX, CONCURRENT_PREFIX, VirtualClock};
use monolith_training::clock::Clock;
use monolith_training::errors::{Error, Result};
use monolith_training::session::MonitoredSession;
use serde_json::Value;

use super::address_file::write_content;
use super::chief_hooks::ChiefHooks;
use super::cluster::Cluster;
use super::lanes::{Lane, wait_for};
use super::logs;
use super::rpc::Rpc;
use super::workers::{Surroundings, Workers};
use crate::protocol::Refusal;
use crate::scenario::{Scenario, Unplayable};
use crate::wire::events::{Event, SessionState, ThreadFate};
use crate::wire::protocol::{Answer, Choice};
use crate::wire::scenario::{
    ConcurrentStep, ControllerOp, LookTarget, RpcStep, Step, TimerSwitch, WorkerTrain,
};

/// Why a step that needs the session can't be played.
const LEFT_BEFORE: &str = "the session was left before";

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
    workers: Arc<Workers>,
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
        let hooks = ChiefHooks::new(&cluster, scenario);
        Ok(Self {
            hooks: hooks.map_err(|error| Refusal::from(format!("setting up: {error}")))?,
            cluster,
            session: None,
            workers: Arc::new(workers),
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
            Ok(session) => self.session = Some(session),
            Err(error) => self.was_left(Err(error)),
        }
    }

    fn step(&mut self, at: usize, step: Step) -> Result<(), String> {
        let cluster = &self.cluster;
        match step {
            Step::Train(count) => self.train(count),
            Step::Advance(time) => {
                cluster.clock.sleep(time);
                Ok(())
            }
            Step::Fault(step) => {
                cluster.apply(step.fault, &format!("steps[{at}].fault"));
                Ok(())
            }
            Step::Rpc(rpc) => cluster
                .operator
                .call(Rpc::from(&rpc), &format!("steps[{at}]")),
            Step::Worker(worker) => {
                self.check_session()?;
                self.workers.give(worker.index, worker.train);
                Ok(())
            }
            Step::Background(rpc) => {
                self.start_in_background(at, &rpc);
                Ok(())
            }
            Step::Concurrently(steps) => self.concurrently(at, steps),
            Step::AddressFile(content) => cluster.address_file.write(content),
            Step::ActionFile(content) => write_content(&cluster.model_dir.action_file(), &content),
            Step::MachineInfo(info) => cluster
                .create_machine_info(&info)
                .map_err(|error| error.to_string()),
            Step::ControllerOp(op) => self.run_controller_op(op),
            Step::Timer(switch) => {
                self.switch_timer(switch);
                Ok(())
            }
            Step::Look(step) => {
                self.look(step.look);
                Ok(())
            }
            Step::Raise(raised) => self.leave(Some(Error::new(raised.error, raised.message))),
            Step::End {} => self.leave(None),
        }
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

    fn check_session(&self) -> Result<(), String> {
        match self.session {
            Some(_) => Ok(()),
            None => Err(LEFT_BEFORE.to_owned()),
        }
    }

    fn start_in_background(&mut self, at: usize, rpc: &RpcStep) {
        let label = format!("{BACKGROUND_PREFIX}{at}");
        let (operator, rpc) = (Arc::clone(&self.cluster.operator), Rpc::from(rpc));
        let prefixed = move || {
            let called = operator.call(rpc, &format!("steps[{at}].background"));
            called.map_err(|message| Refusal {
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
            self.check_session()?;
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
        let operator = Arc::clone(&self.cluster.operator);
        let workers = Arc::clone(&self.workers);
        move || match step {
            ConcurrentStep::Rpc(rpc) => operator.call(Rpc::from(&rpc), &place),
            ConcurrentStep::Worker(WorkerTrain { index, train }) => {
                workers.give(index, train);
                Ok(())
            }
        }
    }

    fn run_controller_op(&self, op: ControllerOp) -> Result<(), String> {
        let (Some(session), Some(controller)) =
            (self.cluster.chief.current(), self.hooks.controllers.first())
        else {
            return Err(LEFT_BEFORE.to_owned());
        };
        let outcome = match op {
            ControllerOp::StopOp => controller.stop_op(&session),
            ControllerOp::TriggerSaveOp => controller.trigger_save_op(&session),
        };
        outcome.map_err(|error| error.to_string())
    }

    fn switch_timer(&self, switch: TimerSwitch) {
        for saver in self.hooks.savers.iter().take(1) {
            saver.with_timer(|timer| match switch {
                TimerSwitch::Enable => timer.enable(),
                TimerSwitch::Disable => timer.disable(),
            });
        }
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
        self.cluster.chief.set(None);
        if let Err(error) = outcome {
            recorder.raised(&error);
        }
        recorder.record(Event::Session {
            state: SessionState::Closed,
        });
    }
}
