//! When the saver hook writes, and what it writes.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_testing::virtual_clock::{Failure, VirtualClock};
use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::files::{Files, Operation};
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaveHelper, Saver,
    SaverOptions, SaverProcessFlags, SecondOrStepTimer, restore_global_step,
};
use monolith_training::session::{
    ChiefSessionCreator, Graph, HookedSession, Session, SessionCreator, SessionRunContext,
    SessionRunHook, StepValues,
};
use tempfile::TempDir;

/// Notes which steps were tried and which were written.
#[derive(Default)]
struct Notes(Mutex<Vec<i64>>);

impl Saver for Notes {
    fn save(&self, _: &Session, _: &Path, _: &str, step: i64) -> Result<()> {
        self.0.lock().unwrap().push(step);
        Ok(())
    }
}

/// Notes what listeners are told, and fails where it is told to.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn listener(&self, name: &'static str) -> Arc<Tells> {
        let told = self.clone();
        let fails = Mutex::new(None);
        Arc::new(Tells { told, name, fails })
    }
}

#[derive(Debug)]
struct Tells {
    told: Told,
    name: &'static str,
    /// The method that fails with this error, once.
    fails: Mutex<Option<(&'static str, ErrorKind)>>,
}

impl Tells {
    fn is_told(&self, method: &'static str) -> Result<()> {
        self.told.note(format!("{} {method}", self.name));
        match self
            .fails
            .lock()
            .unwrap()
            .take_if(|fails| fails.0 == method)
        {
            Some((_, kind)) => Err(Error::new(kind, self.name)),
            None => Ok(()),
        }
    }
}

impl CheckpointSaverListener for Tells {
    fn begin(&self) -> Result<()> {
        self.is_told("begin")
    }

    fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.is_told("before")
    }

    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.is_told("after").map(|()| false)
    }

    fn end(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.is_told("end")
    }
}

struct Rig {
    session: Arc<Session>,
    hook: Arc<NoFirstSaveCheckpointSaverHook>,
    faults: Arc<FaultySaver>,
    notes: Arc<Notes>,
    dir: TempDir,
}

impl Rig {
    /// A hook whose session was created.
    fn new(change: impl FnOnce(&mut SaverOptions)) -> Self {
        let rig = Self::not_created(change);
        rig.create().unwrap();
        rig
    }

    fn not_created(change: impl FnOnce(&mut SaverOptions)) -> Self {
        Self::on(Arc::new(SystemClock), change)
    }

    fn on(clock: Arc<dyn Clock>, change: impl FnOnce(&mut SaverOptions)) -> Self {
        let graph = Graph::new();
        let dir = tempfile::tempdir().unwrap();
        let notes = Arc::new(Notes::default());
        let strikes = Arc::new(Strikes::default());
        let faults = Arc::new(FaultySaver::new(notes.clone(), Arc::clone(&clock), strikes));
        let mut options = SaverOptions::new(Every::Steps(1000));
        change(&mut options);
        let saver = Arc::clone(&faults);
        let hook = NoFirstSaveCheckpointSaverHook::new(&graph, clock, dir.path(), saver, options);
        Self {
            session: Session::new(&graph, 0).unwrap(),
            hook: Arc::new(hook),
            faults,
            notes,
            dir,
        }
    }

    fn create(&self) -> Result<()> {
        let coord = Coordinator::new();
        self.hook.after_create_session(&self.session, &coord)
    }

    fn hooked(&self) -> HookedSession {
        let hooks: Vec<Arc<dyn SessionRunHook>> = vec![self.hook.clone()];
        HookedSession::new(Arc::clone(&self.session), hooks)
    }

