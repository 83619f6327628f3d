//! Every error in every place of a save: who is tried again, who is swallowed, who leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::save_utils::{CheckpointSaverListener, SaverProcessFlags};
use monolith_training::session::{Session, SessionRunHook};

use crate::script::{
    ALL, ENTER, LEAVE, LEAVING, Saving, Stepped, TRY, attempt, guarded, numbered, op_errors,
    other_errors,
};

#[test]
fn an_op_error_is_tried_once_more_and_then_raised_or_ignored() {
    let saving = Saving::new(|_| {});
    for place in TRY {
        for kind in op_errors() {
            let errors = numbered(kind);
            for ignore in [false, true] {
                saving.script.plan(place, &errors[..1]);
                assert_eq!(saving.logged(ignore), (Ok(()), 1));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place), &TRY]));
                saving.script.plan(place, &errors);
                let raised = if ignore {
                    Ok(())
                } else {
                    Err(errors[1].clone())
                };
                assert_eq!(saving.logged(ignore), (raised, 2));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place); 2]));
            }
        }
    }
}

#[test]
fn any_other_error_is_neither_tried_again_nor_ignored() {
    let saving = Saving::new(|_| {});
    for place in TRY {
        for kind in other_errors() {
            let error = Error::new(kind, "other");
            for ignore in [false, true] {
                saving.script.plan(place, std::slice::from_ref(&error));
                assert_eq!(saving.logged(ignore), (Err(error.clone()), 0));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place)]));
                let first = Error::new(ErrorKind::CancelledError, "first");
                saving.script.plan(place, &[first, error.clone()]);
                assert_eq!(saving.save(ignore), Err(error.clone()));
                assert_eq!(saving.script.calls(), guarded(&[attempt(place); 2]));
            }
        }
    }
}

#[test]
fn what_a_guard_raises_goes_no_further() {
    let saving = Saving::new(|_| {});
    for place in [ENTER, LEAVE].concat() {
        for kind in ALL {
            let error = Error::new(kind, "guard");
            saving.script.plan(place, std::slice::from_ref(&error));
            if LEAVING.contains(&kind) {
                assert_eq!(saving.save(false), Err(error));
            } else {
                assert_eq!(saving.logged(false), (Ok(()), 1));
                assert_eq!(saving.script.calls(), guarded(&[&TRY]));
            }
        }
    }
}

#[test]
fn a_state_file_that_cannot_be_written_is_a_failed_try() {
    let saving = Saving::new(|_| {});
    for place in ["Write", "Rename"] {
        for kind in ALL {
            let errors = numbered(kind);
            let (raised, tries) = if kind.is_op_error() {
                (errors[1].clone(), &[&TRY[..]; 2][..])
            } else {
                (errors[0].clone(), &[&TRY[..]; 1][..])
            };
            saving.script.plan(place, &errors);
            assert_eq!(saving.save(false), Err(raised));
            assert_eq!(saving.script.calls(), guarded(tries));
            saving.script.plan(place, &errors[..1]);
            assert_eq!(saving.save(false).is_ok(), kind.is_op_error());
        }
    }
}

#[test]
fn a_state_that_cannot_be_read_is_none_and_any_other_error_leaves() {
    let saving = Saving::new(|_| {});
    let file = saving.dir.path().join("monolith_checkpoint");
    for kind in ALL {
        std::fs::write(&file, "builtin_hash_table_type: UNKNOWN").unwrap();
        let errors = numbered(kind);
        saving.script.plan("Read", &errors);
        let outcome = saving.save(false);
        if kind.is_op_error() || kind == ErrorKind::UnicodeDecodeError {
            assert_eq!(outcome, Ok(()));
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.ends_with("builtin_hash_table_type: CUCKOO_HASH_MAP\n"));
        } else {
            assert_eq!(outcome, Err(errors[0].clone()));
        }
    }
}

