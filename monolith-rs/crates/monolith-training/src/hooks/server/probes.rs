//! What is served beside the controller's own methods: health for probes, reflection for tools.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_reflection::server::Builder;
use tower_service::Service;

use crate::errors::{Error, ErrorKind, Result};
use crate::proto::controller::SERVICE_DESCRIPTOR;

/// What the paths of health's methods begin with.
pub(super) const HEALTH: &str = "/grpc.health.v1.Health/";

/// The services that probes ask for: all of the server, and the controller.
const PROBED: [&str; 2] = ["", "Controller"];

/// What probes are told, from its beginning to its end.
#[derive(Clone, Debug)]
pub(super) struct Health(HealthReporter);

impl Health {
    pub(super) async fn begin(&self) {
        self.tell(ServingStatus::Serving).await;
    }

    pub(super) async fn end(&self) {
        self.tell(ServingStatus::NotServing).await;
    }

    /// Ends what watches.
    pub(super) async fn hang_up(mut self) {
        for service in PROBED {
            self.0.clear_service_status(service).await;
        }
    }

    async fn tell(&self, status: ServingStatus) {
        for service in PROBED {
            self.0.set_service_status(service, status).await;
        }
    }
}

/// Answers a request.
type Handler = Arc<dyn Fn(Request<Body>) -> BoxFuture<Response<Body>, Infallible> + Send + Sync>;

/// Services under one address, each with what the paths of its methods begin with.
#[derive(Clone, Default)]
pub(super) struct Services {
    methods: Vec<&'static str>,
    handlers: Vec<(&'static str, Handler)>,
}

impl Services {
    /// Every method that there is.
    pub(super) fn methods(&self) -> Arc<[&'static str]> {
        self.methods.as_slice().into()
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

    /// Adds health.
    pub(super) fn add_health(&mut self, max_request_bytes: usize) -> Health {
        let (reporter, server) = health_reporter();
        let methods = [
            "/grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health/Watch",
        ];
        let server = server.max_decoding_message_size(max_request_bytes);
        self.add(HEALTH, &methods, server);
        Health(reporter)
    }

    /// Adds reflection, which tells of health where that is served too.
    pub(super) fn add_reflection(&mut self, health: bool, max_request_bytes: usize) -> Result<()> {
        let builder = || {
            let builder = Builder::configure();
            let builder = builder.register_encoded_file_descriptor_set(SERVICE_DESCRIPTOR);
            if health {
                let descriptor = tonic_health::pb::FILE_DESCRIPTOR_SET;
                return builder.register_encoded_file_descriptor_set(descriptor);
            }
            builder
        };
        let failed = |error: tonic_reflection::server::Error| {
            Error::new(ErrorKind::InternalError, error.to_string())
        };
        let server = builder().build_v1().map_err(failed)?;
        self.add(
            "/grpc.reflection.v1.ServerReflection/",
            &["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"],
            server.max_decoding_message_size(max_request_bytes),
        );
        let server = builder().build_v1alpha().map_err(failed)?;
        self.add(
            "/grpc.reflection.v1alpha.ServerReflection/",
            &["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"],
            server.max_decoding_message_size(max_request_bytes),
        );
        Ok(())
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
