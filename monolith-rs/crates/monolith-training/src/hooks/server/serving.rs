//! The gRPC server under the controller: its port, its life, its end.

use std::pin::Pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
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

use super::listening::listen;
use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};

/// The units that a caller's time may be in.
const UNITS: [(&str, Duration); 6] = [
    ("H", Duration::from_secs(3600)),
    ("M", Duration::from_secs(60)),
    ("S", Duration::from_secs(1)),
    ("m", Duration::from_millis(1)),
    ("u", Duration::from_micros(1)),
    ("n", Duration::from_nanos(1)),
];

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
        let listener = listen().map_err(failed)?;
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
    /// `grace` of real time and are not waited for. Stopping twice is fine.
    pub fn stop(&self, grace: Duration) {
        let (Some(life), Some(runtime)) = (relock(&self.life).take(), &self.runtime) else {
            return;
        };
        // The receiver is gone only if the server is.
        let _ = life.stop.send(());
        let _ = life.listening.recv();
        runtime.spawn(async move {
            tokio::time::sleep(grace).await;
            let _ = life.cancel.send(true);
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

/// Answers methods that don't exist, and calls whose deadline passes, as gRPC for
/// Python does. Tonic's own answer to the latter would be `CANCELLED`.
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
        if !self.methods.contains(&request.uri().path()) {
            return Box::pin(async { Ok(Status::unimplemented("Method not found!").into_http()) });
        }
        // Begun before tonic's own timer, and looked at before it.
        let out_of_time = time_left(request.headers()).map(tokio::time::sleep);
        let answer = self.inner.call(request);
        let Some(out_of_time) = out_of_time else {
            return Box::pin(answer);
        };
        Box::pin(async {
            tokio::select! {
                biased;
                answer = answer => answer,
                () = out_of_time => {
                    Ok(Status::deadline_exceeded("Deadline Exceeded").into_http())
                }
            }
        })
    }
}

/// How long the caller waits: up to eight digits and a unit.
fn time_left(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let (_, unit) = UNITS.iter().find(|(letter, _)| *letter == unit)?;
    unit.checked_mul(number.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Never answers.
    #[derive(Clone)]
    struct Silent;

    impl Service<Request<Body>> for Silent {
        type Response = Response<Body>;
        type Error = std::convert::Infallible;
        type Future = std::future::Pending<Result<Response<Body>, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            std::future::pending()
        }
    }

    impl NamedService for Silent {
        const NAME: &'static str = "Controller";
    }

    #[test]
    fn a_server_may_be_dropped_in_async_code() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let serving = Serving::start(&[], |_| Silent).unwrap();
        runtime.block_on(async { drop(serving) });
    }

    #[test]
    fn a_call_whose_deadline_passes_is_answered_so() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let methods = &["/Controller/SaveCheckpoint"];
            let mut service = KnownMethods {
                methods,
                inner: Silent,
            };
            let request = Request::builder()
                .uri(methods[0])
                .header("grpc-timeout", "5m");
            service.call(request.body(Body::empty()).unwrap()).await
        });
        assert_eq!(answer.unwrap().headers()["grpc-status"], "4");
    }

    #[test]
    fn time_left_is_a_number_and_a_unit() {
        let read = |text: &'static str| {
            let value = http::HeaderValue::from_static(text);
            time_left(&HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                value,
            )]))
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("20S"), Some(Duration::from_secs(20)));
        assert_eq!(read("50m"), Some(Duration::from_millis(50)));
        assert_eq!(read("99u"), Some(Duration::from_micros(99)));
        assert_eq!(read("1n"), Some(Duration::from_nanos(1)));
        for nonsense in ["", "S", "5", "5x", "-5S", "99999999999999999999S"] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
    }
}