#[test]
fn the_hooks_own_saves_heed_its_option_and_calls_theirs() {
    for ignores in [false, true] {
        for kind in ALL {
            let saving = Saving::new(|options| options.ignore_save_errors = ignores);
            let errors = numbered(kind);
            let is_op_error = kind.is_op_error();
            let raised = |ignore: bool| match (ignore, is_op_error) {
                (true, true) => Ok(()),
                _ => Err(errors[usize::from(is_op_error)].clone()),
            };
            let stepped = Stepped::new(&saving);
            saving.script.plan("write", &errors);
            assert_eq!(stepped.run(), raised(ignores));
            for ignore in [false, true] {
                saving.script.plan("write", &errors);
                assert_eq!(saving.save(ignore), raised(ignore));
            }
        }
    }
}

#[test]
fn an_exit_writes_what_is_not_saved_with_a_retry_and_nothing_that_failed() {
    for kind in ALL {
        let saving = Saving::new(|_| {});
        saving.session.train_step().unwrap();
        let errors = numbered(kind);
        let (raised, tries) = if kind.is_op_error() {
            (errors[1].clone(), vec![attempt("write"); 2])
        } else {
            (errors[0].clone(), vec![attempt("write")])
        };
        saving.script.plan("write", &errors);
        assert_eq!(saving.hook.end(&saving.session), Err(raised.clone()));
        assert_eq!(saving.script.calls(), guarded(&tries));
        saving.script.plan("write", &errors);
        assert_eq!(saving.save(false), Err(raised));
        saving.script.plan("", &[]);
        assert_eq!(saving.hook.end(&saving.session), Ok(()));
        assert!(saving.script.calls().is_empty());
    }
}

#[test]
fn an_exit_that_always_writes_has_one_try_and_no_guards() {
    let flags: [fn(&SaverProcessFlags); 2] = [
        |flags| flags.set_has_dense_only(true),
        |flags| flags.set_in_model_dump_mode(true),
    ];
    for set in flags {
        let saving = Saving::new(|options| set(&options.process));
        for kind in ALL {
            let errors = numbered(kind);
            saving.script.plan("write", &errors);
            assert_eq!(saving.hook.end(&saving.session), Err(errors[0].clone()));
            assert_eq!(saving.script.calls(), attempt("write"));
        }
        saving.script.plan("", &[]);
        assert_eq!(saving.hook.end(&saving.session), Ok(()));
        assert_eq!(saving.script.calls(), TRY);
    }
}

/// Wishes to stop, or not.
#[derive(Debug)]
struct Wishes {
    wish: bool,
    saves: AtomicUsize,
}

impl CheckpointSaverListener for Wishes {
    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.saves.fetch_add(1, Ordering::SeqCst);
        Ok(self.wish)
    }
}

#[test]
fn a_wish_to_stop_skips_no_listener_and_is_heeded_after_a_step_alone() {
    for wishes in [[true, false], [false, true], [true, true], [false, false]] {
        let listeners = wishes.map(|wish| {
            let saves = AtomicUsize::new(0);
            Arc::new(Wishes { wish, saves })
        });
        let saves = || {
            listeners
                .each_ref()
                .map(|it| it.saves.load(Ordering::SeqCst))
        };
        let saving = Saving::new(|options| {
            options.listeners = listeners.iter().map(|it| it.clone() as _).collect();
        });
        let stepped = Stepped::new(&saving);
        let before = saves()[0];
        saving.save(false).unwrap();
        assert!(!stepped.0.lock().unwrap().should_stop());
        stepped.run().unwrap();
        let should_stop = stepped.0.lock().unwrap().should_stop();
        assert_eq!(should_stop, wishes != [false, false]);
        assert_eq!(saves(), [before + 2; 2]);
    }
}

#[test]
fn a_dense_only_hook_writes_again_what_it_failed_to_write() {
    for place in [TRY[0], TRY[1], TRY[2], "nowhere"] {
        let saving = Saving::new(|options| {
            options.is_dense_only = true;
            options.guard_saver_listeners.clear();
        });
        saving.session.train_step().unwrap();
        saving.script.plan(place, &[Error::value("refused")]);
        assert_eq!(saving.save(false).is_err(), place != "nowhere");
        let again: &[&str] = if place == "nowhere" { &[] } else { &TRY };
        for expected in [again, &[]] {
            saving.script.plan("", &[]);
            saving.save(false).unwrap();
            assert_eq!(saving.script.calls(), expected);
        }
    }
}
