//! The hook that serves the controller's calls.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::access::ServerAccess;
use super::constants::{HANDLER_POOL_NAME, SERVER_ADDR_FILENAME};
use super::guarded::Guarded;
use super::offer::Offer;
use super::operations::OperationsServicer;
pub use super::servicer::ControllerServicer;
use super::services::Services;
use super::serving::Serving;
use crate::barrier_ops::BarrierOp;
use crate::clock::{Clock, relock};
use crate::coordinator::Coordinator;
use crate::errors::{Error, ErrorKind, Result};
use crate::files::Files;
use crate::hooks::ps_check_hooks::PsHealthCheckerHook;
use crate::net_utils::get_local_server_addr;
use crate::save_utils::NoFirstSaveCheckpointSaverHook;
use crate::session::{Session, SessionRunHook};

/// How many calls are handled at once; more wait.
const HANDLERS: usize = 2;

/// How long calls that are in flight may go on after the end, as upstream has it.
const GRACE: Duration = Duration::from_secs(20);

/// The most bytes of a request's message where there is no other bound: what gRPC takes by itself.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Under which address a server on a port is published.
pub type AddressFn = Arc<dyn Fn(u16) -> Result<String> + Send + Sync>;

/// Serves the controller from the creation of a session on.
///
/// Its address is left in the model directory, also after the end. Only `end`
/// stops the server; after an error it serves for as long as the hook lives.
/// `serving` is replaced as a whole, and held while a server is stopped.
pub struct ServerHook {
    model_dir: PathBuf,
    barrier_op: Arc<BarrierOp>,
    saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
    clock: Arc<dyn Clock>,
    address_fn: AddressFn,
    files: Files,
    grace: Duration,
    access: Option<ServerAccess>,
    has_operations: bool,
    health_hook: Option<Arc<PsHealthCheckerHook>>,
    serving: Mutex<Option<Published>>,
}

/// A server, and the address that clients find.
#[derive(Debug)]
struct Published {
    serving: Serving,
    address: String,
}

impl ServerHook {
    /// A hook that serves nothing yet.
    pub fn new(
        model_dir: impl Into<PathBuf>,
        barrier_op: Arc<BarrierOp>,
        saver_hook: Option<Arc<NoFirstSaveCheckpointSaverHook>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            model_dir: model_dir.into(),
            barrier_op,
            saver_hook,
            clock,
            address_fn: Arc::new(get_local_server_addr),
            files: Files::default(),
            grace: GRACE,
            access: None,
            has_operations: false,
            health_hook: None,
            serving: Mutex::new(None),
        }
    }

    /// Publishes another address than the one that this machine's name has.
    #[must_use]
    pub fn with_address(
        mut self,
        address_fn: impl Fn(u16) -> Result<String> + Send + Sync + 'static,
    ) -> Self {
        self.address_fn = Arc::new(address_fn);
        self
    }

    /// Publishes it in these files.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// With this real time for calls in flight after the end (20 s by default).
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Listens where these options say, and lets in those that they let in.
    #[must_use]
    pub fn with_access(mut self, access: ServerAccess) -> Self {
        self.access = Some(access);
        self
    }

    /// Serves `monolith_hooks.Operations` as well, which says what state the run is in.
    ///
    /// It describes the watch of this health hook, if that is a resilient one.
    #[must_use]
    pub fn with_operations(mut self, health_hook: Option<Arc<PsHealthCheckerHook>>) -> Self {
        self.has_operations = true;
        self.health_hook = health_hook;
        self
    }

    fn create_model_dir(&self) -> Result<()> {
        let dir = &self.model_dir;
        std::fs::create_dir_all(dir).map_err(|error| {
            if dir.exists() {
                let message = format!("{} is not a directory", dir.display());
                return Error::new(ErrorKind::FailedPreconditionError, message);
            }
            Error::from_io(&error, dir)
        })
    }

    /// Replaces the address file, so that readers see the old or the new one.
    fn publish(&self, address: &str) -> Result<()> {
        let path = self.model_dir.join(SERVER_ADDR_FILENAME);
        self.files.write_whole(&path, address)
    }

    /// Removes the address file, unless another server has published its own meanwhile.
    fn unpublish(&self, address: &str) -> Result<()> {
        let path = self.model_dir.join(SERVER_ADDR_FILENAME);
        match self.files.read(&path)? {
            Some(published) if published == address.as_bytes() => self.files.delete(&path),
            _ => Ok(()),
        }
    }

    fn offer(&self, session: &Arc<Session>) -> Offer {
        let controller = ControllerServicer::new(
            Arc::clone(session),
            Arc::clone(&self.barrier_op),
            self.saver_hook.clone(),
        );
        let operations = self.has_operations.then(|| {
            Arc::new(OperationsServicer::new(
                Arc::clone(session),
                Arc::clone(&self.barrier_op),
                self.saver_hook.clone(),
                self.health_hook.clone(),
                Arc::clone(&self.clock),
            ))
        });
        Offer {
            controller: Arc::new(controller),
            operations,
            pool: self.clock.handler_pool(HANDLERS, HANDLER_POOL_NAME),
        }
    }

    /// Starts a server; it and the address to publish.
    fn start(&self, offer: Offer) -> Result<(Serving, Result<String>)> {
        let Some(access) = &self.access else {
            let serving = Serving::start(|cancelled| {
                let mut services = Services::default();
                offer.add_to(&mut services, cancelled, MAX_REQUEST_BYTES);
                services
            })?;
            let address = (self.address_fn)(serving.port());
            return Ok((serving, address));
        };
        let guarded = Guarded::new(access)?;
        // It may have the address that this one is to have, and knows an earlier session.
        if let Some(earlier) = relock(&self.serving).take() {
            earlier.serving.stop(Duration::ZERO);
        }
        let serving = guarded.start(offer)?;
        let address = guarded.published(serving.port(), &*self.address_fn);
        Ok((serving, address))
    }
}

impl SessionRunHook for ServerHook {
    fn after_create_session(&self, session: &Arc<Session>, _: &Arc<Coordinator>) -> Result<()> {
        self.create_model_dir()?;
        let (serving, address) = self.start(self.offer(session))?;
        let published = address.and_then(|address| self.publish(&address).map(|()| address));
        // A server that nobody can find refuses from the moment that this returns.
        let address = published.inspect_err(|_| serving.stop(Duration::ZERO))?;
        *relock(&self.serving) = Some(Published { serving, address });
        Ok(())
    }

    fn end(&self, _: &Arc<Session>) -> Result<()> {
        match &*relock(&self.serving) {
            Some(published) => {
                published.serving.stop(self.grace);
                match &self.access {
                    Some(access) if access.remove_address_file => {
                        self.unpublish(&published.address)
                    }
                    _ => Ok(()),
                }
            }
            None => Err(Error::new(
                ErrorKind::AttributeError,
                "ServerHook.end was called before after_create_session, so there is no server.",
            )),
        }
    }
}

impl fmt::Debug for ServerHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHook")
            .field("model_dir", &self.model_dir)
            .field("serving", &self.serving)
            .finish_non_exhaustive()
    }
}
