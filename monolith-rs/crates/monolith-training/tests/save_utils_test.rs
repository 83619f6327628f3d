//! When the saver hook writes, and what it writes.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaveHelper, Saver,
    SaverOptions, SecondOrStepTimer, restore_global_step,
};
use monolith_training::session::{
    ChiefSessionCreator, Graph, HookedSession, Session, SessionCreator, SessionRunContext,
    SessionRunHook, StepValues,
};

/// Notes which steps were tried and which were written.
#[derive(Default)]
struct Notes(Mutex<Vec<i64>>);

impl Saver for Notes {
    fn save(&self, _: &Session, _: &Path, _: &str, step: i64) -> Result<()> {
        self.0.lock().unwrap().push(step);
        Ok(())
    }
}

struct Rig {
    session: Arc<Session>,
    hook: Arc<NoFirstSaveCheckpointSaverHook>,
    faults: Arc<FaultySaver>,
    notes: Arc<Notes>,
}

impl Rig {
    /// A hook whose session was created.
    fn new(change: impl FnOnce(&mut SaverOptions)) -> Self {
        let rig = Self::not_created(change);
        rig.create().unwrap();
        rig
    }

    fn not_created(change: impl FnOnce(&mut SaverOptions)) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let graph = Graph::new();
        let notes = Arc::new(Notes::default());
        let strikes = Arc::new(Strikes::default());
        let faults = Arc::new(FaultySaver::new(notes.clone(), Arc::clone(&clock), strikes));
        let mut options = SaverOptions::new(Every::Steps(1000));
        change(&mut options);
        let saver = Arc::clone(&faults);
        Self {
            session: Session::new(&graph, 0).unwrap(),
            hook: Arc::new(NoFirstSaveCheckpointSaverHook::new(
                &graph, clock, "unused", saver, options,
            )),
            faults,
            notes,
        }
    }

    fn create(&self) -> Result<()> {
        let coord = Coordinator::new();
        self.hook.after_create_session(&self.session, &coord)
    }

    fn train(&self) {
        let hooks: Vec<Arc<dyn SessionRunHook>> = vec![self.hook.clone()];
        let mut hooked = HookedSession::new(Arc::clone(&self.session), hooks);
        hooked.run(&mut Session::train_step).unwrap();
    }

    fn trigger(&self) -> Result<()> {
        self.hook.trigger_save(&self.session, false)
    }

    fn end(&self) -> Result<()> {
        self.hook.end(&self.session)
    }

    fn fail(&self, kind: ErrorKind, times: Option<u64>) {
        let error = Error::new(kind, "disk");
        self.faults
            .set(SaverFault::Error { error, times }, "steps[0].fault");
    }

    fn saved(&self) -> Vec<i64> {
        self.notes.0.lock().unwrap().clone()
    }
}

#[test]
fn nothing_is_saved_at_creation_and_each_request_writes() {
    let rig = Rig::new(|_| {});
    assert!(rig.saved().is_empty());
    for _ in 0..3 {
        rig.trigger().unwrap();
    }
    rig.train();
    rig.trigger().unwrap();
    rig.end().unwrap();
    assert_eq!(rig.saved(), [0, 0, 0, 1]);
}

#[test]
fn the_exit_saves_a_step_that_is_not_saved_yet() {
    let rig = Rig::new(|_| {});
    rig.end().unwrap();
    assert!(rig.saved().is_empty());
    rig.train();
    rig.end().unwrap();
    assert_eq!(rig.saved(), [1]);
}

#[test]
fn a_request_before_the_creation_uses_up_the_skipped_save() {
    let rig = Rig::not_created(|_| {});
    rig.trigger().unwrap();
    assert!(rig.saved().is_empty());
    rig.create().unwrap();
    assert_eq!(rig.saved(), [0]);
}

#[test]
fn ok_without_writing() {
    let rig = Rig::new(|_| {});
    rig.hook.with_timer(SecondOrStepTimer::disable);
    rig.trigger().unwrap();
    assert!(rig.saved().is_empty());
    let rig = Rig::new(|options| options.is_dense_only = true);
    rig.trigger().unwrap();
    assert!(rig.saved().is_empty());
    rig.train();
    rig.trigger().unwrap();
    assert_eq!(rig.saved(), [1]);
}

#[test]
fn an_op_error_gets_a_second_try_and_others_none() {
    let rig = Rig::new(|_| {});
    rig.fail(ErrorKind::InternalError, Some(1));
    rig.trigger().unwrap();
    assert_eq!(rig.saved(), [0]);
    rig.fail(ErrorKind::ValueError, Some(1));
    assert_eq!(rig.trigger().unwrap_err().kind(), ErrorKind::ValueError);
}

