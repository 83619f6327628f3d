//! The gRPC server under the controller: its port, its life, its end.

use std::convert::Infallible;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use http::{Request, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tonic::body::Body;
use tonic::transport::Server;
use tower_service::Service;

use super::connection::Incoming;
use super::listening::{Listener, listen};
use super::probes::Health;
use super::services::Services;
use super::unix_socket::SocketFile;
use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};

/// Turns true when calls in flight are out of time.
pub type Cancelled = watch::Receiver<bool>;

/// A server on a port of the system's choice, on all interfaces, by IPv4 and IPv6.
///
/// It has a runtime of its own, whose one thread only moves bytes: handlers run
/// elsewhere. It serves until [`stop`](Self::stop), or until it is dropped, also
/// within another runtime.
#[derive(Debug)]
pub struct Serving {
    port: u16,
    life: Mutex<Option<Life>>,
    /// There until the drop, which needs it whole.
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct Life {
    stop: oneshot::Sender<()>,
    cancel: watch::Sender<bool>,
    /// Hangs up when the listener is closed.
    listening: mpsc::Receiver<()>,
    health: Option<Health>,
    _socket_file: Option<SocketFile>,
}

/// What a server is set up with.
pub(super) struct Setup {
    pub(super) listener: Listener,
    pub(super) socket_file: Option<SocketFile>,
    pub(super) server: Server,
    pub(super) health: Option<Health>,
}

impl Serving {
    /// Listens, then serves what `services` makes of the sign to cancel.
    pub(super) fn start(services: impl FnOnce(&Cancelled) -> Services) -> Result<Self> {
        let setup = Setup {
            listener: Listener::Tcp(listen().map_err(|error| failed(&error))?),
            socket_file: None,
            server: Server::builder(),
            health: None,
        };
        Self::start_on(setup, |cancelled| services(cancelled).known())
    }

    /// Serves what `service` makes of the sign to cancel.
    pub(super) fn start_on<S>(setup: Setup, service: impl FnOnce(&Cancelled) -> S) -> Result<Self>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send + 'static,
    {
        let Setup {
            listener,
            socket_file,
            server,
            health,
        } = setup;
        let failed = |error| failed(&error);
        let port = match &listener {
            Listener::Tcp(listener) => listener.local_addr().map_err(failed)?.port(),
            Listener::Unix(_) => 0,
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("controller-io")
            .enable_all()
            .build()
            .map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let (cancel, cancelled) = watch::channel(false);
        let (open, listening) = mpsc::channel();
        let service = service(&cancelled);
        let incoming = {
            let _within = runtime.enter();
            Incoming::new(listener, open).map_err(failed)?
        };
        let starting = health.clone();
        runtime.spawn(async move {
            if let Some(health) = starting {
                health.begin().await;
            }
            let stopped = async {
                // A dropped sender stops the server too.
                drop(stopped.await);
            };
            let served = server
                .serve_with_incoming_shutdown(service, incoming, stopped)
                .await;
            if let Err(error) = served {
                tracing::error!("the controller's server failed: {error}");
            }
        });
        Ok(Self {
            port,
            life: Mutex::new(Some(Life {
                stop,
                cancel,
                listening,
                health,
                _socket_file: socket_file,
            })),
            runtime: Some(runtime),
        })
    }

    /// Where it listens; 0 with a unix socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Refuses new calls from the moment that this returns. Calls in flight get
    /// `grace` of real time and are not waited for. Stopping twice is fine.
    pub fn stop(&self, grace: Duration) {
        let (Some(life), Some(runtime)) = (relock(&self.life).take(), &self.runtime) else {
            return;
        };
        if let Some(health) = life.health.clone() {
            let (told, is_told) = mpsc::channel::<()>();
            runtime.spawn(async move {
                health.end().await;
                drop(told);
            });
            let _ = is_told.recv();
        }
        // The receiver is gone only if the server is.
        let _ = life.stop.send(());
        let _ = life.listening.recv();
        runtime.spawn(async move {
            tokio::time::sleep(grace).await;
            let _ = life.cancel.send(true);
            if let Some(health) = life.health {
                health.hang_up().await;
            }
        });
    }
}

impl Drop for Serving {
    /// Doesn't wait for the runtime's thread: waiting is forbidden in async code.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::UnknownError, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_be_dropped_in_async_code() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let serving = Serving::start(|_| Services::default()).unwrap();
        runtime.block_on(async { drop(serving) });
    }
}
