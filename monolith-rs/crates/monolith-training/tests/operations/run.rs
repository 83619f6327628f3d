//! The state of a run, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::Clock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind};
use monolith_training::hooks::server::operations::OperationsServicer;
use monolith_training::proto::operations::{GetRunStatusResponse, Hold, Save};
use monolith_training::save_utils::{
    Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::{Graph, Session, SessionRunHook};
use tempfile::TempDir;
use tonic::Code;

/// A run of a chief and two workers, which has begun at 0.
struct Run {
    clock: VirtualClock,
    begun: Duration,
    graph: Arc<Graph>,
    session: Arc<Session>,
    barrier: Arc<BarrierOp>,
    saver_hook: Arc<NoFirstSaveCheckpointSaverHook>,
    faults: Arc<FaultySaver>,
    operations: OperationsServicer,
    _dir: TempDir,
}

impl Run {
    fn new(clock: &VirtualClock, graph: Arc<Graph>) -> Self {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let dir = tempfile::tempdir().unwrap();
        let barrier = Arc::new(BarrierOp::new(&graph, Arc::clone(&shared), 3).unwrap());
        let files = Arc::new(FileSaver::default());
        let faults = FaultySaver::new(files, Arc::clone(&shared), Arc::new(Strikes::default()));
        let faults = Arc::new(faults);
        let saver_hook = Arc::new(NoFirstSaveCheckpointSaverHook::new(
            &graph,
            Arc::clone(&shared),
            dir.path(),
            Arc::clone(&faults) as _,
            SaverOptions::new(Every::Steps(1_000_000)),
        ));
        let session = Session::new(&graph, 0).unwrap();
        let saver = Some(Arc::clone(&saver_hook));
        Self {
            clock: clock.clone(),
            begun: clock.now(),
            operations: OperationsServicer::new(
                Arc::clone(&session),
                Arc::clone(&barrier),
                saver,
                None,
                shared,
            ),
            graph,
            session,
            barrier,
            saver_hook,
            faults,
            _dir: dir,
        }
    }

    /// The status, with times since the run's beginning.
    fn status(&self) -> GetRunStatusResponse {
        let begun = i64::try_from(self.begun.as_millis()).unwrap();
        let mut status = self.operations.get_run_status().unwrap();
        status.now_ms -= begun;
        status.session_since_ms -= begun;
        for hold in &mut status.holds {
            hold.since_ms -= begun;
        }
        if let Some(save) = &mut status.last_save {
            save.ended_ms -= begun;
        }
        status
    }

    fn pass(&self, milliseconds: u64) {
        self.clock.sleep(Duration::from_millis(milliseconds));
    }
}

/// Plays this on a run, in virtual time.
fn play_on(graph: Arc<Graph>, body: impl FnOnce(Run) + Send + 'static) {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock.run(move || body(Run::new(&lanes, graph))).unwrap();
}

fn play(body: impl FnOnce(Run) + Send + 'static) {
    play_on(Graph::new(), body);
}

fn hold(holder: &str, action: &str, since_ms: i64) -> Hold {
    Hold {
        holder: holder.to_owned(),
        action: action.to_owned(),
        since_ms,
    }
}

#[test]
fn a_run_that_goes_on_has_only_free_workers() {
    play(|run| {
        run.session.train_step().unwrap();
        run.pass(1500);
        let expected = GetRunStatusResponse {
            global_step: Some(1),
            now_ms: 1500,
            free: vec![1, 2],
            ..GetRunStatusResponse::default()
        };
        assert_eq!(run.status(), expected);
    });
}

#[test]
fn a_run_that_is_stopped_says_by_whom_and_whom_it_holds() {
    play(|run| {
        run.pass(1000);
        let operator = run.barrier.held_by("operator", &[]).unwrap();
        operator.place_barrier(&run.session, "").unwrap();
        let (waits, inside) = (Arc::clone(&run.barrier), Arc::clone(&run.session));
        run.clock.start_lane("worker", move || {
            waits.wait_until_barrier_removed(&inside, 2).unwrap();
        });
        run.pass(500);
        let save = run.barrier.held_by("save", &[]).unwrap();
        save.place_barrier(&run.session, "saving").unwrap();
        let status = run.status();
        assert!(status.placed);
        assert_eq!(
            status.holds,
            [hold("operator", "", 1000), hold("save", "saving", 1500)]
        );
        assert_eq!((status.blocked, status.free), (vec![2], vec![1]));
        save.remove_barrier(&run.session).unwrap();
        operator.remove_barrier(&run.session).unwrap();
        // The worker hasn't looked yet.
        let status = run.status();
        assert!(!status.placed);
        assert!(status.holds.is_empty());
        assert_eq!((status.blocked, status.free), (vec![2], vec![1]));
        run.pass(1000);
        assert_eq!(run.status().free, [1, 2]);
    });
}

#[test]
fn who_stops_it_without_a_view_has_no_name() {
    play(|run| {
        run.barrier.place_barrier(&run.session, "Stop").unwrap();
        assert_eq!(run.status().holds, [hold("", "Stop", 0)]);
    });
}

#[test]
fn the_last_save_is_the_newest_that_was_tried() {
    play(|run| {
        let save = |error: &str, step, ended_ms| {
            let error = error.to_owned();
            Some(Save {
                step,
                ended_ms,
                error,
            })
        };
        let trigger = |ignores| run.saver_hook.trigger_save(&run.session, ignores);
        // The first save is skipped, which doesn't count.
        trigger(false).unwrap();
        assert_eq!(run.status().last_save, None);
        run.session.train_step().unwrap();
        let slow = SaverFault::Slow(Duration::from_secs(2));
        run.faults.set(slow, "slow");
        trigger(false).unwrap();
        run.pass(1000);
        assert_eq!(run.status().last_save, save("", 1, 2000));
        run.session.train_step().unwrap();
        let error = Error::new(ErrorKind::UnavailableError, "disk");
        run.faults
            .set(SaverFault::Error { error, times: None }, "error");
        // Two tries are one save, and an error that is ignored is one all the same.
        trigger(false).unwrap_err();
        assert_eq!(run.status().last_save, save("UnavailableError", 2, 7000));
        trigger(true).unwrap();
        assert_eq!(run.status().last_save, save("UnavailableError", 2, 11_000));
        let error = Error::new(ErrorKind::GaiError, "host");
        let times = Some(1);
        run.faults.set(SaverFault::Error { error, times }, "host");
        trigger(false).unwrap_err();
        assert_eq!(run.status().last_save, save("gaierror", 2, 13_000));
        trigger(false).unwrap();
        assert_eq!(run.status().last_save, save("", 2, 15_000));
    });
}

#[test]
fn saves_of_the_schedule_and_of_the_exit_count_too() {
    play(|run| {
        let hook = &run.saver_hook;
        let coord = Coordinator::new();
        hook.after_create_session(&run.session, &coord).unwrap();
        assert_eq!(run.saver_hook.last_save(), None);
        run.session.train_step().unwrap();
        hook.end(&run.session).unwrap();
        assert_eq!(hook.last_save().unwrap().step, 1);
    });
}

#[test]
fn holds_of_a_session_that_was_left_are_not_shown() {
    play(|run| {
        let operator = run.barrier.held_by("operator", &[]).unwrap();
        operator.place_barrier(&run.session, "").unwrap();
        run.pass(3000);
        let session = Session::new(&run.graph, 7).unwrap();
        let operations = OperationsServicer::new(
            Arc::clone(&session),
            Arc::clone(&operator),
            None,
            None,
            Arc::new(run.clock.clone()),
        );
        assert_eq!(run.barrier.holds().len(), 1);
        let run = Run {
            session,
            operations,
            ..run
        };
        let expected = GetRunStatusResponse {
            global_step: Some(7),
            now_ms: 3000,
            session_since_ms: 3000,
            free: vec![1, 2],
            ..GetRunStatusResponse::default()
        };
        assert_eq!(run.status(), expected);
        operator.place_barrier(&run.session, "again").unwrap();
        assert_eq!(run.status().holds, [hold("operator", "again", 3000)]);
    });
}

#[test]
fn without_a_global_step_there_is_none() {
    play_on(Graph::without_global_step(), |run| {
        run.session.train_step().unwrap();
        assert_eq!(run.status().global_step, None);
        assert_eq!(run.status().free, [1, 2]);
    });
}

#[test]
fn a_session_that_is_closed_is_an_error() {
    play(|run| {
        run.session.close();
        let status = run.operations.get_run_status().unwrap_err();
        assert_eq!(status.code(), Code::Unknown);
        let message = "Exception calling application: Attempted to use a closed Session.";
        assert_eq!(status.message(), message);
    });
}
