//! Hooks that see each other's doings: what one does after a step, and what another makes of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use monolith_training::barrier_ops::BarrierHook;
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::controller_hooks::ControllerHook;
use monolith_training::session::monitored::Hooks;
use monolith_training::session::{Flag, Session, SessionRunContext, SessionRunHook, StepValues};

use crate::rig::{Rig, step};
use crate::stage::{Stage, seen};

type Act = Box<dyn FnOnce(&Arc<Session>) + Send>;

/// A hook that does something after a step, once.
#[derive(Default)]
struct After(Mutex<Option<Act>>);

impl After {
    fn plan(&self, act: impl FnOnce(&Arc<Session>) + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(act));
    }
}

impl SessionRunHook for After {
    fn after_run(&self, context: &SessionRunContext, _: &StepValues) -> Result<()> {
        if let Some(act) = self.0.lock().unwrap().take() {
            act(context.session());
        }
        Ok(())
    }
}

/// The hooks in this order, or in the other.
fn ordered(first: Arc<dyn SessionRunHook>, second: Arc<dyn SessionRunHook>, is: bool) -> Hooks {
    if is {
        vec![first, second]
    } else {
        vec![second, first]
    }
}

#[test]
fn a_worker_blocks_after_the_step_that_read_the_barrier_whatever_hooks_do() {
    Stage::real(|stage| {
        for is_first in [true, false] {
            let (rig, after) = (Rig::new(stage), Arc::<After>::default());
            let hook = Arc::new(BarrierHook::new(1, Arc::clone(&rig.barrier)));
            let mut session = rig.session(&ordered(after.clone(), hook, is_first));
            let expected = Arc::new(AtomicUsize::new(1));
            let (actions, most) = (Arc::clone(&rig.actions), Arc::clone(&expected));
            rig.barrier.append_callback(Arc::new(move |_, _| {
                if seen(&actions).len() > most.load(Ordering::SeqCst) {
                    return Err(Error::value("it would wait for ever"));
                }
                Ok(())
            }));
            let barrier = Arc::clone(&rig.barrier);
            after.plan(move |session| barrier.place_barrier(session, "placed").unwrap());
            step(&mut session);
            expected.store(2, Ordering::SeqCst);
            assert_eq!(seen(&rig.actions), ["placed"]);
            assert_eq!(rig.blocked(), [0]);
            let barrier = Arc::clone(&rig.barrier);
            if is_first {
                // The step has read it placed, so the worker still comes by.
                after.plan(move |session| barrier.remove_barrier(session).unwrap());
            } else {
                let (raw, own) = (rig.raw.get(), stage.clone());
                stage.beside(move || {
                    own.until(|| barrier.get_blocked_indices(&raw) == Ok(vec![0, 1]));
                    barrier.remove_barrier(&raw).unwrap();
                });
            }
            for _ in 0..2 {
                step(&mut session);
                assert_eq!(seen(&rig.actions), ["placed", "placed"]);
                assert!(rig.blocked().is_empty());
            }
            session.leave(None).unwrap();
        }
    });
}

#[test]
fn an_index_of_zero_or_less_never_blocks() {
    Stage::fake(|stage| {
        let rig = Rig::new(stage);
        let hook = |index| Arc::new(BarrierHook::new(index, Arc::clone(&rig.barrier)));
        let mut session = rig.session(&vec![
            hook(0),
            hook(-1),
            hook(i64::from(i32::MIN)),
            hook(i64::MIN),
        ]);
        rig.barrier.place_barrier(&rig.raw.get(), "placed").unwrap();
        for _ in 0..2 {
            step(&mut session);
        }
        assert_eq!(rig.blocked(), [0]);
        assert_eq!(seen(&rig.actions), ["placed"]);
        session.leave(None).unwrap();
    });
}

#[test]
fn a_save_flag_is_cleared_by_a_step_though_nobody_saves() {
    Stage::fake(|stage| {
        let rig = Rig::new(stage);
        let barrier = Some(Arc::clone(&rig.barrier));
        let hook = ControllerHook::new(&rig.graph, rig.clock(), barrier, None).unwrap();
        let mut session = rig.session(&vec![Arc::new(hook)]);
        rig.raw.get().set_flag(Flag::TriggerSave, true).unwrap();
        step(&mut session);
        assert_eq!(rig.raw.get().flag(Flag::TriggerSave), Ok(false));
        session.leave(None).unwrap();
    });
}

#[test]
fn a_flag_that_is_set_after_a_step_is_noticed_with_the_next_one() {
    Stage::fake(|stage| {
        for is_first in [true, false] {
            let (rig, after) = (Rig::new(stage), Arc::<After>::default());
            let saves = Arc::<AtomicUsize>::default();
            let control = rig.controller(&saves);
            let mut session = rig.session(&ordered(after.clone(), control, is_first));
            after.plan(|session| session.set_flag(Flag::TriggerSave, true).unwrap());
            for expected in [0, 1, 1] {
                step(&mut session);
                assert_eq!(saves.load(Ordering::SeqCst), expected);
            }
            after.plan(|session| {
                session.set_flag(Flag::Stop, true).unwrap();
                session.set_flag(Flag::TriggerSave, true).unwrap();
            });
            for expected in 0..3 {
                step(&mut session);
                assert_eq!(seen(&rig.actions).len(), expected);
                assert_eq!(saves.load(Ordering::SeqCst), 1);
            }
            session.leave(None).unwrap();
        }
    });
}

#[test]
fn a_save_flag_is_cleared_before_the_save_whatever_becomes_of_it() {
    Stage::fake(|stage| {
        let (rig, saves) = (Rig::new(stage), Arc::<AtomicUsize>::default());
        let (raw, count) = (Arc::clone(&rig.raw), Arc::clone(&saves));
        let save = Arc::new(move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => raw.get().set_flag(Flag::TriggerSave, true),
            _ => Err(Error::value("lost")),
        });
        let hook = ControllerHook::new(&rig.graph, rig.clock(), None, Some(save)).unwrap();
        let mut session = rig.session(&vec![Arc::new(hook)]);
        rig.raw.get().set_flag(Flag::TriggerSave, true).unwrap();
        step(&mut session);
        assert_eq!(saves.load(Ordering::SeqCst), 1);
        assert_eq!(session.run(Session::train_step), Err(Error::value("lost")));
        for _ in 0..2 {
            step(&mut session);
            assert_eq!(saves.load(Ordering::SeqCst), 2);
        }
        session.leave(None).unwrap();
    });
}

#[test]
fn a_stop_on_a_placed_barrier_leaves_run_in_each_step() {
    Stage::fake(|stage| {
        let rig = Rig::new(stage);
        let control = rig.controller(&Arc::default());
        let mut session = rig.session(&vec![control.clone()]);
        rig.barrier.place_barrier(&rig.raw.get(), "mine").unwrap();
        control.stop_op(&rig.raw.get()).unwrap();
        for _ in 0..2 {
            let error = session.run(Session::train_step).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BarrierAlreadyPlacedError);
        }
        assert_eq!(rig.blocked(), [0]);
        rig.barrier.remove_barrier(&rig.raw.get()).unwrap();
        step(&mut session);
        assert!(rig.blocked().is_empty());
        assert_eq!(seen(&rig.actions), ["mine", "Stop"]);
        session.leave(None).unwrap();
    });
}
