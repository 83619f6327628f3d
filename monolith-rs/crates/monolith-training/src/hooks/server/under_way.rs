//! Answers of calls that the guard has let in: how long they count, and what they say.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Bytes};

/// An answer that is on its way, which is a call under way still.
pub(super) struct UnderWay {
    body: Body,
    _slot: OwnedSemaphorePermit,
}

impl UnderWay {
    pub(super) fn new(body: Body, slot: OwnedSemaphorePermit) -> Self {
        Self { body, _slot: slot }
    }
}

impl HttpBody for UnderWay {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// As gRPC says it, of the numbers in what tonic says.
pub(super) fn too_large(message: &str) -> Status {
    let words = message.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    Status::resource_exhausted(match numbers[..] {
        [found, most] => format!("Received message larger than max ({found} vs. {most})"),
        _ => "Received message larger than max".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_message_that_is_too_large_is_told_in_grpcs_words() {
        let tonics =
            "Error, decoded message length too large: found 7 bytes, the limit is: 5 bytes";
        let status = too_large(tonics);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(
            status.message(),
            "Received message larger than max (7 vs. 5)"
        );
        assert_eq!(too_large("?").message(), "Received message larger than max");
    }
}
