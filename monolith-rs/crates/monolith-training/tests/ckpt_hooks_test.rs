//! Workers held around a save, in virtual time, and the positions of their input.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::virtual_clock::VirtualClock;
use monolith_training::barrier_ops::{BarrierCallback, BarrierOp};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::ckpt_hooks::{
    BarrierSaverListener, SAVE_ACTION, SaveableIterator, WorkerCkptHelper, WorkerCkptInfo,
    assign_ckpt_info, disable_iterator_save_restore, get_ckpt_info,
};
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions,
};
use monolith_training::session::monitored::Recovery;
use monolith_training::session::{
    ChiefSessionCreator, ChiefsSession, Graph, MonitoredSession, Session, SessionRunHook,
};

/// A chief that holds its workers while it saves.
struct Chief {
    clock: VirtualClock,
    graph: Arc<Graph>,
    barrier: Arc<BarrierOp>,
    listener: Arc<BarrierSaverListener>,
    session: Arc<Session>,
    actions: Arc<Mutex<Vec<String>>>,
}

impl Chief {
    fn seconds(&self) -> u64 {
        self.clock.now().as_secs()
    }

    fn is_placed(&self) -> bool {
        self.barrier.is_barrier_placed(&self.session).unwrap()
    }

    fn actions(&self) -> Vec<String> {
        self.actions.lock().unwrap().clone()
    }

    fn before(&self, step: i64) -> Result<()> {
        self.listener.before_save(&self.session, step)
    }

    fn after(&self, step: i64) {
        assert_eq!(self.listener.after_save(&self.session, step), Ok(false));
    }

    fn info(&self) -> Option<i64> {
        get_ckpt_info(&self.session).unwrap().global_step
    }

    /// Has this worker come to the barrier after this time.
    fn arrive(&self, index: i64, after: Duration) {
        let (clock, barrier) = (self.clock.clone(), Arc::clone(&self.barrier));
        let session = Arc::clone(&self.session);
        self.clock.start_lane(&format!("worker-{index}"), move || {
            clock.sleep(after);
            barrier.wait_until_barrier_removed(&session, index).unwrap();
        });
    }
}

/// Plays `main` with a barrier of this capacity, these intervals of the listener, and a
/// callback that comes after the one that notes the action.
fn with_chief(
    capacity: usize,
    (wait, max_pending): (u64, u64),
    callbacks: Vec<BarrierCallback>,
    main: impl FnOnce(Chief) + Send + 'static,
) {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let shared: Arc<dyn Clock> = Arc::new(lanes.clone());
            let graph = Graph::new();
            let barrier = BarrierOp::new(&graph, Arc::clone(&shared), capacity).unwrap();
            let actions: Arc<Mutex<Vec<String>>> = Arc::default();
            let seen = Arc::clone(&actions);
            let notes: BarrierCallback = Arc::new(move |action, _| {
                seen.lock().unwrap().push(action.to_owned());
                Ok(())
            });
            let all = [vec![notes], callbacks].concat();
            let barrier = Arc::new(barrier.with_callbacks(all));
            let listener = BarrierSaverListener::new(&graph, shared, Arc::clone(&barrier))
                .with_wait(Duration::from_secs(wait))
                .with_max_pending(Duration::from_secs(max_pending));
            main(Chief {
                clock: lanes,
                session: Session::new(&graph, 0).unwrap(),
                graph,
                barrier,
                listener: Arc::new(listener),
                actions,
            });
        })
        .unwrap();
}

#[test]
fn a_save_waits_for_missing_workers_until_more_than_its_time_has_passed() {
    for (intervals, seconds) in [((1, 30), 31), ((7, 20), 21), ((1, 0), 1)] {
        with_chief(2, intervals, Vec::new(), move |chief| {
            chief.before(7).unwrap();
            assert_eq!(chief.seconds(), seconds);
            assert!(chief.is_placed());
            assert_eq!(
                (chief.info(), chief.actions()),
                (Some(7), vec![SAVE_ACTION.into()])
            );
            chief.after(7);
            assert!(!chief.is_placed());
        });
    }
}

