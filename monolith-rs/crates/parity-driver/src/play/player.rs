//! Player of a scenario, from its first fault to the files that it leaves.

use std::sync::Arc;

use monolith_testing::virtual_clock::{
    BACKGROUND_PREFIX, CONCURRENT_PREFIX, VirtualClock, catch_panic,
};
use monolith_training::clock::Clock;
use monolith_training::errors::{Error, Result};
use serde_json::Value;

use super::beside::Beside;
use super::lanes::{Lane, wait_for};
use crate::port::{Job, Port};
use crate::protocol::Refusal;
use crate::scenario::Unplayable;
use crate::wire::events::{Event, SessionState, ThreadFate};
use crate::wire::protocol::{Answer, Choice};
use crate::wire::scenario::{BackgroundStep, ConcurrentStep, InBackground, Scenario, Step};
use crate::world::World;

/// Plays a scenario, and answers with its trace or the reason why there is none.
pub(crate) fn play(
    port: &mut impl Port,
    seq: u64,
    clock: &VirtualClock,
    scenario: Value,
) -> Answer {
    let played = try_play(port, clock, scenario);
    let choices = clock.choices().into_iter().map(Choice::from).collect();
    match played {
        Ok(world) => Answer::Trace {
            seq,
            events: world.recorder.take_events(),
            struck: world.strikes.all(),
            choices,
        },
        Err(NotPlayed::Skipped(reason)) => Answer::Skipped { seq, reason },
        Err(NotPlayed::Refused(refusal)) => Answer::refused(seq, refusal, choices),
    }
}

/// The reason why there is no trace.
#[derive(Clone)]
enum NotPlayed {
    Skipped(String),
    Refused(Refusal),
}

impl NotPlayed {
    /// Converts the error of a step, or of the setup before the first step.
    fn at(unplayable: Unplayable, place: &str, step: Option<usize>) -> Self {
        match unplayable {
            Unplayable::Skipped(reason) => Self::Skipped(reason),
            Unplayable::Failed(message) => Self::Refused(Refusal {
                step,
                ..format!("{place}{message}").into()
            }),
        }
    }
}

impl From<Unplayable> for NotPlayed {
    fn from(unplayable: Unplayable) -> Self {
        Self::at(unplayable, "", None)
    }
}

fn try_play(
    port: &mut impl Port,
    clock: &VirtualClock,
    scenario: Value,
) -> Result<World, NotPlayed> {
    let scenario = Scenario::parse(scenario, &port.identity().capabilities)?;
    let set_up = |unplayable| NotPlayed::at(unplayable, "setting up: ", None);
    let world = World::new(clock.clone(), &scenario).map_err(|error| set_up(error.into()))?;
    clock.watch(&world.recorder);
    // Kept until all lanes have left, as they may use its state.
    let job = catch_panic(|| port.begin(&scenario, &world))
        .unwrap_or_else(|panic| Err(format!("the port {panic}").into()))
        .map_err(set_up)?;
    let player = Player::new(
        world.clone(),
        Arc::clone(&job),
        scenario.barrier.callbacks.len(),
    );
    match clock.run(move || player.play(scenario)) {
        Err(failure) => return Err(NotPlayed::Refused(failure.into())),
        Ok(played) => played?,
    }
    for label in clock.live_threads() {
        let left = Event::Thread {
            thread: label.clone(),
            fate: ThreadFate::Left,
            error: None,
        };
        world.recorder.record_on(&label, left);
    }
    drop(job);
    Ok(world)
}

/// The scenario's own lane.
struct Player {
    world: World,
    job: Arc<dyn Job>,
    beside: Beside,
    background: Vec<Lane<NotPlayed>>,
}

impl Player {
    fn new(world: World, job: Arc<dyn Job>, callbacks: usize) -> Self {
        Self {
            beside: Beside::new(world.clone(), Arc::clone(&job), callbacks),
            world,
            job,
            background: Vec::new(),
        }
    }

    /// Plays the scenario; an error means that it can't be played, not that what it plays failed.
    fn play(mut self, scenario: Scenario) -> Result<(), NotPlayed> {
        for (at, fault) in scenario.faults.into_iter().enumerate() {
            let path = format!("faults[{at}]");
            self.beside
                .apply(fault, &path)
                .map_err(|unplayable| NotPlayed::at(unplayable, &format!("{path}: "), None))?;
        }
        self.open();
        self.job.check()?;
        self.world.clock.settle();
        for (at, step) in scenario.steps.into_iter().enumerate() {
            let place = format!("steps[{at}]: {}: ", step.kind());
            self.step(at, step)
                .and_then(|()| self.job.check())
                .map_err(|unplayable| NotPlayed::at(unplayable, &place, Some(at)))?;
            self.world.clock.settle();
        }
        if self.beside.is_open() {
            self.leave(None)?;
            self.job.check()?;
        }
        wait_for(&self.world.clock, &self.background)?;
        let left = self.world.model_dir.left();
        self.world.recorder.record(Event::Files { left });
        Ok(())
    }

