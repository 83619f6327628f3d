//! Positions of iterators: how many there were and are, their names, and files that are gone.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use monolith_training::barrier_ops::BarrierOp;
use monolith_training::clock::SystemClock;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::ckpt_hooks::{
    BarrierSaverListener, SAVE_ACTION, SaveableIterator, WorkerCkptHelper, WorkerCkptInfo,
    assign_ckpt_info, disable_iterator_save_restore, get_ckpt_info,
};
use monolith_training::save_utils::CheckpointSaverListener;
use monolith_training::session::{Graph, Session};

/// Numbers, as far as they were read; a session that starts begins anew.
#[derive(Debug, Default)]
struct Numbers(AtomicU8);

impl SaveableIterator for Numbers {
    fn save(&self) -> Result<Vec<u8>> {
        Ok(vec![self.0.load(Ordering::SeqCst)])
    }

    fn restore(&self, position: &[u8]) -> Result<()> {
        self.0.store(position[0], Ordering::SeqCst);
        Ok(())
    }
}

/// A worker's graph with some iterators, its helper and its session.
struct Worker {
    graph: Arc<Graph>,
    inputs: Vec<Arc<Numbers>>,
    helper: WorkerCkptHelper,
    session: Arc<Session>,
}

impl Worker {
    fn new(dir: &Path, count: usize, index: usize) -> Self {
        let graph = Graph::new();
        let inputs: Vec<_> = (0..count).map(|_| Arc::<Numbers>::default()).collect();
        for input in &inputs {
            graph.add_iterator(input.clone());
        }
        let helper = WorkerCkptHelper::new(&graph, dir, index);
        let session = Session::new(&graph, 0).unwrap();
        Self {
            graph,
            inputs,
            helper,
            session,
        }
    }

    /// Starts a session: the iterators begin anew, and are restored.
    fn start(&mut self) -> Result<()> {
        for input in &self.inputs {
            input.restore(&[0]).unwrap();
        }
        self.session = Session::new(&self.graph, 0).unwrap();
        let restorer = self.helper.create_restorer_hook();
        restorer.after_create_session(&self.session, &Coordinator::new())
    }

    fn read(&self, at: usize) -> u8 {
        self.inputs[at].0.fetch_add(1, Ordering::SeqCst)
    }

    fn read_many(&self, at: usize, count: usize) {
        for _ in 0..count {
            self.read(at);
        }
    }

    fn info(&self, global_step: Option<i64>) {
        assign_ckpt_info(&self.session, &WorkerCkptInfo { global_step }).unwrap();
    }

    fn act(&self, action: &str) -> Result<()> {
        self.helper.create_save_iterator_callback()(action, &self.session)
    }

    fn save(&self, step: i64) {
        self.info(Some(step));
        self.act(SAVE_ACTION).unwrap();
    }
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn of_step(step: i64, index: usize) -> [String; 2] {
    let name = format!("input_worker_{index}.ckpt-{step}");
    [
        format!("{name}.data-00000-of-00001"),
        format!("{name}.index"),
    ]
}

fn state_of(index: usize) -> String {
    format!("checkpoint_input_worker_{index}")
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn a_graph_may_have_as_many_iterators_as_were_saved_or_fewer() {
    for saved in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        let worker = Worker::new(dir.path(), saved, 0);
        for at in 0..saved {
            worker.read_many(at, at + 1);
        }
        worker.save(5);
        for there in 0..=3 {
            let mut later = Worker::new(dir.path(), there, 0);
            let outcome = later.start();
            if there > saved {
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::NotFoundError);
            } else {
                outcome.unwrap();
                let read: Vec<u8> = (0..there).map(|at| later.read(at)).collect();
                assert_eq!(read, [1, 2, 3][..there]);
            }
        }
    }
}

