//! From the server's own thread to the handler pool, and back with the answer.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;
use tonic::{Request, Response, Status, async_trait};

use super::answering::{Answer, unknown};
use super::operations::OperationsServicer;
use super::servicer::ControllerServicer;
use super::serving::Cancelled;
use crate::clock::{HandlerPool, panic_text};
use crate::proto::controller::controller_server::Controller;
use crate::proto::controller::{
    GetBlockStatusRequest, GetBlockStatusResponse, GetTrainingStatusRequest,
    GetTrainingStatusResponse, ResumeTrainingRequest, ResumeTrainingResponse,
    SaveCheckpointRequest, SaveCheckpointResponse, StopTrainingRequest, StopTrainingResponse,
};
use crate::proto::operations::operations_server::Operations;
use crate::proto::operations::{GetRunStatusRequest, GetRunStatusResponse};

/// Carries calls of one service from the server's thread over to the handler pool.
pub(super) struct Dispatcher<S> {
    pub(super) servicer: Arc<S>,
    pub(super) pool: Arc<dyn HandlerPool>,
    pub(super) cancelled: Cancelled,
}

impl<S: Send + Sync + 'static> Dispatcher<S> {
    /// A caller that gives up doesn't stop the handler, but one that hasn't begun by
    /// then never does. A handler that panics is answered for as one that raises (B28);
    /// what comes of its thread is the pool's affair.
    async fn handle<T: Send + 'static>(&self, handler: fn(&S) -> Answer<T>) -> Answer<Response<T>> {
        let (answer, answered) = oneshot::channel();
        let servicer = Arc::clone(&self.servicer);
        self.pool.submit(Box::new(move || {
            if answer.is_closed() {
                return;
            }
            // The servicer's locks are freed by unwinding, and aren't poisoned.
            let outcome = catch_unwind(AssertUnwindSafe(|| handler(&servicer)));
            let (result, panic) = match outcome {
                Ok(result) => (result, None),
                Err(panic) => (Err(unknown(panic_text(&*panic))), Some(panic)),
            };
            // The caller may be gone by then.
            drop(answer.send(result));
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
        }));
        let mut cancelled = self.cancelled.clone();
        let out_of_time = async {
            if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
                // Nobody can cancel any more.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            answer = answered => match answer {
                Ok(answer) => answer.map(Response::new),
                Err(_) => Err(Status::unknown("Exception calling application: handler died")),
            },
            () = out_of_time => Err(Status::unavailable("Cancelling all calls")),
        }
    }
}

#[async_trait]
impl Controller for Dispatcher<ControllerServicer> {
    async fn stop_training(
        &self,
        _: Request<StopTrainingRequest>,
    ) -> Answer<Response<StopTrainingResponse>> {
        self.handle(ControllerServicer::stop_training).await
    }

    async fn resume_training(
        &self,
        _: Request<ResumeTrainingRequest>,
    ) -> Answer<Response<ResumeTrainingResponse>> {
        self.handle(ControllerServicer::resume_training).await
    }

    async fn get_block_status(
        &self,
        _: Request<GetBlockStatusRequest>,
    ) -> Answer<Response<GetBlockStatusResponse>> {
        self.handle(ControllerServicer::get_block_status).await
    }

    async fn save_checkpoint(
        &self,
        _: Request<SaveCheckpointRequest>,
    ) -> Answer<Response<SaveCheckpointResponse>> {
        self.handle(ControllerServicer::save_checkpoint).await
    }

    async fn get_training_status(
        &self,
        _: Request<GetTrainingStatusRequest>,
    ) -> Answer<Response<GetTrainingStatusResponse>> {
        self.handle(ControllerServicer::get_training_status).await
    }
}

#[async_trait]
impl Operations for Dispatcher<OperationsServicer> {
    async fn get_run_status(
        &self,
        _: Request<GetRunStatusRequest>,
    ) -> Answer<Response<GetRunStatusResponse>> {
        self.handle(OperationsServicer::get_run_status).await
    }
}
