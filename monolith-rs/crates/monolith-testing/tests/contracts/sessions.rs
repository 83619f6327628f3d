//! Hooks that see several sessions, one after the other, and hooks that see each other's doings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use monolith_testing::machines::Machines;
use monolith_testing::strikes::Strikes;
use monolith_training::barrier_ops::BarrierOp;
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::Error;
use monolith_training::hooks::ckpt_hooks::BarrierSaverListener;
use monolith_training::hooks::controller_hooks::{QueryActionHook, StopHelper};
use monolith_training::hooks::ps_check_hooks::{Config, PsHealthCheckerHook};
use monolith_training::hooks::resilient_watch::Resilience;
use monolith_training::hooks::session_hooks::{CurrentSession, SetCurrentSessionHook};
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, FileSaver, NoFirstSaveCheckpointSaverHook, SaverOptions,
};
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{Graph, MonitoredSession, Session, SessionRunHook};
use tonic::Code;

use crate::chief::{Chief, RawSession};
use crate::rig::{Rig, step};
use crate::stage::{MS, Stage, contracts, seen};

/// How a session ends: cleanly, or with an error.
const ENDINGS: [bool; 2] = [true, false];

fn leave(session: &mut MonitoredSession, is_clean: bool) {
    if is_clean {
        session.leave(None).unwrap();
    } else {
        let error = Error::value("lost");
        assert_eq!(session.leave(Some(error.clone())), Err(error));
    }
}