#[test]
fn the_files_have_the_step_and_the_index_in_their_names() {
    for step in [0, 1, 10, 1 << 31, (1 << 53) + 1, i64::MAX] {
        for index in [0, 3, 12] {
            let dir = tempfile::tempdir().unwrap();
            Worker::new(dir.path(), 1, index).save(step);
            let names = [vec![state_of(index)], of_step(step, index).to_vec()].concat();
            assert_eq!(files(dir.path()), names);
            let state = fs::read_to_string(dir.path().join(state_of(index))).unwrap();
            let newest = format!("model_checkpoint_path: \"input_worker_{index}.ckpt-{step}\"\n");
            assert!(state.starts_with(&newest));
        }
    }
}

#[test]
fn an_info_without_a_step_is_step_0() {
    let dir = tempfile::tempdir().unwrap();
    let mut worker = Worker::new(dir.path(), 1, 0);
    let names = [vec![state_of(0)], of_step(0, 0).to_vec()].concat();
    worker.act(SAVE_ACTION).unwrap();
    assert_eq!(files(dir.path()), names);
    worker.info(Some(4));
    worker.info(None);
    assert_eq!(get_ckpt_info(&worker.session).unwrap().global_step, None);
    worker.read(0);
    worker.act(SAVE_ACTION).unwrap();
    assert_eq!(files(dir.path()), names);
    worker.start().unwrap();
    assert_eq!(worker.read(0), 1);
}

#[test]
fn no_action_but_save_is_heeded() {
    let dir = tempfile::tempdir().unwrap();
    let worker = Worker::new(dir.path(), 1, 0);
    for action in ["", "Stop", "save", "SAVE", "Save ", " Save", "Save\n"] {
        worker.act(action).unwrap();
    }
    assert!(files(dir.path()).is_empty());
}

#[test]
fn each_session_goes_back_to_the_position_that_was_saved_last() {
    let dir = tempfile::tempdir().unwrap();
    let mut worker = Worker::new(dir.path(), 2, 0);
    worker.start().unwrap();
    assert_eq!([worker.read(0), worker.read(0), worker.read(1)], [0, 1, 0]);
    worker.save(7);
    assert_eq!([worker.read(0), worker.read(1)], [2, 1], "it isn't moved");
    for _ in 0..2 {
        worker.start().unwrap();
        assert_eq!([worker.read(0), worker.read(0), worker.read(1)], [2, 3, 1]);
    }
    worker.save(3);
    worker.start().unwrap();
    assert_eq!(
        worker.read(0),
        4,
        "a smaller step that is saved later is the newest"
    );
}

#[test]
fn five_are_kept_in_the_order_of_saving() {
    let dir = tempfile::tempdir().unwrap();
    let worker = Worker::new(dir.path(), 1, 0);
    for step in [9, 10, 8, 1, 2, 9, 3] {
        worker.save(step);
    }
    let mut names = vec![state_of(0)];
    names.extend(
        [8, 1, 2, 9, 3]
            .into_iter()
            .flat_map(|step| of_step(step, 0)),
    );
    assert_eq!(files(dir.path()), sorted(names));
}

#[test]
fn workers_of_one_folder_have_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("checkpoint"), "the model's").unwrap();
    for index in [1, 11] {
        let worker = Worker::new(dir.path(), 1, index);
        worker.read_many(0, index);
        worker.save(0);
    }
    for (index, read) in [(1, 1), (11, 11), (2, 0)] {
        let mut worker = Worker::new(dir.path(), 1, index);
        worker.start().unwrap();
        assert_eq!(worker.read(0), read);
    }
    let model = fs::read_to_string(dir.path().join("checkpoint")).unwrap();
    assert_eq!(model, "the model's");
}

