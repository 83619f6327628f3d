//! An operator's calls: real gRPC over loopback, found through the address file.

use std::path::Path;

use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::server::client_lib::{ControllerStub, get_stub_from_model_dir};
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetTrainingStatusRequest, ResumeTrainingRequest, SaveCheckpointRequest,
    StopTrainingRequest,
};
use monolith_training::testing::virtual_clock::VirtualClock;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Status};

use crate::recorder::Recorder;
use crate::scenario::Method;

/// Calls the controller from any lane.
pub(crate) struct Operator {
    runtime: Runtime,
}

impl Operator {
    pub(crate) fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("operator-io")
            .enable_all()
            .build()
            .map_err(|error| Error::new(ErrorKind::UnknownError, error.to_string()))?;
        Ok(Self { runtime })
    }

    /// Makes one call and records what came of it.
    ///
    /// A controller that can't be found is an error in the scenario.
    pub(crate) fn call(
        &self,
        method: Method,
        model_dir: &Path,
        clock: &VirtualClock,
        recorder: &Recorder,
    ) -> Result<()> {
        let stub = {
            let _within = self.runtime.enter();
            get_stub_from_model_dir(model_dir)?
        };
        let outcome = clock.call(|reply| {
            self.runtime.spawn(async move {
                reply.send(send(stub, method).await);
            });
        });
        let (code, details, response) = match outcome {
            Ok(response) => (Code::Ok, None, Some(response)),
            Err(status) => (status.code(), own_text(&status), None),
        };
        let name = format!("{method:?}");
        let fields = json!({
            "method": name, "code": code_name(code), "details": details, "response": response,
        });
        recorder.record("rpc", fields);
        Ok(())
    }
}

async fn send(mut stub: ControllerStub, method: Method) -> std::result::Result<Value, Status> {
    Ok(match method {
        Method::StopTraining => {
            stub.stop_training(StopTrainingRequest {}).await?;
            json!({})
        }
        Method::ResumeTraining => {
            stub.resume_training(ResumeTrainingRequest {}).await?;
            json!({})
        }
        Method::SaveCheckpoint => {
            stub.save_checkpoint(SaveCheckpointRequest {}).await?;
            json!({})
        }
        Method::GetBlockStatus => {
            let response = stub.get_block_status(GetBlockStatusRequest {}).await?;
            let response = response.into_inner();
            json!({
                "blocked_indices": response.blocked_indices,
                "unblocked_indices": response.unblocked_indices,
            })
        }
        Method::GetTrainingStatus => {
            let response = stub
                .get_training_status(GetTrainingStatusRequest {})
                .await?;
            json!({"global_step": response.into_inner().global_step})
        }
    })
}

/// The details, unless they are the gRPC library's own.
fn own_text(status: &Status) -> Option<String> {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => None,
        _ => Some(status.message().to_owned()),
    }
}

/// gRPC's own name of a code.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
