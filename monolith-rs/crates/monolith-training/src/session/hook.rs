//! What a hook can do: TensorFlow's `SessionRunHook`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::raw::Session;
use super::variables::StepValues;
use crate::coordinator::Coordinator;
use crate::errors::Result;

/// Is called around everything that a session does.
///
/// Hooks are shared (a server calls into a saver hook that the session holds
/// too), so they keep what changes behind locks of their own. Each method may
/// fail; what that means is for [`super::monitored`] to say.
pub trait SessionRunHook: Send + Sync {
    /// Before the first session is created; once.
    fn begin(&self) -> Result<()> {
        Ok(())
    }

    /// After each creation of a session, so again after recreation.
    fn after_create_session(
        &self,
        _session: &Arc<Session>,
        _coord: &Arc<Coordinator>,
    ) -> Result<()> {
        Ok(())
    }

    /// Before each step.
    fn before_run(&self, _context: &SessionRunContext) -> Result<()> {
        Ok(())
    }

    /// After each step, with what was fetched with it.
    fn after_run(&self, _context: &SessionRunContext, _values: &StepValues) -> Result<()> {
        Ok(())
    }

    /// Before a session is closed, unless an error leaves it.
    fn end(&self, _session: &Arc<Session>) -> Result<()> {
        Ok(())
    }
}

/// One step, as its hooks see it.
#[derive(Debug)]
pub struct SessionRunContext {
    session: Arc<Session>,
    stop_requested: AtomicBool,
}

impl SessionRunContext {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            stop_requested: AtomicBool::new(false),
        }
    }

    /// The session that the step runs in.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Has the session stop after this step.
    pub fn request_stop(&self) {
        self.stop_requested.store(true, Ordering::SeqCst);
    }

    /// Whether a hook has requested stop.
    pub fn stop_requested(&self) -> bool {
        self.stop_requested.load(Ordering::SeqCst)
    }
}
