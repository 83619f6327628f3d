//! The saver hook.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::saver::{BASENAME, Saver};
use super::timer::{Every, SecondOrStepTimer};
use crate::clock::{Clock, Lock, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, Result};
use crate::session::{Graph, Session, SessionRunContext, SessionRunHook, StepValues};

/// Is told when a checkpoint is written.
pub trait CheckpointSaverListener: fmt::Debug + Send + Sync {
    /// Before the first session is created.
    fn begin(&self) -> Result<()> {
        Ok(())
    }

    /// Before each checkpoint.
    fn before_save(&self, _session: &Arc<Session>, _global_step: i64) -> Result<()> {
        Ok(())
    }

    /// After each checkpoint; true asks for training to stop.
    fn after_save(&self, _session: &Arc<Session>, _global_step: i64) -> Result<bool> {
        Ok(false)
    }

    /// Before the session closes cleanly.
    fn end(&self, _session: &Arc<Session>, _global_step: i64) -> Result<()> {
        Ok(())
    }
}

/// How a saver hook behaves; the defaults are upstream's.
#[derive(Clone, Debug)]
pub struct SaverOptions {
    /// When it saves by itself.
    pub every: Every,
    /// The checkpoints' basename.
    pub basename: String,
    /// Whether a failure of a save that the hook does by itself is only logged.
    pub ignore_save_errors: bool,
    /// Whether there is nothing to save at step 0.
    pub is_dense_only: bool,
    /// Whether the first save is skipped: the one at the session's creation.
    pub no_first_save: bool,
    /// Are told of each checkpoint, in this order.
    pub listeners: Vec<Arc<dyn CheckpointSaverListener>>,
}

impl SaverOptions {
    /// Saves by itself as often as `every` says.
    pub fn new(every: Every) -> Self {
        Self {
            every,
            basename: BASENAME.to_owned(),
            ignore_save_errors: false,
            is_dense_only: false,
            no_first_save: true,
            listeners: Vec::new(),
        }
    }
}

/// Saves on a schedule and when told to, but not at the session's creation.
///
/// Whoever may write holds `saving` for as long as it writes: the training
/// thread in `after_create_session` and `after_run`, and in `end` if there is
/// something to write; any other in [`trigger_save`](Self::trigger_save).
/// `before_run` takes it and lets go at once, so that no step begins while a save
/// runs. It is not held from `before_run` to `after_run`, as no hook is told of a
/// step that failed, and the lock would be lost with it. The exit doesn't wait
/// for a save where it has nothing to write: it closes the session under it, and
/// that save fails (B34). Every way out frees the lock; it is not reentrant, so a
/// listener that triggers a save never returns. `timer` and `first` are plain
/// values behind mutexes that nobody holds across a call.
pub struct NoFirstSaveCheckpointSaverHook {
    dir: PathBuf,
    saver: Arc<dyn Saver>,
    clock: Arc<dyn Clock>,
    has_global_step: bool,
    options: SaverOptions,
    saving: Lock<()>,
    timer: Mutex<SecondOrStepTimer>,
    first: Mutex<bool>,
}

impl NoFirstSaveCheckpointSaverHook {
    /// A hook that writes into `dir`.
    pub fn new(
        graph: &Graph,
        clock: Arc<dyn Clock>,
        dir: impl Into<PathBuf>,
        saver: Arc<dyn Saver>,
        options: SaverOptions,
    ) -> Self {
        Self {
            dir: dir.into(),
            saver,
            has_global_step: graph.has_global_step(),
            saving: Lock::new(&*clock, ()),
            clock,
            timer: Mutex::new(SecondOrStepTimer::new(options.every)),
            first: Mutex::new(options.no_first_save),
            options,
        }
    }

    /// Changes the timer, which decides what is saved when.
    pub fn with_timer<T>(&self, body: impl FnOnce(&mut SecondOrStepTimer) -> T) -> T {
        body(&mut relock(&self.timer))
    }

