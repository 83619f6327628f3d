//! A run in virtual time, and the tests of its metrics.

#[cfg(feature = "metrics")]
mod prometheus;
mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::errors::{Error, ErrorKind};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::run_metrics::RunMetrics;
use monolith_training::save_utils::{
    Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::{Graph, Session};
use tempfile::TempDir;

/// A run of a chief, three workers and three parameter servers, which begins at 0.
struct Run {
    clock: VirtualClock,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    saver_hook: Arc<NoFirstSaveCheckpointSaverHook>,
    faults: Arc<FaultySaver>,
    machines: Arc<Machines>,
    _dir: TempDir,
}

impl Run {
    fn new(clock: &VirtualClock, graph: Arc<Graph>) -> Self {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let strikes = Arc::new(Strikes::default());
        let dir = tempfile::tempdir().unwrap();
        let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), 4).unwrap());
        let files = Arc::new(FileSaver::default());
        let faults = FaultySaver::new(files, Arc::clone(&shared), Arc::clone(&strikes));
        let faults = Arc::new(faults);
        let saver_hook = Arc::new(NoFirstSaveCheckpointSaverHook::new(
            &graph,
            Arc::clone(&shared),
            dir.path(),
            Arc::clone(&faults) as _,
            SaverOptions {
                no_first_save: false,
                ..SaverOptions::new(Every::Steps(1_000_000))
            },
        ));
        Self {
            clock: clock.clone(),
            machines: Arc::new(Machines::new(shared, strikes, 2048, &[1024; 3])),
            graph,
            barrier,
            saver_hook,
            faults,
            _dir: dir,
        }
    }

    fn session(&self, global_step: i64) -> Arc<Session> {
        Session::new(&self.graph, global_step).unwrap()
    }

    /// Returns a reader of the run with these hooks.
    fn metrics(
        &self,
        saver_hook: Option<&Arc<NoFirstSaveCheckpointSaverHook>>,
        health_hook: Option<&Arc<PsHealthCheckerHook>>,
    ) -> RunMetrics {
        let barrier = Arc::clone(&self.barrier);
        RunMetrics::new(barrier, saver_hook.cloned(), health_hook.cloned())
    }

    /// Returns a health hook whose first report fails.
    fn health_hook(&self, resilience: Option<Resilience>) -> Arc<PsHealthCheckerHook> {
        let health = Arc::clone(&self.machines) as _;
        let mut config = Config::new(None, 3, health, Arc::new(self.clock.clone()));
        let has_failed = AtomicBool::new(false);
        config.report_fn = Arc::new(move |_| {
            if has_failed.swap(true, Ordering::SeqCst) {
                return Ok(());
            }
            Err(Error::runtime("no pager"))
        });
        let hook = PsHealthCheckerHook::new(config);
        Arc::new(match resilience {
            Some(resilience) => hook.with_resilience(resilience),
            None => hook,
        })
    }

    /// Makes every save fail from now on.
    fn fail_saves(&self) {
        let error = Error::new(ErrorKind::OutOfRangeError, "disk");
        self.faults
            .set(SaverFault::Error { error, times: None }, "error");
    }

    fn set(&self, ps: usize, fault: MachineFault) {
        self.machines.set(ps, fault, "fault");
    }

    /// Advances the clock to this second and runs everything due by then.
    fn pass_until(&self, second: u64) {
        let time = Duration::from_secs(second).checked_sub(self.clock.now());
        self.clock.sleep(time.unwrap());
        self.clock.settle();
    }

    /// Starts worker `index`, which the barrier blocks.
    fn start_worker(&self, session: &Arc<Session>, index: i64) {
        let (barrier, session) = (Arc::clone(&self.barrier), Arc::clone(session));
        self.clock.start_lane("worker", move || {
            barrier.wait_until_barrier_removed(&session, index).unwrap();
        });
        self.clock.settle();
    }
}

/// Runs `body` on a new run of this graph, in virtual time.
fn play_on(graph: Arc<Graph>, body: impl FnOnce(&Run) + Send + 'static) {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock.run(move || body(&Run::new(&lanes, graph))).unwrap();
}

fn play(body: impl FnOnce(&Run) + Send + 'static) {
    play_on(Graph::new(), body);
}
