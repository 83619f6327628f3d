//! An operator's requests through a file in the model directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ControllerHook;
use super::action_text::parse_action;
use crate::clock::{Clock, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, Result};
use crate::files::write_whole;
use crate::proto::controller_hooks::controller_hooks_proto::Action;
use crate::session::{Session, SessionRunHook};

/// From the end of one look for an action file to the next.
pub const QUERY_INTERVAL: Duration = Duration::from_secs(60);

/// What an operator writes.
pub const ACTION_FILENAME: &str = "monolith_action";

/// What the operator is answered.
pub const RESPONSE_FILENAME: &str = "monolith_action_response";

/// The name of the looking thread.
const THREAD_NAME: &str = "query_action";

/// How long the end waits for a look that is under way.
const STOP_GRACE: Duration = Duration::from_secs(120);

/// Does what the file `monolith_action` in the model directory asks for (B47).
///
/// The file is a `ControllerHooksProto` in text format. It is looked for at once
/// and then each 60 s, acted on, answered in `monolith_action_response`, with `OK`
/// or with what is wrong with the text, and deleted. A file that asks for nothing
/// is logged and deleted, without an answer; one that isn't UTF-8 stays, and is
/// read again at each look.
///
/// The thread belongs to a coordinator of this hook's own, which `end` stops and
/// joins. An error that leaves the session doesn't call `end`, so the thread goes
/// on, and dies when it acts on the closed session. A recreated session asks the
/// thread before to stop, without waiting for it. The mutex guards the
/// coordinator of the newest session and is not held across a call.
#[derive(Debug)]
pub struct QueryActionHook {
    model_dir: PathBuf,
    hook: Arc<ControllerHook>,
    clock: Arc<dyn Clock>,
    coord: Mutex<Option<Arc<Coordinator>>>,
}

impl QueryActionHook {
    /// A hook that sets the flags of `hook`.
    pub fn new(
        model_dir: impl Into<PathBuf>,
        hook: Arc<ControllerHook>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            model_dir: model_dir.into(),
            hook,
            clock,
            coord: Mutex::new(None),
        }
    }
}

impl SessionRunHook for QueryActionHook {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        let coord = Coordinator::new();
        let before = relock(&self.coord).replace(Arc::clone(&coord));
        if let Some(before) = before {
            before.request_stop();
        }
        let looker = Looker {
            action: self.model_dir.join(ACTION_FILENAME),
            response: self.model_dir.join(RESPONSE_FILENAME),
            hook: Arc::clone(&self.hook),
            clock: Arc::clone(&self.clock),
            session: Arc::clone(session),
            coord: Arc::clone(&coord),
        };
        self.clock
            .start_thread(THREAD_NAME, Some(&coord), Box::new(move || looker.run()))?;
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        let coord = relock(&self.coord).clone();
        if let Some(coord) = coord {
            coord.request_stop();
            coord.join(|threads| self.clock.join(threads, STOP_GRACE));
        }
        Ok(())
    }
}

/// One session's looking. Any error ends it.
struct Looker {
    action: PathBuf,
    response: PathBuf,
    hook: Arc<ControllerHook>,
    clock: Arc<dyn Clock>,
    session: Arc<Session>,
    coord: Arc<Coordinator>,
}

impl Looker {
    fn run(&self) -> Result<()> {
        while !self.coord.should_stop() {
            if let Some(text) = read_text(&self.action)? {
                self.answer(&text)?;
            }
            self.clock.wait_for_stop(&self.coord, Some(QUERY_INTERVAL));
        }
        Ok(())
    }

    /// Acts, then answers, then deletes the file.
    fn answer(&self, text: &str) -> Result<()> {
        match parse_action(text) {
            Err(error) => self.respond(&error)?,
            Ok(Action::Stop) => {
                self.hook.stop_op(&self.session)?;
                self.respond("OK")?;
            }
            Ok(Action::TriggerSave) => {
                self.hook.trigger_save_op(&self.session)?;
                self.respond("OK")?;
            }
            Ok(Action::Unknown) => {
                let path = self.action.display();
                tracing::error!("TypeError: {path} asks for no action: {text:?}.");
            }
        }
        std::fs::remove_file(&self.action).map_err(|error| Error::from_io(&error, &self.action))
    }

    fn respond(&self, text: &str) -> Result<()> {
        write_whole(&self.response, text)
    }
}

/// What the file holds; nothing if it isn't there, or isn't text and may still
/// become so.
fn read_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::from_io(&error, path)),
    }
}
