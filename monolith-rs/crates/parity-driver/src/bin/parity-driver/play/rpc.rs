//! An operator's calls: real gRPC over loopback to the address in the address file.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monolith_training::clock::{Clock, relock};
use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::server::client_lib::{
    ControllerStub, get_stub_for_address, get_stub_from_model_dir,
};
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetTrainingStatusRequest, ResumeTrainingRequest, SaveCheckpointRequest,
    StopTrainingRequest,
};
use parity_driver::wire::events::{Event, Method, RpcResponse};
use parity_driver::wire::scenario::{Call, RpcStep};
use parity_driver::{RpcError, World};
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Status};

use super::address_file::AddressFile;
use crate::status::status_code;

/// The start of the details of an error that a handler raised.
const HANDLER_RAISED: &str = "Exception calling application";

/// A call: its method, deadline and server.
#[derive(Clone, Copy)]
pub(crate) struct Rpc {
    method: Method,
    /// The time after which the client gives up.
    deadline: Option<Duration>,
    /// The server by its published address, counted from 1; `None` for the address in the file.
    server: Option<usize>,
}

impl From<&RpcStep> for Rpc {
    fn from(step: &RpcStep) -> Self {
        Self {
            method: step.rpc,
            deadline: step.deadline,
            server: step.server,
        }
    }
}

impl From<&Call> for Rpc {
    fn from(call: &Call) -> Self {
        Self {
            method: call.rpc,
            deadline: None,
            server: None,
        }
    }
}

/// Client of the controller, usable from any lane.
pub(crate) struct Operator {
    runtime: Runtime,
    world: World,
    address_file: Arc<AddressFile>,
    unplayable: Mutex<Option<String>>,
}

impl Operator {
    pub(crate) fn new(world: World, address_file: Arc<AddressFile>) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("operator-io")
            .enable_all()
            .build()
            .map_err(|error| Error::new(ErrorKind::UnknownError, error.to_string()))?;
        Ok(Self {
            runtime,
            world,
            address_file,
            unplayable: Mutex::default(),
        })
    }

    /// Stores the reason why a hook's call can't be played.
    pub(crate) fn cannot_play(&self, message: String) {
        *self.unplayable() = Some(message);
    }

    /// Takes the stored reason and returns it as an error, if there is one.
    pub(crate) fn take_unplayable(&self) -> Result<(), String> {
        self.unplayable().take().map_or(Ok(()), Err)
    }

    fn unplayable(&self) -> MutexGuard<'_, Option<String>> {
        relock(&self.unplayable)
    }

    /// Makes one call and records its result. `place` is where the scenario makes it.
    ///
    /// # Errors
    ///
    /// Returns the reason if this can't be played: it would hang, or there is no such server.
    pub(crate) fn call(&self, rpc: Rpc, place: &str) -> Result<(), String> {
        let (address, stub) = match self.find(rpc)? {
            Ok(found) => found,
            Err(error) => {
                self.world.recorder.record(Event::ClientError {
                    call: place.to_owned(),
                    method: rpc.method,
                    error: error.kind().to_string(),
                });
                return Ok(());
            }
        };
        let outcome = self.make(rpc, &address, stub)?;
        let error = |code, details| RpcError {
            code: status_code(code),
            details,
        };
        let answer = match outcome {
            Some(Ok(response)) => Ok(response),
            Some(Err(status)) => Err(error(status.code(), own_text(&status))),
            None => Err(error(Code::DeadlineExceeded, None)),
        };
        self.world.record_answer(rpc.method, place, answer);
        Ok(())
    }

    /// Returns the server to call and a stub. The inner error is one that a client raises.
    fn find(&self, rpc: Rpc) -> Result<Result<(String, ControllerStub)>, String> {
        let _within = self.runtime.enter();
        if let Some(server) = rpc.server {
            let address = self.address_file.published(server)?;
            let stub = get_stub_for_address(&address);
            return Ok(Ok((address, stub)));
        }
        let stub = get_stub_from_model_dir(self.address_file.folder());
        Ok(stub.map(|stub| (self.address_file.text(), stub)))
    }

    /// Makes the call and returns its result; `None` if its deadline passes first.
    fn make(
        &self,
        rpc: Rpc,
        address: &str,
        stub: ControllerStub,
    ) -> Result<Option<Result<RpcResponse, Status>>, String> {
        let mut sent = None;
        let outcome = if self.address_file.never_answers(address) {
            let Some(deadline) = rpc.deadline else {
                return Err("a call to {silent} hangs without a deadline".to_owned());
            };
            sent = Some(self.runtime.spawn(async move {
                drop(send(stub, rpc.method).await);
            }));
            self.world.clock.sleep(deadline);
            None
        } else {
            self.world.clock.call(rpc.deadline, |reply| {
                sent = Some(self.runtime.spawn(async move {
                    reply.send(send(stub, rpc.method).await);
                }));
            })
        };
        if let (None, Some(sent)) = (&outcome, sent) {
            sent.abort();
        }
        Ok(outcome)
    }
}

async fn send(
    mut stub: ControllerStub,
    method: Method,
) -> std::result::Result<RpcResponse, Status> {
    let mut shown = RpcResponse::default();
    match method {
        Method::StopTraining => {
            stub.stop_training(StopTrainingRequest {}).await?;
        }
        Method::ResumeTraining => {
            stub.resume_training(ResumeTrainingRequest {}).await?;
        }
        Method::SaveCheckpoint => {
            stub.save_checkpoint(SaveCheckpointRequest {}).await?;
        }
        Method::GetBlockStatus => {
            let response = stub.get_block_status(GetBlockStatusRequest {}).await?;
            let response = response.into_inner();
            shown.blocked_indices = Some(wide(response.blocked_indices));
            shown.unblocked_indices = Some(wide(response.unblocked_indices));
        }
        Method::GetTrainingStatus => {
            let response = stub
                .get_training_status(GetTrainingStatusRequest {})
                .await?;
            shown.global_step = Some(response.into_inner().global_step);
        }
    }
    Ok(shown)
}

fn wide(indices: Vec<i32>) -> Vec<i64> {
    indices.into_iter().map(i64::from).collect()
}

/// Returns the details, unless they are the gRPC library's own.
fn own_text(status: &Status) -> Option<String> {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => None,
        // An UNKNOWN error is the server's if a handler raised, else the client's.
        Code::Unknown if !status.message().starts_with(HANDLER_RAISED) => None,
        _ => Some(status.message().to_owned()),
    }
}