#[test]
fn a_save_begins_at_the_look_that_finds_all_blocked() {
    with_chief(3, (1, 30), Vec::new(), |chief| {
        chief.arrive(1, Duration::from_secs(2));
        chief.arrive(2, Duration::from_millis(4500));
        chief.before(7).unwrap();
        assert_eq!(chief.seconds(), 5);
        chief.after(7);
        chief.clock.sleep(Duration::from_secs(1));
        chief.clock.settle();
        assert!(chief.barrier.is_none_blocked(&chief.session).unwrap());
        assert_eq!(chief.actions(), [SAVE_ACTION; 3]);
    });
    with_chief(1, (1, 30), Vec::new(), |chief| {
        chief.before(7).unwrap();
        assert_eq!(chief.seconds(), 0);
    });
}

#[test]
fn a_barrier_of_somebody_else_outlives_the_save() {
    with_chief(2, (1, 30), Vec::new(), |chief| {
        chief.barrier.place_barrier(&chief.session, "Stop").unwrap();
        chief.before(7).unwrap();
        assert_eq!((chief.seconds(), chief.info()), (31, Some(7)));
        chief.after(7);
        assert!(chief.is_placed());
        assert_eq!(chief.actions(), ["Stop"]);
    });
}

#[test]
fn the_barrier_is_removed_once_whoever_has_placed_it_meanwhile() {
    with_chief(1, (1, 30), Vec::new(), |chief| {
        chief.after(7);
        chief.before(7).unwrap();
        chief.barrier.remove_barrier(&chief.session).unwrap();
        chief.barrier.place_barrier(&chief.session, "Stop").unwrap();
        chief.after(7);
        assert!(!chief.is_placed());
        chief.barrier.place_barrier(&chief.session, "Stop").unwrap();
        chief.after(7);
        assert!(chief.is_placed());
    });
}

#[test]
fn a_second_try_finds_the_barrier_placed_and_one_removal_suffices() {
    with_chief(1, (1, 30), Vec::new(), |chief| {
        chief.before(7).unwrap();
        chief.before(7).unwrap();
        chief.after(7);
        assert!(!chief.is_placed());
        assert_eq!(chief.actions(), [SAVE_ACTION]);
    });
}

#[test]
fn a_callback_that_raises_leaves_the_barrier_placed_for_good() {
    let raises: BarrierCallback = Arc::new(|_, _| Err(Error::value("no")));
    with_chief(1, (1, 30), vec![raises], |chief| {
        assert_eq!(chief.before(7), Err(Error::value("no")));
        chief.after(7);
        assert!(chief.is_placed());
    });
}

/// Fails this many times.
struct Fails(AtomicUsize);

impl Saver for Fails {
    fn save(&self, _: &Session, _: &Path, _: &str, _: i64) -> Result<()> {
        let fails = |left: usize| left.checked_sub(1);
        match self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
        {
            Ok(_) => Err(Error::new(ErrorKind::InternalError, "disk")),
            Err(_) => Ok(()),
        }
    }
}

#[test]
fn as_a_guard_it_removes_the_barrier_after_every_outcome() {
    // How often the write fails, whether it is a guard, whether the barrier stays.
    for (failures, is_guard, stays) in [
        (1, false, false),
        (2, false, true),
        (1, true, false),
        (2, true, false),
    ] {
        with_chief(1, (1, 30), Vec::new(), move |chief| {
            let dir = tempfile::tempdir().unwrap();
            let mut options = SaverOptions::new(Every::Steps(1));
            let listeners = if is_guard {
                &mut options.guard_saver_listeners
            } else {
                &mut options.listeners
            };
            listeners.push(chief.listener.clone());
            let hook = NoFirstSaveCheckpointSaverHook::new(
                &chief.graph,
                Arc::new(chief.clock.clone()),
                dir.path(),
                Arc::new(Fails(AtomicUsize::new(failures))),
                options,
            );
            hook.after_create_session(&chief.session, &Coordinator::new())
                .unwrap();
            let outcome = hook.trigger_save(&chief.session, false);
            assert_eq!(outcome.is_err(), failures == 2);
            assert_eq!(chief.is_placed(), stays, "{failures} {is_guard}");
        });
    }
}

