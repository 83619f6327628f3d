//! The sessions that call hooks.
//!
//! TensorFlow builds these from wrappers inside wrappers. Here they are two
//! layers, with the same behaviour seen from outside:
//!
//! - [`HookedSession`] runs one step with the hooks around it;
//! - [`MonitoredSession`] creates, recreates and closes.
//!
//! Left out: a coordinator that was stopped *with an error*. Nothing in this
//! system reports errors to a coordinator, see B14.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::hook::{SessionRunContext, SessionRunHook};
use super::raw::{Session, SessionCreator};
use crate::clock::Clock;
use crate::coordinator::Coordinator;
use crate::errors::{Error, Result};

/// How long a session that closes waits for its threads.
const STOP_GRACE: Duration = Duration::from_secs(120);

/// Hooks in the order in which they are called.
pub type Hooks = Vec<Arc<dyn SessionRunHook>>;

/// Runs steps of a raw session with hooks around each; creates and closes nothing.
pub struct HookedSession {
    session: Arc<Session>,
    hooks: Hooks,
    should_stop: bool,
}

impl HookedSession {
    /// Runs in `session` with `hooks`.
    pub fn new(session: Arc<Session>, hooks: Hooks) -> Self {
        Self {
            session,
            hooks,
            should_stop: false,
        }
    }

    /// Runs one step: all `before_run`, the step, all `after_run`.
    ///
    /// The first error leaves at once, so later hooks are skipped.
    pub fn run<T>(&mut self, step: &mut dyn FnMut(&Session) -> Result<T>) -> Result<T> {
        if self.should_stop {
            return Err(Error::runtime(
                "Run called even after should_stop requested.",
            ));
        }
        let context = SessionRunContext::new(Arc::clone(&self.session));
        for hook in &self.hooks {
            hook.before_run(&context)?;
        }
        let values = self.session.step_values()?;
        let result = step(&self.session)?;
        for hook in &self.hooks {
            hook.after_run(&context, &values)?;
        }
        self.should_stop = context.stop_requested();
        Ok(result)
    }
}

impl fmt::Debug for HookedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookedSession")
            .field("session", &self.session)
            .field("hooks", &self.hooks.len())
            .field("should_stop", &self.should_stop)
            .finish()
    }
}

/// A hooked session and the coordinator of its threads.
#[derive(Debug)]
struct Coordinated {
    hooked: HookedSession,
    coord: Arc<Coordinator>,
}

/// What happens when a session is lost to a preemption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// A new session is created: TensorFlow's `MonitoredSession`.
    Recreates,
    /// The error leaves: TensorFlow's `SingularMonitoredSession`.
    Leaves,
}

/// A session with hooks, from their `begin` to their `end`.
pub struct MonitoredSession {
    creator: Box<dyn SessionCreator>,
    hooks: Hooks,
    clock: Arc<dyn Clock>,
    recovery: Recovery,
    current: Option<Coordinated>,
    /// The newest raw session, also if a hook refused it: `end` gets this one.
    newest: Option<Arc<Session>>,
    closed: bool,
}

impl MonitoredSession {
    /// Calls every `begin`, creates a session, calls every `after_create_session`.
    ///
    /// An error leaves with whatever was created still open and its threads
    /// still running (B40); a preemption, with [`Recovery::Recreates`], has
    /// another session created beside it, as often as it takes.
    pub fn new(
        recovery: Recovery,
        creator: Box<dyn SessionCreator>,
        hooks: Hooks,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        for hook in &hooks {
            hook.begin()?;
        }
        let mut session = Self {
            creator,
            hooks,
            clock,
            recovery,
            current: None,
            newest: None,
            closed: false,
        };
        session.current = Some(session.create()?);
        Ok(session)
    }

    fn create(&mut self) -> Result<Coordinated> {
        loop {
            match self.try_create() {
                Err(error) if self.recovers_from(&error) => {
                    tracing::info!("creating the session again, as it was lost: {error}");
                }
                outcome => return outcome,
            }
        }
    }

    fn try_create(&mut self) -> Result<Coordinated> {
        let session = self.creator.create_session()?;
        self.newest = Some(Arc::clone(&session));
        let coord = Coordinator::new();
        for hook in &self.hooks {
            hook.after_create_session(&session, &coord)?;
        }
        Ok(Coordinated {
            hooked: HookedSession::new(session, self.hooks.clone()),
            coord,
        })
    }

    fn recovers_from(&self, error: &Error) -> bool {
        self.recovery == Recovery::Recreates && error.is_preemption()
    }

    /// Runs one step with the hooks around it.
    ///
    /// With [`Recovery::Recreates`] a preemption closes the session, creates a
    /// new one and runs the step again, `before_run` included.
    pub fn run<T>(&mut self, mut step: impl FnMut(&Session) -> Result<T>) -> Result<T> {
        if self.closed {
            return Err(Error::runtime("Run called on a closed session."));
        }
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.create()?,
            };
            let outcome = current.hooked.run(&mut step);
            match outcome {
                Err(error) if self.recovers_from(&error) => {
                    tracing::info!("recreating the session, as it was lost: {error}");
                    self.close_coordinated(&current);
                }
                outcome => {
                    self.current = Some(current);
                    return outcome;
                }
            }
        }
    }

    /// Whether no further step should be run.
    pub fn should_stop(&self) -> bool {
        match &self.current {
            Some(current) => current.coord.should_stop() || current.hooked.should_stop,
            None => true,
        }
    }

    /// Ends the session as leaving a `with` block does.
    ///
    /// Without an error, or with one that stands for the end of the input, every
    /// hook's `end` is called, and the error is swallowed. With any other, none
    /// is, and that error is given back. An `end` that fails skips the later
    /// ones; the session still closes, and that error is given.
    pub fn leave(&mut self, error: Option<Error>) -> Result<()> {
        let error = error.filter(|error| !error.kind().is_end_of_input());
        if self.closed {
            return Err(Error::runtime("Session is already closed."));
        }
        let ended = match error {
            None => self.end_hooks(),
            Some(_) => Ok(()),
        };
        if let Some(current) = self.current.take() {
            self.close_coordinated(&current);
        }
        self.newest = None;
        self.closed = true;
        ended?;
        error.map_or(Ok(()), Err)
    }

    /// Runs `body` and [`leave`](Self::leave)s with its error, if it has one.
    pub fn with(mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let error = body(&mut self).err();
        self.leave(error)
    }

    fn end_hooks(&self) -> Result<()> {
        let Some(session) = &self.newest else {
            unreachable!("a session that isn't closed has created one");
        };
        self.hooks.iter().try_for_each(|hook| hook.end(session))
    }

    fn close_coordinated(&self, current: &Coordinated) {
        current.coord.request_stop();
        current
            .coord
            .join(|threads| self.clock.join(threads, STOP_GRACE));
        current.hooked.session.close();
    }
}

impl fmt::Debug for MonitoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredSession")
            .field("recovery", &self.recovery)
            .field("current", &self.current)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
