//! An operator's requests through a file in the model directory.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ControllerHook;
use super::action_text::parse_action;
use crate::clock::{Clock, Thread, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::Files;
use crate::proto::controller_hooks::controller_hooks_proto::Action;
use crate::session::{Session, SessionRunHook};
use crate::text::decode_utf8;

/// From the creation of a session to the first look for an action file, and from the
/// end of one look to the next, as upstream has it.
pub const QUERY_INTERVAL: Duration = Duration::from_secs(60);

/// What an operator writes.
pub const ACTION_FILENAME: &str = "monolith_action";

/// What the operator is answered.
pub const RESPONSE_FILENAME: &str = "monolith_action_response";

/// The name of the looking thread.
const THREAD_NAME: &str = "query_action";

/// How long `end` waits for a look that is under way: in effect without a limit, as
/// upstream does.
const STOP_GRACE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Does what the file `monolith_action` in the model directory asks for (B47).
///
/// The file is a `ControllerHooksProto` in text format. It is looked for each interval,
/// acted on in the newest session, answered in `monolith_action_response`, with `OK`
/// or with what is wrong with the text, and deleted. Whatever else goes wrong is logged
/// at ERROR, and looked at again after as long: once the file has been read it is deleted,
/// acted on or not, and one that can't be read stays.
///
/// Each session starts a thread of its own, which no session's coordinator knows of,
/// and those of earlier sessions go on beside it. `end` stops all of them and waits for
/// the newest. An error that leaves the session doesn't call `end`, so they go on.
///
/// `looking` is replaced or changed as a whole and `session` guards one reference;
/// neither mutex is held across a call.
#[derive(Debug)]
pub struct QueryActionHook {
    looker: Arc<Looker>,
    interval: Duration,
    looking: Mutex<Option<Looking>>,
}

/// The threads since the first session, or since the last `end`.
#[derive(Debug)]
struct Looking {
    /// Stops all of them.
    coord: Arc<Coordinator>,
    newest: Arc<Thread>,
}

impl QueryActionHook {
    /// A hook that sets the flags of `hook`.
    pub fn new(
        model_dir: impl Into<PathBuf>,
        hook: Arc<ControllerHook>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let model_dir = model_dir.into();
        let looker = Looker {
            files: Files::default(),
            action: model_dir.join(ACTION_FILENAME),
            response: model_dir.join(RESPONSE_FILENAME),
            hook,
            clock,
            session: Mutex::new(None),
        };
        Self {
            looker: Arc::new(looker),
            interval: QUERY_INTERVAL,
            looking: Mutex::new(None),
        }
    }

    /// Reads, answers and deletes in these files.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        // No thread has it before the first session.
        if let Some(looker) = Arc::get_mut(&mut self.looker) {
            looker.files = files;
        }
        self
    }

    /// With this time before each look, the first one included (60 s by default).
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }
}

impl SessionRunHook for QueryActionHook {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        *relock(&self.looker.session) = Some(Arc::clone(session));
        let coord = match &*relock(&self.looking) {
            Some(looking) => Arc::clone(&looking.coord),
            None => Coordinator::new(),
        };
        let (looker, own) = (Arc::clone(&self.looker), Arc::clone(&coord));
        let interval = self.interval;
        let looks = Box::new(move || looker.run(&own, interval));
        let newest = self.looker.clock.start_thread(THREAD_NAME, None, looks)?;
        *relock(&self.looking) = Some(Looking { coord, newest });
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        let looking = relock(&self.looking).take();
        if let Some(looking) = looking {
            looking.coord.request_stop();
            self.looker.clock.join(&[looking.newest], STOP_GRACE);
        }
        Ok(())
    }
}

/// Lookup of the action file, shared by all threads of a hook.
#[derive(Debug)]
struct Looker {
    files: Files,
    action: PathBuf,
    response: PathBuf,
    hook: Arc<ControllerHook>,
    clock: Arc<dyn Clock>,
    /// The newest one.
    session: Mutex<Option<Arc<Session>>>,
}

impl Looker {
    /// Looks each `interval` until it is stopped. Only an interrupt leaves.
    fn run(&self, coord: &Arc<Coordinator>, interval: Duration) -> Result<()> {
        while !self.clock.wait_for_stop(coord, Some(interval)) {
            if let Err(error) = self.look() {
                if !error.kind().is_exception() {
                    return Err(error);
                }
                tracing::error!("{error}");
            }
        }
        Ok(())
    }

    /// Reads the file, acts, answers, and deletes it whatever came of that.
    fn look(&self) -> Result<()> {
        let Some(text) = self.files.read(&self.action)? else {
            return Ok(());
        };
        let text = decode_utf8(text)?;
        let answered = self.answer(&text);
        // As with Python's `finally`, its error is the one that leaves.
        self.files.delete(&self.action).and(answered)
    }

    fn answer(&self, text: &str) -> Result<()> {
        match parse_action(text) {
            Err(error) => return self.respond(&error),
            Ok(Action::Stop) => self.hook.stop_op(&*self.session()?)?,
            Ok(Action::TriggerSave) => self.hook.trigger_save_op(&*self.session()?)?,
            Ok(Action::Unknown) => {
                let message = format!("{} asks for no action: {text:?}", self.action.display());
                return Err(Error::new(ErrorKind::TypeError, message));
            }
        }
        self.respond("OK")
    }

    fn session(&self) -> Result<Arc<Session>> {
        let session = relock(&self.session).clone();
        session.ok_or_else(Error::closed_session)
    }

    fn respond(&self, text: &str) -> Result<()> {
        self.files.write_whole(&self.response, text)
    }
}
