//! A chief whose health is watched, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::{VirtualClock, Watcher};
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::device_utils::ps_device;
use monolith_training::errors::{Error, Result};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook, Results};
use monolith_training::hooks::resilient_watch::{Resilience, WatchStatus};
use monolith_training::logging_ops::{DEFAULT_MEM_LIMIT, HealthSource, MachineInfo};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, Graph, MonitoredSession};

/// What each machine has at first, in bytes; every limit is twice that.
const MEMORY: i64 = 1 << 30;

/// What a report does beside being written down.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    Succeeds,
    Fails,
    Panics,
    /// After this many seconds.
    SucceedsAfter(u64),
    FailsAfter(u64),
}

/// A report: the second at which it was begun, and each message by its parameter server.
pub(crate) type Reported = (u64, Vec<(usize, String)>);

/// A poll: the second at which it was begun, and who was asked.
pub(crate) type Asked = (u64, Vec<usize>);

/// What the source of health does instead of asking machines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Instead {
    #[default]
    Nothing,
    Panics,
    /// It gives one answer too many.
    TooMuch,
}

/// Fake machines, and how they were asked.
#[derive(Debug)]
struct Source {
    clock: VirtualClock,
    machines: Arc<Machines>,
    asked: Mutex<Vec<Asked>>,
    instead: Mutex<Instead>,
}

impl HealthSource for Source {
    fn machine_info(&self, device: &str, shared_name: &str, _: Option<i64>) -> Result<MachineInfo> {
        (self.machines).machine_info(device, shared_name, Some(2 * MEMORY))
    }

    fn check_machine_health(&self, _: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        unreachable!("a resilient watch has a deadline")
    }

    fn check_within(&self, machines: &[MachineInfo], deadline: Duration) -> Result<Vec<Vec<u8>>> {
        let ps_of = |info: &MachineInfo| (0..9).find(|ps| ps_device(*ps) == info.device).unwrap();
        let asked = machines.iter().map(ps_of).collect();
        let now = self.clock.now().as_secs();
        self.asked.lock().unwrap().push((now, asked));
        let instead = *self.instead.lock().unwrap();
        assert_ne!(instead, Instead::Panics, "as it should");
        let mut answers = self.machines.check_within(machines, deadline)?;
        if instead == Instead::TooMuch {
            answers.push(Vec::new());
        }
        Ok(answers)
    }
}

#[derive(Default)]
pub(crate) struct Fates(Mutex<Vec<(String, bool)>>);

impl Watcher for Fates {
    fn gives_way(&self) {}

    fn thread_ended(&self, label: &str, outcome: &Result<()>) {
        let fate = (label.to_owned(), outcome.is_ok());
        self.0.lock().unwrap().push(fate);
    }
}

/// A chief and its parameter servers.
pub(crate) struct Chief {
    pub(crate) clock: VirtualClock,
    pub(crate) barrier: Arc<BarrierOp>,
    pub(crate) hook: Arc<PsHealthCheckerHook>,
    graph: Arc<Graph>,
    source: Arc<Source>,
    reports: Arc<Mutex<Vec<Reported>>>,
    fates: Arc<Fates>,
}

impl Chief {
    pub(crate) fn session(&self) -> MonitoredSession {
        self.session_with(vec![])
    }

    pub(crate) fn session_with(&self, before: Hooks) -> MonitoredSession {
        let mut hooks = before;
        hooks.push(Arc::clone(&self.hook) as _);
        let creator = ChiefSessionCreator::new(Arc::clone(&self.graph), None);
        let clock = Arc::new(self.clock.clone());
        MonitoredSession::new(Recovery::Recreates, Box::new(creator), hooks, clock).unwrap()
    }

    /// Lets all others go on until this second.
    pub(crate) fn until(&self, second: u64) {
        let left = Duration::from_secs(second).checked_sub(self.clock.now());
        self.clock.sleep(left.unwrap());
        self.clock.settle();
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    pub(crate) fn fault(&self, ps: usize, fault: MachineFault) {
        self.source.machines.set(ps, fault, "faults[0]");
    }

    /// Has it use this much more memory than it may.
    pub(crate) fn exhaust(&self, ps: usize) {
        self.fault(ps, MachineFault::Rss(2 * MEMORY));
    }

    pub(crate) fn has_health(&self, instead: Instead) {
        *self.source.instead.lock().unwrap() = instead;
    }

    /// The polls since this was last asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.source.asked.lock().unwrap())
    }