#[test]
fn the_info_is_empty_in_a_new_session_and_all_of_it_is_replaced() {
    let graph = Graph::new();
    let before = Session::new(&graph, 0).unwrap();
    WorkerCkptHelper::new(&graph, "unused", 0);
    let error = get_ckpt_info(&before).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPreconditionError);
    let session = Session::new(&graph, 3).unwrap();
    let info = |session: &Session| get_ckpt_info(session).unwrap().global_step;
    assert_eq!(info(&session), None);
    for global_step in [Some(7), None, Some(8)] {
        assign_ckpt_info(&session, &WorkerCkptInfo { global_step }).unwrap();
        assert_eq!(info(&session), global_step);
    }
    // A worker's session that starts empties it too.
    let shared = ChiefsSession::default();
    shared.set(Some(&session));
    assert_eq!(info(&shared.shared()), Some(8));
    assert_eq!(info(&shared.start_worker_session()), None);
    assert_eq!(info(&Session::new(&graph, 0).unwrap()), None);
}

/// Counts up.
#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

impl SaveableIterator for Counter {
    fn save(&self) -> Result<Vec<u8>> {
        Ok(self.0.load(Ordering::SeqCst).to_le_bytes().to_vec())
    }

    fn restore(&self, position: &[u8]) -> Result<()> {
        let position = usize::from_le_bytes(position.try_into().unwrap());
        self.0.store(position, Ordering::SeqCst);
        Ok(())
    }
}

/// Can't be saved, for this reason.
#[derive(Debug)]
struct Fixed(ErrorKind);

impl SaveableIterator for Fixed {
    fn save(&self) -> Result<Vec<u8>> {
        Err(Error::new(self.0, "generator"))
    }

    fn restore(&self, _: &[u8]) -> Result<()> {
        unreachable!("it was never saved")
    }
}

/// A worker with these iterators and its helper, by index.
struct Worker {
    graph: Arc<Graph>,
    helper: WorkerCkptHelper,
    session: Arc<Session>,
}

impl Worker {
    fn new(dir: &Path, index: usize, iterators: Vec<Arc<dyn SaveableIterator>>) -> Self {
        let graph = Graph::new();
        for iterator in iterators {
            graph.add_iterator(iterator);
        }
        let helper = WorkerCkptHelper::new(&graph, dir, index);
        let session = Session::new(&graph, 0).unwrap();
        Self {
            graph,
            helper,
            session,
        }
    }

    fn at(self, step: i64) -> Self {
        let global_step = Some(step);
        assign_ckpt_info(&self.session, &WorkerCkptInfo { global_step }).unwrap();
        self
    }

    fn save(&self, action: &str) -> Result<()> {
        self.helper.create_save_iterator_callback()(action, &self.session)
    }

    fn restore(&self) -> Result<()> {
        let hook = self.helper.create_restorer_hook();
        hook.after_create_session(&self.session, &Coordinator::new())
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_save_writes_the_workers_own_files_under_the_step_of_the_info() {
    let dir = tempfile::tempdir().unwrap();
    let counter = Arc::new(Counter::default());
    let worker = Worker::new(dir.path(), 3, vec![counter.clone()]);
    worker.save("Stop").unwrap();
    assert!(names(dir.path()).is_empty());
    worker.save(SAVE_ACTION).unwrap();
    assert_eq!(
        names(dir.path()),
        [
            "checkpoint_input_worker_3",
            "input_worker_3.ckpt-0.data-00000-of-00001",
            "input_worker_3.ckpt-0.index",
        ]
    );
    // Saving doesn't move it.
    assert_eq!(counter.next(), 0);
    let worker = worker.at(7);
    worker.save(SAVE_ACTION).unwrap();
    let state = fs::read_to_string(dir.path().join("checkpoint_input_worker_3")).unwrap();
    assert!(state.starts_with("model_checkpoint_path: \"input_worker_3.ckpt-7\"\n"));
}

#[test]
fn the_last_five_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut worker = Worker::new(dir.path(), 0, vec![Arc::new(Counter::default())]);
    for step in [1, 2, 3, 1, 4, 5, 6] {
        worker = worker.at(step);
        worker.save(SAVE_ACTION).unwrap();
    }
    let indices: Vec<String> = names(dir.path())
        .into_iter()
        .filter_map(|name| Some(name.strip_suffix(".index")?.to_owned()))
        .collect();
    let kept = [1, 3, 4, 5, 6].map(|step| format!("input_worker_0.ckpt-{step}"));
    assert_eq!(indices, kept);
}

#[test]
fn a_missing_folder_is_made_in_an_existing_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("folder");
    let worker = Worker::new(&dir, 0, vec![Arc::new(Counter::default())]);
    worker.save(SAVE_ACTION).unwrap();
    assert!(dir.join("checkpoint_input_worker_0").exists());
}

