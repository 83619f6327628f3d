//! The gRPC server under the controller: its port, its life, its end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
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
/// within another runtime. Calls in flight outlive it: they are answered as if it were
/// there (B34, B36).
#[derive(Debug)]
pub struct Serving {
    port: u16,
    life: Mutex<Option<Life>>,
    /// There until the drop, as are the calls.
    runtime: Option<OwnRuntime>,
    calls: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Life {
    refuses: Arc<AtomicBool>,
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
        let refuses = Arc::new(AtomicBool::new(false));
        let service = UntilStopped {
            refuses: Arc::clone(&refuses),
            inner: service(&cancelled),
        };
        let incoming = {
            let _within = runtime.enter();
            Incoming::new(listener, open).map_err(failed)?
        };
        let starting = health.clone();
        let calls = runtime.spawn(async move {
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
                refuses,
                stop,
                cancel,
                listening,
                health,
                _socket_file: socket_file,
            })),
            runtime: Some(OwnRuntime(Some(runtime))),
            calls: Some(calls),
        })
    }

    /// Where it listens; 0 with a unix socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Refuses new calls from the moment that this returns. Calls in flight get
    /// `grace` of real time and are not waited for. Stopping twice is fine.
    pub fn stop(&self, grace: Duration) {
        let runtime = self.runtime.as_ref().and_then(|own| own.0.as_ref());
        let (Some(life), Some(runtime)) = (relock(&self.life).take(), runtime) else {
            return;
        };
        // What comes by a connection that is open already, until its end is told there.
        life.refuses.store(true, Ordering::SeqCst);
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
    /// Refuses new calls from soon on, without waiting: that is forbidden in async code. A thread
    /// keeps the runtime until the calls in flight are answered; one whose handler never
    /// returns keeps it until the process ends.
    fn drop(&mut self) {
        let life = relock(&self.life).take();
        let (Some(own), Some(calls)) = (self.runtime.take(), self.calls.take()) else {
            return;
        };
        let answering = move || {
            let Some(runtime) = &own.0 else { return };
            if let Some(life) = life {
                life.refuses.store(true, Ordering::SeqCst);
                let _ = life.stop.send(());
                if let Some(health) = life.health {
                    runtime.block_on(health.hang_up());
                }
            }
            let _ = runtime.block_on(calls);
        };
        let thread = thread::Builder::new().name("controller-end".to_owned());
        if let Err(error) = thread.spawn(answering) {
            tracing::error!("calls in flight are broken off: {error}");
        }
    }
}

/// A runtime that may be dropped in async code, where waiting for its thread is forbidden.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Refuses calls once its server is stopped.
#[derive(Clone)]
struct UntilStopped<S> {
    refuses: Arc<AtomicBool>,
    inner: S,
}

impl<S> Service<Request<Body>> for UntilStopped<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<Response<Body>, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if self.refuses.load(Ordering::SeqCst) {
            return Box::pin(async {
                Ok(Status::unavailable("the server is stopped").into_http())
            });
        }
        Box::pin(self.inner.call(request))
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
