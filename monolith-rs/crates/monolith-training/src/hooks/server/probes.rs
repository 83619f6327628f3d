//! What is served beside the controller's own methods: health for probes, reflection for tools.

use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_reflection::server::Builder;

use super::services::Services;
use crate::errors::{Error, ErrorKind, Result};

/// What the paths of health's methods begin with.
pub(super) const HEALTH: &str = "/grpc.health.v1.Health/";

/// Health's own description.
pub(super) use tonic_health::pb::FILE_DESCRIPTOR_SET as HEALTH_DESCRIPTOR;

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

impl Services {
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

    /// Adds reflection, which tells of the services that these describe.
    pub(super) fn add_reflection(
        &mut self,
        descriptors: &[&'static [u8]],
        max_request_bytes: usize,
    ) -> Result<()> {
        let builder = || {
            let descriptors = descriptors.iter();
            descriptors.fold(Builder::configure(), |builder, descriptor| {
                builder.register_encoded_file_descriptor_set(descriptor)
            })
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