#[test]
fn a_folder_in_a_missing_one_is_a_value_error() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("no").join("folder");
    let worker = Worker::new(&dir, 0, vec![Arc::new(Counter::default())]);
    let error = worker.save(SAVE_ACTION).unwrap_err();
    let prefix = dir.join("input_worker_0.ckpt");
    let message = format!(
        "Parent directory of {} doesn't exist, can't save.",
        prefix.display()
    );
    assert_eq!(error, Error::value(message));
    assert!(!dir.exists());
}

#[test]
fn an_iterator_that_cannot_be_saved_writes_nothing_and_other_errors_leave() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, leaves) in [
        (ErrorKind::UnimplementedError, false),
        (ErrorKind::InternalError, true),
    ] {
        let iterators: Vec<Arc<dyn SaveableIterator>> =
            vec![Arc::new(Counter::default()), Arc::new(Fixed(kind))];
        let worker = Worker::new(dir.path(), 0, iterators);
        assert_eq!(worker.save(SAVE_ACTION).is_err(), leaves);
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_recreated_session_reads_again_what_came_after_the_save() {
    let dir = tempfile::tempdir().unwrap();
    let counter = Arc::new(Counter::default());
    let worker = Worker::new(dir.path(), 0, vec![counter.clone()]);
    let creator = ChiefSessionCreator::new(Arc::clone(&worker.graph), None);
    let mut session = MonitoredSession::new(
        Recovery::Recreates,
        Box::new(creator),
        vec![worker.helper.create_restorer_hook()],
        Arc::new(SystemClock),
    )
    .unwrap();
    let mut read = Vec::new();
    for step in 0..3 {
        let mut lost = step == 2;
        session
            .run(|_| {
                read.push(counter.next());
                if std::mem::take(&mut lost) {
                    return Err(Error::new(ErrorKind::AbortedError, "lost"));
                }
                Ok(())
            })
            .unwrap();
        if step == 0 {
            worker.save(SAVE_ACTION).unwrap();
        }
    }
    assert_eq!(read, [0, 1, 2, 1]);
}

#[test]
fn without_a_checkpoint_nothing_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let counter = Arc::new(Counter::default());
    let worker = Worker::new(dir.path(), 0, vec![counter.clone()]);
    counter.next();
    worker.restore().unwrap();
    assert_eq!(counter.next(), 1);
    worker.save(SAVE_ACTION).unwrap();
    fs::remove_file(dir.path().join("input_worker_0.ckpt-0.index")).unwrap();
    counter.next();
    worker.restore().unwrap();
    assert_eq!(counter.next(), 3);
}

#[test]
fn more_iterators_than_were_saved_are_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let counters = || -> [Arc<Counter>; 2] { [Arc::default(), Arc::default()] };
    let [first, second] = counters();
    let saving = Worker::new(dir.path(), 0, vec![first.clone()]);
    first.next();
    saving.save(SAVE_ACTION).unwrap();
    let [other, more] = counters();
    let restoring = Worker::new(dir.path(), 0, vec![other.clone(), more]);
    let error = restoring.restore().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFoundError);
    assert_eq!(other.next(), 0);
    // Into a graph with none nothing happens, and later iterators aren't the helper's.
    let none = Worker::new(dir.path(), 0, Vec::new());
    none.graph.add_iterator(second.clone());
    none.restore().unwrap();
    none.save(SAVE_ACTION).unwrap();
    assert_eq!(second.next(), 0);
}

#[test]
fn helpers_that_are_made_after_the_disabling_do_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let worker = Worker::new(dir.path(), 0, vec![Arc::new(Counter::default())]);
    disable_iterator_save_restore(&worker.graph);
    let later = WorkerCkptHelper::new(&worker.graph, dir.path(), 1);
    later.create_save_iterator_callback()(SAVE_ACTION, &worker.session).unwrap();
    assert!(names(dir.path()).is_empty());
    worker.save(SAVE_ACTION).unwrap();
    assert_eq!(names(dir.path()).len(), 3);
}