contracts! { of Stage;
    fn an_action_file_is_acted_on_in_each_session_and_the_last_end_stops_all(stage) {
        for is_clean in ENDINGS {
            let (rig, saves) = (Rig::new(stage), Arc::<AtomicUsize>::default());
            let control = rig.controller(&saves);
            let query = QueryActionHook::new(rig.dir.path(), control.clone(), rig.clock());
            let hooks: Hooks = vec![control, Arc::new(query.with_interval(MS))];
            for number in 1..=3 {
                let mut session = rig.session(&hooks);
                assert_eq!(rig.ask("action: TRIGGER_SAVE"), "OK");
                step(&mut session);
                step(&mut session);
                assert_eq!(saves.load(Ordering::SeqCst), number);
                leave(&mut session, is_clean || number == 3);
            }
            let action = rig.dir.path().join("monolith_action");
            // The end waits for the newest thread: two others may be held up within a look.
            let stays = (0..3).any(|_| {
                std::fs::write(&action, "action: STOP").unwrap();
                stage.clock.sleep(5 * MS);
                action.exists()
            });
            assert!(stays, "nobody looks for it any more");
        }
    }

    fn a_worker_that_finds_nothing_placed_goes_on_without_a_wait(stage) {
        let (graph, wait) = (Graph::new(), Duration::from_secs(10));
        let barrier = BarrierOp::new(&graph, Arc::clone(&stage.clock), 2).unwrap().with_wait(wait);
        let session = Session::new(&graph, 0).unwrap();
        let before = stage.clock.now();
        barrier.wait_until_barrier_removed(&session, 1).unwrap();
        assert!(stage.clock.now() < before + wait);
        assert!(barrier.is_none_blocked(&session).unwrap());
    }

    fn a_flag_that_is_set_within_a_step_is_noticed_with_the_next(stage) {
        let (rig, saves) = (Rig::new(stage), Arc::<AtomicUsize>::default());
        let control = rig.controller(&saves);
        let mut session = rig.session(&vec![control.clone()]);
        let asks_within = |raw: &Session| {
            control.trigger_save_op(raw)?;
            raw.train_step()
        };
        session.run(asks_within).unwrap();
        assert_eq!(saves.load(Ordering::SeqCst), 0);
        step(&mut session);
        assert_eq!(saves.load(Ordering::SeqCst), 1);
        leave(&mut session, true);
    }

    fn each_session_has_a_watch_that_reports_once_and_ends_with_it(stage) {
        for is_clean in ENDINGS {
            let (rig, reports) = (Rig::new(stage), Arc::<AtomicUsize>::default());
            let machines = Machines::new(rig.clock(), Arc::<Strikes>::default(), 0, &[1]);
            let barrier = Some(Arc::clone(&rig.barrier));
            let mut config = Config::new(barrier, 1, Arc::new(machines), rig.clock());
            let count = Arc::clone(&reports);
            config.report_fn = Arc::new(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            let health = PsHealthCheckerHook::new(config).with_poll_interval(MS);
            let hooks: Hooks = vec![Arc::new(health)];
            for number in 1..=3 {
                let mut session = rig.session(&hooks);
                stage.until(|| rig.blocked() == [0]);
                rig.barrier.remove_barrier(&rig.raw.get()).unwrap();
                stage.clock.sleep(5 * MS);
                assert_eq!(reports.load(Ordering::SeqCst), number);
                assert_eq!(seen(&rig.actions), vec![""; number]);
                rig.barrier.place_barrier(&rig.raw.get(), "stays").unwrap();
                rig.actions.lock().unwrap().pop();
                leave(&mut session, is_clean);
            }
        }
    }

    fn a_resilient_watch_goes_on_after_a_report_that_panics_and_one_that_is_late(stage) {
        for is_clean in ENDINGS {
            let (rig, reports) = (Rig::new(stage), Arc::<AtomicUsize>::default());
            let machines = Machines::new(rig.clock(), Arc::<Strikes>::default(), 0, &[1]);
            let barrier = Some(Arc::clone(&rig.barrier));
            let mut config = Config::new(barrier, 1, Arc::new(machines), rig.clock());
            let (clock, count) = (rig.clock(), Arc::clone(&reports));
            config.report_fn = Arc::new(move |_| {
                let number = count.fetch_add(1, Ordering::SeqCst);
                assert_ne!(number, 0, "as it should");
                if number == 1 {
                    clock.sleep(20 * MS);
                    return Err(Error::runtime("late"));
                }
                Ok(())
            });
            let options = Resilience::default().with_report_deadline(5 * MS).unwrap();
            let health = PsHealthCheckerHook::new(config).with_poll_interval(MS);
            let health = Arc::new(health.with_resilience(options));
            let mut session = rig.session(&vec![health.clone() as _]);
            stage.until(|| rig.blocked() == [0]);
            // A report that is made may be late on a slow machine.
            stage.until(|| reports.load(Ordering::SeqCst) >= 3);
            leave(&mut session, is_clean);
            let status = health.watch_status().unwrap();
            assert!(status.failed_reports >= 2 && status.last_good_poll.is_some());
            assert_eq!((status.failed_polls, status.unhealthy), (0, vec![0]));
            stage.clock.sleep(5 * MS);
            assert_eq!(health.watch_status().unwrap().polls, status.polls);
        }
    }

    fn each_session_has_a_server_which_a_clean_end_stops(stage) {
        for is_clean in ENDINGS {
            let (chief, raw) = (Chief::new(stage, 1), Arc::<RawSession>::default());
            let mut addresses = Vec::new();
            for number in 0..3 {
                let mut session = chief.session(vec![raw.clone()]);
                addresses.push(chief.address());
                chief.stop().unwrap();
                assert_eq!(chief.barrier.is_barrier_placed(&raw.get()), Ok(true));
                for expected in 0..2 {
                    assert_eq!(chief.global_step(), Ok(expected));
                    step(&mut session);
                }
                let is_last_or_clean = is_clean || number == 2;
                leave(&mut session, is_last_or_clean);
                let (code, message) = chief.resume().unwrap_err();
                if is_last_or_clean {
                    assert_eq!(code, Code::Unavailable);
                } else {
                    assert!(message.ends_with("Attempted to use a closed Session."));
                }
            }
            addresses.sort();
            addresses.dedup();
            assert_eq!(addresses.len(), 3);
        }
    }
}

#[test]
fn what_was_requested_in_one_session_is_forgotten_in_the_next() {
    Stage::fake(|stage| {
        for is_clean in ENDINGS {
            let (rig, saves) = (Rig::new(stage), Arc::<AtomicUsize>::default());
            let control = rig.controller(&saves);
            let hooks: Hooks = vec![control.clone()];
            for number in 1..=3 {
                let mut session = rig.session(&hooks);
                step(&mut session);
                assert_eq!(seen(&rig.actions), vec!["Stop"; (number - 1) * 2]);
                control.stop_op(&rig.raw.get()).unwrap();
                control.trigger_save_op(&rig.raw.get()).unwrap();
                step(&mut session);
                step(&mut session);
                assert_eq!(seen(&rig.actions), vec!["Stop"; number * 2]);
                assert_eq!(saves.load(Ordering::SeqCst), 0);
                leave(&mut session, is_clean);
            }
        }
    });
}

fn saved(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("checkpoint")).unwrap_or_default();
    let paths = text.lines().filter(|line| line.starts_with("all_"));
    let steps = paths.map(|line| line.trim_end_matches('"').rsplit_once('-').unwrap().1);
    steps.map(str::to_owned).collect()
}