    fn open(&mut self) {
        match self.job.open() {
            Ok(()) => self.beside.was_opened(),
            Err(error) => self.was_left(Err(error)),
        }
    }
    fn step(&mut self, at: usize, step: Step) -> Result<(), Unplayable> {
        let step = match step {
            Step::Train(count) => return self.train(count),
            Step::Advance(time) => {
                self.world.clock.sleep(time);
                return Ok(());
            }
            Step::Background(step) => {
                self.start_in_background(at, step);
                return Ok(());
            }
            Step::Concurrently(steps) => return self.concurrently(at, steps),
            Step::Look(step) => return self.job.look(step.look),
            Step::Raise(raised) => {
                return self.leave(Some(Error::new(raised.error, raised.message)));
            }
            Step::End {} => return self.leave(None),
            Step::Fault(step) => InBackground::Fault(step),
            Step::Rpc(step) => InBackground::Rpc(step),
            Step::Worker(step) => InBackground::Worker(step),
            Step::AddressFile(step) => InBackground::AddressFile(step),
            Step::ActionFile(step) => InBackground::ActionFile(step),
            Step::StateFile(step) => InBackground::StateFile(step),
            Step::MachineInfo(step) => InBackground::MachineInfo(step),
            Step::ControllerOp(step) => InBackground::ControllerOp(step),
            Step::Timer(step) => InBackground::Timer(step),
            Step::AppendCallback(kind) => InBackground::AppendCallback(kind),
        };
        self.beside.play(step, &format!("steps[{at}]"))
    }

    fn train(&self, count: u32) -> Result<(), Unplayable> {
        for _ in 0..count {
            self.beside.check_session()?;
            let trained = match self.job.train() {
                Ok(Some(trained)) => trained,
                Ok(None) => return Ok(()),
                Err(error) => return self.leave(Some(error)),
            };
            if let Some(value) = trained.element {
                self.world.recorder.record(Event::Element { value });
            }
            self.world.recorder.record(Event::Step {
                worker: 0,
                global_step: trained.global_step,
            });
        }
        Ok(())
    }

    fn start_in_background(&mut self, at: usize, step: BackgroundStep) {
        let label = format!("{BACKGROUND_PREFIX}{at}");
        let (clock, beside) = (self.world.clock.clone(), self.beside.clone());
        let body = move || {
            clock.sleep(step.after);
            let played = beside.play(step.background, &format!("steps[{at}].background"));
            let place = format!("steps[{at}]: background: ");
            played.map_err(|unplayable| NotPlayed::at(unplayable, &place, Some(at)))
        };
        let lane = Lane::start(&self.world.clock, &label, None, body);
        self.background.push(lane);
    }

    fn concurrently(&self, at: usize, steps: Vec<ConcurrentStep>) -> Result<(), Unplayable> {
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
            Lane::start(&self.world.clock, &label, twin, body)
        });
        wait_for(&self.world.clock, &lanes.collect::<Vec<_>>())
    }

    /// Returns the body of the step's own lane.
    fn concurrent(
        &self,
        step: ConcurrentStep,
        place: String,
    ) -> impl FnOnce() -> Result<(), Unplayable> + Send + 'static {
        let beside = self.beside.clone();
        let step = match step {
            ConcurrentStep::Rpc(step) => InBackground::Rpc(step),
            ConcurrentStep::Worker(step) => InBackground::Worker(step),
        };
        move || beside.play(step, &place)
    }

    fn leave(&self, error: Option<Error>) -> Result<(), Unplayable> {
        self.beside.check_session()?;
        let outcome = self.job.leave(error);
        self.was_left(outcome);
        Ok(())
    }

    fn was_left(&self, outcome: Result<()>) {
        let recorder = &self.world.recorder;
        recorder.close();
        self.beside.was_left(&outcome);
        if let Err(error) = outcome {
            recorder.raised(&error);
        }
        recorder.record(Event::Session {
            state: SessionState::Closed,
        });
    }
}