#[test]
fn a_failed_request_is_not_hidden_and_its_step_counts_as_saved() {
    let rig = Rig::new(|options| options.ignore_save_errors = true);
    rig.train();
    rig.fail(ErrorKind::InternalError, None);
    assert_eq!(rig.trigger().unwrap_err().message(), "disk");
    rig.end().unwrap();
    assert!(rig.saved().is_empty());
    // What the hook does by itself is hidden, where it is told to.
    rig.train();
    assert_eq!(rig.end(), Ok(()));
    rig.fail(ErrorKind::InternalError, Some(0));
    rig.trigger().unwrap();
    assert_eq!(rig.saved(), [2]);
}

#[test]
fn the_schedule_saves_and_a_listener_may_stop_only_that() {
    #[derive(Debug)]
    struct Stops;
    impl CheckpointSaverListener for Stops {
        fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
            Ok(true)
        }
    }
    let rig = Rig::new(|options| {
        options.every = Every::Steps(2);
        options.listeners = vec![Arc::new(Stops)];
    });
    rig.train();
    rig.trigger().unwrap();
    let hooks: Vec<Arc<dyn SessionRunHook>> = vec![rig.hook.clone()];
    let mut hooked = HookedSession::new(Arc::clone(&rig.session), hooks);
    hooked.run(&mut Session::train_step).unwrap();
    hooked.run(&mut Session::train_step).unwrap();
    assert_eq!(rig.saved(), [1, 3]);
    assert!(hooked.run(&mut Session::train_step).is_err());
}

#[test]
fn steps_of_other_workers_alone_make_nothing_due() {
    struct OthersStep(Arc<Session>);
    impl SessionRunHook for OthersStep {
        fn after_run(&self, _: &SessionRunContext, _: &StepValues) -> Result<()> {
            for _ in 0..5 {
                self.0.train_step()?;
            }
            Ok(())
        }
    }
    let rig = Rig::new(|options| options.every = Every::Steps(5));
    let others = Arc::new(OthersStep(Arc::clone(&rig.session)));
    let hooks: Vec<Arc<dyn SessionRunHook>> = vec![others, rig.hook.clone()];
    let mut hooked = HookedSession::new(Arc::clone(&rig.session), hooks);
    hooked.run(&mut Session::train_step).unwrap();
    // The step is 6 by now, but the chief's own was the first.
    assert!(rig.saved().is_empty());
    hooked.run(&mut Session::train_step).unwrap();
    assert_eq!(rig.saved(), [12]);
}

#[test]
fn an_ignored_error_of_the_schedule_lets_training_go_on() {
    let ignoring = |options: &mut SaverOptions| {
        options.every = Every::Steps(1);
        options.ignore_save_errors = true;
    };
    let rig = Rig::new(ignoring);
    rig.fail(ErrorKind::InternalError, Some(2));
    rig.train();
    rig.train();
    assert_eq!(rig.saved(), [2]);
    // An interrupt is no Exception, and isn't ignored.
    rig.fail(ErrorKind::KeyboardInterrupt, Some(1));
    rig.session.train_step().unwrap();
    let error = rig.end().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyboardInterrupt);
}

#[test]
fn a_new_chief_session_goes_on_from_the_newest_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let graph = Graph::new();
    let creator = ChiefSessionCreator::new(Arc::clone(&graph), Some(dir.path().to_path_buf()));
    let session = creator.create_session().unwrap();
    assert_eq!(session.global_step(), Ok(0));
    let saver = FileSaver::default();
    for step in 1..=7 {
        session.train_step().unwrap();
        saver
            .save(&session, dir.path(), "model.ckpt", step)
            .unwrap();
    }
    assert_eq!(restore_global_step(dir.path()), Ok(Some(7)));
    let next = creator.create_session().unwrap();
    assert_eq!(next.global_step(), Ok(7));
    // The newest five are kept, as TensorFlow's saver does.
    let helper = SaveHelper::new(dir.path().join("model.ckpt"));
    let steps = helper.get_existing_checkpoint_steps().unwrap();
    assert_eq!(steps, [3, 4, 5, 6, 7]);
}

#[test]
fn checkpoints_are_named_by_their_step() {
    let helper = SaveHelper::new("dir/model.ckpt");
    assert_eq!(helper.get_ckpt_prefix(7), "dir/model.ckpt-7");
    assert_eq!(SaveHelper::get_ckpt_asset_dir("a-7"), "a-7.assets/");
    assert_eq!(SaveHelper::get_global_step_value("a-7"), Ok(7));
    for without in ["a", "d-3/a"] {
        assert_eq!(SaveHelper::get_global_step_value(without), Ok(0));
    }
    for wrong in ["a-b", "a-+7", "a-"] {
        assert!(SaveHelper::get_global_step_value(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn files_that_are_no_whole_checkpoint_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "m-10.index",
        "m-2.index",
        "m-1",
        "m-5.data-00000-of-00001",
        "m-6.tmp-1",
        "m-",
    ] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let steps =
        |basename: &str| SaveHelper::new(dir.path().join(basename)).get_existing_checkpoint_steps();
    assert_eq!(steps("m"), Ok(vec![1, 2, 10]));
    assert_eq!(steps("gone/m"), Ok(Vec::new()));
}