#[test]
fn only_the_first_session_of_a_saver_hook_skips_its_save() {
    Stage::fake(|stage| {
        for is_clean in ENDINGS {
            let rig = Rig::new(stage);
            let dir = rig.dir.path();
            let saver = Arc::new(FileSaver::default());
            let options = SaverOptions::new(Every::Steps(2));
            let hook =
                NoFirstSaveCheckpointSaverHook::new(&rig.graph, rig.clock(), dir, saver, options);
            let hooks: Hooks = vec![Arc::new(hook)];
            let mut session = rig.session(&hooks);
            assert!(saved(dir).is_empty());
            for expected in [&[][..], &["2"], &["2"]] {
                step(&mut session);
                assert_eq!(saved(dir), expected);
            }
            leave(&mut session, is_clean);
            let mut expected = if is_clean { vec!["2", "3"] } else { vec!["2"] };
            assert_eq!(saved(dir), expected);
            let mut session = rig.session(&hooks);
            expected.push("0");
            assert_eq!(saved(dir), expected);
            step(&mut session);
            leave(&mut session, is_clean);
            if is_clean {
                expected.push("1");
            }
            assert_eq!(saved(dir), expected);
        }
    });
}

#[test]
fn a_listener_that_owes_a_removal_removes_whatever_it_finds_in_the_next_session() {
    Stage::fake(|stage| {
        for is_clean in ENDINGS {
            let rig = Rig::new(stage);
            let barrier = &rig.barrier;
            let listener = BarrierSaverListener::new(&rig.graph, rig.clock(), Arc::clone(barrier));
            let listener = listener.with_wait(MS).with_max_pending(Duration::ZERO);
            let hooks = Hooks::new();
            let mut session = rig.session(&hooks);
            listener.before_save(&rig.raw.get(), 3).unwrap();
            leave(&mut session, is_clean);
            let mut session = rig.session(&hooks);
            let raw = rig.raw.get();
            assert!(rig.blocked().is_empty());
            for is_left in [false, true] {
                barrier.place_barrier(&raw, "Stop").unwrap();
                listener.before_save(&raw, 4).unwrap();
                listener.after_save(&raw, 4).unwrap();
                assert_eq!(barrier.is_barrier_placed(&raw), Ok(is_left));
            }
            assert_eq!(seen(&rig.actions), ["Save", "Stop", "Stop"]);
            session.leave(None).unwrap();
        }
    });
}

#[test]
fn the_current_session_is_the_last_that_was_created_until_any_clean_end() {
    let (current, graph) = (CurrentSession::new(), Graph::new());
    let hooks = [0, 1].map(|_| SetCurrentSessionHook::new(current.clone()));
    let sessions = [0, 1].map(|_| Session::new(&graph, 0).unwrap());
    let create = |hook: usize, session: usize| {
        hooks[hook]
            .after_create_session(&sessions[session], &Coordinator::new())
            .unwrap();
    };
    let is_current = |session: usize| {
        let found = current.get_current_session();
        found.is_some_and(|found| Arc::ptr_eq(&found, &sessions[session]))
    };
    assert!(current.get_current_session().is_none());
    for (hook, session) in [(0, 0), (1, 1), (0, 0)] {
        create(hook, session);
        assert!(is_current(session));
    }
    hooks[1].end(&sessions[1]).unwrap();
    assert!(current.get_current_session().is_none(), "whoever's it was");
    create(1, 1);
    sessions[1].close();
    assert!(is_current(1), "nothing clears it but an end");
    hooks[0].end(&sessions[0]).unwrap();
    assert!(current.get_current_session().is_none());
}

#[test]
fn a_stop_that_was_seen_stops_after_the_next_step_of_each_session() {
    Stage::fake(|stage| {
        for action in ["Stop", "stop", "Save", ""] {
            let (rig, helper) = (Rig::new(stage), StopHelper::new());
            rig.barrier
                .append_callback(helper.create_barrier_callback());
            let hooks: Hooks = vec![helper.create_stop_hook()];
            let is_stop = action == "Stop";
            for number in 0..2 {
                let mut session = rig.session(&hooks);
                step(&mut session);
                assert_eq!(session.should_stop(), is_stop && number == 1);
                rig.barrier.place_barrier(&rig.raw.get(), action).unwrap();
                if number == 0 {
                    assert!(!session.should_stop());
                    step(&mut session);
                    assert_eq!(session.should_stop(), is_stop);
                }
                session.leave(None).unwrap();
            }
        }
    });
}
