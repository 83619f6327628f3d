//! The job of a scenario: a chief with its health threads, workers, and an operator.

use std::sync::Arc;
use std::time::Duration;

use parity_driver::clock::{Clock, HandlerPool};
use parity_driver::coordinator::Coordinator;
use parity_driver::errors::{Error, Result};
use parity_driver::wire::events::{Method, PsResult, SessionState, StatusCode};
use parity_driver::wire::scenario::{HealthReport, Hook, RpcStep};
use parity_driver::{Event, Job, RpcError, Scenario, Trained, Unplayable, Worker, World};

use crate::barrier::{Barrier, Callback};
use crate::health::{Report, Watch};
use crate::model::Model;
use crate::result::HealthResult;

/// For how long a session that closes waits for its threads (docs/virtual-time.md).
const GRACE: Duration = Duration::from_secs(120);

/// A chief's session, and what its workers share with it.
pub struct SmallJob {
    world: World,
    num_ps: usize,
    /// Of each health hook how it reports, and whether it has the barrier.
    hooks: Vec<(HealthReport, bool)>,
    coord: Arc<Coordinator>,
    handlers: Arc<dyn HandlerPool>,
    model: Arc<Model>,
}

impl SmallJob {
    pub fn new(scenario: &Scenario, world: &World, global_step: i64) -> Self {
        let callbacks = scenario.barrier.callbacks.iter().enumerate();
        let callbacks =
            callbacks.map(|(at, kind)| -> Callback { Box::new(world.barrier_callback(at, *kind)) });
        let barrier = Barrier::new(
            world.shared_clock(),
            scenario.cluster.capacity,
            scenario.barrier.wait,
            callbacks.collect(),
        );
        let hooks = scenario.hooks.iter().filter_map(|hook| match hook {
            Hook::PsHealth(health) => Some((health.report, health.barrier)),
            _ => None,
        });
        Self {
            world: world.clone(),
            num_ps: scenario.cluster.ps,
            hooks: hooks.collect(),
            coord: Coordinator::new(),
            handlers: world.clock.handler_pool(2, "controller"),
            model: Arc::new(Model::new(barrier, global_step)),
        }
    }
}

impl Job for SmallJob {
    fn open(&self) -> Result<()> {
        for (kind, has_barrier) in &self.hooks {
            let watch = Watch {
                clock: self.world.shared_clock(),
                machines: Arc::clone(&self.world.machines) as _,
                num_ps: self.num_ps,
                report: report(*kind, self.world.clone()),
                barrier: has_barrier.then(|| Arc::clone(&self.model.barrier)),
            };
            watch.start(&self.coord)?;
        }
        let model = Arc::clone(&self.model);
        let recorder = &self.world.recorder;
        recorder.open(move || Some(model.barrier.indices(true)));
        let state = SessionState::Created;
        recorder.record(Event::Session { state });
        Ok(())
    }

    fn train(&self) -> Result<Option<Trained>> {
        let global_step = self.model.step(Duration::ZERO);
        Ok(Some(Trained {
            global_step,
            element: None,
        }))
    }

    fn leave(&self, error: Option<Error>) -> Result<()> {
        let error = error.filter(|error| !error.kind().is_end_of_input());
        if error.is_none() {
            self.world.recorder.close();
        }
        self.coord.request_stop();
        self.coord
            .join(|threads| self.world.clock.join(threads, GRACE));
        self.model.barrier.close();
        error.map_or(Ok(()), Err)
    }

    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unplayable> {
        let model = Arc::clone(&self.model);
        Ok(Box::new(SmallWorker { index, model }))
    }

    fn rpc(&self, step: &RpcStep, place: &str) -> Result<(), Unplayable> {
        if step.rpc == Method::SaveCheckpoint {
            return Err(Unplayable::lacks("SaveCheckpoint"));
        }
        if step.deadline.is_some() || step.server.is_some() {
            return Err(Unplayable::lacks("options of rpc"));
        }
        let (world, method) = (&self.world, step.rpc);
        if self.model.barrier.is_placed().is_err() {
            let (code, details) = (StatusCode::Unavailable, None);
            world.record_answer(method, place, Err(RpcError { code, details }));
            return Ok(());
        }
        let model = Arc::clone(&self.model);
        world.call(&self.handlers, method, place, move || model.answer(method))
    }
}

/// A worker, which the barrier holds after a step that has read it placed.
struct SmallWorker {
    index: usize,
    model: Arc<Model>,
}

impl Worker for SmallWorker {
    fn train(&mut self, takes: Duration) -> Result<i64> {
        let placed = self.model.barrier.is_placed()?;
        let global_step = self.model.step(takes);
        if placed {
            self.model.barrier.hold(self.index)?;
        }
        Ok(global_step)
    }
}

/// A report function: the scenario's, or the default one, which logs.
fn report(kind: HealthReport, world: World) -> Report {
    Box::new(move |unhealthy| match kind {
        HealthReport::Default => {
            world.recorder.record(logged(unhealthy));
            Ok(())
        }
        kind => world.report(kind, unhealthy.iter().map(shown).collect()),
    })
}

fn shown((ps, result): &(usize, HealthResult)) -> PsResult {
    PsResult {
        ps: *ps,
        status: result.status.map(str::to_owned),
        message: result.message.clone().unwrap_or_default(),
    }
}

fn logged(unhealthy: &[(usize, HealthResult)]) -> Event {
    let lines = unhealthy
        .iter()
        .map(|(ps, result)| format!("\nPS {ps}: {result}"));
    Event::Log {
        level: "ERROR".to_owned(),
        message: format!("PS are not healthy:{}", lines.collect::<String>()),
    }
}
