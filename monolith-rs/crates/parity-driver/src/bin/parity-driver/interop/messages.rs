//! Messages as fields, bytes and text, as the port itself reads and writes them.

use monolith_training::errors::{Error, ErrorKind, Result};
use monolith_training::logging_ops::{parse_machine_health, single_line_text};
use monolith_training::proto::controller::{
    GetBlockStatusRequest, GetBlockStatusResponse, GetTrainingStatusRequest,
    GetTrainingStatusResponse, ResumeTrainingRequest, ResumeTrainingResponse,
    SaveCheckpointRequest, SaveCheckpointResponse, StopTrainingRequest, StopTrainingResponse,
};
use monolith_training::proto::controller_hooks::ControllerHooksProto;
use monolith_training::proto::health::MachineHealthResult;
use prost::Message;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{failed, from_hex, to_hex};
use parity_driver::wire::protocol::{Answer, DecodeRequest, EncodeRequest};

pub(crate) fn encode(request: EncodeRequest) -> Answer {
    let EncodeRequest {
        seq,
        message,
        fields,
    } = request;
    match codec(&message).and_then(|codec| (codec.encode)(fields)) {
        Ok((bytes, text)) => Answer::Encoded {
            seq,
            hex: to_hex(&bytes),
            text,
        },
        Err(error) => failed(seq, &error),
    }
}

pub(crate) fn decode(request: DecodeRequest) -> Answer {
    let DecodeRequest { seq, message, hex } = request;
    let read = from_hex(&hex).and_then(|bytes| (codec(&message)?.decode)(&bytes));
    let (fields, text, error) = match read {
        Ok((fields, text)) => (fields, text, None),
        Err(error) if error.kind() == ErrorKind::DecodeError => {
            (Value::Null, None, Some(error.kind().to_string()))
        }
        Err(error) => return failed(seq, &error),
    };
    Answer::Decoded {
        seq,
        fields,
        text,
        error,
    }
}

/// A message's text on a single line; only some messages have one.
type Text = Option<String>;

/// The conversion between a message's JSON fields and its bytes.
struct Codec {
    encode: fn(Value) -> Result<(Vec<u8>, Text)>,
    decode: fn(&[u8]) -> Result<(Value, Text)>,
}

fn codec(message: &str) -> Result<Codec> {
    Ok(match message {
        "StopTrainingRequest" => codec_of::<StopTrainingRequest>(),
        "StopTrainingResponse" => codec_of::<StopTrainingResponse>(),
        "ResumeTrainingRequest" => codec_of::<ResumeTrainingRequest>(),
        "ResumeTrainingResponse" => codec_of::<ResumeTrainingResponse>(),
        "GetBlockStatusRequest" => codec_of::<GetBlockStatusRequest>(),
        "GetBlockStatusResponse" => codec_of::<GetBlockStatusResponse>(),
        "SaveCheckpointRequest" => codec_of::<SaveCheckpointRequest>(),
        "SaveCheckpointResponse" => codec_of::<SaveCheckpointResponse>(),
        "GetTrainingStatusRequest" => codec_of::<GetTrainingStatusRequest>(),
        "GetTrainingStatusResponse" => codec_of::<GetTrainingStatusResponse>(),
        "tensorflow.monolith_tf.MachineHealthResult" => codec_of::<MachineHealthResult>(),
        "monolith.ControllerHooksProto" => codec_of::<ControllerHooksProto>(),
        _ => return Err(Error::value(format!("there is no message {message:?}"))),
    })
}

fn codec_of<M: Readable + Fields>() -> Codec {
    Codec {
        encode: |fields| {
            let message =
                M::from_fields(fields).map_err(|error| Error::value(error.to_string()))?;
            Ok((message.encode_to_vec(), message.text()))
        },
        decode: |bytes| {
            let message = M::read(bytes)?;
            Ok((message.fields(), message.text()))
        },
    }
}

/// A message that converts to and from JSON fields; missing fields have their defaults.
trait Fields: Sized {
    fn from_fields(fields: Value) -> serde_json::Result<Self>;

    fn fields(&self) -> Value;
}

/// Implements [`Fields`] for a message, given all of its fields.
macro_rules! fields {
    ($message:ident { $($field:ident: $type:ty),* }) => {
        impl Fields for $message {
            fn from_fields(fields: Value) -> serde_json::Result<Self> {
                // Named as the message, because serde's errors show the name.
                #[derive(Default, Deserialize)]
                #[serde(default, deny_unknown_fields)]
                struct $message {
                    $($field: $type),*
                }
                let $message { $($field),* } = serde_json::from_value(fields)?;
                Ok(Self { $($field),* })
            }

            fn fields(&self) -> Value {
                let Self { $($field),* } = self;
                json!({ $(stringify!($field): $field),* })
            }
        }
    };
}

fields!(StopTrainingRequest {});
fields!(StopTrainingResponse {});
fields!(ResumeTrainingRequest {});
fields!(ResumeTrainingResponse {});
fields!(GetBlockStatusRequest {});
fields!(GetBlockStatusResponse { unblocked_indices: Vec<i32>, blocked_indices: Vec<i32> });
fields!(SaveCheckpointRequest {});
fields!(SaveCheckpointResponse {});
fields!(GetTrainingStatusRequest {});
fields!(GetTrainingStatusResponse { global_step: i64 });
fields!(MachineHealthResult { status: Option<i32>, message: Option<String> });
fields!(ControllerHooksProto { action: Option<i32> });

/// The parts that differ between messages: how one is read, and its text.
trait Readable: Message + Default {
    fn read(bytes: &[u8]) -> Result<Self> {
        Self::decode(bytes).map_err(|_| Error::new(ErrorKind::DecodeError, "Error parsing message"))
    }

    fn text(&self) -> Text {
        None
    }
}

impl Readable for StopTrainingRequest {}
impl Readable for StopTrainingResponse {}
impl Readable for ResumeTrainingRequest {}
impl Readable for ResumeTrainingResponse {}
impl Readable for GetBlockStatusRequest {}
impl Readable for GetBlockStatusResponse {}
impl Readable for SaveCheckpointRequest {}
impl Readable for SaveCheckpointResponse {}
impl Readable for GetTrainingStatusRequest {}
impl Readable for GetTrainingStatusResponse {}

impl Readable for MachineHealthResult {
    fn read(bytes: &[u8]) -> Result<Self> {
        parse_machine_health(bytes)
    }

    fn text(&self) -> Text {
        Some(single_line_text(self))
    }
}

impl Readable for ControllerHooksProto {
    fn text(&self) -> Text {
        let set = self.action.map(|_| self.action().as_str_name());
        Some(set.map_or_else(String::new, |action| format!("action: {action}")))
    }
}
