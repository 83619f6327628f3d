//! Listeners to saves, and the guards around a whole save.

use std::fmt;
use std::sync::Arc;

use crate::errors::Result;
use crate::session::Session;

/// Listener to the writing of checkpoints.
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

/// Listeners around a whole save, whatever its tries come to (B72).
///
/// What one raises is logged and swallowed. Nobody calls their `begin` or `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guards<'a>(pub(super) &'a [Arc<dyn CheckpointSaverListener>]);

impl Guards<'_> {
    /// Before the first try, in order.
    pub(super) fn before_save(self, session: &Arc<Session>, step: i64) -> Result<()> {
        let mut guards = self.0.iter();
        guards.try_for_each(|guard| swallow(guard.before_save(session, step)))
    }

    /// After the last try, in reverse order.
    pub(super) fn after_save(self, session: &Arc<Session>, step: i64) -> Result<()> {
        let mut guards = self.0.iter().rev();
        guards.try_for_each(|guard| swallow(guard.after_save(session, step).map(drop)))
    }
}

/// An interrupt is no `Exception`, and leaves.
fn swallow(outcome: Result<()>) -> Result<()> {
    outcome.or_else(|error| {
        if !error.kind().is_exception() {
            return Err(error);
        }
        tracing::error!("{error}: a guard listener failed");
        Ok(())
    })
}