    fn train(&self) {
        self.hooked().run(&mut Session::train_step).unwrap();
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

    fn slow(&self, takes: u64) {
        let takes = Duration::from_secs(takes);
        self.faults.set(SaverFault::Slow(takes), "steps[0].fault");
    }

    fn saved(&self) -> Vec<i64> {
        self.notes.0.lock().unwrap().clone()
    }

    fn state(&self) -> Option<String> {
        fs::read_to_string(self.dir.path().join("monolith_checkpoint")).ok()
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
fn a_request_while_the_timer_is_disabled_makes_the_step_due_and_writes_nothing() {
    let rig = Rig::new(|_| {});
    rig.train();
    rig.trigger().unwrap();
    rig.hook.with_timer(SecondOrStepTimer::disable);
    rig.trigger().unwrap();
    assert_eq!(rig.saved(), [1]);
    rig.hook.with_timer(SecondOrStepTimer::enable);
    rig.train();
    assert_eq!(rig.saved(), [1, 2]);
    // The exit writes even what was saved before.
    rig.hook.with_timer(SecondOrStepTimer::disable);
    rig.trigger().unwrap();
    rig.end().unwrap();
    assert_eq!(rig.saved(), [1, 2, 2]);
}

#[test]
fn dense_variables_of_a_step_are_written_once_and_never_at_the_end() {
    let told = Told::default();
    let (listener, guard) = (told.listener("listener"), told.listener("guard"));
    let rig = Rig::new(|options| {
        options.is_dense_only = true;
        options.listeners = vec![listener];
        options.guard_saver_listeners = vec![guard];
    });
    rig.trigger().unwrap();
    assert!(told.take().is_empty());
    rig.train();
    rig.trigger().unwrap();
    rig.trigger().unwrap();
    assert_eq!(rig.saved(), [1]);
    let once = [
        "guard before",
        "listener before",
        "listener after",
        "guard after",
    ];
    assert_eq!(told.take(), once);
    rig.train();
    rig.end().unwrap();
    assert_eq!(rig.saved(), [1]);
    assert!(told.take().is_empty());
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
fn a_second_try_calls_the_listeners_again_and_the_guards_not() {
    let told = Told::default();
    let guards = [told.listener("outer"), told.listener("inner")];
    let listener = told.listener("listener");
    let (failing, all) = (Arc::clone(&listener), guards.clone());
    let rig = Rig::new(|options| {
        options.listeners = vec![listener];
        options.guard_saver_listeners = all.into_iter().map(|guard| guard as _).collect();
    });
    rig.hook.begin().unwrap();
    assert_eq!(told.take(), ["listener begin"]);
    rig.fail(ErrorKind::InternalError, Some(1));
    rig.trigger().unwrap();
    let two_tries = |second: &[&'static str]| {
        let first = ["outer before", "inner before", "listener before"];
        let last = ["inner after", "outer after"];
        [&first[..], second, &last].concat()
    };
    let failed_write = ["listener before", "listener after"];
    assert_eq!(told.take(), two_tries(&failed_write));
    // An error of a listener is the attempt's, and what is written is written again.
    *failing.fails.lock().unwrap() = Some(("after", ErrorKind::AbortedError));
    rig.trigger().unwrap();
    let failed_listener = ["listener after", "listener before", "listener after"];
    assert_eq!(told.take(), two_tries(&failed_listener));
    assert_eq!(rig.saved(), [0, 0, 0]);
    // What a guard raises stays with it; all are called after a failure too.
    *guards[0].fails.lock().unwrap() = Some(("before", ErrorKind::ValueError));
    *guards[1].fails.lock().unwrap() = Some(("after", ErrorKind::ValueError));
    rig.fail(ErrorKind::InternalError, Some(2));
    assert_eq!(rig.trigger().unwrap_err().message(), "disk");
    assert_eq!(told.take(), two_tries(&["listener before"]));
    rig.train();
    rig.end().unwrap();
    assert_eq!(told.take().last().unwrap(), "listener end");
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

/// How many times two requests at once write, under this schedule; none if there is no
/// such schedule.
fn writes_of_two_requests(schedule: Vec<usize>) -> Option<usize> {
    let clock = VirtualClock::scripted(schedule);
    let lanes = clock.clone();
    let played = clock.run(move || {
        let rig = Arc::new(Rig::on(Arc::new(lanes.clone()), |_| {}));
        rig.create().unwrap();
        rig.slow(2);
        for name in ["first", "second"] {
            let rig = Arc::clone(&rig);
            lanes.start_lane(name, move || rig.trigger().unwrap());
        }
        lanes.sleep(Duration::from_secs(10));
        rig.saved().len()
    });
    match played {
        Err(Failure::Schedule(_)) => None,
        played => Some(played.unwrap()),
    }
}

#[test]
fn two_requests_at_once_write_once_if_both_come_before_the_first_write() {
    let writes = (0..1 << 6)
        .map(|bits| (0..6).map(|at| bits >> at & 1).collect())
        .filter_map(writes_of_two_requests);
    assert_eq!(writes.collect::<BTreeSet<_>>(), BTreeSet::from([1, 2]));
}

#[test]
fn a_step_waits_for_a_save_at_its_end() {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let rig = Arc::new(Rig::on(Arc::new(lanes.clone()), |_| {}));
            rig.create().unwrap();
            rig.slow(2);
            let saving = Arc::clone(&rig);
            lanes.start_lane("saves", move || saving.trigger().unwrap());
            lanes.sleep(Duration::from_secs(1));
            let (training, time) = (Arc::clone(&rig), lanes.clone());
            let trains = lanes.start_lane("trains", move || {
                training.train();
                assert_eq!(time.now(), Duration::from_secs(2));
            });
            lanes.settle();
            // The step has run meanwhile.
            assert_eq!(rig.session.global_step(), Ok(1));
            assert!(trains.is_alive());
            lanes.sleep(Duration::from_secs(1));
            lanes.settle();
            assert!(!trains.is_alive());
            assert_eq!(rig.saved(), [0]);
        })
        .unwrap();
}

#[test]
fn with_a_flag_of_the_process_the_end_always_writes_in_one_try() {
    let process = SaverProcessFlags::new();
    let sets: [fn(&SaverProcessFlags, bool); 2] = [
        SaverProcessFlags::set_has_dense_only,
        SaverProcessFlags::set_in_model_dump_mode,
    ];
    for set in sets {
        let told = Told::default();
        let (listener, guard) = (told.listener("listener"), told.listener("guard"));
        let rig = Rig::new(|options| {
            options.process = process.clone();
            options.listeners = vec![listener];
            options.guard_saver_listeners = vec![guard];
            options.ignore_save_errors = true;
        });
        set(&process, true);
        rig.end().unwrap();
        assert_eq!(rig.saved(), [0]);
        let unguarded = ["listener before", "listener after", "listener end"];
        assert_eq!(told.take(), unguarded);
        rig.fail(ErrorKind::InternalError, Some(1));
        assert_eq!(rig.end().unwrap_err().message(), "disk");
        set(&process, false);
        rig.end().unwrap();
        assert_eq!(rig.saved(), [0]);
    }
}

#[test]
fn a_session_and_each_save_write_when_the_last_save_was() {
    let clock = VirtualClock::new(None);
    let lanes = clock.clone();
    clock
        .run(move || {
            let rig = Rig::on(Arc::new(lanes.clone()), |options| {
                options.use_native_multi_hash_table = true;
            });
            assert_eq!(rig.state(), None);
            rig.create().unwrap();
            let made = "builtin_hash_table_type: MULTI_CUCKOO_HASH_MAP\n";
            assert_eq!(rig.state().as_deref(), Some(made));
            lanes.sleep(Duration::from_millis(12_700));
            rig.trigger().unwrap();
            let saved = format!("last_checkpoint_save_timestamp: 12\n{made}");
            assert_eq!(rig.state(), Some(saved.clone()));
            lanes.sleep(Duration::from_secs(10));
            rig.fail(ErrorKind::InternalError, Some(2));
            rig.trigger().unwrap_err();
            assert_eq!(rig.state(), Some(saved));
            let rig = Rig::on(Arc::new(lanes.clone()), |options| {
                options.save_graph_def = false;
            });
            rig.create().unwrap();
            assert_eq!(rig.state(), None);
        })
        .unwrap();
}

#[test]
fn a_state_that_cannot_be_written_fails_the_try() {
    let rig = Rig::new(|_| {});
    let state = rig.dir.path().join("monolith_checkpoint");
    fs::remove_file(&state).unwrap();
    fs::create_dir(&state).unwrap();
    let error = rig.trigger().unwrap_err();
    assert!(error.is_op_error());
    assert_eq!(rig.saved(), [0, 0]);
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
    let mut hooked = rig.hooked();
    hooked.run(&mut Session::train_step).unwrap();
    hooked.run(&mut Session::train_step).unwrap();
    assert_eq!(rig.saved(), [1, 3]);
    assert!(hooked.run(&mut Session::train_step).is_err());
}

#[test]
fn steps_of_other_workers_make_a_step_of_the_chief_due() {
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
    // The chief's own was the first, but the step is 6 by now.
    assert_eq!(rig.saved(), [6]);
    hooked.run(&mut Session::train_step).unwrap();
    assert_eq!(rig.saved(), [6, 12]);
}

#[test]
fn what_wraps_on_its_way_to_being_due_is_not_due() {
    let rig = Rig::not_created(|options| options.every = Every::Steps(1));
    let session = Session::new(&Graph::new(), i64::MAX - 1).unwrap();
    rig.hook
        .after_create_session(&session, &Coordinator::new())
        .unwrap();
    let mut hooked = HookedSession::new(session, vec![rig.hook.clone()]);
    let mut step = || hooked.run(&mut Session::train_step).unwrap();
    assert_eq!([step(), step()], [i64::MAX, i64::MIN]);
    assert!(rig.saved().is_empty());
}

/// Files in which renaming this one fails with an error while the number isn't used up.
fn failing_renames(name: &'static str, kind: ErrorKind, left: &Arc<AtomicUsize>) -> Files {
    let left = Arc::clone(left);
    Files::checked_by(move |operation, path| {
        let is_it = operation == Operation::Rename && path.ends_with(name);
        let spent = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(usize::from(is_it))
        });
        if is_it && spent.is_ok() {
            return Err(Error::new(kind, "injected"));
        }
        Ok(())
    })
}

#[test]
fn an_old_checkpoint_is_deleted_only_once_the_state_file_names_it_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let left = Arc::new(AtomicUsize::new(0));
    let saver = FileSaver::new(failing_renames(
        "checkpoint",
        ErrorKind::DataLossError,
        &left,
    ));
    let session = Session::new(&Graph::new(), 0).unwrap();
    let save = |step| saver.save(&session, dir.path(), "m", step);
    let is_there = |step: i64| dir.path().join(format!("m-{step}")).is_file();
    let named = || {
        let helper = SaveHelper::new(dir.path().join("m"));
        helper.get_existing_checkpoint_steps().unwrap()
    };
    (1..=5).for_each(|step| save(step).unwrap());
    left.store(2, Ordering::SeqCst);
    for step in [6, 7] {
        let error = save(step).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLossError);
        assert_eq!(named(), BTreeSet::from([1, 2, 3, 4, 5]));
        assert!((1..=step).all(is_there));
    }
    // Of those that have waited each save deletes one.
    save(8).unwrap();
    assert_eq!(named(), BTreeSet::from([4, 5, 6, 7, 8]));
    assert_eq!((1..=8).find(|step| is_there(*step)), Some(2));
    save(9).unwrap();
    assert_eq!((1..=9).find(|step| is_there(*step)), Some(3));
}

