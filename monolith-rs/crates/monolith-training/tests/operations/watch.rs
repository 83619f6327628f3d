//! The health watch, as an operator sees it.

use std::sync::Arc;
use std::time::Duration;

use monolith_testing::machines::{MachineFault, Machines};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::coordinator::Coordinator;
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::server::operations::OperationsServicer;
use monolith_training::proto::operations::{GetRunStatusResponse, Watch};
use monolith_training::session::{Graph, Session, SessionRunHook};

/// A run that is watched, with what an operator sees of it before, and at 1, 2 and 61 s: PS 1 gives no
/// answer at first, and has then more memory than it may.
fn looks(resilience: Option<Resilience>) -> Vec<GetRunStatusResponse> {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    let play = move || {
        let shared: Arc<dyn Clock> = Arc::new(lanes.clone());
        let graph = Graph::new();
        let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), 3).unwrap());
        let strikes = Arc::new(Strikes::default());
        let machines = Machines::new(Arc::clone(&shared), strikes, 2048, &[1024, 1024]);
        let machines = Arc::new(machines);
        let config = Config::new(
            Some(barrier.held_by("ps_health", &[]).unwrap()),
            2,
            Arc::clone(&machines) as _,
            Arc::clone(&shared),
        );
        let hook = PsHealthCheckerHook::new(config);
        let hook = Arc::new(match resilience {
            Some(resilience) => hook.with_resilience(resilience),
            None => hook,
        });
        let session = Session::new(&graph, 0).unwrap();
        let operations = OperationsServicer::new(
            Arc::clone(&session),
            Arc::clone(&barrier),
            None,
            Some(Arc::clone(&hook)),
            shared,
        );
        let coord = Coordinator::new();
        let until = |second| {
            let time = Duration::from_secs(second).checked_sub(lanes.now());
            lanes.sleep(time.unwrap());
            lanes.settle();
            operations.get_run_status().unwrap()
        };
        let mut looks = vec![until(1)];
        machines.set(1, MachineFault::PollError, "error");
        hook.after_create_session(&session, &coord).unwrap();
        looks.push(until(1));
        machines.set(1, MachineFault::Recover, "recovered");
        looks.push(until(2));
        machines.set(1, MachineFault::Rss(4096), "memory");
        looks.push(until(61));
        coord.request_stop();
        looks
    };
    clock.run(play).unwrap()
}

#[test]
fn a_resilient_watch_says_what_it_has_come_to() {
    let looks = looks(Some(Resilience::default()));
    let watches: Vec<_> = looks.iter().map(|look| look.watch.clone()).collect();
    let first = Watch {
        polls: 1,
        failed_polls: 1,
        ..Watch::default()
    };
    let good = Watch {
        polls: 2,
        failed_polls: 1,
        last_good_poll_ms: Some(2000),
        ..Watch::default()
    };
    let unhealthy = Watch {
        polls: 3,
        failed_polls: 1,
        last_good_poll_ms: Some(32_000),
        alarms: 1,
        failed_reports: 0,
        unhealthy: vec![1],
    };
    // There is no watch before the session has one.
    assert_eq!(watches, [None, Some(first), Some(good), Some(unhealthy)]);
    let held = &looks[3].holds;
    assert_eq!(
        (held[0].holder.as_str(), held[0].since_ms),
        ("ps_health", 32_000)
    );
}

#[test]
fn upstreams_watch_says_nothing() {
    let looks = looks(None);
    assert!(looks.iter().all(|look| look.watch.is_none()));
}
