//! Calls to any controller found through its address file.

use std::path::Path;
use std::time::Duration;

use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::hooks::server::client_lib::{
    ControllerChannel, get_channel_from_model_dir, get_channel_from_model_dir_with, with_deadline,
};
use monolith_training::proto::controller::controller_client::ControllerClient;
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetTrainingStatusRequest, ResumeTrainingRequest, SaveCheckpointRequest,
    StopTrainingRequest,
};
use prost::Message;
use tokio::runtime::Builder;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Response, Status};

use super::{access, failed, from_hex, to_hex};
use crate::status::status_code;
use parity_driver::wire::protocol::{Answer, CallRequest};

/// Makes the call on a connection of its own.
pub(crate) fn call(call: &CallRequest) -> Answer {
    let seq = call.seq;
    let outcome = make(call).map(|outcome| match outcome {
        Ok(response) => (Code::Ok, None, Some(to_hex(&response))),
        Err(status) => (status.code(), Some(status.message().to_owned()), None),
    });
    match outcome {
        Ok((code, details, response_hex)) => Answer::Called {
            seq,
            code: Some(status_code(code)),
            details,
            response_hex,
            error: None,
        },
        Err(Unmade::NoChannel(error)) => Answer::Called {
            seq,
            code: None,
            details: Some(error.message().to_owned()),
            response_hex: None,
            error: Some(error.kind().to_string()),
        },
        Err(Unmade::NoCall(error)) => failed(seq, &error),
    }
}

/// The reason why nothing was called.
enum Unmade {
    /// The address file is missing or can't be read, or the access options can't be used.
    NoChannel(Error),
    /// The request is not a valid call.
    NoCall(Error),
}

type Outcome = std::result::Result<Vec<u8>, Status>;

fn make(call: &CallRequest) -> std::result::Result<Outcome, Unmade> {
    let deadline = Duration::from_millis(call.deadline_ms);
    let raw = call.request_hex.as_deref().map(from_hex).transpose();
    let raw = raw.map_err(Unmade::NoCall)?;
    let path: PathAndQuery = call.method.parse().map_err(|error| {
        Unmade::NoCall(Error::value(format!(
            "{:?} is no path: {error}",
            call.method
        )))
    })?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Unmade::NoCall(Error::new(ErrorKind::UnknownError, error.to_string())))?;
    runtime.block_on(async {
        let channel = channel(call).map_err(Unmade::NoChannel)?;
        Ok(match raw {
            None if is_known(&call.method) => generated(channel, &call.method, deadline).await,
            raw => bytes(channel, path, raw.unwrap_or_default(), deadline).await,
        })
    })
}

/// Connects to the controller; must run within a runtime.
fn channel(call: &CallRequest) -> Result<ControllerChannel> {
    let model_dir = Path::new(&call.model_dir);
    match &call.access {
        None => get_channel_from_model_dir(model_dir),
        Some(access) => get_channel_from_model_dir_with(model_dir, &access::of_client(access)),
    }
}

/// Sends these bytes unchanged.
async fn bytes(
    channel: ControllerChannel,
    path: PathAndQuery,
    request: Vec<u8>,
    deadline: Duration,
) -> Outcome {
    let mut grpc = Grpc::new(channel);
    let outcome = with_deadline(request, deadline, async |request| {
        let not_ready = |error: tonic::transport::Error| Status::unavailable(error.to_string());
        grpc.ready().await.map_err(not_ready)?;
        grpc.unary(request, path, raw::RawCodec).await
    });
    outcome.await.map(Response::into_inner)
}

fn is_known(method: &str) -> bool {
    matches!(
        method,
        "/Controller/StopTraining"
            | "/Controller/ResumeTraining"
            | "/Controller/GetBlockStatus"
            | "/Controller/SaveCheckpoint"
            | "/Controller/GetTrainingStatus"
    )
}

/// Calls through the generated client, as a program that uses the port does.
async fn generated(channel: ControllerChannel, method: &str, deadline: Duration) -> Outcome {
    let mut stub = ControllerClient::new(channel);
    macro_rules! send {
        ($request:expr, $method:ident) => {
            with_deadline($request, deadline, async |request| {
                stub.$method(request).await
            })
            .await
            .map(|response| response.into_inner().encode_to_vec())
        };
    }
    match method {
        "/Controller/StopTraining" => send!(StopTrainingRequest {}, stop_training),
        "/Controller/ResumeTraining" => send!(ResumeTrainingRequest {}, resume_training),
        "/Controller/GetBlockStatus" => send!(GetBlockStatusRequest {}, get_block_status),
        "/Controller/SaveCheckpoint" => send!(SaveCheckpointRequest {}, save_checkpoint),
        "/Controller/GetTrainingStatus" => send!(GetTrainingStatusRequest {}, get_training_status),
        _ => Err(Status::unimplemented(
            "the generated client has no such method",
        )),
    }
}

mod raw {
    //! A codec that passes bytes through unchanged.
    use prost::bytes::{Buf, BufMut};
    use tonic::Status;
    use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

    #[derive(Clone, Copy, Debug)]
    pub(super) struct RawCodec;

    impl Codec for RawCodec {
        type Encode = Vec<u8>;
        type Decode = Vec<u8>;
        type Encoder = Self;
        type Decoder = Self;

        fn encoder(&mut self) -> Self {
            *self
        }

        fn decoder(&mut self) -> Self {
            *self
        }
    }

    impl Encoder for RawCodec {
        type Item = Vec<u8>;
        type Error = Status;

        fn encode(&mut self, item: Vec<u8>, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
            buf.put_slice(&item);
            Ok(())
        }
    }

    impl Decoder for RawCodec {
        type Item = Vec<u8>;
        type Error = Status;

        fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
            Ok(Some(buf.copy_to_bytes(buf.remaining()).to_vec()))
        }
    }
}