#[test]
fn a_restored_session_has_the_saver_go_on_from_the_state_file() {
    let dir = tempfile::tempdir().unwrap();
    let left = Arc::new(AtomicUsize::new(0));
    let files = failing_renames("checkpoint", ErrorKind::DataLossError, &left);
    let saver = Arc::new(FileSaver::new(files));
    let graph = Graph::new();
    let creator =
        ChiefSessionCreator::new(graph, Some(dir.path().to_path_buf())).with_saver(saver.clone());
    let session = creator.create_session().unwrap();
    let save = |step| {
        session.train_step().unwrap();
        saver.save(&session, dir.path(), "m", step)
    };
    save(1).unwrap();
    save(2).unwrap();
    left.store(1, Ordering::SeqCst);
    save(3).unwrap_err();
    assert_eq!(creator.create_session().unwrap().global_step(), Ok(2));
    save(4).unwrap();
    let helper = SaveHelper::new(dir.path().join("m"));
    let steps = helper.get_existing_checkpoint_steps().unwrap();
    assert_eq!(steps, BTreeSet::from([1, 2, 4]));
}

#[test]
fn a_state_that_cannot_be_read_is_made_anew_and_another_error_leaves() {
    for (kind, leaves) in [
        (ErrorKind::DataLossError, false),
        (ErrorKind::ValueError, true),
    ] {
        let rig = Rig::not_created(|options| {
            options.files = Files::checked_by(move |operation, _| match operation {
                Operation::Read => Err(Error::new(kind, "injected")),
                _ => Ok(()),
            });
        });
        let path = rig.dir.path().join("monolith_checkpoint");
        let before = "builtin_hash_table_type: MULTI_CUCKOO_HASH_MAP\n";
        fs::write(&path, before).unwrap();
        let error = rig.create().err().map(|error| error.kind());
        assert_eq!(error, leaves.then_some(kind));
        assert_eq!(rig.state().unwrap() == before, leaves);
    }
}