#[test]
fn where_the_checkpoint_of_the_state_is_gone_iterators_start_anew() {
    let both = of_step(4, 0).into_iter().chain(of_step(5, 0)).collect();
    for lost in [
        vec![state_of(0)],
        both,
        of_step(5, 0).to_vec(),
        of_step(5, 0)[1..].to_vec(),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let worker = Worker::new(dir.path(), 1, 0);
        for step in [4, 5] {
            worker.read(0);
            worker.save(step);
        }
        for name in &lost {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let mut later = Worker::new(dir.path(), 3, 0);
        later.start().unwrap();
        assert_eq!([0, 1, 2].map(|at| later.read(at)), [0; 3], "{lost:?}");
    }
}

#[test]
fn a_helper_has_the_iterators_of_its_construction_unless_they_are_disabled() {
    let dir = tempfile::tempdir().unwrap();
    let mut worker = Worker::new(dir.path(), 1, 0);
    let late = Arc::<Numbers>::default();
    worker.graph.add_iterator(late.clone());
    disable_iterator_save_restore(&worker.graph);
    let disabled = WorkerCkptHelper::new(&worker.graph, dir.path(), 9);
    worker.start().unwrap();
    worker.read(0);
    disabled.create_save_iterator_callback()(SAVE_ACTION, &worker.session).unwrap();
    let restorer = disabled.create_restorer_hook();
    restorer
        .after_create_session(&worker.session, &Coordinator::new())
        .unwrap();
    assert!(files(dir.path()).is_empty());
    worker.save(1);
    late.restore(&[7]).unwrap();
    worker.start().unwrap();
    assert_eq!((worker.read(0), late.save()), (1, Ok(vec![7])));
    Worker::new(dir.path(), 1, 9).save(1);
    assert!(
        files(dir.path()).contains(&of_step(1, 9)[1]),
        "another graph's aren't disabled"
    );
}

/// Can't be saved, for this reason.
#[derive(Debug)]
struct Unsaveable(ErrorKind);

impl SaveableIterator for Unsaveable {
    fn save(&self) -> Result<Vec<u8>> {
        Err(Error::new(self.0, "generator"))
    }

    fn restore(&self, _: &[u8]) -> Result<()> {
        unreachable!("it was never saved")
    }
}

#[test]
fn an_iterator_that_cannot_be_saved_is_none_of_the_saves_business_and_any_other_error_is() {
    for kind in crate::script::ALL {
        let dir = tempfile::tempdir().unwrap();
        let graph = Graph::new();
        graph.add_iterator(Arc::<Numbers>::default());
        graph.add_iterator(Arc::new(Unsaveable(kind)));
        let helper = WorkerCkptHelper::new(&graph, dir.path(), 0);
        let session = Session::new(&graph, 0).unwrap();
        let outcome = helper.create_save_iterator_callback()(SAVE_ACTION, &session);
        let expected = match kind {
            ErrorKind::UnimplementedError => Ok(()),
            other => Err(Error::new(other, "generator")),
        };
        assert_eq!(outcome, expected);
        assert!(files(dir.path()).is_empty());
    }
}

#[test]
fn a_save_of_the_chief_gives_each_process_the_step_and_its_own_position() {
    let dir = tempfile::tempdir().unwrap();
    let worker = Worker::new(dir.path(), 1, 0);
    let other = WorkerCkptHelper::new(&worker.graph, dir.path(), 1);
    let callbacks = [&worker.helper, &other].map(WorkerCkptHelper::create_save_iterator_callback);
    let clock = Arc::new(SystemClock);
    let barrier = BarrierOp::new(&worker.graph, clock.clone(), 2).unwrap();
    let barrier = Arc::new(barrier.with_callbacks(callbacks.to_vec()));
    let listener = BarrierSaverListener::new(&worker.graph, clock, barrier);
    let listener = listener
        .with_wait(Duration::ZERO)
        .with_max_pending(Duration::ZERO);
    let session = Session::new(&worker.graph, 0).unwrap();
    for step in [0, 1 << 40] {
        worker.read(0);
        listener.before_save(&session, step).unwrap();
        assert_eq!(get_ckpt_info(&session).unwrap().global_step, Some(step));
        listener.after_save(&session, step).unwrap();
    }
    let mut names = vec![state_of(0), state_of(1)];
    for step in [0, 1 << 40] {
        names.extend([0, 1].into_iter().flat_map(|index| of_step(step, index)));
    }
    assert_eq!(files(dir.path()), sorted(names));
}
