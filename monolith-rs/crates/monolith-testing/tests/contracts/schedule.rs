//! The saver hook against a model: calls, steps, exits and new sessions in any order.

use std::path::Path;
use std::sync::Arc;

use monolith_training::clock::SystemClock;
use monolith_training::errors::{Error, Result};
use monolith_training::save_utils::{
    CheckpointSaverListener, Every, NoFirstSaveCheckpointSaverHook, Saver, SaverOptions,
    SecondOrStepTimer,
};
use monolith_training::session::monitored::{Hooks, Recovery};
use monolith_training::session::{ChiefSessionCreator, Graph, MonitoredSession, Session};

use crate::chance::Chance;
use crate::chief::RawSession;
use crate::stage::{Seen, seen};

const EVERY: i64 = 3;

/// A saver that notes its steps, and a guard that notes its calls.
#[derive(Debug, Default)]
struct Writes {
    steps: Seen<i64>,
    guarded: Seen<&'static str>,
}

impl Writes {
    fn guards(&self, call: &'static str) {
        self.guarded.lock().unwrap().push(call);
    }
}

impl Saver for Writes {
    fn save(&self, _: &Session, _: &Path, _: &str, step: i64) -> Result<()> {
        self.steps.lock().unwrap().push(step);
        Ok(())
    }
}

impl CheckpointSaverListener for Writes {
    fn begin(&self) -> Result<()> {
        self.guards("begin");
        Ok(())
    }

    fn before_save(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.guards("before");
        Ok(())
    }

    fn after_save(&self, _: &Arc<Session>, _: i64) -> Result<bool> {
        self.guards("after");
        Ok(true)
    }

    fn end(&self, _: &Arc<Session>, _: i64) -> Result<()> {
        self.guards("end");
        Ok(())
    }
}

/// When a hook writes, by the behaviour page.
struct Model {
    is_dense: bool,
    skips: bool,
    enabled: bool,
    counted: Option<i64>,
    written: i64,
    steps: Vec<i64>,
}

impl Model {
    fn new(is_dense: bool, skips: bool) -> Self {
        let (counted, steps) = (None, Vec::new());
        Self {
            is_dense,
            skips,
            enabled: true,
            counted,
            written: 0,
            steps,
        }
    }

    fn save(&mut self, step: i64) {
        let skips = std::mem::take(&mut self.skips);
        let is_again = self.is_dense && step == self.written;
        if !(skips || is_again) {
            self.steps.push(step);
            self.written = step;
        }
    }

    fn start(&mut self) {
        self.save(0);
        self.counted = Some(0);
    }

    fn call(&mut self, step: i64) {
        self.counted = None;
        self.ran(step);
    }

    fn ran(&mut self, step: i64) {
        if self.enabled && self.counted.is_none_or(|last| step >= last + EVERY) {
            self.counted = Some(step);
            self.save(step);
        }
    }

    fn exit(&mut self, step: i64) {
        if !self.is_dense && self.counted != Some(step) {
            self.save(step);
        }
    }
}

/// Three sessions of a hook, whose writes must be the model's after everything that is done.
fn play(is_dense: bool, skips: bool, chance: &mut Chance) {
    let (writes, mut model) = (Arc::<Writes>::default(), Model::new(is_dense, skips));
    let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
    let mut options = SaverOptions::new(Every::Steps(EVERY));
    options.is_dense_only = is_dense;
    options.no_first_save = skips;
    options.guard_saver_listeners = vec![writes.clone()];
    let (clock, saver) = (Arc::new(SystemClock), writes.clone());
    let hook =
        NoFirstSaveCheckpointSaverHook::new(&graph, clock.clone(), dir.path(), saver, options);
    let (hook, raw) = (Arc::new(hook), Arc::<RawSession>::default());
    for _ in 0..3 {
        let creator = Box::new(ChiefSessionCreator::new(Arc::clone(&graph), None));
        let hooks: Hooks = vec![hook.clone(), raw.clone()];
        let session = MonitoredSession::new(Recovery::Recreates, creator, hooks, clock.clone());
        let (mut session, mut step) = (session.unwrap(), 0);
        model.start();
        assert_eq!(seen(&writes.steps), model.steps);
        for _ in 0..chance.below(12) {
            match chance.below(8) {
                0 => {
                    hook.with_timer(SecondOrStepTimer::disable);
                    model.enabled = false;
                }
                1 => {
                    hook.with_timer(SecondOrStepTimer::enable);
                    model.enabled = true;
                }
                2..=4 => {
                    hook.trigger_save(&raw.get(), false).unwrap();
                    model.call(step);
                }
                _ => {
                    step = session.run(Session::train_step).unwrap();
                    model.ran(step);
                }
            }
            assert_eq!(seen(&writes.steps), model.steps);
            assert!(!session.should_stop(), "a guard's wish is nobody's");
        }
        if chance.below(2) == 0 {
            session.leave(None).unwrap();
            model.exit(step);
        } else {
            session.leave(Some(Error::value("lost"))).unwrap_err();
        }
        assert_eq!(seen(&writes.steps), model.steps);
    }
    assert_eq!(
        seen(&writes.guarded),
        ["before", "after"].repeat(model.steps.len())
    );
}

#[test]
fn a_hook_writes_when_the_model_does() {
    let mut chance = Chance::new(3);
    for is_dense in [false, true] {
        for skips in [false, true] {
            for _ in 0..20 {
                play(is_dense, skips, &mut chance);
            }
        }
    }
}
