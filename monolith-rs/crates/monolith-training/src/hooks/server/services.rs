//! Services under one address.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service;

use super::known_methods::KnownMethods;

/// Answers a request.
type Handler = Arc<dyn Fn(Request<Body>) -> BoxFuture<Response<Body>, Infallible> + Send + Sync>;

/// Services under one address, each with what the paths of its methods begin with.
#[derive(Clone, Default)]
pub(super) struct Services {
    methods: Vec<&'static str>,
    handlers: Vec<(&'static str, Handler)>,
}

impl Services {
    /// These, with what else is called answered for.
    pub(super) fn known(self) -> KnownMethods<Self> {
        KnownMethods {
            methods: self.methods.as_slice().into(),
            inner: self,
        }
    }

    /// Adds a service whose paths begin so.
    pub(super) fn add<S>(&mut self, prefix: &'static str, methods: &[&'static str], service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        // Generated services are always ready.
        let handler = move |request| -> BoxFuture<_, _> { Box::pin(service.clone().call(request)) };
        self.methods.extend(methods);
        self.handlers.push((prefix, Arc::new(handler)));
    }
}

impl Service<Request<Body>> for Services {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let mut handlers = self.handlers.iter();
        match handlers.find(|(prefix, _)| path.starts_with(prefix)) {
            Some((_, handler)) => handler(request),
            None => Box::pin(async { Ok(Status::unimplemented("Method not found!").into_http()) }),
        }
    }
}
