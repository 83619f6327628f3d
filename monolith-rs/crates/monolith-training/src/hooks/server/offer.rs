//! What a server offers of its own: the controller, and what an operator sees.

use std::sync::Arc;

use super::dispatch::Dispatcher;
use super::guard::CONTROLLER;
use super::operations::OperationsServicer;
use super::servicer::ControllerServicer;
use super::services::Services;
use super::serving::Cancelled;
use crate::clock::HandlerPool;
use crate::proto::controller::controller_server::ControllerServer;
use crate::proto::operations::operations_server::OperationsServer;
use crate::proto::{controller, operations};

/// The controller's methods.
const CONTROLLER_METHODS: &[&str] = &[
    "/Controller/StopTraining",
    "/Controller/ResumeTraining",
    "/Controller/GetBlockStatus",
    "/Controller/SaveCheckpoint",
    "/Controller/GetTrainingStatus",
];

/// What the paths of an operator's methods begin with.
const OPERATIONS: &str = "/monolith_hooks.Operations/";

const OPERATIONS_METHODS: &[&str] = &["/monolith_hooks.Operations/GetRunStatus"];

/// The servicers of one session, and where they work.
pub(super) struct Offer {
    pub(super) controller: Arc<ControllerServicer>,
    pub(super) operations: Option<Arc<OperationsServicer>>,
    pub(super) pool: Arc<dyn HandlerPool>,
}

impl Offer {
    /// The methods that are offered.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        let mut methods = CONTROLLER_METHODS.to_vec();
        if self.operations.is_some() {
            methods.extend(OPERATIONS_METHODS);
        }
        methods
    }

    /// The services' own descriptions.
    pub(super) fn descriptors(&self) -> Vec<&'static [u8]> {
        let mut descriptors = vec![controller::SERVICE_DESCRIPTOR];
        if self.operations.is_some() {
            descriptors.push(operations::SERVICE_DESCRIPTOR);
        }
        descriptors
    }

    /// Adds the services, which take messages of at most so many bytes.
    pub(super) fn add_to(
        self,
        services: &mut Services,
        cancelled: &Cancelled,
        max_request_bytes: usize,
    ) {
        let Self {
            controller,
            operations,
            pool,
        } = self;
        if let Some(servicer) = operations {
            let server = OperationsServer::new(Dispatcher {
                servicer,
                pool: Arc::clone(&pool),
                cancelled: cancelled.clone(),
            });
            let server = server.max_decoding_message_size(max_request_bytes);
            services.add(OPERATIONS, OPERATIONS_METHODS, server);
        }
        let server = ControllerServer::new(Dispatcher {
            servicer: controller,
            pool,
            cancelled: cancelled.clone(),
        });
        let server = server.max_decoding_message_size(max_request_bytes);
        services.add(CONTROLLER, CONTROLLER_METHODS, server);
    }
}
