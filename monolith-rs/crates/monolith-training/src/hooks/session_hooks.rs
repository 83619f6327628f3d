//! The session that this job trains in, for code that isn't handed one.

use std::sync::{Arc, Mutex};

use crate::clock::relock;
use crate::coordinator::Coordinator;
use crate::errors::Result;
use crate::session::{Session, SessionRunHook};

/// Where a [`SetCurrentSessionHook`] puts its session; clones are the same place.
///
/// In Python there is one such place in each process. Here the hook and whoever
/// asks are given the same one, like clock and barrier: two jobs in one process,
/// as two tests are, don't see each other's session. There is no default session
/// behind it either, as the port has none.
///
/// The mutex guards one reference and is never held across a call.
#[derive(Clone, Debug, Default)]
pub struct CurrentSession {
    session: Arc<Mutex<Option<Arc<Session>>>>,
}

impl CurrentSession {
    /// A place that holds no session yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The session that the hook has set; also a closed one, as nobody clears it
    /// after an error (B45).
    pub fn get_current_session(&self) -> Option<Arc<Session>> {
        relock(&self.session).clone()
    }

    pub(super) fn set(&self, session: Option<&Arc<Session>>) {
        *relock(&self.session) = session.cloned();
    }
}

/// Makes its session the current one, from creation to a clean end (B45).
#[derive(Debug)]
pub struct SetCurrentSessionHook {
    current: CurrentSession,
}

impl SetCurrentSessionHook {
    /// A hook that sets the session there.
    pub fn new(current: CurrentSession) -> Self {
        Self { current }
    }
}

impl SessionRunHook for SetCurrentSessionHook {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.current.set(Some(session));
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        self.current.set(None);
        Ok(())
    }
}