#[test]
fn a_session_leaves_the_graph() {
    let rig = Rig::new(|_| {});
    for name in ["graph.pbtxt", "meta_graph_for_debugging.pb"] {
        let bytes = fs::read(rig.dir.path().join(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("global_step"), "{name}: {text}");
    }
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
    // An error that isn't TensorFlow's isn't ignored.
    for kind in [ErrorKind::ValueError, ErrorKind::KeyboardInterrupt] {
        rig.fail(kind, Some(1));
        rig.session.train_step().unwrap();
        assert_eq!(rig.end().unwrap_err().kind(), kind);
    }
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
    assert_eq!(steps, BTreeSet::from([3, 4, 5, 6, 7]));
}

#[test]
fn checkpoints_are_named_by_their_step() {
    let helper = SaveHelper::new("dir/model.ckpt");
    assert_eq!(helper.get_ckpt_prefix(7), "dir/model.ckpt-7");
    assert_eq!(SaveHelper::get_ckpt_asset_dir("a-7"), "a-7.assets/");
    for (prefix, step) in [("a-7", 7), ("a", 0), ("x-+3", 3), ("d/a--1_0 ", 10)] {
        assert_eq!(SaveHelper::get_global_step_value(prefix), Ok(step));
    }
    for wrong in ["a-b", "a-", "a-b/model.ckpt", "a-1__0"] {
        let error = SaveHelper::get_global_step_value(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError, "{wrong}");
    }
}

#[test]
fn the_steps_are_those_of_the_state_file_whatever_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let helper = SaveHelper::new(dir.path().join("m"));
    fs::write(dir.path().join("m-1"), "").unwrap();
    let error = helper.get_existing_checkpoint_steps().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttributeError);
    let state = "model_checkpoint_path: 'm-2'\nall_model_checkpoint_paths: 'other-7'\n\
        all_model_checkpoint_paths: 'm-2'\nall_model_checkpoint_paths: '/a/m-7'\n";
    fs::write(dir.path().join("checkpoint"), state).unwrap();
    let steps = helper.get_existing_checkpoint_steps();
    assert_eq!(steps, Ok(BTreeSet::from([2, 7])));
    fs::write(
        dir.path().join("checkpoint"),
        state.replace("other-7", "other-x"),
    )
    .unwrap();
    let error = helper.get_existing_checkpoint_steps().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueError);
}
