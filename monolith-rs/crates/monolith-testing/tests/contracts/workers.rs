//! Sessions of a chief and of workers that start and start again around a barrier.

use std::sync::Arc;
use std::time::Duration;

use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::SystemClock;
use monolith_training::errors::Result;
use monolith_training::hooks::ckpt_hooks::{
    WorkerCkptHelper, WorkerCkptInfo, assign_ckpt_info, get_ckpt_info,
};
use monolith_training::session::{ChiefsSession, Graph, Session};
use tracing::Level;

use crate::chief::Gate;
use crate::records::records;
use crate::stage::{MS, Seen, Stage, seen};

/// A chief's barrier of four, and where its workers find its session.
struct Job {
    stage: Stage,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    chiefs: ChiefsSession,
    actions: Seen<String>,
}

impl Job {
    fn new(stage: &Stage) -> Self {
        let (graph, actions) = (Graph::new(), Seen::default());
        WorkerCkptHelper::new(&graph, "unused", 0);
        let list = Arc::clone(&actions);
        let callback: BarrierCallback = Arc::new(move |action, _| -> Result<()> {
            list.lock().unwrap().push(action.to_owned());
            Ok(())
        });
        let barrier = BarrierOp::new(&graph, Arc::new(SystemClock), 4).unwrap();
        Self {
            stage: stage.clone(),
            graph,
            barrier: Arc::new(barrier.with_wait(MS).with_callbacks(vec![callback])),
            chiefs: ChiefsSession::default(),
            actions,
        }
    }

    /// Starts a session of the chief.
    fn chief(&self) -> Arc<Session> {
        let session = Session::new(&self.graph, 0).unwrap();
        self.chiefs.set(Some(&session));
        session
    }

    /// Has a worker come to the barrier, which isn't its hook's: it stays until it is let go.
    fn arrive(&self, index: i64) -> Gate {
        let gate = Gate::default();
        let (barrier, session) = (Arc::clone(&self.barrier), self.chiefs.shared());
        let left = gate.clone();
        self.stage.beside(move || {
            barrier.wait_until_barrier_removed(&session, index).unwrap();
            left.open();
        });
        gate
    }

    fn blocked(&self, session: &Session) -> Vec<usize> {
        self.barrier.get_blocked_indices(session).unwrap()
    }
}

#[test]
fn a_worker_that_starts_empties_the_action_and_leaves_the_vector() {
    Stage::real(|stage| {
        let job = Job::new(stage);
        let session = job.chief();
        job.barrier.place_barrier(&session, "Save").unwrap();
        let left = [1, 3].map(|index| job.arrive(index));
        stage.until(|| job.blocked(&session) == [0, 1, 3]);
        assert_eq!(seen(&job.actions), ["Save"; 3]);
        for _ in 0..2 {
            let own = job.chiefs.start_worker_session();
            assert_eq!(job.blocked(&own), [0, 1, 3]);
            assert_eq!(job.blocked(&session), [0, 1, 3]);
        }
        let last = job.arrive(2);
        stage.until(|| job.blocked(&session) == [0, 1, 2, 3]);
        assert_eq!(job.barrier.is_all_blocked(&session), Ok(true));
        assert_eq!(seen(&job.actions), ["Save", "Save", "Save", ""]);
        assert!(!last.is_open());
        job.barrier.remove_barrier(&session).unwrap();
        stage.until(|| left.iter().chain([&last]).all(Gate::is_open));
        assert!(job.blocked(&session).is_empty());
        job.barrier.place_barrier(&session, "Stop").unwrap();
        assert_eq!(job.blocked(&job.chiefs.start_worker_session()), [0]);
    });
}

#[test]
fn a_chief_that_starts_again_clears_all_and_a_worker_sees_the_new_vector() {
    Stage::real(|stage| {
        let job = Job::new(stage);
        let session = job.chief();
        job.barrier.place_barrier(&session, "Stop").unwrap();
        let left = job.arrive(2);
        let own = job.chiefs.start_worker_session();
        stage.until(|| job.blocked(&own) == [0, 2]);
        let again = job.chief();
        stage.until(|| left.is_open());
        assert!(job.blocked(&again).is_empty() && job.blocked(&own).is_empty());
        assert_eq!(job.blocked(&session), [0, 2]);
        job.barrier.place_barrier(&again, "Save").unwrap();
        assert_eq!(job.blocked(&own), [0]);
    });
}

#[test]
fn each_session_that_starts_empties_the_info() {
    Stage::real(|stage| {
        let job = Job::new(stage);
        let info = |session: &Session| get_ckpt_info(session).unwrap().global_step;
        let session = job.chief();
        for global_step in [Some(7), Some(0), Some(i64::MAX)] {
            assign_ckpt_info(&session, &WorkerCkptInfo { global_step }).unwrap();
            assert_eq!(info(&job.chiefs.shared()), global_step);
            let own = job.chiefs.start_worker_session();
            assert_eq!((info(&own), info(&session)), (None, None));
        }
        assign_ckpt_info(
            &session,
            &WorkerCkptInfo {
                global_step: Some(7),
            },
        )
        .unwrap();
        assert_eq!(info(&job.chief()), None);
        assert_eq!(info(&session), Some(7));
    });
}

#[test]
fn a_worker_that_waits_says_so_at_once_and_each_minute() {
    Stage::fake(|stage| {
        let (graph, clock) = (Graph::new(), Arc::clone(&stage.clock));
        let barrier = BarrierOp::new(&graph, Arc::clone(&clock), 2).unwrap();
        let barrier = Arc::new(barrier.with_wait(Duration::from_secs(10)));
        let session = Session::new(&graph, 0).unwrap();
        barrier.place_barrier(&session, "Stop").unwrap();
        let (own, held) = (Arc::clone(&barrier), Arc::clone(&session));
        stage.beside(move || {
            clock.sleep(Duration::from_secs(155));
            own.remove_barrier(&held).unwrap();
        });
        let waits = || barrier.wait_until_barrier_removed(&session, 1);
        let (waited, logged) = records(Level::INFO, waits);
        waited.unwrap();
        assert_eq!(logged, ["The worker 1 waits until barrier removed."; 3]);
    });
}