    pub(crate) fn reports(&self) -> Vec<Reported> {
        self.reports.lock().unwrap().clone()
    }

    /// When each report was begun, and of whom.
    pub(crate) fn reported(&self) -> Vec<(u64, Vec<usize>)> {
        let reports = self.reports().into_iter();
        let of = |(at, results): Reported| (at, results.into_iter().map(|(ps, _)| ps).collect());
        reports.map(of).collect()
    }

    /// Those who have ended, each with whether it did so without an error.
    pub(crate) fn fates(&self) -> Vec<(String, bool)> {
        self.fates.0.lock().unwrap().clone()
    }

    pub(crate) fn status(&self) -> WatchStatus {
        self.hook.watch_status().unwrap()
    }

    pub(crate) fn is_held(&self, session: &mut MonitoredSession) -> bool {
        let held = session.run(|session| self.barrier.is_barrier_placed(session));
        held.unwrap()
    }

    /// As an operator lets the workers go.
    pub(crate) fn resume(&self, session: &mut MonitoredSession) {
        let removed = session.run(|session| self.barrier.remove_barrier(session));
        removed.unwrap();
    }
}

/// How a chief is watched.
pub(crate) struct Plan {
    pub(crate) options: Resilience,
    pub(crate) ps: usize,
    /// What each report does; those beyond succeed.
    pub(crate) acts: Vec<Act>,
    pub(crate) has_barrier: bool,
    /// The clock of the hook, over that of the play.
    pub(crate) clock: fn(VirtualClock) -> Arc<dyn Clock>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            options: Resilience::default(),
            ps: 2,
            acts: Vec::new(),
            has_barrier: true,
            clock: |clock| Arc::new(clock),
        }
    }
}

/// Plays `main` on a chief that is watched as planned; also returns the threads that it leaves.
pub(crate) fn play<T: Send + 'static>(
    plan: Plan,
    main: impl FnOnce(&Chief) -> T + Send + 'static,
) -> (T, Vec<String>) {
    let clock = VirtualClock::new(None);
    let fates = Arc::new(Fates::default());
    clock.watch(&fates);
    let inner = clock.clone();
    let result = clock.run(move || main(&chief(plan, inner, fates)));
    (result.unwrap(), clock.live_threads())
}

fn chief(plan: Plan, clock: VirtualClock, fates: Arc<Fates>) -> Chief {
    let graph = Graph::new();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), 3).unwrap());
    let (strikes, memory) = (Arc::new(Strikes::default()), vec![MEMORY; plan.ps]);
    let machines = Machines::new(shared, strikes, DEFAULT_MEM_LIMIT, &memory);
    let source = Arc::new(Source {
        clock: clock.clone(),
        machines: Arc::new(machines),
        asked: Mutex::default(),
        instead: Mutex::default(),
    });
    let reports = Arc::<Mutex<Vec<Reported>>>::default();
    let mut config = Config::new(
        plan.has_barrier.then(|| Arc::clone(&barrier)),
        plan.ps,
        Arc::clone(&source) as _,
        (plan.clock)(clock.clone()),
    );
    config.report_fn = {
        let (clock, reports, acts) = (clock.clone(), Arc::clone(&reports), plan.acts);
        Arc::new(move |results: &Results| {
            let messages = results
                .iter()
                .map(|(ps, it)| (*ps, it.message().to_owned()));
            let report = (clock.now().as_secs(), messages.collect());
            let number = {
                let mut reports = reports.lock().unwrap();
                reports.push(report);
                reports.len() - 1
            };
            act(&clock, acts.get(number).copied().unwrap_or(Act::Succeeds))
        })
    };
    let hook = PsHealthCheckerHook::new(config).with_resilience(plan.options);
    Chief {
        clock,
        barrier,
        hook: Arc::new(hook),
        graph,
        source,
        reports,
        fates,
    }
}

fn act(clock: &VirtualClock, act: Act) -> Result<()> {
    let failed = Err(Error::runtime("report failed"));
    match act {
        Act::Succeeds => Ok(()),
        Act::Fails => failed,
        Act::Panics => panic!("as it should"),
        Act::SucceedsAfter(seconds) => {
            clock.sleep(Duration::from_secs(seconds));
            Ok(())
        }
        Act::FailsAfter(seconds) => {
            clock.sleep(Duration::from_secs(seconds));
            failed
        }
    }
}
