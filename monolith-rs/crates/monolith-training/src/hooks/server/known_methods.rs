//! Answers to methods that don't exist, and to calls that are out of time.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service;

/// The units that a caller's time may be in.
const UNITS: [(&str, Duration); 6] = [
    ("H", Duration::from_secs(3600)),
    ("M", Duration::from_secs(60)),
    ("S", Duration::from_secs(1)),
    ("m", Duration::from_millis(1)),
    ("u", Duration::from_micros(1)),
    ("n", Duration::from_nanos(1)),
];

/// Answers methods that don't exist, and calls whose deadline passes, as gRPC for
/// Python does. Tonic's own answer to the latter would be `CANCELLED`.
#[derive(Clone)]
pub(super) struct KnownMethods<S> {
    pub(super) methods: Arc<[&'static str]>,
    pub(super) inner: S,
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
pub(super) fn time_left(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let (_, unit) = UNITS.iter().find(|(letter, _)| *letter == unit)?;
    unit.checked_mul(number.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

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

    #[test]
    fn a_call_whose_deadline_passes_is_answered_so() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let path = "/Controller/SaveCheckpoint";
            let mut service = KnownMethods {
                methods: [path].into(),
                inner: Silent,
            };
            let request = Request::builder().uri(path).header("grpc-timeout", "5m");
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