    /// Writes a checkpoint now, and returns when it is written.
    ///
    /// It writes nothing, and gives no error, if the timer is disabled, if there
    /// is nothing to save yet, or if it is the first save, which is skipped. The
    /// step counts as saved for the schedule and for the exit even if it fails.
    pub fn trigger_save(&self, session: &Arc<Session>, ignore_save_errors: bool) -> Result<()> {
        let _held = self.saving.lock();
        if !self.with_timer(|timer| timer.is_enabled()) {
            return Ok(());
        }
        let step = session.global_step()?;
        self.mark_saved(step);
        // Only the operator is asked here, so a listener's wish to stop is not met.
        self.save(session, step, ignore_save_errors)?;
        Ok(())
    }

    fn mark_saved(&self, step: i64) {
        let now = self.clock.now();
        self.with_timer(|timer| timer.update_last_triggered_step(step, now));
    }

    fn is_due(&self, step: i64) -> bool {
        let now = self.clock.now();
        self.with_timer(|timer| timer.should_trigger_for_step(step, now))
    }

    /// Saves, and says whether a listener wants training to stop.
    fn save(&self, session: &Arc<Session>, step: i64, ignore_errors: bool) -> Result<bool> {
        if std::mem::take(&mut *relock(&self.first)) {
            tracing::info!("skipping the first save");
            return Ok(false);
        }
        if self.options.is_dense_only && step == 0 {
            return Ok(false);
        }
        match self.save_with_listeners(session, step) {
            Err(error) if ignore_errors && error.kind().is_exception() => {
                tracing::error!(
                    %error,
                    "Saving checkpoint {step} failed; training goes on without it."
                );
                Ok(false)
            }
            outcome => outcome,
        }
    }

    fn save_with_listeners(&self, session: &Arc<Session>, step: i64) -> Result<bool> {
        for listener in &self.options.listeners {
            listener.before_save(session, step)?;
        }
        self.write(session, step)?;
        let mut stop = false;
        for listener in &self.options.listeners {
            stop |= listener.after_save(session, step)?;
        }
        Ok(stop)
    }

    /// Writes the checkpoint; an `OpError` gets a second try.
    fn write(&self, session: &Arc<Session>, step: i64) -> Result<()> {
        let write = || {
            self.saver
                .save(session, &self.dir, &self.options.basename, step)
        };
        write().or_else(|error| {
            if !error.is_op_error() {
                return Err(error);
            }
            tracing::warn!(%error, "Saving checkpoint {step} failed, trying again.");
            write()
        })
    }
}

impl SessionRunHook for NoFirstSaveCheckpointSaverHook {
    fn begin(&self) -> Result<()> {
        if !self.has_global_step {
            return Err(Error::runtime(
                "Global step should be created to use CheckpointSaverHook.",
            ));
        }
        self.options
            .listeners
            .iter()
            .try_for_each(|listener| listener.begin())
    }

    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        let _held = self.saving.lock();
        let step = session.global_step()?;
        self.save(session, step, self.options.ignore_save_errors)?;
        self.mark_saved(step);
        Ok(())
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        drop(self.saving.lock());
        Ok(())
    }

    /// Looks at the step that was fetched first, plus one, and only then at what
    /// the step is by now, as TensorFlow does: steps of other workers alone make
    /// nothing due.
    fn after_run(&self, context: &SessionRunContext, values: &StepValues) -> Result<()> {
        let _held = self.saving.lock();
        if !values.global_step.is_some_and(|step| self.is_due(step + 1)) {
            return Ok(());
        }
        let step = context.session().global_step()?;
        if self.is_due(step) {
            self.mark_saved(step);
            if self.save(context.session(), step, self.options.ignore_save_errors)? {
                context.request_stop();
            }
        }
        Ok(())
    }

    fn end(&self, session: &Arc<Session>) -> Result<()> {
        let step = session.global_step()?;
        if self.with_timer(|timer| timer.last_triggered_step()) != Some(step) {
            let _held = self.saving.lock();
            self.save(session, step, self.options.ignore_save_errors)?;
        }
        self.options
            .listeners
            .iter()
            .try_for_each(|listener| listener.end(session, step))
    }
}

impl fmt::Debug for NoFirstSaveCheckpointSaverHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoFirstSaveCheckpointSaverHook")
            .field("dir", &self.dir)
            .field("options", &self.options)
            .field("timer", &self.timer)
            .finish_non_exhaustive()
    }
}
