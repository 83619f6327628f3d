//! The codec of the controller's messages.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Protobuf, with the text that a gRPC server gives for an undecodable request.
///
/// A client that can't decode a response gets the same status; no client of
/// this service has to tell the two apart.
#[derive(Clone, Copy, Debug)]
pub struct ControllerCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ControllerCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ControllerCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ControllerDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ControllerDecoder(PhantomData)
    }
}

/// Decodes one message.
#[derive(Clone, Copy, Debug)]
pub struct ControllerDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for ControllerDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        U::decode(buf)
            .map(Some)
            .map_err(|_| Status::internal("Exception deserializing request!"))
    }
}
