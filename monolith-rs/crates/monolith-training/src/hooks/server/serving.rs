//! The gRPC server under the controller: its port, its life, its end.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::pin::Pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::{Status, transport::server::TcpIncoming};
use tower_service::Service;

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};

/// How long calls that are in flight may go on after the end, in real time.
const GRACE: Duration = Duration::from_secs(20);

/// Turns true when calls in flight are out of time.
pub type Cancelled = watch::Receiver<bool>;

/// A server on a port of the system's choice, on all interfaces.
///
/// It has a runtime of its own, whose one thread only moves bytes: handlers run
/// elsewhere. It serves until [`stop`](Self::stop), or until it is dropped.
pub struct Serving {
    port: u16,
    life: Mutex<Option<Life>>,
    runtime: Option<Runtime>,
}

struct Life {
    stop: oneshot::Sender<()>,
    cancel: watch::Sender<bool>,
    /// Hangs up when the listener is closed.
    listening: mpsc::Receiver<()>,
}

impl Serving {
    /// Listens, then serves what `service` makes of the sign to cancel.
    pub fn start<S>(
        methods: &'static [&'static str],
        service: impl FnOnce(Cancelled) -> S,
    ) -> Result<Self>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let failed = |error: std::io::Error| Error::new(ErrorKind::UnknownError, error.to_string());
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0))
            .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
            .map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        listener.set_nonblocking(true).map_err(failed)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("controller-io")
            .enable_all()
            .build()
            .map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let (cancel, cancelled) = watch::channel(false);
        let (open, listening) = mpsc::channel();
        let service = KnownMethods {
            methods,
            inner: service(cancelled),
        };
        let incoming = {
            let _within = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
            Incoming {
                inner: TcpIncoming::from(listener).with_nodelay(Some(true)),
                _open: open,
            }
        };
        runtime.spawn(async move {
            let stopped = async {
                // A dropped sender stops the server too.
                drop(stopped.await);
            };
            let served = Server::builder()
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
            })),
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Refuses new calls from the moment that this returns. Calls in flight get
    /// 20 s and are not waited for. Stopping twice is fine.
    pub fn stop(&self) {
        let (Some(life), Some(runtime)) = (relock(&self.life).take(), &self.runtime) else {
            return;
        };
        // The receiver is gone only if the server is.
        let _ = life.stop.send(());
        let _ = life.listening.recv();
        runtime.spawn(async move {
            tokio::time::sleep(GRACE).await;
            let _ = life.cancel.send(true);
        });
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serving(port {})", self.port)
    }
}

/// Connections as they come in; dropped when the port closes.
struct Incoming {
    inner: TcpIncoming,
    _open: mpsc::Sender<()>,
}

impl Stream for Incoming {
    type Item = std::io::Result<TcpStream>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inner).poll_next(context)
    }
}

/// Answers methods that don't exist as gRPC for Python does.
#[derive(Clone)]
struct KnownMethods<S> {
    methods: &'static [&'static str],
    inner: S,
}

impl<S> Service<Request<Body>> for KnownMethods<S>
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
        if self.methods.contains(&request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        Box::pin(async { Ok(Status::unimplemented("Method not found!").into_http()) })
    }
}
