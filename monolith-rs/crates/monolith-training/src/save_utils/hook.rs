//! The saver hook.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::graph_files::{write_graph, write_meta_graph};
pub use super::listener::CheckpointSaverListener;
use super::listener::Guards;
use super::monolith_checkpoint::{create_if_missing, record_save};
pub use super::options::SaverOptions;
use super::saver::Saver;
use super::timer::SecondOrStepTimer;
pub use super::written::LastSave;
use super::written::Written;
use crate::clock::{Clock, Lock, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, ErrorKind, Result};
use crate::session::{Graph, Session, SessionRunContext, SessionRunHook, StepValues};

/// How many steps one run may take, as TensorFlow's saver hook has it: so many that what
/// was fetched first alone hardly ever makes a step not due.
const STEPS_PER_RUN: i64 = 1_000_000;

/// Saves on a schedule and when told to, but not at the session's creation.
///
/// Whoever may write holds `saving` for as long as it writes: the training
/// thread in `after_create_session` and `after_run`, and in `end` if there is
/// something to write; any other in [`trigger_save`](Self::trigger_save). So a step
/// that ends while a save runs waits at its end; it may begin and run meanwhile, but
/// with `step_wait` it doesn't: `before_run` holds `saving` for the moment in which it
/// sets `step_under_way`, and `trigger_save` holds it while it waits for that step. The
/// exit doesn't wait for a save where it has nothing to write: it closes the session
/// under it, and that save fails (B34). Every way out frees the lock; it is not
/// reentrant, so a listener that triggers a save never returns. `timer`, `written` and
/// `step_under_way` are plain values behind mutexes that nobody holds across a call.
pub struct NoFirstSaveCheckpointSaverHook {
    dir: PathBuf,
    saver: Arc<dyn Saver>,
    clock: Arc<dyn Clock>,
    has_global_step: bool,
    options: SaverOptions,
    saving: Lock<()>,
    timer: Mutex<SecondOrStepTimer>,
    written: Mutex<Written>,
    /// Is asked to stop when the step of the session that is under way ends; used with
    /// `step_wait` alone.
    step_under_way: Mutex<Option<Arc<Coordinator>>>,
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
            timer: Mutex::new(SecondOrStepTimer::new(options.every).with_tide(options.tide)),
            written: Mutex::new(Written::nothing(options.no_first_save)),
            step_under_way: Mutex::new(None),
            options,
        }
    }

    /// Changes the timer, which decides what is saved when.
    pub fn with_timer<T>(&self, body: impl FnOnce(&mut SecondOrStepTimer) -> T) -> T {
        body(&mut relock(&self.timer))
    }

    /// The newest save that was tried; any thread may ask. Upstream has no such note.
    ///
    /// A save that was skipped doesn't count, nor one that always writes at the end (B73).
    pub fn last_save(&self) -> Option<LastSave> {
        relock(&self.written).last_save
    }

    /// Writes a checkpoint now, and returns when it is written (B30).
    ///
    /// It makes every step due and then does what the hook does after a step, holding
    /// the lock for each of the two by itself: of two calls at once, the second may find
    /// its step saved by the first. It writes nothing, and gives no error, if the timer
    /// is disabled, if this is the save that is skipped, or if it saves only dense
    /// variables and has written the step (B32). The step counts as saved even if it
    /// fails. A listener's wish to stop is not met.
    ///
    /// With `step_wait` it fails with `DeadlineExceededError` if a step is under way for that long.
    pub fn trigger_save(&self, session: &Arc<Session>, ignore_save_errors: bool) -> Result<()> {
        {
            let _held = self.saving.lock();
            self.with_timer(SecondOrStepTimer::reset);
        }
        let _held = self.saving.lock();
        self.wait_for_step()?;
        self.save_if_due(session, ignore_save_errors)?;
        Ok(())
    }

    /// Waits until no step is under way; none begins before `saving` is let go.
    fn wait_for_step(&self) -> Result<()> {
        let step = relock(&self.step_under_way).clone();
        let (Some(step), Some(wait)) = (step, self.options.step_wait) else {
            return Ok(());
        };
        if self.clock.wait_for_stop(&step, Some(wait)) {
            return Ok(());
        }
        let message = format!("A step didn't end within {} seconds.", wait.as_secs_f64());
        Err(Error::new(ErrorKind::DeadlineExceededError, message))
    }

    /// Lets go who waits for the step that was under way, if one was.
    fn step_has_ended(&self) {
        if let Some(step) = relock(&self.step_under_way).take() {
            step.request_stop();
        }
    }

    fn write_graph_files(&self, session: &Session) -> Result<()> {
        let (dir, files) = (&self.dir, &self.options.files);
        let variables = session.variable_names()?;
        std::fs::create_dir_all(dir).map_err(|error| Error::from_io(&error, dir))?;
        write_meta_graph(files, dir, &variables)?;
        create_if_missing(files, dir, self.options.table_type())?;
        write_graph(files, dir, &variables)
    }

    fn mark_saved(&self, step: i64) {
        let now = self.clock.now();
        self.with_timer(|timer| timer.update_last_triggered_step(step, now));
    }

    fn is_due(&self, step: i64) -> bool {
        let now = self.clock.now();
        self.with_timer(|timer| timer.should_trigger_for_step(step, now))
    }

    /// Saves the step that the session has come to, if it is due, and says whether a
    /// listener wants training to stop.
    fn save_if_due(&self, session: &Arc<Session>, ignore_errors: bool) -> Result<bool> {
        let step = session.global_step()?;
        if !self.is_due(step) {
            return Ok(false);
        }
        self.mark_saved(step);
        self.save(session, step, ignore_errors)
    }

    /// Saves, and says whether a listener wants training to stop.
    fn save(&self, session: &Arc<Session>, step: i64, ignore_errors: bool) -> Result<bool> {
        if std::mem::take(&mut relock(&self.written).skips_next) {
            tracing::info!("skipping the first save");
            return Ok(false);
        }
        let last_step = relock(&self.written).last_step;
        if self.options.is_dense_only && last_step.unwrap_or(0) == step {
            return Ok(false);
        }
        let guards = Guards(&self.options.guard_saver_listeners);
        guards.before_save(session, step)?;
        let outcome = self.noted(step, self.try_twice(session, step));
        guards.after_save(session, step)?;
        match outcome {
            Err(error) if ignore_errors && error.is_op_error() => Ok(false),
            outcome => outcome,
        }
    }

    /// The outcome of a save, of which a note is taken.
    fn noted(&self, step: i64, outcome: Result<bool>) -> Result<bool> {
        relock(&self.written).last_save = Some(LastSave {
            step,
            ended: self.clock.now(),
            error: outcome.as_ref().err().map(Error::kind),
        });
        outcome
    }

    /// An attempt that fails with an `OpError` gets another, as a whole (B31).
    fn try_twice(&self, session: &Arc<Session>, step: i64) -> Result<bool> {
        let attempt = || {
            let begun = self.clock.now();
            let outcome = self.attempt(session, step);
            match &outcome {
                Ok(_) => {
                    let took = self.clock.now().saturating_sub(begun).as_secs_f64();
                    tracing::info!("saving checkpoint took {took} seconds");
                }
                Err(error) if error.is_op_error() => {
                    tracing::error!(%error, "Failed to save, retrying ...");
                }
                Err(_) => {}
            }
            outcome
        };
        match attempt() {
            Err(error) if error.is_op_error() => attempt(),
            outcome => outcome,
        }
    }

    /// The listeners, the write, the listeners again, and the file that says when.
    fn attempt(&self, session: &Arc<Session>, step: i64) -> Result<bool> {
        for listener in &self.options.listeners {
            listener.before_save(session, step)?;
        }
        self.saver
            .save(session, &self.dir, &self.options.basename, step)?;
        let mut stop = false;
        for listener in &self.options.listeners {
            stop |= listener.after_save(session, step)?;
        }
        let now = self.clock.now();
        record_save(
            &self.options.files,
            &self.dir,
            self.options.table_type(),
            now,
        )?;
        relock(&self.written).last_step = Some(step);
        Ok(stop)
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
        self.step_has_ended();
        let _held = self.saving.lock();
        if self.options.save_graph_def {
            self.write_graph_files(session)?;
        }
        let step = session.global_step()?;
        self.save(session, step, self.options.ignore_save_errors)?;
        self.mark_saved(step);
        Ok(())
    }

    fn before_run(&self, _: &SessionRunContext) -> Result<()> {
        if self.options.step_wait.is_some() {
            self.step_has_ended();
            let _held = self.saving.lock();
            *relock(&self.step_under_way) = Some(Coordinator::new());
        }
        Ok(())
    }

    /// Looks at the step that was fetched first, plus so many that one run may take, and
    /// only then at what the step is by now, as TensorFlow does.
    fn after_run(&self, context: &SessionRunContext, values: &StepValues) -> Result<()> {
        self.step_has_ended();
        let _held = self.saving.lock();
        if !values
            .global_step
            .is_some_and(|step| self.is_due(step.wrapping_add(STEPS_PER_RUN)))
        {
            return Ok(());
        }
        if self.save_if_due(context.session(), self.options.ignore_save_errors)? {
            context.request_stop();
        }
        Ok(())
    }

    /// Saves what isn't saved yet; does nothing at all if it saves only dense variables.
    ///
    /// With one of the process's flags it always writes, in one unguarded try (B73).
    fn end(&self, session: &Arc<Session>) -> Result<()> {
        if self.options.is_dense_only {
            return Ok(());
        }
        let step = session.global_step()?;
        if self.options.process.always_write_at_end() {
            let _held = self.saving.lock();
            self.noted(step, self.attempt(session, step))?;
        } else if self.with_timer(|timer| timer.last_triggered_step()) != Some(step) {
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
